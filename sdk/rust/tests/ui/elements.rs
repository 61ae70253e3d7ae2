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
             <image src="https://example.org/latte.png"/>
//            ^^^^^ `image` needs `alt`: what the picture shows, or `alt=""` if it is only decoration
             <icon label="a"/>
//            ^^^^ `icon` needs `type`: which sign, such as `check`
             <icon type="hart"/>
//                      ^^^^^^ `type`: expected one of `info`, `success`
             <slider min=1 max=5 on:input=Msg::Name/>
//            ^^^^^^ `slider` needs `label`: what the field is for, in words that a user sees and hears
             <slider label="a" max=5 on:input=Msg::Name/>
//            ^^^^^^ `slider` needs `min`: the least number that can be chosen
             <slider label="a" min=1 on:input=Msg::Name/>
//            ^^^^^^ `slider` needs `max`: the greatest number that can be chosen
             <slider label="a" min=1 max=5/>
//            ^^^^^^ `slider` needs `name` (in a form) or `on:change` or `on:input`
             <slider label="a" min={-9} max=5000000 on:input=Msg::Name/>
//                                          ^^^^^^^ `max`: expected a whole number from -1000000 to 1000000, got `5000000`
             <scroll-view/>
//            ^^^^^^^^^^^ `scroll-view` needs `label`: what it is called, for users who see it and for those who hear it
             <swiper/>
//            ^^^^^^ `swiper` needs `label`: what it is called
             <checkbox-group/>
//            ^^^^^^^^^^^^^^ `checkbox-group` needs `label`: what it is called
             <table/>
//            ^^^^^ `table` needs `label`: what it is called
             <dialog label="a"/>
//            ^^^^^^ `dialog` needs `trigger`: what stands on the button that opens it
             <dialog trigger="a"/>
//            ^^^^^^ `dialog` needs `label`: what it is called
             <disclosure/>
//            ^^^^^^^^^^ `disclosure` needs `label`: what it is called
             <tabs label="a"><tab/></tabs>
//                            ^^^ `tab` needs `label`: what it is called
             <tabs/>
//            ^^^^ `tabs` needs `label`: what it is called
             <text class="mp-page">"a"</text>
//                       ^^^^^^^^^ `class`: expected 1 to 16 names such as `price`, none with `mp-` in front, got `mp-page`
             <text class="Price">"a"</text>
//                       ^^^^^^^ `class`: expected 1 to 16 names
             <text style="color: red">"a"</text>
//                 ^^^^^ `text` takes no attribute `style`
             <scroll-view label="a" scroll={&label}/>
//                                         ^^^^^^^^ `scroll` of `scroll-view` cannot change: expected a literal
             <picker label="a" on:input=Msg::Name/>
//                             ^^^^^^^^ `picker` has no event `on:input`: it has `on:change`
             <text on:reach-bottom=Msg::Go>"a"</text>
//                 ^^^^^^^^^^^^^^^ `text` has no event `on:reach-bottom`: it has no events
             <disclosure label="a" on:close=Msg::Go/>
//                                 ^^^^^^^^ `disclosure` has no event `on:close`: it has no events
             <text tone="mutet">"a"</text>
//                      ^^^^^^^ `tone`: expected one of `normal`, `muted`, `accent`, `success`, `warn`, got `mutet`: did you mean `muted`?
             <heading level=7>"a"</heading>
//                          ^ `level`: expected a whole number from 1 to 6, got `7`
             <heading>"a"</heading>
//            ^^^^^^^ `heading` needs `level`: its rank among headings, from 1 to 6
             <input label="a" type={label} on:change=Msg::Name/>
//                                 ^^^^^^^ `type` of `input` cannot change: expected a literal
             <input label="a"/>
//            ^^^^^ `input` needs `name` (in a form) or `on:change` or `on:input`
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
