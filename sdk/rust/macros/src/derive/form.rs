//! `Form`: a struct from what the fields of a form say, with every field's
//! error at once.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, Lit, LitInt, LitStr};

use super::data::plain;
use crate::nearest;

/// What `#[field(…)]` says.
#[derive(Default)]
struct Rules {
    name: Option<LitStr>,
    min: Option<LitInt>,
    max: Option<LitInt>,
    required: bool,
    from_str: bool,
}

/// Expands `#[derive(Form)]`.
pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Struct(syn::DataStruct { fields: Fields::Named(fields), .. }) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "expected a struct with named fields"));
    };
    if let Some(parameter) = input.generics.params.first() {
        return Err(syn::Error::new_spanned(parameter, "a form has no generic parameters"));
    }
    let mut reads = Vec::new();
    let mut idents = Vec::new();
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let rules = rules(field)?;
        let name = match &rules.name {
            Some(name) => {
                let text = name.value();
                if let Some(why) = mprun_frame::element::AttributeKind::Name.refuse(&text) {
                    return Err(syn::Error::new(name.span(), why));
                }
                text
            }
            None => plain(ident),
        };
        let (ty, required) = (&field.ty, rules.required);
        let bound = |bound: &Option<LitInt>| match bound {
            Some(number) => quote!(::core::option::Option::Some(#number)),
            None => quote!(::core::option::Option::None),
        };
        let (min, max) = (bound(&rules.min), bound(&rules.max));
        let rule = quote!(::mprun::Rules { min: #min, max: #max, required: #required });
        reads.push(match rules.from_str {
            true => quote!(let #ident = fields.from_str::<#ty>(#name, &#rule);),
            false => quote!(let #ident = fields.field::<#ty>(#name, &#rule);),
        });
        idents.push(ident);
    }
    let name = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl ::mprun::Fields for #name {
            fn read(fields: &mut ::mprun::FieldReader<'_>) -> ::core::option::Option<Self> {
                #(#reads)*
                ::core::option::Option::Some(Self { #(#idents: #idents?),* })
            }
        }
    })
}

fn rules(field: &syn::Field) -> syn::Result<Rules> {
    const KNOWN: [&str; 5] = ["name", "min", "max", "required", "from_str"];
    let mut rules = Rules::default();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("field")) {
        attribute.parse_nested_meta(|meta| {
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match name.as_str() {
                "name" => rules.name = Some(meta.value()?.parse()?),
                "min" => rules.min = Some(whole(&meta)?),
                "max" => rules.max = Some(whole(&meta)?),
                "required" => rules.required = true,
                "from_str" => rules.from_str = true,
                other => {
                    let hint = nearest::hint(other, KNOWN.into_iter());
                    return Err(meta.error(format!("there is no rule `{other}`{hint}")));
                }
            }
            Ok(())
        })?;
    }
    Ok(rules)
}

fn whole(meta: &syn::meta::ParseNestedMeta<'_>) -> syn::Result<LitInt> {
    match meta.value()?.parse::<Lit>()? {
        Lit::Int(number) => Ok(number),
        other => Err(syn::Error::new_spanned(other, "expected a whole number")),
    }
}
