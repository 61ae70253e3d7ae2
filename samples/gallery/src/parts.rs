//! What every page is made of: its opening, and a card for each example with
//! the code that makes it. The code is cut out of the file in `examples` that
//! was compiled, so it cannot be another one.

use mprun::prelude::*;

use crate::elements;

/// A page: what it is about, then its examples.
pub(crate) fn page<M: Message>(title: &str, line: &str, examples: Vec<Node<M>>) -> Node<M> {
    view! {
        <view class="sheet" gap="large">
            <view gap="small">
                <heading level=1>{title}</heading>
                <text tone="muted" size="large">{line}</text>
            </view>
            <view layout="grid" class="examples">
                for (position, example) in examples.into_iter().enumerate(), key = position {
                    {example}
                }
            </view>
        </view>
    }
}

/// An example: what it is for, how it looks, the code that makes it, and what
/// its elements take (`names`, with a space between them). The code is that of
/// the function `ID_example` in `source`.
pub(crate) fn example<M: Message>(
    source: &str,
    look: &Look,
    id: &str,
    names: &str,
    purpose: &str,
    shown: Node<M>,
) -> Node<M> {
    let names = names.split(' ').filter(|name| !name.is_empty());
    let code = match look.environment.is_right_to_left() {
        true => left_to_right(&code_of(source, id)),
        false => code_of(source, id),
    };
    view! {
        <view surface="card" class="example">
            <view gap="small" class="what">
                <heading level=2 class="name">{id.replace('_', "-")}</heading>
                <text tone="muted">{purpose}</text>
            </view>
            <view class="stage">{shown}</view>
            <text size="small" class="code">{code}</text>
            for name in names, key = name {
                <rich-text size="small" class="takes">
                    <span strong>{name}</span>
                    <span tone="muted">" " {elements::takes(name)}</span>
                </rich-text>
            }
        </view>
    }
}

/// What is inside of the `view!` of `ID_example`, then what `ID_handler` does,
/// where there is one.
fn code_of(source: &str, id: &str) -> String {
    let view = body(source, &format!("fn {id}_example("));
    let view = view.and_then(|body| body.split_once("view! {\n")).and_then(|(_, view)| view.rsplit_once('\n'));
    let handler = body(source, &format!("fn {id}_handler("));
    let parts = [view.map(|(view, _)| view), handler];
    parts.into_iter().flatten().map(at_the_margin).collect::<Vec<_>>().join("\n\n")
}

/// The lines of the function that begins with `head`, without the first and the
/// last.
fn body<'a>(source: &'a str, head: &str) -> Option<&'a str> {
    let (_, after) = source.split_once(head)?;
    let (_, lines) = after.split_once('\n')?;
    lines.split_once("\n}").map(|(lines, _)| lines)
}

/// The lines without what all of them are indented by.
fn at_the_margin(lines: &str) -> String {
    let margin = lines.len() - lines.trim_start_matches(' ').len();
    lines.lines().map(|line| line.get(margin..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Code is written from left to right wherever it stands: each line is isolated
/// from the direction around it.
fn left_to_right(code: &str) -> String {
    code.lines().map(|line| format!("\u{2066}{line}\u{2069}")).collect::<Vec<_>>().join("\n")
}
