//! What `view!` makes: a part of a frame, written once and put together by
//! copying. Nothing is checked here: the macro checked what it could, the host
//! checks everything.

use std::borrow::Cow;
use std::marker::PhantomData;

use mprun_frame::frame::{Frame, FrameWriter};

use crate::codec::{self, Message};
use crate::hole::{Form, Value};

/// A piece of a page whose handlers send messages of type `M`: what `view!`
/// returns and what components are.
///
/// ```
/// use mprun::prelude::*;
/// fn stepper<M: Message>(cups: u32, less: M, more: M) -> Node<M> {
///     view! {
///         <view layout="row">
///             <button label="less" disabled={cups < 2} on:tap=less>"−"</button>
///             <text>{cups}</text>
///             <button label="more" on:tap=more>"+"</button>
///         </view>
///     }
/// }
/// # stepper(1, (), ());
/// ```
#[derive(Debug)]
#[must_use = "a node is shown only where it is put into a view"]
pub struct Node<M> {
    frame: FrameWriter,
    #[cfg(not(target_family = "wasm"))]
    templates: Vec<&'static Template>,
    messages: PhantomData<fn(M)>,
}

impl<M> Node<M> {
    #[cfg(target_family = "wasm")]
    pub(crate) fn into_frame(self) -> Frame {
        self.frame.finish(&[])
    }

    /// The frame, and the encodings of the templates that it names.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn into_parts(self) -> (Frame, Vec<&'static [u8]>) {
        (self.frame.finish(&[]), self.templates.iter().map(|template| template.encoding).collect())
    }
}

/// A template as the macro leaves it in a program.
#[derive(Debug)]
#[doc(hidden)]
pub struct Template {
    id: u64,
    /// In a component, the encodings are in a section beside the code.
    #[cfg(not(target_family = "wasm"))]
    encoding: &'static [u8],
}

impl Template {
    /// Called by the macro.
    pub const fn new(id: u64, encoding: &'static [u8]) -> Self {
        #[cfg(target_family = "wasm")]
        let _ = encoding;
        Self {
            id,
            #[cfg(not(target_family = "wasm"))]
            encoding,
        }
    }
}

/// What the code of `view!` writes with.
#[derive(Debug)]
#[doc(hidden)]
pub struct Writer<M> {
    node: Node<M>,
}

impl<M> Default for Writer<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M> Writer<M> {
    /// Nothing yet.
    pub fn new() -> Self {
        let node = Node {
            frame: FrameWriter::new(),
            #[cfg(not(target_family = "wasm"))]
            templates: Vec::new(),
            messages: PhantomData,
        };
        Self { node }
    }

    /// An instance of a template; its slots follow.
    pub fn instance(&mut self, template: &'static Template) {
        // A `static` that is really read keeps its object file, and with it the
        // section beside it, where a program is linked without LTO.
        let template = std::hint::black_box(template);
        self.node.frame.instance(template.id);
        #[cfg(not(target_family = "wasm"))]
        self.node.templates.push(template);
    }

    /// A text slot.
    pub fn text(&mut self, write: impl FnOnce(&mut String)) {
        self.node.frame.text_with(write);
    }

    /// An attribute slot.
    pub fn attribute<T: Text + ?Sized>(&mut self, value: &T) {
        self.node.frame.attribute_with(|out| value.write(out));
    }

    /// A flag slot.
    pub fn flag(&mut self, on: bool) {
        self.node.frame.flag(on);
    }

    /// A child slot that a value fills.
    pub fn node(&mut self, child: impl IntoNode<M>) {
        let child = child.into_node();
        self.node.frame.child(child.is_some());
        if let Some(child) = child {
            self.append(child);
        }
    }

    /// A child slot; if `present`, an instance follows.
    pub fn child(&mut self, present: bool) {
        self.node.frame.child(present);
    }

    /// A list slot, closed by [`Writer::close_list`].
    #[must_use]
    pub fn open_list(&mut self) -> usize {
        self.node.frame.open_list()
    }

    /// The end of a list.
    pub fn close_list(&mut self, place: usize, items: usize) {
        self.node.frame.close_list(place, items);
    }

    /// The key of the next item.
    pub fn key<T: Text + ?Sized>(&mut self, prefix: &str, key: &T) {
        self.node.frame.text_with(|out| {
            out.push_str(prefix);
            key.write(out);
        });
    }

    /// An item that is there or not; how many items that makes.
    pub fn item(&mut self, key: &str, child: impl IntoNode<M>) -> usize {
        match child.into_node() {
            Some(child) => {
                self.node.frame.key(key);
                self.append(child);
                1
            }
            None => 0,
        }
    }

    /// The node of an item whose key has been written.
    pub fn only(&mut self, child: Node<M>) {
        self.append(child);
    }

    /// The finished node.
    pub fn finish(self) -> Node<M> {
        self.node
    }

    fn append(&mut self, child: Node<M>) {
        self.node.frame.append(child.frame);
        #[cfg(not(target_family = "wasm"))]
        self.node.templates.extend(child.templates);
    }
}

impl<M: Message> Writer<M> {
    /// A handler slot of `on:tap`, `on:refresh`, `on:reach-bottom` or `on:close`.
    pub fn tap(&mut self, message: impl IntoMessage<M>) {
        self.handler(message.into_message().as_ref());
    }

    /// A handler slot of `on:change` or `on:input`.
    pub fn change<T, R: IntoMessage<M>>(&mut self, message: impl FnOnce(Value<T>) -> R) {
        self.handler(message(Value::hole()).into_message().as_ref());
    }

    /// A handler slot of `on:submit`.
    pub fn submit<T, R: IntoMessage<M>>(&mut self, message: impl FnOnce(Form<T>) -> R) {
        self.handler(message(Form::hole()).into_message().as_ref());
    }

    fn handler(&mut self, message: Option<&M>) {
        self.node.frame.handler_with(|out| match message {
            Some(message) => {
                codec::write_message(out, message);
                true
            }
            None => false,
        });
    }
}

/// What `{…}` between elements can be: a `Node`, or an `Option` of one.
///
/// ```
/// use mprun::prelude::*;
/// fn page(hint: Option<Node<()>>) -> Node<()> {
///     view! { <view><text>"Hello"</text>{hint}</view> }
/// }
/// # page(None);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand between elements",
    label = "expected `Node<{M}>` or `Option<Node<{M}>>`",
    note = "text stands in an element such as `<text>{{…}}</text>`"
)]
pub trait IntoNode<M> {
    /// The node, if there is one.
    fn into_node(self) -> Option<Node<M>>;
}

impl<M> IntoNode<M> for Node<M> {
    fn into_node(self) -> Option<Node<M>> {
        Some(self)
    }
}

impl<M> IntoNode<M> for Option<Node<M>> {
    fn into_node(self) -> Option<Node<M>> {
        self
    }
}

/// What `on:tap=…`, `on:refresh=…`, `on:reach-bottom=…` and `on:close=…` can be, and
/// what the functions of `on:change=…`, `on:input=…` and `on:submit=…` return: a message, or
/// an `Option` of one.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(Message, Clone)]
/// enum Msg { Next }
/// fn next(more: bool) -> Node<Msg> {
///     view! { <button on:tap={more.then_some(Msg::Next)}>"Next"</button> }
/// }
/// # next(true);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no message of this view",
    label = "expected `{M}` or `Option<{M}>`"
)]
pub trait IntoMessage<M> {
    /// The message, if there is one.
    fn into_message(self) -> Option<M>;
}

impl<M: Message> IntoMessage<M> for M {
    fn into_message(self) -> Option<M> {
        Some(self)
    }
}

impl<M: Message> IntoMessage<M> for Option<M> {
    fn into_message(self) -> Self {
        self
    }
}

/// Nobody's message. Because of it, a handler alone does not decide what the
/// messages of a view are: its return type does, and a handler that sends
/// something else is the one that is reported.
#[derive(Debug)]
#[doc(hidden)]
pub struct Nobody<M>(M);

impl<M: Message> IntoMessage<Nobody<M>> for M {
    fn into_message(self) -> Option<Nobody<M>> {
        Some(Nobody(self))
    }
}

/// What can stand as text in an element, an attribute, a key or a link.
///
/// Texts, whole numbers, `f64`, `bool`, `char`, links, references to them, and
/// `Option`: `None` is nothing in a text, and no attribute at all.
///
/// ```
/// use mprun::Text;
/// let mut out = String::new();
/// assert!(7.write(&mut out) && " cups".write(&mut out));
/// assert!(!None::<u32>.write(&mut out));
/// assert_eq!(out, "7 cups");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no text",
    label = "expected a text, a number or an `Option` of these",
    note = "`format!` makes a text of anything that can be displayed"
)]
pub trait Text {
    /// Appends it; false if there is nothing.
    fn write(&self, out: &mut String) -> bool;
}

impl Text for str {
    fn write(&self, out: &mut String) -> bool {
        out.push_str(self);
        true
    }
}

impl Text for String {
    fn write(&self, out: &mut String) -> bool {
        self.as_str().write(out)
    }
}

impl Text for Cow<'_, str> {
    fn write(&self, out: &mut String) -> bool {
        self.as_ref().write(out)
    }
}

impl Text for char {
    fn write(&self, out: &mut String) -> bool {
        out.push(*self);
        true
    }
}

impl Text for bool {
    fn write(&self, out: &mut String) -> bool {
        out.push_str(if *self { "true" } else { "false" });
        true
    }
}

impl<T: Text + ?Sized> Text for &T {
    fn write(&self, out: &mut String) -> bool {
        (**self).write(out)
    }
}

impl<T: Text> Text for Option<T> {
    fn write(&self, out: &mut String) -> bool {
        self.as_ref().is_some_and(|value| value.write(out))
    }
}

impl Text for f64 {
    fn write(&self, out: &mut String) -> bool {
        out.push_str(&self.to_string());
        true
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Text for $number {
            fn write(&self, out: &mut String) -> bool {
                // Shorter and quicker than the machinery of `format!`.
                out.push_str(itoa::Buffer::new().format(*self));
                true
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

/// A dynamic part of a text.
#[doc(hidden)]
pub fn put<T: Text + ?Sized>(out: &mut String, value: &T) {
    value.write(out);
}
