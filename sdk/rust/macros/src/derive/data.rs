//! `State` and `Message`: the serde implementations of a struct or enum, and
//! the hash of its definition.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Fields, Generics, parse_quote};

use super::{de, schema};

/// Expands `#[derive(State)]`.
pub(crate) fn state(input: &DeriveInput) -> syn::Result<TokenStream> {
    let serde = serde(input, de::Missing::Default)?;
    let (name, hash) = (&input.ident, schema::hash(input));
    let generics = bounded(&input.generics, &owned());
    let (implementation, types, conditions) = generics.split_for_impl();
    Ok(quote! {
        #serde
        #[automatically_derived]
        impl #implementation ::mprun::State for #name #types #conditions {
            const SCHEMA: u64 = #hash;
        }
    })
}

/// Expands `#[derive(Message)]`.
pub(crate) fn message(input: &DeriveInput) -> syn::Result<TokenStream> {
    let serde = serde(input, de::Missing::Error)?;
    let (name, hash) = (&input.ident, schema::hash(input));
    let generics = bounded(&input.generics, &owned());
    let (implementation, types, conditions) = generics.split_for_impl();
    Ok(quote! {
        #serde
        #[automatically_derived]
        impl #implementation ::mprun::Message for #name #types #conditions {
            const SCHEMA: u64 = #hash;
        }
    })
}

fn owned() -> Vec<syn::TypeParamBound> {
    vec![
        parse_quote!(::mprun::__private::serde::Serialize),
        parse_quote!(::mprun::__private::serde::de::DeserializeOwned),
        parse_quote!('static),
    ]
}

/// The generics with `bounds` on every type parameter.
pub(super) fn bounded(generics: &Generics, bounds: &[syn::TypeParamBound]) -> Generics {
    let mut generics = generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.extend(bounds.iter().cloned());
    }
    generics
}

fn serde(input: &DeriveInput, missing: de::Missing) -> syn::Result<TokenStream> {
    if let Some(lifetime) = input.generics.lifetimes().next() {
        return Err(syn::Error::new_spanned(lifetime, "expected a type that owns its data: it outlives the call"));
    }
    let body = match &input.data {
        Data::Struct(data) => serialize_struct(input, &data.fields),
        Data::Enum(data) => serialize_enum(input, data),
        Data::Union(data) => {
            return Err(syn::Error::new_spanned(data.union_token, "expected a struct or an enum"));
        }
    };
    let name = &input.ident;
    let generics = bounded(&input.generics, &[parse_quote!(::mprun::__private::serde::Serialize)]);
    let (implementation, types, conditions) = generics.split_for_impl();
    let deserialize = de::expand(input, missing);
    Ok(quote! {
        #[automatically_derived]
        impl #implementation ::mprun::__private::serde::Serialize for #name #types #conditions {
            fn serialize<S: ::mprun::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                #[allow(unused_imports, reason = "which of them depends on the type")]
                use ::mprun::__private::serde::ser::{
                    SerializeStruct as _, SerializeStructVariant as _, SerializeTupleStruct as _,
                    SerializeTupleVariant as _,
                };
                #body
            }
        }
        #deserialize
    })
}

fn serialize_struct(input: &DeriveInput, fields: &Fields) -> TokenStream {
    let name = input.ident.to_string();
    let count = fields.len();
    match fields {
        Fields::Named(named) => {
            let idents: Vec<_> = named.named.iter().filter_map(|field| field.ident.as_ref()).collect();
            let names = idents.iter().map(|ident| plain(ident));
            quote! {
                let mut out = serializer.serialize_struct(#name, #count)?;
                #(out.serialize_field(#names, &self.#idents)?;)*
                out.end()
            }
        }
        Fields::Unnamed(_) if count == 1 => quote!(serializer.serialize_newtype_struct(#name, &self.0)),
        Fields::Unnamed(_) => {
            let indexes = (0..count).map(syn::Index::from);
            quote! {
                let mut out = serializer.serialize_tuple_struct(#name, #count)?;
                #(out.serialize_field(&self.#indexes)?;)*
                out.end()
            }
        }
        Fields::Unit => quote!(serializer.serialize_unit_struct(#name)),
    }
}

fn serialize_enum(input: &DeriveInput, data: &syn::DataEnum) -> TokenStream {
    let name = input.ident.to_string();
    let arms = data.variants.iter().enumerate().map(|(position, variant)| {
        let (ident, text) = (&variant.ident, plain(&variant.ident));
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        let count = variant.fields.len();
        match &variant.fields {
            Fields::Unit => quote!(Self::#ident => serializer.serialize_unit_variant(#name, #position, #text),),
            Fields::Unnamed(_) if count == 1 => quote! {
                Self::#ident(value) => serializer.serialize_newtype_variant(#name, #position, #text, value),
            },
            Fields::Unnamed(_) => {
                let values: Vec<_> = (0..count).map(|number| format_ident!("value_{number}")).collect();
                quote! {
                    Self::#ident(#(#values),*) => {
                        let mut out = serializer.serialize_tuple_variant(#name, #position, #text, #count)?;
                        #(out.serialize_field(#values)?;)*
                        out.end()
                    }
                }
            }
            Fields::Named(named) => {
                let idents: Vec<_> = named.named.iter().filter_map(|field| field.ident.as_ref()).collect();
                let values: Vec<_> = (0..count).map(|number| format_ident!("value_{number}")).collect();
                let names = idents.iter().map(|ident| plain(ident));
                quote! {
                    Self::#ident { #(#idents: #values),* } => {
                        let mut out = serializer.serialize_struct_variant(#name, #position, #text, #count)?;
                        #(out.serialize_field(#names, #values)?;)*
                        out.end()
                    }
                }
            }
        }
    });
    let arms: Vec<_> = arms.collect();
    if arms.is_empty() {
        return quote! {
            let _ = serializer;
            match *self {}
        };
    }
    quote!(match self { #(#arms)* })
}

/// An identifier without `r#`.
pub(super) fn plain(ident: &syn::Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or(text.clone(), str::to_owned)
}
