//! Examples of layout.

use mprun::prelude::*;

use crate::pages::TextPage;
use crate::pages::layout::{CHOICES, LayoutMsg, LayoutPage, pictures};
use crate::words::{self, Words};

pub(crate) fn view_example(page: &LayoutPage, w: &Words) -> Node<LayoutMsg> {
    view! {
        <view>
            <view layout={page.word("layout")} gap={page.word("gap")}
                align={page.word("align")} justify={page.word("justify")}
                surface={page.word("surface")} class="frame">
                for room in words::list(w.rooms).take(4), key = room {
                    <text class="block">{room}</text>
                }
            </view>
            <view layout="grid" gap="small">
                for (name, words) in CHOICES, key = name {
                    <picker label={name} value={page.word(name)}
                        on:change={|word| LayoutMsg::choose(name, word)}>
                        for word in *words, key = word {
                            <option value={word}>{word}</option>
                        }
                    </picker>
                }
            </view>
            <view surface="accent" layout="row"
                label={w.whole_view} to={link!(TextPage)}>
                <text grow>{w.whole_view}</text>
                <icon type="next" tone="accent"/>
            </view>
        </view>
    }
}

pub(crate) fn scroll_view_example(w: &Words) -> Node<LayoutMsg> {
    view! {
        <view>
            <scroll-view label={w.rooms_label} scroll="x" layout="row" gap="small">
                for room in words::list(w.rooms), key = room {
                    <text class="room" strong>{room}</text>
                }
            </scroll-view>
            <scroll-view label={w.rules_label} scroll="y" gap="small" class="low">
                for rule in words::list(w.rules), key = rule {
                    <text>{rule}</text>
                }
            </scroll-view>
        </view>
    }
}

pub(crate) fn swiper_example(w: &Words) -> Node<LayoutMsg> {
    view! {
        <swiper label={w.slides}>
            for (picture, caption) in pictures(w), key = picture {
                <swiper-item surface="card" gap="small">
                    <image src={format!("asset:rooms/{picture}.svg")} mode="banner" alt=""/>
                    <text>{caption}</text>
                </swiper-item>
            }
        </swiper>
    }
}

pub(crate) fn list_example(page: &LayoutPage, w: &Words) -> Node<LayoutMsg> {
    view! {
        <view>
            <list ordered label={w.steps_label}>
                for step in words::list(w.steps), key = step {
                    <list-item><text>{step}</text></list-item>
                }
            </list>
            <list>
                <list-item surface="muted" layout="row" justify="between" align="center"
                    label={w.press_whole} on:tap=LayoutMsg::Press>
                    <text grow>{w.press_whole}</text>
                    <icon type="plus"/>
                </list-item>
            </list>
            <text live tone="muted">{words::with(w.pressed, page.pressed)}</text>
        </view>
    }
}

pub(crate) fn separator_example(w: &Words) -> Node<LayoutMsg> {
    view! {
        <view>
            <text>{w.before_line}</text>
            <separator/>
            <view layout="row">
                <text>{w.after_line}</text>
                <separator/>
                <icon type="star"/>
            </view>
        </view>
    }
}
