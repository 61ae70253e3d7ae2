//! The pages, one file for each group of elements: what a page remembers, what
//! can be done there, and which of the examples it shows.

pub(crate) mod actions;
pub(crate) mod data;
pub(crate) mod feedback;
pub(crate) mod fields;
mod index;
pub(crate) mod layout;
mod media;
pub(crate) mod text;

pub(crate) use actions::ActionsPage;
pub(crate) use data::DataPage;
pub(crate) use feedback::FeedbackPage;
pub(crate) use fields::FieldsPage;
pub(crate) use index::IndexPage;
pub(crate) use layout::LayoutPage;
pub(crate) use media::MediaPage;
pub(crate) use text::TextPage;
