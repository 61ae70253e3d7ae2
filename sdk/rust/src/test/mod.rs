//! Tests of programs, natively: no WebAssembly, no browser, and the same way
//! through the codecs and limits as on a host.
//!
//! ```
//! # use mprun::prelude::*;
//! # #[derive(State, Default)]
//! # struct Hello { name: String }
//! # #[derive(Message)]
//! # enum Msg { Name(Value<String>) }
//! # impl Page for Hello {
//! #     type Msg = Msg;
//! #     fn update(&mut self, msg: Msg, _: &mut Cx<(), Msg>) -> Result {
//! #         let Msg::Name(value) = msg;
//! #         self.name = value.get()?;
//! #         Ok(())
//! #     }
//! #     fn view(&self, _: &Look) -> Node<Msg> {
//! #         view! {
//! #             <view>
//! #                 <input label="Your name" value={&self.name} on:change=Msg::Name/>
//! #                 <text>"Hello, " {&self.name}</text>
//! #             </view>
//! #         }
//! #     }
//! # }
//! # app! { manifest: "tests/pages/index.json", pages: { "index" => Hello } }
//! # fn main() {
//! let mut t = mprun::test::open::<App>("index");
//! t.fill("Your name", "Ada");
//! t.assert_text("Hello, Ada");
//! # }
//! ```

mod act;
mod driver;
mod observe;
mod shown;

pub use act::Pick;
pub use driver::TestPage;

use crate::codec::{self, State};
use crate::page::Program;

/// Starts the program `P` for a new user, and opens a page: a route, or a route
/// with parameters such as `product?id=7`.
///
/// # Panics
/// If the program or the page cannot be opened; the message says why.
///
/// ```
/// # use mprun::prelude::*;
/// # #[derive(State, Default)]
/// # struct Menu {}
/// # impl Page for Menu {
/// #     type Msg = ();
/// #     fn update(&mut self, _: (), _: &mut Cx) -> Result { Ok(()) }
/// #     fn view(&self, _: &Look) -> Node<()> { view! { <text>"Menu"</text> } }
/// # }
/// # app! { manifest: "tests/pages/menu.json", pages: { "menu" => Menu } }
/// # fn main() {
/// let t = mprun::test::open::<App>("menu");
/// assert_eq!(t.route(), "menu");
/// # }
/// ```
#[track_caller]
pub fn open<P: Program>(address: &str) -> TestPage<P> {
    TestPage::start(address)
}

/// What this version of the program makes of a state that an older one wrote:
/// of the page `route`, or the program's own. `None` if it cannot be used; the
/// host then starts anew.
///
/// ```
/// # use mprun::prelude::*;
/// #[derive(State)]
/// struct OldMenu { chosen: u32, gone: String }
/// #[derive(State, Default)]
/// struct Menu { chosen: u32, new: Vec<u32> }
/// # impl Page for Menu {
/// #     type Msg = ();
/// #     fn update(&mut self, _: (), _: &mut Cx) -> Result { Ok(()) }
/// #     fn view(&self, _: &Look) -> Node<()> { view! { <text>"Menu"</text> } }
/// # }
/// # app! { manifest: "tests/pages/menu.json", pages: { "menu" => Menu } }
/// # fn main() {
/// let old = OldMenu { chosen: 7, gone: "x".into() };
/// let menu: Menu = mprun::test::migrate::<App, _, _>(Some("menu"), &old).unwrap();
/// assert_eq!((menu.chosen, menu.new.len()), (7, 0));
/// # }
/// ```
pub fn migrate<P: Program, Old: State, New: State>(route: Option<&str>, old: &Old) -> Option<New> {
    let bytes = codec::encode_named(Old::SCHEMA, old).ok()?;
    codec::decode_named(&P::migrate(route, bytes)?).ok()
}
