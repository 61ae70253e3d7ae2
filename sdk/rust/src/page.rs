//! Pages and programs: what an author implements, and how pages are named.

use std::str::FromStr;

use crate::codec::{Message, State};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::export::{Event, Failure, Pairs, States, View};
use crate::look::Look;
use crate::node::{Node, Text};

/// A page: its state, what can happen to it, and what it looks like.
///
/// `App` is the program's state, shared by all pages. The page's state and the
/// program's are kept by the host between two events, at most 256 KiB each;
/// nothing else is: there is no other memory.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(State, Default)]
/// struct Counter { count: u32 }
/// #[derive(Message)]
/// enum Msg { Add(u32) }
/// impl Page for Counter {
///     type Msg = Msg;
///     fn update(&mut self, msg: Msg, _: &mut Cx<(), Msg>) -> Result {
///         let Msg::Add(more) = msg;
///         self.count += more;
///         Ok(())
///     }
///     fn view(&self, _: &Look) -> Node<Msg> {
///         view! { <view><text>{self.count}</text><button on:tap=Msg::Add(1)>"More"</button></view> }
///     }
/// }
/// # app! { manifest: "tests/pages/index.json", pages: { "index" => Counter } }
/// # let mut t = mprun::test::open::<App>("index");
/// # t.tap("More");
/// # assert_eq!(t.text(), "1\n[More]");
/// ```
pub trait Page<App = ()>: State + Default {
    /// What can happen to it.
    type Msg: Message;

    /// The page is opened. `params` come from the address or from a link.
    ///
    /// # Errors
    /// [`Error::not_found`] where there is nothing to show.
    fn load(cx: &mut Cx<'_, App, Self::Msg>, params: &Params) -> Result<Self> {
        let _ = (cx, params);
        Ok(Self::default())
    }

    /// Something happened. It may run again on newer states, if another event of
    /// the same user got ahead; nothing of a failed update is kept.
    ///
    /// # Errors
    /// What the user should be told.
    fn update(&mut self, msg: Self::Msg, cx: &mut Cx<'_, App, Self::Msg>) -> Result;

    /// What it looks like: only from the states and `look`, on an instance of
    /// its own.
    fn view(&self, look: &Look<'_, App>) -> Node<Self::Msg>;

    /// The user sees the page again.
    ///
    /// # Errors
    /// As [`Page::update`].
    fn shown(&mut self, cx: &mut Cx<'_, App, Self::Msg>) -> Result {
        let _ = cx;
        Ok(())
    }

    /// Another page lies on top of it now.
    ///
    /// # Errors
    /// As [`Page::update`].
    fn hidden(&mut self, cx: &mut Cx<'_, App, Self::Msg>) -> Result {
        let _ = cx;
        Ok(())
    }

    /// The page is closed; only the program's state outlives it.
    ///
    /// # Errors
    /// As [`Page::update`].
    fn unloaded(&mut self, cx: &mut Cx<'_, App, Self::Msg>) -> Result {
        let _ = cx;
        Ok(())
    }

    /// A reply came for a page that is gone. What it brings can still go into
    /// the program's state or storage.
    ///
    /// # Errors
    /// As [`Page::update`].
    fn orphan(msg: Self::Msg, cx: &mut Cx<'_, App, Self::Msg>) -> Result {
        let _ = (msg, cx);
        Ok(())
    }
}

/// A mini-program. `app!` writes it.
///
/// ```
/// # use mprun::prelude::*;
/// # #[derive(State, Default)]
/// # struct Menu {}
/// # impl Page for Menu {
/// #     type Msg = ();
/// #     fn update(&mut self, _: (), _: &mut Cx<(), ()>) -> Result { Ok(()) }
/// #     fn view(&self, _: &Look) -> Node<()> { view! { <view/> } }
/// # }
/// # app! { manifest: "tests/pages/menu.json", pages: { "menu" => Menu } }
/// assert_eq!(<App as mprun::Program>::ROUTES, ["menu"]);
/// ```
// Bytes only: its types are the author's, and need not be public.
pub trait Program: Sized + 'static {
    /// Its pages.
    const ROUTES: &'static [&'static str];

    #[doc(hidden)]
    fn launch(environment: Pairs) -> std::result::Result<Vec<u8>, Failure>;
    #[doc(hidden)]
    fn load(app: &[u8], route: String, parameters: Pairs, environment: Pairs) -> std::result::Result<States, Failure>;
    #[doc(hidden)]
    fn update(before: States, event: Event, environment: Pairs) -> std::result::Result<States, Failure>;
    #[doc(hidden)]
    fn view(now: &States, environment: Pairs) -> std::result::Result<View, Failure>;
    #[doc(hidden)]
    fn migrate(route: Option<&str>, state: Vec<u8>) -> Option<Vec<u8>>;
}

/// The pages of a program whose state is `App`. `app!` writes it.
#[doc(hidden)]
pub trait Pages<App: State + Default> {
    /// A user starts the program for the first time.
    fn launch(cx: &mut Cx<'_, (), ()>) -> Result<App> {
        let _ = cx;
        Ok(App::default())
    }

    /// Does something with the type of a page; `None` if there is no such page.
    fn visit<V: PageVisitor<App>>(route: &str, visitor: V) -> Option<V::Output>;
}

/// What is done with a page whose type is known only by its route.
#[doc(hidden)]
pub trait PageVisitor<App> {
    /// What comes of it.
    type Output;

    /// The page's type is `P`.
    fn visit<P: Page<App>>(self) -> Self::Output;
}

/// A page that can be linked to. `app!` writes it for every page.
///
/// ```
/// struct Menu;
/// impl mprun::Routed for Menu { const ROUTE: &'static str = "menu"; }
/// assert_eq!(mprun::link!(Menu).to_string(), "page:menu");
/// ```
pub trait Routed {
    /// The page's name in the manifest.
    const ROUTE: &'static str;
}

/// Where a page can be opened: its route and parameters. See [`crate::link`].
///
/// ```
/// # struct Product;
/// # impl mprun::Routed for Product { const ROUTE: &'static str = "product"; }
/// let link = mprun::Link::to::<Product>().with("id", 7);
/// assert_eq!(link.to_string(), "page:product?id=7");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub(crate) route: String,
    pub(crate) parameters: Vec<(String, String)>,
}

impl Link {
    /// The page `P`, without parameters.
    ///
    /// ```
    /// # struct Menu;
    /// # impl mprun::Routed for Menu { const ROUTE: &'static str = "menu"; }
    /// let link = mprun::Link::to::<Menu>();
    /// ```
    pub fn to<P: Routed>() -> Self {
        Self::route(P::ROUTE)
    }

    /// The page with this route; one that the program does not have cannot be
    /// opened.
    ///
    /// ```
    /// assert_eq!(mprun::Link::route("menu").to_string(), "page:menu");
    /// ```
    pub fn route(route: impl Into<String>) -> Self {
        Self { route: route.into(), parameters: Vec::new() }
    }

    /// With one more parameter; `None` adds nothing. At most 32, together 2 KiB.
    ///
    /// ```
    /// let link = mprun::Link::route("menu").with("q", "flat white").with("page", None::<u32>);
    /// assert_eq!(link.to_string(), "page:menu?q=flat%20white");
    /// ```
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Text) -> Self {
        let mut text = String::new();
        if value.write(&mut text) {
            self.parameters.push((name.to_owned(), text));
        }
        self
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&mprun_frame::url::page(&self.route, &self.parameters))
    }
}

impl Text for Link {
    fn write(&self, out: &mut String) -> bool {
        out.push_str(&mprun_frame::url::page(&self.route, &self.parameters));
        true
    }
}

/// A link to a page of this program: `link!(Product, id = 7)`.
///
/// For `cx.open(…)` and for `to={…}` in views. Values are whatever is
/// [`Text`]; what the page then reads from its [`Params`] it must not trust.
///
/// ```
/// # use mprun::prelude::*;
/// # struct Product;
/// # impl mprun::Routed for Product { const ROUTE: &'static str = "product"; }
/// assert_eq!(link!(Product, id = 7, from = "menu").to_string(), "page:product?id=7&from=menu");
/// ```
#[macro_export]
macro_rules! link {
    ($page:ty $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::Link::to::<$page>()$(.with(::core::stringify!($name), $value))*
    };
}

/// What a page was opened with. Anyone can write an address: check everything.
///
/// ```
/// use mprun::Params;
/// let params = Params::new(vec![("id".into(), "7".into())]);
/// assert_eq!(params.get("id"), Some("7"));
/// assert_eq!(params.parse::<u32>("id"), Ok(7));
/// assert!(params.parse::<u32>("page").is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    /// From names and values, in order.
    ///
    /// ```
    /// assert_eq!(mprun::Params::new(vec![]).get("id"), None);
    /// ```
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self { pairs }
    }

    /// The first value under a name.
    ///
    /// ```
    /// # let params = mprun::Params::new(vec![("tag".into(), "hot".into())]);
    /// assert_eq!(params.get("tag"), Some("hot"));
    /// ```
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value under a name.
    ///
    /// ```
    /// # let params = mprun::Params::new(vec![("tag".into(), "hot".into()), ("tag".into(), "new".into())]);
    /// assert_eq!(params.all("tag").collect::<Vec<_>>(), ["hot", "new"]);
    /// ```
    pub fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.pairs.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value under a name, as a `T`.
    ///
    /// # Errors
    /// [`Error::not_found`] where it is missing or no `T`: an address that this
    /// program did not write.
    ///
    /// ```
    /// # let params = mprun::Params::new(vec![("id".into(), "x".into())]);
    /// assert_eq!(params.parse::<u32>("id"), Err(mprun::Error::not_found()));
    /// ```
    pub fn parse<T: FromStr>(&self, name: &str) -> Result<T> {
        self.get(name).and_then(|text| text.parse().ok()).ok_or_else(Error::not_found)
    }
}
