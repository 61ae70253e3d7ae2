//! What `view!` adds to the grammar of elements: `if`, `for`, `match` between
//! tags, without braces around them. It refuses a `for` without a key, at the
//! `for`, because a list whose items cannot be told apart loses typed text.

use proc_macro2::TokenStream;
use quote::ToTokens;
use rstml::node::{CustomNode, Node};
use rstml::recoverable::{ParseRecoverable, RecoverableContext};
use syn::parse::{Parse, ParseStream};
use syn::{Expr, Ident, Pat, Token, braced};

/// Control flow between tags.
#[derive(Debug)]
pub(crate) enum Control {
    /// `if … { } else if … { } else { }`
    If(If),
    /// `for … in …, key = … { }`
    For(Box<For>),
    /// `match … { … => { } }`
    Match(Match),
}

/// An `if` and what follows.
#[derive(Debug)]
pub(crate) struct If {
    pub(crate) token: Token![if],
    pub(crate) condition: Expr,
    pub(crate) then: Vec<Node<Control>>,
    pub(crate) otherwise: Option<Otherwise>,
}

/// What follows an `else`.
#[derive(Debug)]
pub(crate) enum Otherwise {
    If(Box<If>),
    Nodes(Vec<Node<Control>>),
}

/// A `for` with its key.
#[derive(Debug)]
pub(crate) struct For {
    pub(crate) token: Token![for],
    pub(crate) pattern: Pat,
    pub(crate) items: Expr,
    pub(crate) key: Expr,
    pub(crate) body: Vec<Node<Control>>,
}

/// A `match` with nodes in its arms.
#[derive(Debug)]
pub(crate) struct Match {
    pub(crate) token: Token![match],
    pub(crate) subject: Expr,
    pub(crate) arms: Vec<Arm>,
}

/// One arm of a `match`.
#[derive(Debug)]
pub(crate) struct Arm {
    pub(crate) pattern: Pat,
    pub(crate) guard: Option<Expr>,
    pub(crate) body: Vec<Node<Control>>,
}

impl CustomNode for Control {
    fn peek_element(input: ParseStream) -> bool {
        input.peek(Token![if]) || input.peek(Token![for]) || input.peek(Token![match])
    }
}

impl ToTokens for Control {
    // rstml uses this for the span of what stands in an element that is not closed.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::If(node) => node.token.to_tokens(tokens),
            Self::For(node) => node.token.to_tokens(tokens),
            Self::Match(node) => node.token.to_tokens(tokens),
        }
    }
}

impl ParseRecoverable for Control {
    fn parse_recoverable(parser: &mut RecoverableContext, input: ParseStream) -> Option<Self> {
        if input.peek(Token![if]) {
            parse_if(parser, input).map(Self::If)
        } else if input.peek(Token![for]) {
            parse_for(parser, input).map(|node| Self::For(Box::new(node)))
        } else {
            parse_match(parser, input).map(Self::Match)
        }
    }
}

fn parse_if(parser: &mut RecoverableContext, input: ParseStream) -> Option<If> {
    let token = parser.parse_simple(input)?;
    let condition = condition(parser, input)?;
    let then = nodes(parser, input)?;
    let otherwise = if input.peek(Token![else]) {
        parser.parse_simple::<Token![else]>(input)?;
        Some(if input.peek(Token![if]) {
            Otherwise::If(Box::new(parse_if(parser, input)?))
        } else {
            Otherwise::Nodes(nodes(parser, input)?)
        })
    } else {
        None
    };
    Some(If { token, condition, then, otherwise })
}

fn parse_for(parser: &mut RecoverableContext, input: ParseStream) -> Option<For> {
    let token: Token![for] = parser.parse_simple(input)?;
    let pattern = parser.parse_mixed_fn(input, |_, input| Pat::parse_multi_with_leading_vert(input))?;
    parser.parse_simple::<Token![in]>(input)?;
    let items = condition(parser, input)?;
    if !input.peek(Token![,]) {
        parser.push_diagnostic(syn::Error::new(
            token.span,
            "`for` needs a key, so that an item keeps its identity when the list changes: \
             `for item in items, key = item.id { … }`",
        ));
        // The rest is read, so that what is inside gets its own errors.
        nodes(parser, input)?;
        return None;
    }
    parser.parse_simple::<Token![,]>(input)?;
    let name: Ident = parser.parse_simple(input)?;
    if name != "key" {
        parser.push_diagnostic(syn::Error::new(name.span(), "expected `key = …`"));
    }
    parser.parse_simple::<Token![=]>(input)?;
    let key = condition(parser, input)?;
    let body = nodes(parser, input)?;
    Some(For { token, pattern, items, key, body })
}

fn parse_match(parser: &mut RecoverableContext, input: ParseStream) -> Option<Match> {
    let token = parser.parse_simple(input)?;
    let subject = condition(parser, input)?;
    let arms = parser.parse_mixed_fn(input, |parser, input| {
        let content;
        braced!(content in input);
        let mut arms = Vec::new();
        while !content.is_empty() {
            match parse_arm(parser, &content) {
                Some(arm) => arms.push(arm),
                None => {
                    // The error is noted; what is left cannot be read.
                    content.parse::<TokenStream>()?;
                }
            }
        }
        Ok(arms)
    })?;
    Some(Match { token, subject, arms })
}

fn parse_arm(parser: &mut RecoverableContext, input: ParseStream) -> Option<Arm> {
    let pattern = parser.parse_mixed_fn(input, |_, input| Pat::parse_multi_with_leading_vert(input))?;
    let guard = if input.peek(Token![if]) {
        parser.parse_simple::<Token![if]>(input)?;
        Some(parser.parse_simple(input)?)
    } else {
        None
    };
    parser.parse_simple::<Token![=>]>(input)?;
    let body =
        if input.peek(syn::token::Brace) { nodes(parser, input)? } else { vec![parser.parse_recoverable(input)?] };
    if input.peek(Token![,]) {
        parser.parse_simple::<Token![,]>(input)?;
    }
    Some(Arm { pattern, guard, body })
}

/// An expression in front of a `{` that does not belong to it.
fn condition(parser: &mut RecoverableContext, input: ParseStream) -> Option<Expr> {
    parser.parse_mixed_fn(input, |_, input| Expr::parse_without_eager_brace(input))
}

/// Nodes in braces.
fn nodes(parser: &mut RecoverableContext, input: ParseStream) -> Option<Vec<Node<Control>>> {
    parser.parse_mixed_fn(input, |parser, input| {
        let content;
        braced!(content in input);
        let mut nodes = Vec::new();
        while !content.is_empty() {
            match parser.parse_recoverable(&content) {
                Some(node) => nodes.push(node),
                None => {
                    content.parse::<TokenStream>()?;
                }
            }
        }
        Ok(nodes)
    })
}

/// An expression that is one literal, in braces or not.
pub(crate) fn literal(expression: &Expr) -> Option<&syn::Lit> {
    match expression {
        Expr::Lit(literal) => Some(&literal.lit),
        Expr::Block(block) if block.label.is_none() && block.attrs.is_empty() => match block.block.stmts.as_slice() {
            [syn::Stmt::Expr(expression, None)] => literal(expression),
            _ => None,
        },
        Expr::Group(group) => literal(&group.expr),
        Expr::Paren(paren) => literal(&paren.expr),
        _ => None,
    }
}

/// The literal's text as an attribute's value: strings and whole numbers.
pub(crate) fn literal_text(literal: &syn::Lit) -> Option<String> {
    match literal {
        syn::Lit::Str(text) => Some(text.value()),
        syn::Lit::Char(text) => Some(text.value().to_string()),
        syn::Lit::Int(number) => Some(number.base10_digits().to_owned()),
        _ => None,
    }
}

/// Parses all nodes of a `view!`.
pub(crate) fn parse(input: TokenStream) -> (Vec<Node<Control>>, Vec<syn::Error>) {
    let config = rstml::ParserConfig::new().custom_node::<Control>();
    let (nodes, diagnostics) = rstml::Parser::new(config).parse_recoverable(input).split_vec();
    // What rstml adds to an error as a note would be an error of its own here.
    let errors = diagnostics.into_iter().flat_map(syn::Error::from);
    let errors = errors.filter(|error| !["[help]", "[note]"].iter().any(|kind| error.to_string().starts_with(kind)));
    (nodes, errors.collect())
}

/// Reads something with `syn` from the tokens of a macro call.
pub(crate) fn read<T: Parse>(input: TokenStream) -> syn::Result<T> {
    syn::parse2(input)
}
