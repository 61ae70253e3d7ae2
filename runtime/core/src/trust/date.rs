//! Decides what a day is: trust files name whole days, and a key counts on the
//! first and on the last of them. Days are UTC, so that two hosts agree. What day
//! it is comes from the caller: this crate has no clock.

use std::{fmt, str::FromStr};

use crate::identity::quoted;

/// A calendar day, UTC, in the years 0000 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    // In this order: the derived one is that of time.
    year: u16,
    month: u8,
    day: u8,
}

/// Why a text is no [`Date`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a date like `2026-11-22`, got `{got}`")]
pub struct DateError {
    /// What was found, cut to a readable length.
    pub got: String,
}

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;
/// The last second of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

impl Date {
    /// The day of a moment, in seconds since 1970-01-01 00:00 UTC. Everything after
    /// the year 9999 is its last day.
    pub fn from_unix_seconds(seconds: u64) -> Date {
        // Years that begin in March put the leap day at their end; eras of 400 such
        // years are all of one length.
        let days = seconds.min(LAST_SECOND) / SECONDS_PER_DAY + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        // At most 9999, 12 and 31.
        Date { year: year as u16, month: month as u8, day: day as u8 }
    }

    /// `None` if there is no such day.
    pub(super) fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        (year <= 9999 && (1..=days).contains(&day)).then_some(Date { year, month, day })
    }

    fn read(text: &str) -> Option<Date> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next()?;
            let fits = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            if fits { part.parse::<u16>().ok() } else { None }
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        if parts.next().is_some() {
            return None;
        }
        Date::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }
}

impl FromStr for Date {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, DateError> {
        Date::read(text).ok_or_else(|| DateError { got: quoted(text) })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Date({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_days() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            (951_782_400, "2000-02-29"),
            (1_582_934_400, "2020-02-29"),
            (1_583_020_800, "2020-03-01"),
            (1_795_380_049, "2026-11-22"),
            (4_107_542_400, "2100-03-01"),
            (LAST_SECOND, "9999-12-31"),
            (u64::MAX, "9999-12-31"),
        ] {
            assert_eq!(Date::from_unix_seconds(seconds).to_string(), expected);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = Date::from_unix_seconds(0);
        for day in 1..200_000 {
            let date = Date::from_unix_seconds(day * SECONDS_PER_DAY);
            assert!(date > before, "{date}");
            assert_eq!(date.to_string().parse(), Ok(date));
            before = date;
        }
    }

    #[test]
    fn dates_have_one_spelling() {
        for good in ["0000-01-01", "2024-02-29", "2026-11-22", "9999-12-31"] {
            assert_eq!(good.parse::<Date>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "2026",
            "2026-11",
            "2026-1-02",
            "2026-11-31",
            "2023-02-29",
            "1900-02-29",
            "2026-00-01",
            "2026-13-01",
            "2026-01-00",
            "10000-01-01",
            "+026-01-01",
            "2026-11-22 ",
            "2026-11-22-",
            "2026/11/22",
            "２０２６-11-22",
        ] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
        let error = "2026-\u{1b}[2J".parse::<Date>().unwrap_err().to_string();
        assert!(!error.contains('\u{1b}'), "{error}");
    }
}
