//! What stands inside of elements, and control flow.
use mprun::prelude::*;

pub fn inside(items: Vec<u32>, name: Option<String>) -> Node<()> {
    view! {
        <view>
            "text"
//          ^^^^^^ `view` takes elements, no text: put it into a `<text>`
             <text>Hello</text>
//                 ^^^^^ text stands in quotes: `"…"`
             <text><text>"a"</text></text>
//                  ^^^^ `text` takes text, no elements
             <text>if items.is_empty() { "a" }</text>
//                 ^^ `text` takes text: write `{if … { "…" } else { "…" }}`
             <separator>"a"</separator>
//                      ^^^ `separator` takes nothing inside
             <list><text>"a"</text></list>
//                  ^^^^ `list` cannot contain `text`
             <list-item/>
//            ^^^^^^^^^ `list-item` can only stand in `list`
             <rich-text>"a"</rich-text>
//                      ^^^ `rich-text` takes elements, no text: put it into a `<span>`
             <rich-text><text>"a"</text></rich-text>
//                       ^^^^ `rich-text` cannot contain `text`
             <span>"a"</span>
//            ^^^^ `span` can only stand in `rich-text`
             <table label="a"><table-cell/></table>
//                             ^^^^^^^^^^ `table` cannot contain `table-cell`
             <table-row/>
//            ^^^^^^^^^ `table-row` can only stand in `table`
             <checkbox-group label="a"><switch label="a" name="b"/></checkbox-group>
//                                      ^^^^^^ `checkbox-group` cannot contain `switch`
             <tabs label="a"><text>"a"</text></tabs>
//                            ^^^^ `tabs` cannot contain `text`
             <form><dialog label="a" trigger="b"><form/></dialog></form>
//                                                ^^^^ `form` cannot stand in `form`
             <form><view><form/></view></form>
//                        ^^^^ `form` cannot stand in `form`
            for item in &items { <text>{item}</text> }
//          ^^^ `for` needs a key, so that an item keeps its identity when the list changes
            for item in &items, kye = item { <text>{item}</text> }
//                              ^^^ expected `key = …`
            for item in &items, key = item { <text>{item}</text> <separator/> }
//                                                                ^^^^^^^^^ `for` takes one element for each item: put these into one
            for item in &items, key = item { "a" }
//                                           ^^^ `for` takes one element for each item: put this into an element
            if items.is_empty() { "a" }
//                                ^^^ `view` takes elements, no text: put it into a `<text>`
            match name { Some(name) => <txt>{name}</txt>, None => {} }
//                                      ^^^ there is no element `txt`: did you mean `text`?
        </view>
    }
}

pub fn several() -> Node<()> {
    view! { <text>"a"</text> <text>"b"</text> }
//                            ^^^^ `view!` takes one element: put these into a `<view>`
}

pub fn flow(on: bool) -> Node<()> {
    view! { if on { <text>"a"</text> } }
//          ^^ `view!` takes one element: put this into a `<view>`, or write it around several `view!`s
}

pub fn unclosed() -> Node<()> {
    view! { <view><text>"a"</view> }
//                         ^ wrong close tag found
//          ^ open tag has no corresponding close tag
}
