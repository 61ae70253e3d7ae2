//! The macros of `mprun-sdk`: they decide, when a program is built, everything
//! about its views, messages and pages that can be decided then, and refuse the
//! rest at the token that is wrong. Documented where authors meet them, in the
//! crate `mprun`.

mod app;
mod derive;
mod nearest;
mod view;

use proc_macro2::TokenStream;
use quote::quote;

/// What a page looks like. See `mprun::view`.
#[proc_macro]
pub fn view(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    view::expand(input.into()).into()
}

/// The program: its state and pages. See `mprun::app`.
#[proc_macro]
pub fn app(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    app::expand(input.into()).into()
}

/// Something that is kept between two events. See `mprun::State`.
#[proc_macro_derive(State)]
pub fn state(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive::expand(input.into(), derive::data::state)
}

/// What can happen to a page. See `mprun::Message`.
#[proc_macro_derive(Message)]
pub fn message(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive::expand(input.into(), derive::data::message)
}

/// Fields that are handed in together. See `mprun::Fields`.
#[proc_macro_derive(Form, attributes(field))]
pub fn form(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive::expand(input.into(), derive::form::expand)
}

/// One of a few named things. See `mprun::Choice`.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn choice(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive::expand(input.into(), derive::choice::expand)
}

/// Several errors as one, or none.
fn combine(errors: Vec<syn::Error>) -> Option<syn::Error> {
    errors.into_iter().reduce(|mut all, error| {
        all.combine(error);
        all
    })
}

/// Errors where an expression is expected.
fn as_expression(error: &syn::Error) -> TokenStream {
    let errors = error.to_compile_error();
    quote!({ #errors })
}
