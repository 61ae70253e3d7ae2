//! The derive macros. They write the serde implementations themselves, so that
//! authors need no dependency but `mprun`.

pub(crate) mod choice;
pub(crate) mod data;
mod de;
pub(crate) mod form;
mod schema;

use proc_macro2::TokenStream;
use syn::DeriveInput;

/// Runs one derive macro.
pub(crate) fn expand(
    input: TokenStream,
    derive: fn(&DeriveInput) -> syn::Result<TokenStream>,
) -> proc_macro::TokenStream {
    crate::view::read::<DeriveInput>(input)
        .and_then(|input| derive(&input))
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// `PickUp` and `pick_up` as `pick-up`.
fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for (position, letter) in name.chars().enumerate() {
        if letter == '_' {
            kebab.push('-');
        } else if letter.is_uppercase() {
            if position > 0 && !kebab.ends_with('-') {
                kebab.push('-');
            }
            kebab.extend(letter.to_lowercase());
        } else {
            kebab.push(letter);
        }
    }
    kebab
}
