//! A program's colour, made usable: what can be read on it, and the shades of it
//! that can be read on light and on dark paper. A program chooses any colour;
//! whether people can read the page is not left to it.

/// The least contrast of text, as the accessibility guidelines count it.
const CONTRAST: f64 = 4.5;
const INK: [u8; 3] = [0x13, 0x14, 0x16];
/// The lightest dark paper and the darkest light one that a program may have:
/// contrast 15 to white and to black.
const DARK: [u8; 3] = [0x26, 0x26, 0x26];
const LIGHT: [u8; 3] = [0xda, 0xda, 0xda];

/// A colour with its companions, each `#rrggbb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accent {
    /// The colour itself.
    pub accent: String,
    /// Black or white, whichever is read better on it.
    pub on_accent: String,
    /// The colour, as dark as it has to be to be read on light paper.
    pub on_light: String,
    /// The colour, as light as it has to be to be read on dark paper.
    pub on_dark: String,
}

impl Accent {
    /// From red, green and blue.
    pub fn of(accent: [u8; 3]) -> Self {
        let on_accent = if contrast(accent, [255; 3]) >= contrast(accent, INK) { [255; 3] } else { INK };
        Self {
            accent: spelled(accent),
            on_accent: spelled(on_accent),
            on_light: spelled(toward(accent, [0; 3], LIGHT)),
            on_dark: spelled(toward(accent, [255; 3], DARK)),
        }
    }

    /// Declarations for a `style` attribute around the page.
    pub fn declarations(&self) -> String {
        let Self { accent, on_accent, on_light, on_dark } = self;
        format!(
            "--mp-accent:{accent};--mp-on-accent:{on_accent};--mp-accent-on-light:{on_light};--mp-accent-on-dark:{on_dark}"
        )
    }
}

/// `color`, mixed with `end` only as far as it has to be to be read on `paper`.
fn toward(color: [u8; 3], end: [u8; 3], paper: [u8; 3]) -> [u8; 3] {
    let mixed = |part: u32| {
        let mut mixed = [0; 3];
        for ((out, from), to) in mixed.iter_mut().zip(color).zip(end) {
            *out = ((u32::from(from) * (20 - part) + u32::from(to) * part) / 20) as u8;
        }
        mixed
    };
    (0..=20).map(mixed).find(|mixed| contrast(*mixed, paper) >= CONTRAST).unwrap_or(end)
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance of sRGB.
fn luminance(color: [u8; 3]) -> f64 {
    let linear = color.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    let [red, green, blue] = linear;
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn spelled([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_can_be_read() {
        let colors = [[255; 3], [0; 3], [0x7b, 0x4a, 0x2d], [255, 238, 0], [0, 0, 255], [128; 3], [22, 119, 255]];
        for color in colors {
            let accent = Accent::of(color);
            let parse = |text: &str| [1, 3, 5].map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap());
            assert!(contrast(color, parse(&accent.on_accent)) >= 4.0, "{accent:?}");
            assert!(contrast(parse(&accent.on_light), LIGHT) >= CONTRAST, "{accent:?}");
            assert!(contrast(parse(&accent.on_dark), DARK) >= CONTRAST, "{accent:?}");
        }
    }

    #[test]
    fn what_can_be_read_stays() {
        let accent = Accent::of([0x7b, 0x4a, 0x2d]);
        assert_eq!((accent.accent.as_str(), accent.on_accent.as_str()), ("#7b4a2d", "#ffffff"));
        assert_eq!(accent.on_light, "#7b4a2d");
        assert!(accent.declarations().starts_with("--mp-accent:#7b4a2d;--mp-on-accent:#ffffff;"));
    }
}
