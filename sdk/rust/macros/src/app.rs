//! `app!`: which pages there are. It refuses a page that the manifest does not
//! have, and the other way round, because the host opens pages by the manifest.

use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Token, Type, braced};

use crate::nearest;

struct App {
    state: Option<Type>,
    launch: Option<syn::ExprPath>,
    manifest: Option<LitStr>,
    pages_at: Span,
    pages: Vec<Page>,
}

struct Page {
    route: LitStr,
    ty: Type,
}

impl Parse for Page {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let route = input.parse()?;
        input.parse::<Token![=>]>()?;
        Ok(Self { route, ty: input.parse()? })
    }
}

impl Parse for App {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        const KNOWN: [&str; 4] = ["state", "launch", "manifest", "pages"];
        let mut app =
            Self { state: None, launch: None, manifest: None, pages_at: Span::call_site(), pages: Vec::new() };
        let mut seen: Vec<String> = Vec::new();
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            let text = name.to_string();
            if seen.contains(&text) {
                return Err(syn::Error::new(name.span(), format!("`{text}` is given twice")));
            }
            input.parse::<Token![:]>()?;
            match text.as_str() {
                "state" => app.state = Some(input.parse()?),
                "launch" => app.launch = Some(input.parse()?),
                "manifest" => app.manifest = Some(input.parse()?),
                "pages" => {
                    app.pages_at = name.span();
                    let content;
                    braced!(content in input);
                    app.pages = Punctuated::<Page, Token![,]>::parse_terminated(&content)?.into_iter().collect();
                }
                other => {
                    let hint = nearest::hint(other, KNOWN.into_iter());
                    return Err(syn::Error::new(
                        name.span(),
                        format!("expected `state`, `launch`, `manifest` or `pages`, got `{other}`{hint}"),
                    ));
                }
            }
            seen.push(text);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if app.pages.is_empty() {
            return Err(syn::Error::new(app.pages_at, "expected at least one page: `pages: { \"index\" => Index }`"));
        }
        Ok(app)
    }
}

/// Expands one `app!`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let app: App = match crate::view::read(input) {
        Ok(app) => app,
        Err(error) => return error.to_compile_error(),
    };
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let mut errors = routes(&app);
    let path = app.manifest.as_ref().map_or_else(|| "manifest.json".to_owned(), LitStr::value);
    errors.extend(compare(&app, &folder, &path));
    if let Some(error) = crate::combine(errors) {
        return error.to_compile_error();
    }
    generate(&app, &path)
}

/// Routes that cannot be routes, or stand twice.
fn routes(app: &App) -> Vec<syn::Error> {
    let mut errors = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for Page { route, .. } in &app.pages {
        let text = route.value();
        if !mprun_frame::url::is_route(&text) {
            let message = "expected a route: words of lower-case letters, digits and `-`, joined by `/`";
            errors.push(syn::Error::new(route.span(), message));
        } else if seen.contains(&text) {
            errors.push(syn::Error::new(route.span(), format!("`{text}` stands here twice")));
        }
        seen.push(text);
    }
    errors
}

/// The manifest's pages against the program's.
fn compare(app: &App, folder: &Path, path: &str) -> Vec<syn::Error> {
    let at = app.manifest.as_ref().map_or_else(Span::call_site, LitStr::span);
    let one = |message: String| vec![syn::Error::new(at, message)];
    let text = match std::fs::read(folder.join(path)) {
        Ok(text) => text,
        Err(error) => return one(format!("cannot read `{path}` beside Cargo.toml: {error}")),
    };
    let manifest: serde_json::Value = match serde_json::from_slice(&text) {
        Ok(manifest) => manifest,
        Err(error) => return one(format!("`{path}` is not JSON: {error}")),
    };
    let Some(listed) = manifest.get("pages").and_then(serde_json::Value::as_array) else {
        return one(format!("`{path}` has no list `pages`"));
    };
    let listed: Vec<&str> = listed.iter().filter_map(serde_json::Value::as_str).collect();
    let given: Vec<String> = app.pages.iter().map(|page| page.route.value()).collect();
    let mut errors = Vec::new();
    for Page { route, .. } in &app.pages {
        let text = route.value();
        if !listed.contains(&text.as_str()) {
            let hint = nearest::hint(&text, listed.iter().copied());
            let message = format!("`pages` of `{path}` does not list `{text}`{hint}");
            errors.push(syn::Error::new(route.span(), message));
        }
    }
    for route in listed {
        if !given.iter().any(|known| known == route) {
            let message = format!("`{path}` lists the page `{route}`, which is missing here");
            errors.push(syn::Error::new(app.pages_at, message));
        }
    }
    errors
}

fn generate(app: &App, manifest: &str) -> TokenStream {
    let state = match &app.state {
        Some(state) => quote!(#state),
        None => quote!(()),
    };
    let launch = app.launch.as_ref().map(|launch| {
        quote! {
            fn launch(cx: &mut ::mprun::Cx<'_, (), ()>) -> ::mprun::Result<#state> {
                #launch(cx)
            }
        }
    });
    let routes: Vec<_> = app.pages.iter().map(|page| &page.route).collect();
    let types: Vec<_> = app.pages.iter().map(|page| &page.ty).collect();
    // A page type under two routes can be opened by either, but linked to only by the first.
    let mut linked: Vec<String> = Vec::new();
    let links = app.pages.iter().filter_map(|Page { route, ty }| {
        let text = quote!(#ty).to_string();
        if linked.contains(&text) {
            return None;
        }
        linked.push(text);
        Some(quote! {
            #[automatically_derived]
            impl ::mprun::Routed for #ty {
                const ROUTE: &'static str = #route;
            }
        })
    });
    let tracked = format!("/{manifest}");
    quote! {
        /// The mini-program: what a host runs and tests open.
        pub struct App;
        const _: () = {
        struct MprunPages;
        #[automatically_derived]
        impl ::mprun::__private::Pages<#state> for MprunPages {
            #launch
            fn visit<V: ::mprun::__private::PageVisitor<#state>>(
                route: &str,
                visitor: V,
            ) -> ::core::option::Option<V::Output> {
                match route {
                    #(#routes => ::core::option::Option::Some(visitor.visit::<#types>()),)*
                    _ => ::core::option::Option::None,
                }
            }
        }
        #[automatically_derived]
        impl ::mprun::Program for App {
            const ROUTES: &'static [&'static str] = &[#(#routes),*];
            fn launch(environment: ::mprun::__private::export::Pairs) -> ::core::result::Result<::std::vec::Vec<u8>, ::mprun::__private::export::Failure> {
                ::mprun::__private::export::launch::<#state, MprunPages>(environment)
            }
            fn load(
                app: &[u8],
                route: ::std::string::String,
                parameters: ::mprun::__private::export::Pairs,
                environment: ::mprun::__private::export::Pairs,
            ) -> ::core::result::Result<::mprun::__private::export::States, ::mprun::__private::export::Failure> {
                ::mprun::__private::export::load::<#state, MprunPages>(app, route, parameters, environment)
            }
            fn update(
                before: ::mprun::__private::export::States,
                event: ::mprun::__private::export::Event,
                environment: ::mprun::__private::export::Pairs,
            ) -> ::core::result::Result<::mprun::__private::export::States, ::mprun::__private::export::Failure> {
                ::mprun::__private::export::update::<#state, MprunPages>(before, event, environment)
            }
            fn view(
                now: &::mprun::__private::export::States,
                environment: ::mprun::__private::export::Pairs,
            ) -> ::core::result::Result<::mprun::__private::export::View, ::mprun::__private::export::Failure> {
                ::mprun::__private::export::view::<#state, MprunPages>(now, environment)
            }
            fn migrate(
                route: ::core::option::Option<&str>,
                state: ::std::vec::Vec<u8>,
            ) -> ::core::option::Option<::std::vec::Vec<u8>> {
                ::mprun::__private::export::migrate::<#state, MprunPages>(route, state)
            }
        }
        };
        #(#links)*
        // The compiler looks again when the manifest has changed.
        const _: &[u8] = ::core::include_bytes!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #tracked));
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exports = ::mprun::__private::Exports<App>;
            ::mprun::__private::bindings::export!(Exports with_types_in ::mprun::__private::bindings);
        };
    }
}
