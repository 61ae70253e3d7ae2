//! What only the types can tell.
use mprun::prelude::*;

#[derive(Message)]
pub enum Msg {
    Go,
    Name(Value<String>),
}

#[derive(Message)]
pub enum Other {
    Go,
}

pub struct Opaque;

pub fn texts(opaque: Opaque, words: &Vec<String>) -> Node<Msg> {
    view! {
        <view>
            <text>"a " {opaque}</text>
//                      ^^^^^^ `Opaque` is no text
            <image src={words} alt=""/>
//                      ^^^^^ `Vec<String>` is no text
            {"text"}
//           ^^^^^^ `&str` cannot stand between elements
            <button on:tap=Other::Go>"a"</button>
//                         ^^^^^^^^^ `Other` is no message of this view
            <button disabled={words.len()} on:tap=Msg::Go>"a"</button>
//                            ^^^^^^^^^^^ mismatched types
            <input label="a" on:change=Msg::Go/>
//                                     ^^^^^^^ expected a `FnOnce(mprun::Value<_>)` closure, found `Msg`
        </view>
    }
}
