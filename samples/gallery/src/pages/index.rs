//! The first page: the groups, each with a picture and its elements.

use mprun::prelude::*;

use crate::elements::ELEMENTS;
use crate::words::{self, Words};

/// Nothing to remember.
#[derive(State, Default)]
pub(crate) struct IndexPage {}

impl Page for IndexPage {
    type Msg = ();

    fn update(&mut self, (): (), _: &mut Cx) -> Result {
        Ok(())
    }

    fn view(&self, look: &Look) -> Node<()> {
        let w = words::of(look.environment);
        view! {
            <view class="sheet" gap="large">
                <view class="hero" gap="small">
                    <heading level=1>{w.gallery}</heading>
                    <text size="large">{w.gallery_line}</text>
                    <text size="small">{words::with(w.gallery_count, ELEMENTS.len())}</text>
                </view>
                <view layout="grid">
                    for (route, title, line) in groups(w), key = route {
                        {card(route, title, line)}
                    }
                </view>
                <text tone="muted" size="small">{w.gallery_how}</text>
            </view>
        }
    }
}

/// Route, title and line of each group.
fn groups(w: &Words) -> [(&'static str, &'static str, &'static str); 7] {
    [
        ("text", w.text, w.text_line),
        ("layout", w.layout, w.layout_line),
        ("media", w.media, w.media_line),
        ("actions", w.actions, w.actions_line),
        ("fields", w.fields, w.fields_line),
        ("data", w.data, w.data_line),
        ("feedback", w.feedback, w.feedback_line),
    ]
}

/// All of it leads to the group's page. Feedback has no elements of its own.
fn card(route: &str, title: &str, line: &str) -> Node<()> {
    let names = ELEMENTS.iter().filter(|element| element.page == route).map(|element| element.name);
    view! {
        <view surface="card" gap="small" class="group" label={title} to={Link::route(route)}>
            <image src={format!("asset:groups/{route}.svg")} mode="aspect-fill" alt=""/>
            <heading level=2>{title}</heading>
            <text tone="muted" size="small">{line}</text>
            <view layout="wrap" gap="none" class="tags">
                for name in names, key = name {
                    <text class="tag">{name}</text>
                }
            </view>
        </view>
    }
}
