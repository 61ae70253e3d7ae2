//! The signs: one line each, in a square of 24, drawn with the colour of the text.
//! How thick the line is, the style sheet says.

use mprun_frame::element::Attribute;

use super::scope::Live;
use super::tags::{attribute, start};
use crate::view::node::Resolved;

/// Writes a sign. Without a label it is decoration.
pub(super) fn write(out: &mut String, element: Resolved<'_>, live: Option<Live<'_>>) {
    start(out, "svg", "mp-icon", element, live);
    out.push_str(" viewBox=\"0 0 24 24\"");
    match element.get(Attribute::Label).filter(|label| !label.is_empty()) {
        Some(label) => attribute(out, " role=\"img\" aria-label=\"", label),
        None => out.push_str(" aria-hidden=\"true\""),
    }
    out.push_str("><path d=\"");
    out.push_str(line(element.word(Attribute::IconType)));
    out.push_str("\"/></svg>");
}

/// The line of a sign.
fn line(name: &str) -> &'static str {
    match name {
        "info" => "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18zM12 11v5.5M12 7.75h.01",
        "success" => "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18zM8 12.25l2.75 2.75 5.25-5.75",
        "warn" => "M12 4l9 15.75H3zM12 10v4.25M12 17h.01",
        "error" => "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18zM9 9l6 6M15 9l-6 6",
        "waiting" => {
            "M6.5 3.5h11M6.5 20.5h11M8 3.5v3.25c0 2 4 3.5 4 5.25s-4 3.25-4 5.25v3.25M16 3.5v3.25c0 2-4 3.5-4 5.25s4 3.25 4 5.25v3.25"
        }
        "search" => "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13zM15.25 15.25L20.5 20.5",
        "download" => "M12 3.5v12M7 11l5 5 5-5M4 20.5h16",
        "cart" => {
            "M2.5 4h2.75l2.5 11.25h9.75L20.5 7H6M9 18.5a1.25 1.25 0 1 0 0 2.5a1.25 1.25 0 1 0 0-2.5zM16.5 18.5a1.25 1.25 0 1 0 0 2.5a1.25 1.25 0 1 0 0-2.5z"
        }
        "heart" => "M12 20.25C6 16 3.5 12.75 3.5 9.25A4.6 4.6 0 0 1 12 7a4.6 4.6 0 0 1 8.5 2.25c0 3.5-2.5 6.75-8.5 11z",
        "star" => "M12 3.5l2.65 5.4 5.95.85-4.3 4.2 1 5.95L12 17.1l-5.3 2.8 1-5.95-4.3-4.2 5.95-.85z",
        "home" => "M3.5 11.5L12 4l8.5 7.5M5.75 9.75v10.5h12.5V9.75M9.75 20.25v-5.5h4.5v5.5",
        "user" => "M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8zM4.25 20.25c.75-3.75 3.75-5.5 7.75-5.5s7 1.75 7.75 5.5",
        "location" => {
            "M12 21c-4.75-4.75-7-8-7-11a7 7 0 0 1 14 0c0 3-2.25 6.25-7 11zM12 7.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5z"
        }
        "phone" => {
            "M5.75 3.5h3l1.75 4.25-2.25 1.75a12.5 12.5 0 0 0 6.25 6.25l1.75-2.25 4.25 1.75v3a2 2 0 0 1-2 2A15.25 15.25 0 0 1 3.75 5.5a2 2 0 0 1 2-2z"
        }
        "mail" => "M4.5 5.5h15a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1v-11a1 1 0 0 1 1-1zM4 7l8 6.25L20 7",
        "calendar" => {
            "M4.75 5.5h14.5a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1H4.75a1 1 0 0 1-1-1v-13a1 1 0 0 1 1-1zM3.75 10.25h16.5M8.25 3.25v4M15.75 3.25v4"
        }
        "clock" => "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18zM12 7v5.25l3.5 2",
        "settings" => {
            "M3.5 7.5h9M17.5 7.5h3M15 5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5zM3.5 16.5h3M11.5 16.5h9M9 14a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5z"
        }
        "camera" => {
            "M4.5 7.25H8l1.5-2.5h5l1.5 2.5h3.5a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1v-10a1 1 0 0 1 1-1zM12 9.75a3.25 3.25 0 1 0 0 6.5a3.25 3.25 0 1 0 0-6.5z"
        }
        "share" => "M12 15V3.5M7.75 7.5L12 3.25l4.25 4.25M7.5 10.5H5.25v10h13.5v-10H16.5",
        "edit" => {
            "M4 20l1-4.25L15.75 5a1.75 1.75 0 0 1 2.5 0l.75.75a1.75 1.75 0 0 1 0 2.5L8.25 19zM13.5 7.25l3.25 3.25"
        }
        "trash" => "M4 6.5h16M9 6.5V3.75h6V6.5M6 6.5l.9 13.75h10.2L18 6.5M10.25 10.5v6M13.75 10.5v6",
        "plus" => "M12 5v14M5 12h14",
        "minus" => "M5 12h14",
        "check" => "M4.75 12.75L9.5 17.5 19.25 7",
        "close" => "M6 6l12 12M18 6L6 18",
        "next" => "M9 5l7 7-7 7",
        "list" => "M8.5 6.5h12M8.5 12h12M8.5 17.5h12M4 6.5h.01M4 12h.01M4 17.5h.01",
        "gift" => {
            "M3.75 8.5h16.5v4H3.75zM5.5 12.5v8h13v-8M12 8.5v12M12 8.5C10.5 8.5 7 8.25 7 5.75 7 3 11.25 2.75 12 8.5c.75-5.75 5-5.5 5-2.75 0 2.5-3.5 2.75-5 2.75"
        }
        "ticket" => {
            "M3.5 6.5h17v3.25a2.25 2.25 0 0 0 0 4.5v3.25h-17v-3.25a2.25 2.25 0 0 0 0-4.5zM14.5 6.5v1.75M14.5 11v2M14.5 15.75v1.75"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mprun_frame::element::AttributeKind;

    use super::*;

    #[test]
    fn each_sign_has_a_line_of_its_own() {
        let AttributeKind::Word(names) = Attribute::IconType.kind() else { panic!("signs have names") };
        let lines: BTreeSet<_> = names.iter().map(|name| line(name)).collect();
        assert_eq!(lines.len(), names.len());
        for line in lines {
            assert!(line.starts_with('M'), "{line}");
            let known = |byte: u8| byte.is_ascii_digit() || b"MmLlHhVvCcSsAaZz .-".contains(&byte);
            assert!(line.bytes().all(known), "{line}");
        }
    }
}
