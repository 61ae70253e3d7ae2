//! Draws an address as a QR code on a terminal: two modules in each cell, one above
//! the other, with the margin that readers need. In black and white where the
//! terminal has colours; elsewhere with blocks, as what is light on its ground.

use qrcodegen::{QrCode, QrCodeEcc};

use crate::{
    env,
    error::{self, CommandError},
    output,
};

/// Light modules around a code, as the standard wants them.
const MARGIN: i32 = 4;

/// Black on white, from the part of the palette that no theme changes.
const PAINT: &str = "\u{1b}[38;5;16;48;5;231m";
const PLAIN: &str = "\u{1b}[0m";

/// What a code is drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    /// We paint it.
    Painted,
    /// Blocks are light on it.
    Dark,
    /// Blocks are dark on it.
    Light,
}

/// What stdout offers. Most terminals are dark, and those that say so are believed.
pub(crate) fn ground() -> Ground {
    if output::stdout_has_colour() {
        Ground::Painted
    } else if env::has_light_ground() {
        Ground::Light
    } else {
        Ground::Dark
    }
}

/// Draws a text, a line at a time.
///
/// # Errors
/// It is longer than any code.
pub(crate) fn draw(text: &str, ground: Ground) -> Result<String, CommandError> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium)
        .map_err(|_| error::user(format_args!("an address of {} bytes fits into no code", text.len())))?;
    let end = code.size() + MARGIN;
    let mut out = String::new();
    let mut y = -MARGIN;
    while y < end {
        if ground == Ground::Painted {
            out.push_str(PAINT);
        }
        // Outside of a code is light, and so is the half of a line too many.
        out.extend((-MARGIN..end).map(|x| half(ground, code.get_module(x, y), code.get_module(x, y + 1))));
        if ground == Ground::Painted {
            out.push_str(PLAIN);
        }
        out.push('\n');
        y += 2;
    }
    Ok(out)
}

/// A cell: whether its upper and its lower half are dark.
fn half(ground: Ground, upper: bool, lower: bool) -> char {
    // On a dark ground it is the light that is drawn.
    let is_drawn = |dark: bool| dark == (ground != Ground::Dark);
    match (is_drawn(upper), is_drawn(lower)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "http://192.168.178.123:54321/_join/AAAAAAAAAAAAAAAAAAAAAA";

    /// The modules of a drawing, `true` the dark ones.
    fn read(drawing: &str, ground: Ground) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in drawing.lines() {
            let line = line.trim_start_matches(PAINT).trim_end_matches(PLAIN);
            let is_dark = |blocks: [char; 2], c: char| blocks.contains(&c) == (ground != Ground::Dark);
            let drawn = |blocks| line.chars().map(|c| is_dark(blocks, c)).collect::<Vec<bool>>();
            rows.push(drawn(['█', '▀']));
            rows.push(drawn(['█', '▄']));
        }
        rows
    }

    #[test]
    fn a_drawing_is_the_code_with_its_margin() {
        let code = QrCode::encode_text(ADDRESS, QrCodeEcc::Medium).unwrap();
        let side = usize::try_from(code.size() + 2 * MARGIN).unwrap();
        for ground in [Ground::Painted, Ground::Dark, Ground::Light] {
            let drawing = draw(ADDRESS, ground).unwrap();
            let rows = read(&drawing, ground);
            assert_eq!(rows.len(), side + side % 2, "{ground:?}");
            for (y, row) in rows.iter().enumerate() {
                assert_eq!(row.len(), side, "{ground:?}: row {y}");
                for (x, dark) in row.iter().enumerate() {
                    let (x, y) = (i32::try_from(x).unwrap() - MARGIN, i32::try_from(y).unwrap() - MARGIN);
                    assert_eq!(*dark, code.get_module(x, y), "{ground:?}: {x}, {y}");
                }
            }
            assert_eq!(drawing.contains('\u{1b}'), ground == Ground::Painted);
        }
    }

    #[test]
    fn an_address_fits_on_the_smallest_terminal() {
        let drawing = draw(ADDRESS, Ground::Dark).unwrap();
        assert!(drawing.lines().count() <= 22, "{drawing}");
        assert!(drawing.lines().all(|line| line.chars().count() <= 80), "{drawing}");
    }

    #[test]
    fn what_fits_into_no_code_is_refused() {
        assert!(draw(&"x".repeat(4_000), Ground::Dark).unwrap_err().error.to_string().contains("4000 bytes"));
    }
}
