//! `Choice`: the variants of an enum as the options of a picker.

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, LitStr};

use super::data::plain;
use super::kebab;

/// Expands `#[derive(Choice)]`.
pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "expected an enum"));
    };
    let mut idents = Vec::new();
    let mut names = Vec::new();
    let mut labels = Vec::new();
    let mut known = HashMap::new();
    for variant in &data.variants {
        if let Some(field) = variant.fields.iter().next() {
            return Err(syn::Error::new_spanned(field, "an option has no fields"));
        }
        let text = plain(&variant.ident);
        let (mut name, mut label) = (None, None);
        for attribute in variant.attrs.iter().filter(|attribute| attribute.path().is_ident("choice")) {
            attribute.parse_nested_meta(|meta| {
                let text: LitStr = meta.value()?.parse()?;
                match meta.path.get_ident().map(ToString::to_string).as_deref() {
                    Some("name") => name = Some(text.value()),
                    Some("label") => label = Some(text.value()),
                    _ => return Err(meta.error("expected `name = \"…\"` or `label = \"…\"`")),
                }
                Ok(())
            })?;
        }
        let name = name.unwrap_or_else(|| kebab(&text));
        if known.insert(name.clone(), ()).is_some() {
            return Err(syn::Error::new_spanned(variant, format!("two options are named `{name}`")));
        }
        labels.push(label.unwrap_or_else(|| words(&text)));
        names.push(name);
        idents.push(&variant.ident);
    }
    let Some(_) = idents.first() else {
        return Err(syn::Error::new_spanned(&input.ident, "expected at least one option"));
    };
    let name = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl ::mprun::Choice for #name {
            const ALL: &'static [Self] = &[#(Self::#idents),*];
            fn name(&self) -> &'static str {
                match self { #(Self::#idents => #names),* }
            }
            fn label(&self) -> &'static str {
                match self { #(Self::#idents => #labels),* }
            }
            fn from_name(name: &str) -> ::core::option::Option<Self> {
                match name {
                    #(#names => ::core::option::Option::Some(Self::#idents),)*
                    _ => ::core::option::Option::None,
                }
            }
        }
        #[automatically_derived]
        impl ::mprun::Field for #name {
            fn parse(text: &str, _: &::mprun::Rules) -> ::core::result::Result<Self, ::mprun::FieldError> {
                ::mprun::__private::choose(text)
            }
        }
    })
}

/// `AtNoon` as `At noon`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for (position, letter) in name.chars().enumerate() {
        if position > 0 && letter.is_uppercase() {
            words.push(' ');
            words.extend(letter.to_lowercase());
        } else {
            words.push(letter);
        }
    }
    words
}
