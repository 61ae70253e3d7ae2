//! `Choice`: the variants of an enum as the options of a picker, with labels in as
//! many languages as the author gives. A language that one option has and another
//! lacks is refused.

use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    let mut translations = Vec::new();
    let mut known = HashMap::new();
    for variant in &data.variants {
        if let Some(field) = variant.fields.iter().next() {
            return Err(syn::Error::new_spanned(field, "an option has no fields"));
        }
        let text = plain(&variant.ident);
        let (mut name, mut label) = (None, None);
        let mut translated: BTreeMap<String, String> = BTreeMap::new();
        for attribute in variant.attrs.iter().filter(|attribute| attribute.path().is_ident("choice")) {
            attribute.parse_nested_meta(|meta| {
                let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                if !matches!(key.as_str(), "name" | "label") && !is_language(&key) {
                    let expected = "expected `name = \"…\"`, `label = \"…\"` or a language such as `zh = \"…\"`";
                    return Err(meta.error(expected));
                }
                let text: LitStr = meta.value()?.parse()?;
                let before = match key.as_str() {
                    "name" => name.replace(text.value()),
                    "label" => label.replace(text.value()),
                    _ => translated.insert(key.clone(), text.value()),
                };
                match before {
                    Some(_) => Err(meta.error(format!("`{key}` is given twice"))),
                    None => Ok(()),
                }
            })?;
        }
        let name = name.unwrap_or_else(|| kebab(&text));
        if known.insert(name.clone(), ()).is_some() {
            return Err(syn::Error::new_spanned(variant, format!("two options are named `{name}`")));
        }
        labels.push(label.unwrap_or_else(|| words(&text)));
        translations.push(translated);
        names.push(name);
        idents.push(&variant.ident);
    }
    let Some(_) = idents.first() else {
        return Err(syn::Error::new_spanned(&input.ident, "expected at least one option"));
    };
    let languages: BTreeSet<&String> = translations.iter().flat_map(BTreeMap::keys).collect();
    let mut arms = TokenStream::new();
    for (ident, translated) in idents.iter().zip(&translations) {
        for language in &languages {
            let Some(label) = translated.get(*language) else {
                let text = format!("other options have a label in `{language}`, this one has none");
                return Err(syn::Error::new_spanned(ident, text));
            };
            arms.extend(quote!((#language, Self::#ident) => #label,));
        }
    }
    // Of one language, nobody is asked which one it is.
    let label = match languages.is_empty() {
        true => quote!(match self { #(Self::#idents => #labels),* }),
        false => quote!(::mprun::Choice::label_in(self, ::mprun::__private::spoken().as_str())),
    };
    let label_in = match languages.is_empty() {
        true => quote!(let _ = language; ::mprun::Choice::label(self)),
        false => quote!(match (language, self) { #arms #((_, Self::#idents) => #labels),* }),
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
                #label
            }
            fn label_in(&self, language: &str) -> &'static str {
                #label_in
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

/// Whether it is the tag of a language: `zh`, `yue`.
fn is_language(key: &str) -> bool {
    matches!(key.len(), 2 | 3) && key.bytes().all(|letter| letter.is_ascii_lowercase())
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
