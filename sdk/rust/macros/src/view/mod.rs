//! `view!`: splits a literal into static templates and the code that fills
//! their slots. It refuses, at the exact token, whatever the host would refuse
//! when it decodes the frame, as far as that is known when the program is built.

mod body;
mod element;
mod parse;

use mprun_frame::template::{self, Template};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};
use rstml::node::{Node, NodeElement};

pub(crate) use parse::{Control, literal, literal_text, read};

/// Expands one `view!`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let (nodes, errors) = parse::parse(input);
    let mut generator = Generator { errors, statics: Vec::new() };
    let code = generator.root(&nodes);
    if let Some(all) = crate::combine(generator.errors) {
        return crate::as_expression(&all);
    }
    let statics = generator.statics;
    let writer = writer();
    quote! {{
        #(#statics)*
        let mut #writer = ::mprun::__private::Writer::new();
        #code
        #writer.finish()
    }}
}

/// What has been found and made so far.
struct Generator {
    errors: Vec<syn::Error>,
    /// The templates' definitions, in front of the code.
    statics: Vec<TokenStream>,
}

/// Where something stands.
#[derive(Clone, Copy)]
struct Place {
    /// The element around it, if it is in this literal.
    parent: Option<mprun_frame::element::Element>,
    /// Whether a `form` of this literal is around it.
    in_form: bool,
}

impl Generator {
    fn error(&mut self, span: Span, message: impl std::fmt::Display) {
        self.errors.push(syn::Error::new(span, message));
    }

    /// An error that points at all of several tokens.
    fn error_at(&mut self, tokens: &impl quote::ToTokens, message: impl std::fmt::Display) {
        self.errors.push(syn::Error::new_spanned(tokens, message));
    }

    fn root(&mut self, nodes: &[Node<Control>]) -> TokenStream {
        let place = Place { parent: None, in_form: false };
        let nodes: Vec<_> = nodes.iter().filter(|node| !matches!(node, Node::Comment(_))).collect();
        let [first, rest @ ..] = nodes.as_slice() else {
            self.error(Span::call_site(), "`view!` takes one element, got nothing");
            return TokenStream::new();
        };
        if let Some(second) = rest.first() {
            self.error(span_of(second), "`view!` takes one element: put these into a `<view>`");
        }
        match first {
            Node::Element(element) => self.instance(element, place).unwrap_or_default(),
            Node::Custom(_) => {
                self.error(
                    span_of(first),
                    "`view!` takes one element: put this into a `<view>`, or write it around several `view!`s",
                );
                TokenStream::new()
            }
            _ => {
                self.error(span_of(first), "`view!` takes one element, such as `<view>…</view>`");
                TokenStream::new()
            }
        }
    }

    /// An element that is a template of its own, and the code for one instance.
    fn instance(&mut self, element: &NodeElement<Control>, place: Place) -> Option<TokenStream> {
        let (node, slots) = self.element(element, place)?;
        match Template::new(node) {
            Ok(template) => {
                let name = self.template(&template);
                let writer = writer();
                Some(quote! { #writer.instance(&#name); #slots })
            }
            Err(error) => {
                // What is wrong with one element has been said there.
                if self.errors.is_empty() {
                    self.error_at(element.name(), error);
                }
                None
            }
        }
    }

    fn template(&mut self, template: &Template) -> Ident {
        let name = format_ident!("TEMPLATE_{}", self.statics.len(), span = Span::mixed_site());
        let id = template.id();
        let encoding = Literal::byte_string(template.encoding());
        // Each entry of the section says how long it is.
        let mut entry = Vec::with_capacity(template.encoding().len() + 4);
        entry.extend_from_slice(&u32::try_from(template.encoding().len()).unwrap_or(u32::MAX).to_le_bytes());
        entry.extend_from_slice(template.encoding());
        let (length, entry) = (entry.len(), Literal::byte_string(&entry));
        self.statics.push(quote! {
            #[cfg(target_family = "wasm")]
            const _: () = {
                #[unsafe(link_section = "mprun:templates")]
                #[used]
                static SECTION: [u8; #length] = *#entry;
            };
            static #name: ::mprun::__private::Template = ::mprun::__private::Template::new(#id, #encoding);
        });
        name
    }
}

/// The variable that the generated code writes with. Authors cannot name it.
fn writer() -> Ident {
    Ident::new("writer", Span::mixed_site())
}

fn span_of(node: &Node<Control>) -> Span {
    match node {
        Node::Element(element) => syn::spanned::Spanned::span(element.name()),
        Node::Custom(Control::If(node)) => node.token.span,
        Node::Custom(Control::For(node)) => node.token.span,
        Node::Custom(Control::Match(node)) => node.token.span,
        Node::Text(text) => text.value.span(),
        other => syn::spanned::Spanned::span(other),
    }
}

/// An element without what is inside of it, to check the rules about it alone.
fn alone(node: &template::Node) -> template::Node {
    template::Node {
        element: node.element,
        attributes: node.attributes.clone(),
        events: node.events.clone(),
        body: template::Body::Empty,
    }
}
