//! Examples of actions.

use mprun::prelude::*;

use crate::pages::TextPage;
use crate::pages::actions::{ActionsMsg, ActionsPage, TICKETS_MAX};
use crate::words::{self, Words};

pub(crate) fn button_example(page: &ActionsPage, w: &Words) -> Node<ActionsMsg> {
    view! {
        <view>
            <view layout="wrap" gap="small">
                <button type="primary" on:tap=ActionsMsg::Press>{w.enter}</button>
                <button on:tap=ActionsMsg::Press>{w.look_around}</button>
                <button type="warn" on:tap=ActionsMsg::Press>{w.leave}</button>
                <button disabled on:tap=ActionsMsg::Press>{w.sold_out}</button>
                <button label={w.one_more} on:tap=ActionsMsg::Press>"+"</button>
            </view>
            <text live tone="muted">{words::with(w.pressed, page.pressed)}</text>
        </view>
    }
}

pub(crate) fn navigator_example(w: &Words) -> Node<ActionsMsg> {
    view! {
        <view>
            <navigator to={link!(TextPage)}>{w.to_text}</navigator>
            <navigator to="https://www.w3.org/">{w.to_web}</navigator>
        </view>
    }
}

pub(crate) fn dialog_example(page: &ActionsPage, w: &Words) -> Node<ActionsMsg> {
    view! {
        <view>
            if page.tickets < TICKETS_MAX {
                <dialog label={w.book_title} trigger={w.book}>
                    <text>{w.book_text}</text>
                    <view layout="wrap" gap="small">
                        <button type="primary" closes on:tap=ActionsMsg::Book>{w.book_yes}</button>
                        <button closes>{w.book_no}</button>
                    </view>
                </dialog>
            } else {
                <dialog open={page.explains} label={w.full_title} trigger={w.full} on:close=ActionsMsg::Explained>
                    <text>{w.full_text}</text>
                    <view layout="wrap" gap="small">
                        <button type="warn" closes on:tap=ActionsMsg::GiveBack>{w.give_back}</button>
                        <button closes>{w.full_yes}</button>
                    </view>
                </dialog>
            }
            <text live strong>{words::with(w.tickets, page.tickets)}</text>
        </view>
    }
}

pub(crate) fn disclosure_example(w: &Words) -> Node<ActionsMsg> {
    view! {
        <view gap="small">
            <disclosure label={w.cafe} open>
                <text>{w.cafe_text}</text>
            </disclosure>
            <disclosure label={w.photos}>
                <text>{w.photos_text}</text>
            </disclosure>
        </view>
    }
}

pub(crate) fn tabs_example(w: &Words) -> Node<ActionsMsg> {
    view! {
        <tabs label={w.tours}>
            <tab label={w.today} selected>
                <text>{w.today_text}</text>
            </tab>
            <tab label={w.tomorrow}>
                <text>{w.tomorrow_text}</text>
            </tab>
            <tab label={w.sunday}>
                <text>{w.sunday_text}</text>
            </tab>
        </tabs>
    }
}
