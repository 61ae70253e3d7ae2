//! Draws docs/bench.svg: a group of bars for each page, each group with an axis of
//! its own that begins at 0, so that lengths within it can be compared. Narrow and
//! with large letters, for telephones; light or dark as the reader's system is.

use std::fmt::Write as _;

use crate::pages::Table;
use crate::report::whole;

const WIDTH: f64 = 480.0;
/// Where bars begin.
const LEFT: f64 = 158.0;
/// The longest bar; the number stands behind it.
const LENGTH: f64 = 256.0;
const ROW: f64 = 24.0;
const BAR: f64 = 16.0;
/// Above the first row of a group: its title.
const HEAD: f64 = 34.0;
/// Below its last row: the axis, and room.
const FOOT: f64 = 40.0;
const TOP: f64 = 28.0;

const STYLE: &str = "svg{color:#1f2328;font:13px system-ui,sans-serif}\
text{fill:currentColor}\
.title{font-weight:600;font-size:15px}\
.small{font-size:11px}\
.grid{stroke:currentColor;stroke-opacity:.2}\
.bar{fill:currentColor;fill-opacity:.35}\
.own{fill:#0969da;fill-opacity:1}\
@media(prefers-color-scheme:dark){svg{color:#e6edf3}.own{fill:#4493f8}}";

/// The picture.
pub(crate) fn svg(tables: &[Table]) -> String {
    let height = tables.iter().fold(TOP, |sum, table| sum + HEAD + table.rows.len() as f64 * ROW + FOOT);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"t d\">\n\
         <title id=\"t\">Requests a second, by page and server</title>\n<desc id=\"d\">{}</desc>\n<style>{STYLE}</style>\n\
         <text x=\"0\" y=\"16\">Requests a second; longer is better</text>\n",
        described(tables)
    );
    let mut top = TOP;
    for table in tables {
        group(&mut out, table, top);
        top += HEAD + table.rows.len() as f64 * ROW + FOOT;
    }
    out.push_str("</svg>\n");
    out
}

fn group(out: &mut String, table: &Table, top: f64) {
    let most = table.rows.iter().map(|row| row.run.per_second).fold(1.0, f64::max);
    let step = step(most);
    let (first, last) = (top + HEAD, top + HEAD + table.rows.len() as f64 * ROW);
    line(out, &format!("<text class=\"title\" x=\"0\" y=\"{:.0}\">{}</text>", top + 20.0, table.title));
    let mut tick = 0.0;
    while tick <= most {
        let x = LEFT + tick / most * LENGTH;
        line(out, &format!("<line class=\"grid\" x1=\"{x:.1}\" y1=\"{first:.0}\" x2=\"{x:.1}\" y2=\"{last:.0}\"/>"));
        line(
            out,
            &format!(
                "<text class=\"small\" x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
                last + 14.0,
                whole(tick)
            ),
        );
        tick += step;
    }
    for (position, row) in table.rows.iter().enumerate() {
        let y = first + position as f64 * ROW;
        let length = row.run.per_second / most * LENGTH;
        let own = if row.name.starts_with("mprun") { " own" } else { "" };
        let text = y + ROW / 2.0 + 4.5;
        line(out, &format!("<text x=\"{:.0}\" y=\"{text:.1}\" text-anchor=\"end\">{}</text>", LEFT - 8.0, row.name));
        line(
            out,
            &format!(
                "<rect class=\"bar{own}\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\"/>",
                y + (ROW - BAR) / 2.0
            ),
        );
        let number = whole(row.run.per_second);
        line(out, &format!("<text x=\"{:.1}\" y=\"{text:.1}\">{number}</text>", LEFT + length + 6.0));
    }
}

/// The distance between two marks of an axis, of which there are three to seven:
/// 1, 2 or 5 with zeros.
fn step(most: f64) -> f64 {
    let power = 10_f64.powf((most / 3.0).log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|factor| factor * power).find(|step| most / step >= 3.0).unwrap_or(power)
}

/// The numbers as a sentence, for those who do not see the picture.
fn described(tables: &[Table]) -> String {
    let mut out = String::new();
    for table in tables {
        let rows: Vec<_> = table.rows.iter().map(|row| format!("{} {}", row.name, whole(row.run.per_second))).collect();
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{}: {}. ", table.title, rows.join(", "));
    }
    out
}

fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "{text}");
}
