//! Examples of text.

use mprun::prelude::*;

use crate::pages::ActionsPage;
use crate::pages::text::ICONS;
use crate::words::{self, Words};

pub(crate) fn text_example(w: &Words) -> Node<()> {
    view! {
        <view>
            <text size="large" strong>{w.museum}</text>
            <text>{w.museum_story}</text>
            <text size="small" tone="muted">{w.museum_hours}</text>
            <view layout="wrap" gap="small">
                <text class="chip" tone="accent">{w.tone_accent}</text>
                <text class="chip" tone="success">{w.tone_success}</text>
                <text class="chip" tone="warn">{w.tone_warn}</text>
            </view>
        </view>
    }
}

pub(crate) fn heading_example(w: &Words) -> Node<()> {
    view! {
        <view gap="small">
            <heading level=1>{words::with(w.heading_sample, 1)}</heading>
            <heading level=2>{words::with(w.heading_sample, 2)}</heading>
            <heading level=3>{words::with(w.heading_sample, 3)}</heading>
            <heading level=4>{words::with(w.heading_sample, 4)}</heading>
            <heading level=5>{words::with(w.heading_sample, 5)}</heading>
            <heading level=6>{words::with(w.heading_sample, 6)}</heading>
        </view>
    }
}

pub(crate) fn rich_text_example(w: &Words) -> Node<()> {
    view! {
        <rich-text>
            <span>{w.rich_start}</span>
            <span strong>{w.rich_free}</span>
            <span>{w.rich_code}</span>
            <span code>"LIGHT-25"</span>
            <span>{w.rich_pay}</span>
            <span emphasis>{w.rich_less}</span>
            <span>{w.rich_days}</span>
            <span to={link!(ActionsPage)}>{w.rich_link}</span>
            <span tone="warn">{w.rich_not}</span>
        </rich-text>
    }
}

pub(crate) fn icon_example(w: &Words) -> Node<()> {
    view! {
        <view>
            <icon type="ticket" size="large" tone="success" label={w.icon_alone}/>
            <view layout="grid" gap="small">
                for sign in ICONS, key = sign {
                    <view layout="row" gap="small">
                        <icon type={sign} tone="accent"/>
                        <text size="small" class="word">{sign}</text>
                    </view>
                }
            </view>
        </view>
    }
}
