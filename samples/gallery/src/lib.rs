//! The gallery: every element with what it is for and the code that makes it.
//!
//! `words` is what it says, in three languages; `elements` what there is to
//! show; `parts` what pages are made of; `pages` one file for each group;
//! `examples` what such a page shows, both as it looks and as it is written.

pub mod elements;
mod examples;
mod pages;
mod parts;
pub mod words;

use mprun::prelude::*;

use pages::{ActionsPage, DataPage, FeedbackPage, FieldsPage, IndexPage, LayoutPage, MediaPage, TextPage};

app! {
    pages: {
        "index" => IndexPage,
        "text" => TextPage,
        "layout" => LayoutPage,
        "media" => MediaPage,
        "actions" => ActionsPage,
        "fields" => FieldsPage,
        "data" => DataPage,
        "feedback" => FeedbackPage,
    },
}
