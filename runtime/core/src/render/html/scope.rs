//! What stands around an element that is being written, as far as its HTML depends
//! on it.

use std::cell::RefCell;

use mprun_frame::element::{Element, Event};

use super::HtmlContext;
use crate::view::identity::{FieldKey, FormId, Token, TokenKey};
use crate::view::node::Resolved;

/// The form around what is being written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FormScope {
    pub(crate) id: FormId,
    /// Its handler's name, if it has one.
    pub(crate) submit: Option<Token>,
}

/// The dialog around what is being written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DialogScope {
    /// Names what a button can close.
    pub(crate) key: FieldKey,
    /// The name of the handler that is told when it is closed, if it has one.
    pub(crate) close: Option<Token>,
}

/// The nearest of each element that its contents refer to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scope {
    pub(crate) form: Option<FormScope>,
    /// Names the choice of one tab.
    pub(crate) tabs: Option<FieldKey>,
    pub(crate) dialog: Option<DialogScope>,
}

impl Scope {
    /// The scope of `element` and of everything in it, where this is the one around
    /// it.
    pub(crate) fn inside(self, element: Resolved<'_>, key: &TokenKey) -> Self {
        match element.element() {
            Element::Form => {
                let submit = element.handler(Event::Submit).map(|handler| handler.token(key));
                Self { form: Some(FormScope { id: element.form_id(), submit }), ..self }
            }
            Element::Tabs => Self { tabs: Some(FieldKey::placed(element.place())), ..self },
            Element::Dialog => {
                let close = element.handler(Event::Close).map(|handler| handler.token(key));
                Self { dialog: Some(DialogScope { key: FieldKey::placed(element.place()), close }), ..self }
            }
            _ => self,
        }
    }
}

/// Whether the scope inside of an element is another one than around it.
pub(super) fn is_scope(element: Element) -> bool {
    matches!(element, Element::Form | Element::Tabs | Element::Dialog)
}

/// What the start and end of an element may need beside the element itself.
#[derive(Clone, Copy)]
pub(crate) struct Live<'a> {
    pub(crate) context: &'a HtmlContext<'a>,
    /// The element's own: [`Scope::inside`] it.
    pub(crate) scope: Scope,
    /// The element's classes, if they are the same in every rendering.
    pub(crate) words: Option<&'a str>,
    /// For an address, before it is escaped.
    pub(crate) scratch: &'a RefCell<String>,
}
