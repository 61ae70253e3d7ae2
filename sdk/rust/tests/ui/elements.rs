//! Names, attributes and events of elements.
use mprun::prelude::*;

#[derive(Message)]
pub enum Msg {
    Go,
    Name(Value<String>),
}

pub fn mistakes(label: String, dark: bool) -> Node<Msg> {
    view! {
        <view>
             <imge src="asset:a.svg" alt=""/>
//            ^^^^ there is no element `imge`: did you mean `image`?
             <image src="asset:a.svg"/>
//            ^^^^^ `image` needs `alt`: what the picture shows, or `alt=""` if it is only decoration
             <image scr="asset:a.svg" src="asset:a.svg" alt=""/>
//                  ^^^ `image` takes no attribute `scr`: did you mean `src`?
             <image src="javascript:alert(1)" alt=""/>
//                      ^^^^^^^^^^^^^^^^^^^^^ `src`: expected an address that begins with `asset:`, `page:` or `https://`
             <image src="page:menu" alt=""/>
//                      ^^^^^^^^^^^ `src`: an address of this kind cannot stand here
             <text tone="mutet">"a"</text>
//                      ^^^^^^^ `tone`: expected one of `normal`, `muted`, `accent`, `success`, `warn`, got `mutet`: did you mean `muted`?
             <heading level=7>"a"</heading>
//                          ^ `level`: expected a whole number from 1 to 6, got `7`
             <heading>"a"</heading>
//            ^^^^^^^ `heading` needs `level`: its rank among headings, from 1 to 6
             <input label="a" type={label} on:change=Msg::Name/>
//                                 ^^^^^^^ `type` of `input` cannot change: expected a literal
             <input label="a"/>
//            ^^^^^ `input` needs `name` (in a form) or `on:change`
             <input label="a" label="b" on:change=Msg::Name/>
//                            ^^^^^ `label` is given twice
             <button disabled="yes">"a"</button>
//                            ^^^^^ expected `true` or `false` for `disabled`
             <button label>"a"</button>
//                   ^^^^^ `label` needs a value: `label={…}`
             <text on:tap=Msg::Go>"a"</text>
//                 ^^^^^^ `text` has no event `on:tap`: it has no events
             <button on:click=Msg::Go>"a"</button>
//                   ^^^^^^^^ `button` has no event `on:click`: it has `on:tap`
             <view on:tap=Msg::Go><text>"a"</text></view>
//            ^^^^ `view` needs `label` where all of it can be pressed
             <button form-type="submit" on:tap=Msg::Go>"a"</button>
//            ^^^^^^ `button` a button that submits its form has no `on:tap`: the form has `on:submit`
             <view {dark}/>
//                 ^^^^^^ an attribute needs a name: `name={…}`
        </view>
    }
}
