//! Write mini-programs in Rust.
//!
//! A mini-program is an application that a user opens inside of another one. It
//! is a WebAssembly component that a host runs in a sandbox: the host keeps the
//! program's state, tells it what happened, and shows what its views describe.
//! Authors never see bytes: messages are values of their own enums, a component
//! is a function that returns a [`Node`], and the same program runs under
//! `cargo test` without WebAssembly.
//!
//! ```
//! use mprun::prelude::*;
//!
//! #[derive(State, Default)]
//! struct Hello { name: String }
//!
//! #[derive(Message)]
//! enum Msg { Name(Value<String>) }
//!
//! impl Page for Hello {
//!     type Msg = Msg;
//!     fn update(&mut self, msg: Msg, _: &mut Cx<(), Msg>) -> Result {
//!         let Msg::Name(value) = msg;
//!         self.name = value.get()?;
//!         Ok(())
//!     }
//!     fn view(&self, _: &Look) -> Node<Msg> {
//!         view! {
//!             <view>
//!                 <input label="Your name" value={&self.name} on:change=Msg::Name/>
//!                 <text>"Hello, " {&self.name}</text>
//!             </view>
//!         }
//!     }
//! }
//!
//! app! {
//! #   manifest: "tests/pages/index.json",
//!     pages: { "index" => Hello }, // the same as in manifest.json
//! }
//! # fn main() {
//! let mut t = mprun::test::open::<App>("index");
//! t.fill("Your name", "Ada");
//! t.assert_text("Hello, Ada");
//! # }
//! ```

// The macros name this crate from outside, also where it is used inside.
extern crate self as mprun;

#[cfg(target_family = "wasm")]
#[doc(hidden)]
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated from wit/")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "mprun:app/app",
        pub_export_macro: true,
        generate_all,
    });
}
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod codec;
mod cx;
mod error;
#[doc(hidden)]
pub mod export;
mod form;
#[cfg(target_family = "wasm")]
mod guest;
mod hole;
mod host;
mod log;
mod look;
#[cfg(target_family = "wasm")]
mod memory;
mod node;
mod page;
mod spoken;
#[cfg(not(target_family = "wasm"))]
pub mod test;

pub use codec::{Message, State};
pub use cx::{Cx, Timer};
pub use error::{Error, ErrorKind, OrMessage, Result};
pub use form::{Choice, Field, FieldError, FieldReader, Fields, Rules};
pub use hole::{Form, Reply, Value};
pub use log::{Level, write as log};
pub use look::{Environment, Look};
pub use mprun_sdk_macros::{Choice, Form, Message, State};
pub use node::{IntoMessage, IntoNode, Node, Text};
pub use page::{Link, Page, Params, Program, Routed};

/// What a page looks like, as a [`Node`].
///
/// One element, with elements or text inside of it. The elements, attributes and
/// events are a closed set; what is wrong is an error of the compiler at the
/// very token. What does not change between two views is put into the program's
/// file once (the attribute that does it counts as unsafe, but being the macro's
/// it does not offend `#![forbid(unsafe_code)]`).
///
/// | | |
/// |---|---|
/// | `<text>"Hello, " {&self.name}</text>` | static and dynamic [`Text`] |
/// | `label="Name"`, `value={&self.name}`, `disabled`, `disabled={full}` | attributes; `None` is none, `false` too |
/// | `class="price"`, `class={urgent.then_some("urgent")}` | classes of the program's `app.css` |
/// | `on:tap=Msg::Add(7)` | a message (or an `Option` of one) |
/// | `on:change=Msg::Name`, `on:change={\|v\| Msg::Cups(7, v)}` | a function of a [`Value`] |
/// | `on:input=Msg::Search` | the same, while the user types |
/// | `on:refresh=Msg::Again`, `on:reach-bottom=Msg::More` | a message: what is shown is wanted anew, or more of it |
/// | `on:close=Msg::Closed` | a message: the user has closed the dialog |
/// | `on:submit=Msg::Order` | a function of a [`Form`](struct@Form) |
/// | `if … { } else if … { } else { }`, `match … { … => { } }` | elements in the braces |
/// | `for item in items, key = item.id { <view/> }` | one element for each item; the key is its identity |
/// | `{badge(7)}` | a `Node` or an `Option` of one |
///
/// ```
/// use mprun::prelude::*;
/// #[derive(Message)]
/// enum Msg { Add(u32) }
/// struct Item { id: u32, name: String, sold_out: bool }
/// fn menu(items: &[Item]) -> Node<Msg> {
///     view! {
///         <view gap="small">
///             <heading level=1>"Menu"</heading>
///             if items.is_empty() {
///                 <text tone="muted">"Nothing yet"</text>
///             } else {
///                 for item in items, key = item.id {
///                     <view surface="card" layout="row">
///                         <text grow>{&item.name}</text>
///                         <button disabled={item.sold_out} on:tap=Msg::Add(item.id)>"Add"</button>
///                     </view>
///                 }
///             }
///         </view>
///     }
/// }
/// # menu(&[]);
/// ```
///
/// Planes that fold, lie behind each other or above the page work at once, without
/// the program being told; what is in them is always a part of the view.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(Message)]
/// enum Msg { Delete, Cups(Value<u32>), Again, More }
/// fn order(lines: &[(u32, String)], cups: u32, last: bool) -> Node<Msg> {
///     view! {
///         <view label="Order" on:refresh=Msg::Again on:reach-bottom={(!last).then_some(Msg::More)}>
///             <rich-text>
///                 <span>"Ready at "</span><span strong>"17:05"</span><span>", "</span>
///                 <span to="page:stores">"North"</span>
///             </rich-text>
///             <table label="What you ordered" class="bill">
///                 <table-row>
///                     <table-cell scope="column"><text>"Cups"</text></table-cell>
///                     <table-cell scope="column"><text>"Drink"</text></table-cell>
///                 </table-row>
///                 for (cups, drink) in lines, key = drink {
///                     <table-row>
///                         <table-cell><text>{cups}</text></table-cell>
///                         <table-cell><text>{drink}</text></table-cell>
///                     </table-row>
///                 }
///             </table>
///             <slider label="Cups" min=1 max=9 value={cups} on:change=Msg::Cups/>
///             <tabs label="About it">
///                 <tab label="Taste"><text>"Nutty"</text></tab>
///                 <tab label="Origin"><icon type="location"/><text>"Yirgacheffe"</text></tab>
///             </tabs>
///             <disclosure label="Allergens"><text>"Milk"</text></disclosure>
///             <swiper label="Goes well with">
///                 <swiper-item surface="card"><text>"Croissant"</text></swiper-item>
///             </swiper>
///             <scroll-view label="Opening hours" scroll="x"><text>"Mon 7–19"</text></scroll-view>
///             <form>
///                 <checkbox-group label="Extras"><checkbox label="Cocoa" name="cocoa"/></checkbox-group>
///             </form>
///             <dialog label="Delete the order?" trigger="Delete…">
///                 <button closes>"Keep it"</button>
///                 <button type="warn" closes on:tap=Msg::Delete>"Delete"</button>
///             </dialog>
///         </view>
///     }
/// }
/// # order(&[(1, "Latte".to_owned())], 1, false);
/// ```
///
/// A dialog that the program opens has to be told when the user closes it, or it
/// stays open in the program's state and cannot be opened a second time. A button
/// with a message of its own says that alone.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(Message)]
/// enum Msg { Ask, Delete, Closed }
/// #[derive(State, Default)]
/// struct Order { asking: bool, lines: Vec<String> }
/// impl Page for Order {
///     type Msg = Msg;
///     fn update(&mut self, msg: Msg, _: &mut Cx<(), Msg>) -> Result {
///         if let Msg::Delete = msg {
///             self.lines.clear();
///         }
///         self.asking = matches!(msg, Msg::Ask);
///         Ok(())
///     }
///     fn view(&self, _: &Look) -> Node<Msg> {
///         view! {
///             <view>
///                 <button on:tap=Msg::Ask>"Start anew"</button>
///                 <dialog label="Delete the order?" trigger="Delete…" open={self.asking} on:close=Msg::Closed>
///                     <button closes>"Keep it"</button>
///                     <button type="warn" closes on:tap=Msg::Delete>"Delete"</button>
///                 </dialog>
///             </view>
///         }
///     }
/// }
/// app! {
/// #   manifest: "tests/pages/index.json",
///     pages: { "index" => Order },
/// }
/// # fn main() {
/// let mut t = mprun::test::open::<App>("index");
/// for _ in 0..2 {
///     t.tap("Start anew");
///     assert!(t.page::<Order>().asking);
///     t.close("Delete the order?");
///     assert!(!t.page::<Order>().asking);
/// }
/// # }
/// ```
///
/// A picture needs a text for those who do not see it:
///
/// ```compile_fail
/// # use mprun::prelude::*;
/// # fn picture() -> Node<()> {
/// view! { <image src="asset:latte.svg"/> }
/// # }
/// ```
pub use mprun_sdk_macros::view;

/// The program: its state and its pages, once in a crate.
///
/// `pages` are compared with those of `manifest.json` beside Cargo.toml.
/// `state` (where there is one) is the program's own, `launch` a function that
/// makes it when a user starts the program for the first time (otherwise it is
/// the `Default`). It defines the type `App`, which tests open pages of.
///
/// ```
/// use mprun::prelude::*;
///
/// #[derive(State, Default)]
/// struct Shop { opened_at: u64 }
/// impl Shop {
///     fn launch(cx: &mut Cx) -> Result<Shop> {
///         Ok(Shop { opened_at: cx.now()? })
///     }
/// }
/// #[derive(State, Default)]
/// struct Menu {}
/// impl Page<Shop> for Menu {
///     type Msg = ();
///     fn update(&mut self, _: (), _: &mut Cx<Shop>) -> Result { Ok(()) }
///     fn view(&self, look: &Look<Shop>) -> Node<()> {
///         view! { <text>"Since " {look.date(look.app.opened_at)}</text> }
///     }
/// }
/// app! {
/// #   manifest: "tests/pages/menu.json",
///     state: Shop,
///     launch: Shop::launch,
///     pages: { "menu" => Menu },
/// }
/// # fn main() {
/// mprun::test::open::<App>("menu").assert_text("Since 2026-01-01");
/// # }
/// ```
pub use mprun_sdk_macros::app;

/// What most pages need: `use mprun::prelude::*;`.
///
/// ```
/// use mprun::prelude::*;
/// let wait: Duration = Duration::from_secs(1);
/// ```
pub mod prelude {
    pub use std::time::Duration;

    pub use crate::{
        Choice, Cx, Error, ErrorKind, Form, Level, Link, Look, Message, Node, OrMessage, Page, Params, Reply, Result,
        State, Timer, Value, app, link, view,
    };
}
