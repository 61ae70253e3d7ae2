//! The numbers that a slider has, and which of them any other number means.

/// The numbers of a slider: the least, and from there in steps up to the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The least.
    pub min: i64,
    /// None is greater; not less than the least.
    pub max: i64,
    /// From one to the next; at least 1.
    pub step: i64,
}

impl Range {
    /// What the attributes `min`, `max` and `step` say. Slots can say anything: a
    /// range without a number in it has its least one.
    pub fn of(min: Option<&str>, max: Option<&str>, step: Option<&str>) -> Self {
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
        let min = number(min).unwrap_or(0);
        Self { min, max: number(max).unwrap_or(min).max(min), step: number(step).unwrap_or(1).max(1) }
    }

    /// The one that is nearest to `number`; of two, the greater.
    pub fn nearest(self, number: i64) -> i64 {
        let offset = number.clamp(self.min, self.max) - self.min;
        let below = self.min + offset - offset % self.step;
        let above = below + self.step;
        if above <= self.max && offset % self.step * 2 >= self.step { above } else { below }
    }

    /// The one that the attribute `value` means: the nearest, or the least where it
    /// is no whole number.
    pub fn value(self, text: &str) -> i64 {
        text.trim().parse().map_or(self.min, |number: i64| self.nearest(number))
    }

    /// Whether `text` is one of them, in the only spelling.
    pub fn has(self, text: &str) -> bool {
        text.parse().is_ok_and(|number: i64| self.nearest(number) == number && number.to_string() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_means_the_nearest() {
        let range = Range { min: -5, max: 9, step: 5 };
        let nearest = [(i64::MIN, -5), (-5, -5), (-3, -5), (-2, 0), (0, 0), (3, 5), (8, 5), (i64::MAX, 5)];
        for (number, expected) in nearest {
            assert_eq!(range.nearest(number), expected, "{number}");
        }
        let halves = Range { min: 0, max: 10, step: 2 };
        assert_eq!((halves.nearest(3), halves.nearest(9)), (4, 10));
        assert_eq!((halves.value(" 5\n"), halves.value("many"), halves.value("")), (6, 0, 0));
    }

    #[test]
    fn a_number_has_one_spelling() {
        let range = Range { min: -5, max: 9, step: 5 };
        for good in ["-5", "0", "5"] {
            assert!(range.has(good), "{good}");
        }
        for bad in ["9", "10", "-6", "1", "5.0", "+5", " 5", "-0", "05", "many", "99999999999999999999"] {
            assert!(!range.has(bad), "{bad}");
        }
    }

    #[test]
    fn a_range_is_never_empty() {
        assert_eq!(Range::of(Some("3"), Some("1"), None), Range { min: 3, max: 3, step: 1 });
        assert_eq!(Range::of(None, None, Some("0")), Range { min: 0, max: 0, step: 1 });
    }
}
