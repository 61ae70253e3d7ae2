//! `Deserialize` for states and messages. A state that lacks a field gets the
//! field type's default, if it has one, so that a new version of a program reads
//! what the old one wrote; a message does not, because a guessed message is
//! worse than none.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Fields, parse_quote};

use super::data::{bounded, plain};

/// What a field that is not there means.
#[derive(Clone, Copy)]
pub(super) enum Missing {
    Default,
    Error,
}

/// The implementation of `Deserialize`.
pub(super) fn expand(input: &DeriveInput, missing: Missing) -> TokenStream {
    let name = &input.ident;
    let text = plain(name);
    let mut generics = bounded(&input.generics, &[parse_quote!(::mprun::__private::serde::Deserialize<'de>)]);
    generics.params.insert(0, parse_quote!('de));
    let (implementation, _, conditions) = generics.split_for_impl();
    let (_, types, _) = input.generics.split_for_impl();
    let context = Context { input, missing };
    let (helpers, call) = match &input.data {
        Data::Struct(data) => {
            let visitor = context.visitor(&format_ident!("Whole"), &quote!(#name), &data.fields);
            let count = data.fields.len();
            let make = context.make(&format_ident!("Whole"));
            let call = match &data.fields {
                Fields::Named(named) => {
                    let names = names(named);
                    quote!(deserializer.deserialize_struct(#text, &[#(#names),*], #make))
                }
                Fields::Unnamed(_) if count == 1 => quote!(deserializer.deserialize_newtype_struct(#text, #make)),
                Fields::Unnamed(_) => quote!(deserializer.deserialize_tuple_struct(#text, #count, #make)),
                Fields::Unit => quote!(deserializer.deserialize_unit_struct(#text, #make)),
            };
            (visitor, call)
        }
        Data::Enum(data) => context.enumeration(data),
        Data::Union(_) => (TokenStream::new(), TokenStream::new()),
    };
    quote! {
        #[automatically_derived]
        const _: () = {
            #[allow(unused_imports, reason = "which of them depends on the type")]
            use ::mprun::__private::{MissingDefault as _, MissingError as _};
            #helpers
            impl #implementation ::mprun::__private::serde::Deserialize<'de> for #name #types #conditions {
                fn deserialize<D: ::mprun::__private::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    #call
                }
            }
        };
    }
}

struct Context<'a> {
    input: &'a DeriveInput,
    missing: Missing,
}

impl Context<'_> {
    /// An expression that makes a visitor.
    fn make(&self, visitor: &Ident) -> TokenStream {
        let (_, types, _) = self.input.generics.split_for_impl();
        let types = types.as_turbofish();
        quote!(#visitor #types(::core::marker::PhantomData))
    }

    /// A visitor with these methods that makes a value of the type.
    fn definition(&self, visitor: &Ident, methods: &TokenStream) -> TokenStream {
        let name = &self.input.ident;
        let text = plain(name);
        let (plain_generics, types, plain_conditions) = self.input.generics.split_for_impl();
        let mut generics = bounded(&self.input.generics, &[parse_quote!(::mprun::__private::serde::Deserialize<'de>)]);
        generics.params.insert(0, parse_quote!('de));
        let (implementation, _, conditions) = generics.split_for_impl();
        quote! {
            struct #visitor #plain_generics(::core::marker::PhantomData<fn() -> #name #types>) #plain_conditions;
            impl #implementation ::mprun::__private::serde::de::Visitor<'de> for #visitor #types #conditions {
                type Value = #name #types;
                fn expecting(&self, out: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    out.write_str(#text)
                }
                #methods
            }
        }
    }

    /// A visitor of the fields of a struct or variant that `path` makes.
    fn visitor(&self, visitor: &Ident, path: &TokenStream, fields: &Fields) -> TokenStream {
        let methods = match fields {
            Fields::Unit => quote! {
                fn visit_unit<E>(self) -> ::core::result::Result<Self::Value, E> {
                    ::core::result::Result::Ok(#path)
                }
            },
            Fields::Unnamed(unnamed) => {
                let positions = 0..unnamed.unnamed.len();
                let newtype = (unnamed.unnamed.len() == 1).then(|| {
                    quote! {
                        fn visit_newtype_struct<D: ::mprun::__private::serde::Deserializer<'de>>(
                            self,
                            deserializer: D,
                        ) -> ::core::result::Result<Self::Value, D::Error> {
                            ::mprun::__private::serde::Deserialize::deserialize(deserializer).map(#path)
                        }
                    }
                });
                quote! {
                    #newtype
                    fn visit_seq<A: ::mprun::__private::serde::de::SeqAccess<'de>>(
                        self,
                        mut values: A,
                    ) -> ::core::result::Result<Self::Value, A::Error> {
                        let _ = &mut values;
                        ::core::result::Result::Ok(#path(#(::mprun::__private::next(&mut values, #positions)?),*))
                    }
                }
            }
            Fields::Named(named) => self.named(path, named),
        };
        self.definition(visitor, &methods)
    }

    fn named(&self, path: &TokenStream, fields: &syn::FieldsNamed) -> TokenStream {
        let names = names(fields);
        let idents: Vec<_> = fields.named.iter().filter_map(|field| field.ident.as_ref()).collect();
        let types: Vec<_> = fields.named.iter().map(|field| &field.ty).collect();
        let positions: Vec<_> = (0..idents.len()).collect();
        let slots: Vec<_> = positions.iter().map(|position| format_ident!("field_{position}")).collect();
        let missing = types.iter().zip(&names).map(|(field, name)| match self.missing {
            Missing::Default => quote!((&::mprun::__private::Field::<#field>::NEW).missing::<A::Error>(#name)?),
            Missing::Error => {
                quote!(return ::core::result::Result::Err(::mprun::__private::missing::<A::Error>(#name)))
            }
        });
        quote! {
            fn visit_seq<A: ::mprun::__private::serde::de::SeqAccess<'de>>(
                self,
                mut values: A,
            ) -> ::core::result::Result<Self::Value, A::Error> {
                let _ = &mut values;
                ::core::result::Result::Ok(#path {
                    #(#idents: ::mprun::__private::next(&mut values, #positions)?),*
                })
            }
            fn visit_map<A: ::mprun::__private::serde::de::MapAccess<'de>>(
                self,
                mut values: A,
            ) -> ::core::result::Result<Self::Value, A::Error> {
                #(let mut #slots: ::core::option::Option<#types> = ::core::option::Option::None;)*
                let mut expected = 0_usize;
                while let ::core::option::Option::Some(position) =
                    values.next_key_seed(::mprun::__private::Names { names: &[#(#names),*], expected })?
                {
                    expected = position + 1;
                    match position {
                        #(#positions => #slots = ::core::option::Option::Some(values.next_value()?),)*
                        _ => {
                            values.next_value::<::mprun::__private::serde::de::IgnoredAny>()?;
                        }
                    }
                }
                ::core::result::Result::Ok(#path {
                    #(#idents: match #slots {
                        ::core::option::Option::Some(value) => value,
                        ::core::option::Option::None => #missing,
                    }),*
                })
            }
        }
    }

    fn enumeration(&self, data: &syn::DataEnum) -> (TokenStream, TokenStream) {
        let name = &self.input.ident;
        let text = plain(name);
        let variants: Vec<_> = data.variants.iter().map(|variant| plain(&variant.ident)).collect();
        let mut helpers = TokenStream::new();
        let mut arms = TokenStream::new();
        for (position, variant) in data.variants.iter().enumerate() {
            let ident = &variant.ident;
            let path = quote!(#name::#ident);
            let visitor = format_ident!("Variant{position}");
            let count = variant.fields.len();
            let make = self.make(&visitor);
            let value = match &variant.fields {
                Fields::Unit => quote!(access.unit_variant().map(|()| #path)),
                Fields::Unnamed(_) if count == 1 => quote!(access.newtype_variant().map(#path)),
                Fields::Unnamed(_) => {
                    helpers.extend(self.visitor(&visitor, &path, &variant.fields));
                    quote!(access.tuple_variant(#count, #make))
                }
                Fields::Named(named) => {
                    helpers.extend(self.visitor(&visitor, &path, &variant.fields));
                    let names = names(named);
                    quote!(access.struct_variant(&[#(#names),*], #make))
                }
            };
            arms.extend(quote!(#position => #value,));
        }
        let methods = quote! {
            fn visit_enum<A: ::mprun::__private::serde::de::EnumAccess<'de>>(
                self,
                data: A,
            ) -> ::core::result::Result<Self::Value, A::Error> {
                #[allow(unused_imports, reason = "an enum without variants does not need it")]
                use ::mprun::__private::serde::de::VariantAccess as _;
                let (position, access) = data.variant_seed(::mprun::__private::Names { names: &[#(#variants),*], expected: 0 })?;
                let _ = &access;
                match position {
                    #arms
                    _ => ::core::result::Result::Err(::mprun::__private::unknown(#text)),
                }
            }
        };
        let whole = format_ident!("Whole");
        helpers.extend(self.definition(&whole, &methods));
        let make = self.make(&whole);
        (helpers, quote!(deserializer.deserialize_enum(#text, &[#(#variants),*], #make)))
    }
}

fn names(fields: &syn::FieldsNamed) -> Vec<String> {
    fields.named.iter().filter_map(|field| field.ident.as_ref()).map(plain).collect()
}
