//! The three pages without a sandbox, written with maud: the same texts, fields and
//! rows as `bench/guest` shows, in about the same elements. `native` serves them
//! with axum; `bench/peers/wasi-http` is this file as a component.

use maud::{DOCTYPE, Markup, html};

/// A product card.
pub(crate) struct Product<'a> {
    pub(crate) id: u32,
    pub(crate) name: &'a str,
    pub(crate) note: &'a str,
    pub(crate) cents: i64,
}

/// A row of the price list.
pub(crate) struct Row<'a> {
    pub(crate) id: u32,
    pub(crate) name: &'a str,
    pub(crate) stock: u32,
    pub(crate) cents: i64,
}

/// A field of the form.
struct Field {
    name: &'static str,
    label: &'static str,
    kind: Kind,
}

enum Kind {
    /// One line, of this type.
    Line(&'static str),
    /// Several lines.
    Lines,
    /// One of these: values and what is read.
    Choice(&'static [(&'static str, &'static str)]),
    /// Yes or no.
    Tick,
}

const fn field(name: &'static str, label: &'static str, kind: Kind) -> Field {
    Field { name, label, kind }
}

static FIELDS: &[Field] = &[
    field("first-name", "First name", Kind::Line("text")),
    field("last-name", "Last name", Kind::Line("text")),
    field("company", "Company", Kind::Line("text")),
    field("email", "E-mail", Kind::Line("email")),
    field("phone", "Phone", Kind::Line("tel")),
    field("street", "Street", Kind::Line("text")),
    field("house", "House", Kind::Line("text")),
    field("floor", "Floor", Kind::Line("text")),
    field("postcode", "Postcode", Kind::Line("text")),
    field("city", "City", Kind::Line("text")),
    field("region", "Region", Kind::Line("text")),
    field("country", "Country", Kind::Line("text")),
    field("birthday", "Birthday", Kind::Line("date")),
    field("arrival", "Arrival", Kind::Line("time")),
    field("people", "People", Kind::Line("text")),
    field("budget", "Budget", Kind::Line("text")),
    field("reference", "Reference", Kind::Line("text")),
    field("tax-number", "Tax number", Kind::Line("text")),
    field("website", "Website", Kind::Line("text")),
    field("coupon", "Coupon", Kind::Line("text")),
    field("note", "Note", Kind::Lines),
    field("directions", "Directions", Kind::Lines),
    field("language", "Language", Kind::Choice(LANGUAGES)),
    field("currency", "Currency", Kind::Choice(CURRENCIES)),
    field("contact", "Reach me by", Kind::Choice(CONTACTS)),
    field("parcel", "Parcel", Kind::Choice(PARCELS)),
    field("news", "Send me news", Kind::Tick),
    field("reminders", "Remind me", Kind::Tick),
    field("gift", "This is a gift", Kind::Tick),
    field("terms", "I agree to the terms", Kind::Tick),
];
const LANGUAGES: &[(&str, &str)] = &[("en", "English"), ("zh", "Chinese"), ("ar", "Arabic"), ("de", "German")];
const CURRENCIES: &[(&str, &str)] = &[("gbp", "Pounds"), ("eur", "Euros"), ("cny", "Yuan"), ("usd", "Dollars")];
const CONTACTS: &[(&str, &str)] = &[("phone", "Phone"), ("email", "E-mail"), ("post", "Post"), ("none", "Nothing")];
const PARCELS: &[(&str, &str)] = &[("small", "Small"), ("medium", "Medium"), ("large", "Large"), ("pallet", "Pallet")];

/// Headers of every page, as mprun sends them.
pub(crate) const HEADERS: [(&str, &str); 5] = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
];

/// The page of product cards.
pub(crate) fn cards(app: &str, products: &[Product<'_>]) -> Markup {
    let view = html! {
        h1 .mp-heading { "Products" }
        p .mp-text aria-live="polite" { "In the cart: 0" }
        ul .mp-list .mp-layout-grid role="list" {
            @for product in products {
                li .mp-item .mp-surface-card {
                    p .mp-text .mp-strong { (product.name) }
                    p .mp-text .mp-tone-muted { (product.note) }
                    p .mp-text { (money(product.cents)) }
                    button .mp-button name="_h" value=(format_args!("AAAAAAAAAAAA{:04}", product.id)) formnovalidate { "Add" }
                }
            }
        }
        (button("Seed"))
    };
    page(app, "cards", "Products", &view)
}

/// The form, filled in with these values in the order of the fields.
pub(crate) fn form<'a>(app: &str, values: impl Iterator<Item = &'a str>) -> Markup {
    let view = html! {
        h1 .mp-heading { "Your details" }
        section .mp-form role="form" {
            @for (field, value) in FIELDS.iter().zip(values) { (control(field, value)) }
            button .mp-button .mp-type-primary name="_h" value="AAAAAAAAAAAAAAAA" formnovalidate { "Save" }
        }
        (button("Seed"))
    };
    page(app, "form", "Your details", &view)
}

/// The price list.
pub(crate) fn table(app: &str, rows: &[Row<'_>]) -> Markup {
    let view = html! {
        h1 .mp-heading { "Price list" }
        (button("Raise a price"))
        div .mp-table-box role="region" aria-label="1,000 products" tabindex="0" {
            table .mp-table {
                caption { "1,000 products" }
                tbody {
                    @for row in rows {
                        tr .mp-row {
                            td .mp-cell { p .mp-text { (row.id) } }
                            td .mp-cell { p .mp-text { (row.name) } }
                            td .mp-cell { p .mp-text { (row.stock) } }
                            td .mp-cell { p .mp-text { (money(row.cents)) } }
                        }
                    }
                }
            }
        }
        (button("Seed"))
    };
    page(app, "table", "Price list", &view)
}

fn control(field: &Field, value: &str) -> Markup {
    let Field { name, label, kind } = field;
    match kind {
        Kind::Line(kind) => html! {
            div .mp-field .mp-input {
                label .mp-label for={ "f." (name) } { (label) }
                div .mp-control {
                    input type=(kind) class="mp-box" id={ "f." (name) } name={ "f." (name) }
                        aria-describedby={ "h." (name) } maxlength="80" value=(value);
                }
                p .mp-hint id={ "h." (name) } { "At most 80 characters." }
            }
        },
        Kind::Lines => html! {
            div .mp-field .mp-textarea {
                label .mp-label for={ "f." (name) } { (label) }
                div .mp-control {
                    textarea class="mp-box" id={ "f." (name) } name={ "f." (name) } rows="3" { "\n" (value) }
                }
            }
        },
        Kind::Choice(options) => html! {
            div .mp-field .mp-picker {
                label .mp-label for={ "f." (name) } { (label) }
                div .mp-control {
                    select class="mp-box" id={ "f." (name) } name={ "f." (name) } {
                        @for (option, label) in *options {
                            option value=(option) selected[*option == value] { (label) }
                        }
                    }
                }
            }
        },
        Kind::Tick => html! {
            div .mp-field .mp-checkbox {
                div .mp-control {
                    input type="hidden" name={ "f." (name) } value="false";
                    label .mp-toggle {
                        input type="checkbox" class="mp-check" id={ "f." (name) } name={ "f." (name) } value="true" checked[value == "true"];
                        span { (label) }
                    }
                }
            }
        },
    }
}

fn button(label: &str) -> Markup {
    html! { button .mp-button name="_h" value="AAAAAAAAAAAAAAAA" formnovalidate { (label) } }
}

/// An amount in hundredths.
fn money(cents: i64) -> Markup {
    html! { (cents / 100) "." (format_args!("{:02}", cents % 100)) }
}

/// What stands around each of them.
fn page(app: &str, route: &str, title: &str, view: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" dir="ltr" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                link rel="stylesheet" href="/_style/0123456789abcdef.css";
                title { (title) " · Cards" }
                script src="/_live/0123456789abcdef.js" defer {}
            }
            body {
                form #mp method="post" action={ "/miniapp/" (app) "/" (route) } novalidate {
                    button .mp-default name="_h" value="" tabindex="-1" aria-hidden="true" {}
                    input type="hidden" name="_page" value="AAAAAAAAAAAAAAAAAAAAAA";
                    input type="hidden" name="_nonce" value="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
                    input type="hidden" name="_seq" value="0";
                    header .mp-bar { span .mp-title { "Cards" } a .mp-close href="/" { "Close" } }
                    main .mp-main { div .mp-page { div .mp-view { (view) } } }
                }
            }
        }
    }
}
