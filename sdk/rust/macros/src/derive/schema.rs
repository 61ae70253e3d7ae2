//! The hash that says whether two versions of a program mean the same by a
//! type: of its own definition, names and order of fields included, not of the
//! types inside of it.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::DeriveInput;

/// First 8 bytes of blake3 of the definition, attributes and visibility left
/// out, written in a form that does not depend on spaces.
pub(super) fn hash(input: &DeriveInput) -> u64 {
    let mut text = input.ident.to_string();
    let fields = |text: &mut String, fields: &syn::Fields| {
        for field in fields {
            text.push_str(" .");
            if let Some(name) = &field.ident {
                text.push_str(&name.to_string());
            }
            text.push(':');
            print(text, field.ty.to_token_stream());
        }
    };
    match &input.data {
        syn::Data::Struct(data) => fields(&mut text, &data.fields),
        syn::Data::Enum(data) => {
            for variant in &data.variants {
                text.push_str(" |");
                text.push_str(&variant.ident.to_string());
                fields(&mut text, &variant.fields);
            }
        }
        syn::Data::Union(_) => {}
    }
    let hash = blake3::hash(text.as_bytes());
    hash.as_bytes().iter().take(8).fold(0, |id, byte| id << 8 | u64::from(*byte))
}

/// How a token stream prints itself is not the same in all compilers.
fn print(text: &mut String, tokens: TokenStream) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                print(text, group.stream());
                text.push_str(close);
            }
            TokenTree::Punct(punct) => text.push(punct.as_char()),
            other => {
                text.push(' ');
                text.push_str(&other.to_string());
            }
        }
    }
}
