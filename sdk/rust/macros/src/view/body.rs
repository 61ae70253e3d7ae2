//! What stands between an element's tags: text folds into one slot, elements
//! become parts of the template, and what depends on the state becomes a place
//! for an instance (`if`, `match`, `{…}`) or for a list of them (`for`).

use mprun_frame::element::{Content, Element};
use mprun_frame::template::{Body, Child};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use rstml::node::{Node, NodeBlock};
use syn::Expr;
use syn::spanned::Spanned;

use super::parse::{For, If, Match, Otherwise};
use super::{Control, Generator, Place, literal, literal_text, span_of, writer};

impl Generator {
    /// The body of an element, and the code that writes its slots.
    pub(super) fn body(&mut self, element: Element, nodes: &[Node<Control>], inside: Place) -> (Body, TokenStream) {
        let nodes: Vec<_> = nodes.iter().filter(|node| !matches!(node, Node::Comment(_))).collect();
        match element.definition().content {
            _ if nodes.is_empty() => (Body::Empty, TokenStream::new()),
            Content::Empty => {
                if let Some(node) = nodes.first() {
                    self.error(span_of(node), format!("`{}` takes nothing inside", element.name()));
                }
                (Body::Empty, TokenStream::new())
            }
            Content::Text => self.text(element, &nodes),
            Content::Children | Content::Only(_) => self.children(element, &nodes, inside),
        }
    }

    /// Static and dynamic parts, as one text.
    fn text(&mut self, element: Element, nodes: &[&Node<Control>]) -> (Body, TokenStream) {
        let out = Ident::new("out", Span::mixed_site());
        let mut code = TokenStream::new();
        let mut dynamic = false;
        let mut fixed = String::new();
        for node in nodes {
            match node {
                Node::Text(text) => fixed.push_str(&text.value_string()),
                Node::Block(NodeBlock::ValidBlock(block)) => {
                    let expression = block_expression(block);
                    if let Some(text) = literal(&expression).and_then(literal_text) {
                        fixed.push_str(&text);
                        continue;
                    }
                    if !fixed.is_empty() {
                        code.extend(quote!(#out.push_str(#fixed);));
                        fixed.clear();
                    }
                    dynamic = true;
                    code.extend(quote_spanned!(expression.span()=> ::mprun::__private::put(#out, &(#expression));));
                }
                Node::Block(NodeBlock::Invalid(block)) => self.error(block.span(), "this is not an expression"),
                Node::RawText(raw) => {
                    self.error(raw.span(), "text stands in quotes: `\"…\"`");
                }
                Node::Custom(_) => {
                    let message =
                        format!("`{}` takes text: write `{{if … {{ \"…\" }} else {{ \"…\" }}}}`", element.name());
                    self.error(span_of(node), message);
                }
                _ => self.error(span_of(node), format!("`{}` takes text, no elements", element.name())),
            }
        }
        match (dynamic, fixed.is_empty()) {
            (false, true) => (Body::Empty, TokenStream::new()),
            (false, false) => (Body::Text(fixed), TokenStream::new()),
            (true, empty) => {
                if !empty {
                    code.extend(quote!(#out.push_str(#fixed);));
                }
                let writer = writer();
                (Body::TextSlot, quote!(#writer.text(|#out| { #code });))
            }
        }
    }

    fn children(&mut self, element: Element, nodes: &[&Node<Control>], inside: Place) -> (Body, TokenStream) {
        let mut children = Vec::with_capacity(nodes.len());
        let mut code = TokenStream::new();
        for node in nodes {
            match node {
                Node::Element(child) => {
                    if let Some((part, slots)) = self.element(child, inside) {
                        children.push(Child::Element(part));
                        code.extend(slots);
                    }
                }
                Node::Block(_) | Node::Custom(_) => {
                    let one = [*node];
                    if takes_one(&one) {
                        children.push(Child::Slot);
                        code.extend(self.one(&one, inside));
                    } else {
                        children.push(Child::List);
                        code.extend(self.several(node, inside));
                    }
                }
                other => self.refuse_child(element, other),
            }
        }
        if children.is_empty() { (Body::Empty, code) } else { (Body::Children(children), code) }
    }

    fn refuse_child(&mut self, element: Element, node: &Node<Control>) {
        let message = match node {
            Node::Text(_) | Node::RawText(_) => {
                let inside = match element.definition().content {
                    Content::Only([only, ..]) => only.name(),
                    _ => Element::Text.name(),
                };
                format!("`{}` takes elements, no text: put it into a `<{inside}>`", element.name())
            }
            Node::Fragment(_) => "a `<>` has no meaning here: write its elements without it".to_owned(),
            _ => format!("`{}` does not take this", element.name()),
        };
        self.error(span_of(node), message);
    }

    /// Code that writes one child slot: an instance, or none.
    fn one(&mut self, nodes: &[&Node<Control>], inside: Place) -> TokenStream {
        let writer = writer();
        match nodes.first() {
            None => quote!(#writer.child(false);),
            Some(Node::Element(element)) => {
                let instance = self.instance(element, inside).unwrap_or_default();
                quote!(#writer.child(true); #instance)
            }
            Some(Node::Block(NodeBlock::ValidBlock(block))) => {
                let expression = block_expression(block);
                quote_spanned!(expression.span()=> #writer.node(#expression);)
            }
            Some(Node::Custom(Control::If(node))) => {
                self.condition(node, &mut |generator, nodes| generator.one(nodes, inside))
            }
            Some(Node::Custom(Control::Match(node))) => {
                self.matching(node, &mut |generator, nodes| generator.one(nodes, inside))
            }
            Some(other) => {
                self.refuse_child(inside.parent.unwrap_or(Element::View), other);
                TokenStream::new()
            }
        }
    }

    /// Code that writes one list slot.
    fn several(&mut self, node: &Node<Control>, inside: Place) -> TokenStream {
        let (writer, place, count) =
            (writer(), Ident::new("place", Span::mixed_site()), Ident::new("count", Span::mixed_site()));
        // Where only one `for` can give keys, they are the author's own.
        let prefixed = lists(&[node]) > 1;
        let items = self.items(&[node], "", prefixed, inside);
        quote! {{
            let #place = #writer.open_list();
            let mut #count = 0_usize;
            #items
            #writer.close_list(#place, #count);
        }}
    }

    /// Code that writes items of a list. `path` says where in the literal they
    /// are, so that what stands still keeps one key.
    fn items(&mut self, nodes: &[&Node<Control>], path: &str, prefixed: bool, inside: Place) -> TokenStream {
        let (writer, count) = (writer(), Ident::new("count", Span::mixed_site()));
        let mut code = TokenStream::new();
        for (position, node) in nodes.iter().enumerate() {
            let path = format!("{path}/{position}");
            code.extend(match node {
                Node::Element(element) => {
                    let instance = self.instance(element, inside).unwrap_or_default();
                    quote!(#writer.key(#path, &""); #instance #count += 1;)
                }
                Node::Block(NodeBlock::ValidBlock(block)) => {
                    let expression = block_expression(block);
                    quote_spanned!(expression.span()=> #count += #writer.item(#path, #expression);)
                }
                Node::Custom(Control::If(node)) => {
                    let mut branch = 0_usize;
                    self.condition(node, &mut |generator, nodes| {
                        branch += 1;
                        generator.items(nodes, &format!("{path}.{branch}"), prefixed, inside)
                    })
                }
                Node::Custom(Control::Match(node)) => {
                    let mut branch = 0_usize;
                    self.matching(node, &mut |generator, nodes| {
                        branch += 1;
                        generator.items(nodes, &format!("{path}.{branch}"), prefixed, inside)
                    })
                }
                Node::Custom(Control::For(node)) => self.repetition(node, &path, prefixed, inside),
                other => {
                    self.refuse_child(inside.parent.unwrap_or(Element::View), other);
                    TokenStream::new()
                }
            });
        }
        code
    }

    fn repetition(&mut self, node: &For, path: &str, prefixed: bool, inside: Place) -> TokenStream {
        let (writer, count) = (writer(), Ident::new("count", Span::mixed_site()));
        let body: Vec<_> = plain(&node.body);
        let item = match body.as_slice() {
            [Node::Element(element)] => self.instance(element, inside).unwrap_or_default(),
            [Node::Block(NodeBlock::ValidBlock(block))] => {
                let expression = block_expression(block);
                quote_spanned!(expression.span()=> #writer.only(#expression);)
            }
            [] => {
                self.error(node.token.span, "`for` needs an element in its braces");
                TokenStream::new()
            }
            [other] => {
                self.error(span_of(other), "`for` takes one element for each item: put this into an element");
                TokenStream::new()
            }
            [_, second, ..] => {
                self.error(span_of(second), "`for` takes one element for each item: put these into one");
                TokenStream::new()
            }
        };
        let For { pattern, items, key, .. } = node;
        let prefix = if prefixed { format!("{path}/") } else { String::new() };
        let keyed = quote_spanned!(key.span()=> #writer.key(#prefix, &(#key)););
        quote! {
            for #pattern in #items {
                #keyed
                #item
                #count += 1;
            }
        }
    }

    fn condition(
        &mut self,
        node: &If,
        write: &mut dyn FnMut(&mut Self, &[&Node<Control>]) -> TokenStream,
    ) -> TokenStream {
        let then = write(self, &plain(&node.then));
        let otherwise = match &node.otherwise {
            None => write(self, &[]),
            Some(Otherwise::Nodes(nodes)) => write(self, &plain(nodes)),
            Some(Otherwise::If(node)) => self.condition(node, write),
        };
        let condition = &node.condition;
        quote!(if #condition { #then } else { #otherwise })
    }

    fn matching(
        &mut self,
        node: &Match,
        write: &mut dyn FnMut(&mut Self, &[&Node<Control>]) -> TokenStream,
    ) -> TokenStream {
        let mut arms = TokenStream::new();
        for arm in &node.arms {
            let body = write(self, &plain(&arm.body));
            let pattern = &arm.pattern;
            let guard = arm.guard.as_ref().map(|guard| quote!(if #guard));
            arms.extend(quote!(#pattern #guard => { #body }));
        }
        let (token, subject) = (node.token, &node.subject);
        quote_spanned!(token.span=> match #subject { #arms })
    }
}

fn plain(nodes: &[Node<Control>]) -> Vec<&Node<Control>> {
    nodes.iter().filter(|node| !matches!(node, Node::Comment(_))).collect()
}

/// Whether there is at most one instance, whatever the state.
fn takes_one(nodes: &[&Node<Control>]) -> bool {
    match nodes {
        [] => true,
        [Node::Custom(Control::For(_))] => false,
        [Node::Custom(Control::If(node))] => {
            let mut node = node;
            loop {
                if !takes_one(&plain(&node.then)) {
                    return false;
                }
                match &node.otherwise {
                    Some(Otherwise::If(next)) => node = next,
                    Some(Otherwise::Nodes(nodes)) => return takes_one(&plain(nodes)),
                    None => return true,
                }
            }
        }
        [Node::Custom(Control::Match(node))] => node.arms.iter().all(|arm| takes_one(&plain(&arm.body))),
        [_] => true,
        _ => false,
    }
}

/// How many `for` could give keys to one list.
fn lists(nodes: &[&Node<Control>]) -> usize {
    nodes
        .iter()
        .map(|node| match node {
            Node::Custom(Control::For(_)) => 1,
            Node::Custom(Control::If(node)) => {
                let mut count = lists(&plain(&node.then));
                let mut rest = &node.otherwise;
                loop {
                    match rest {
                        Some(Otherwise::If(next)) => {
                            count += lists(&plain(&next.then));
                            rest = &next.otherwise;
                        }
                        Some(Otherwise::Nodes(nodes)) => break count + lists(&plain(nodes)),
                        None => break count,
                    }
                }
            }
            Node::Custom(Control::Match(node)) => node.arms.iter().map(|arm| lists(&plain(&arm.body))).sum(),
            _ => 0,
        })
        .sum()
}

/// A block as an expression; without braces where it is only one.
fn block_expression(block: &syn::Block) -> Expr {
    match block.stmts.as_slice() {
        [syn::Stmt::Expr(expression, None)] => expression.clone(),
        _ => Expr::Block(syn::ExprBlock { attrs: Vec::new(), label: None, block: block.clone() }),
    }
}

/// An expression without braces around it: `{self.name}` may be borrowed, the
/// block would move it.
pub(super) fn unbraced(expression: &Expr) -> Expr {
    match expression {
        Expr::Block(block) if block.label.is_none() && block.attrs.is_empty() => block_expression(&block.block),
        other => other.clone(),
    }
}
