//! Examples of feedback.

use mprun::prelude::*;

use crate::pages::feedback::{FeedbackMsg, FeedbackPage};
use crate::words::{self, Words};

pub(crate) fn toast_example(w: &Words) -> Node<FeedbackMsg> {
    view! {
        <button on:tap=FeedbackMsg::Keep>{w.toast}</button>
    }
}

pub(crate) fn toast_handler(cx: &mut Cx<(), FeedbackMsg>, w: &Words) -> Result {
    cx.toast(w.toast_said)
}

pub(crate) fn alert_example(w: &Words) -> Node<FeedbackMsg> {
    view! {
        <button type="warn" on:tap=FeedbackMsg::EnterAtNight>{w.alert}</button>
    }
}

pub(crate) fn alert_handler(w: &Words) -> Result {
    Err(Error::message(w.alert_said))
}

pub(crate) fn notice_example(w: &Words) -> Node<FeedbackMsg> {
    view! {
        <view surface="notice" layout="row">
            <icon type="warn" tone="warn"/>
            <text grow>{w.notice}</text>
        </view>
    }
}

pub(crate) fn timer_example(page: &FeedbackPage, w: &Words) -> Node<FeedbackMsg> {
    view! {
        <view>
            <progress label={w.develop_label} percent={page.picture.unwrap_or(0)}/>
            <text live>{page.progress(w)}</text>
            <button type="primary" on:tap={page.begin()}>{w.develop}</button>
        </view>
    }
}

pub(crate) fn timer_handler(page: &mut FeedbackPage, cx: &mut Cx<(), FeedbackMsg>) -> Result {
    let percent = page.picture.map_or(0, |percent| percent + 20);
    page.picture = Some(percent);
    if percent < 100 {
        cx.after(Duration::from_secs(1), FeedbackMsg::Step)?;
    }
    Ok(())
}

pub(crate) fn live_text_example(page: &FeedbackPage, w: &Words) -> Node<FeedbackMsg> {
    view! {
        <view>
            <text live strong size="large">{words::with(w.inside, page.inside)}</text>
            <view layout="wrap" gap="small">
                <button on:tap=FeedbackMsg::In>{w.let_in}</button>
                <button on:tap=FeedbackMsg::Out>{w.let_out}</button>
            </view>
        </view>
    }
}
