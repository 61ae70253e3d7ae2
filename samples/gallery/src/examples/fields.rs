//! Examples of fields.

use mprun::prelude::*;

use crate::pages::fields::{Booking, Day, FieldsMsg, FieldsPage, Hour, MESSAGE_MAX};
use crate::words::{self, Words};

pub(crate) fn input_example(page: &FieldsPage, w: &Words) -> Node<FieldsMsg> {
    view! {
        <view>
            <input label={w.your_name} hint={w.your_name_hint} maxlength=40
                placeholder={w.your_name_sample} value={&page.name}
                on:input=FieldsMsg::Name/>
            if !page.name.is_empty() {
                <text live strong>{words::with(w.hello, &page.name)}</text>
            }
        </view>
    }
}

pub(crate) fn input_types_example(w: &Words) -> Node<FieldsMsg> {
    view! {
        <form label={w.input_types_use}>
            <view layout="grid">
                <input label={w.type_text} name="text" type="text"/>
                <input label={w.type_number} name="number" type="number"/>
                <input label={w.type_digit} name="digit" type="digit"/>
                <input label={w.type_email} name="email" type="email"/>
                <input label={w.type_tel} name="tel" type="tel"/>
                <input label={w.type_password} name="password" type="password"/>
                <input label={w.type_date} name="date" type="date"/>
                <input label={w.type_time} name="time" type="time"/>
                <input label={w.type_disabled} name="museum" value={w.museum} disabled/>
            </view>
        </form>
    }
}

pub(crate) fn textarea_example(page: &FieldsPage, w: &Words) -> Node<FieldsMsg> {
    let left = MESSAGE_MAX.saturating_sub(page.message.chars().count());
    view! {
        <view gap="small">
            <textarea label={w.message} rows=3 maxlength=200
                placeholder={w.message_sample} value={&page.message}
                on:input=FieldsMsg::Message/>
            <text size="small" tone="muted">{words::with(w.message_left, left)}</text>
        </view>
    }
}

pub(crate) fn picker_example(page: &FieldsPage, w: &Words) -> Node<FieldsMsg> {
    view! {
        <view>
            <picker label={w.day} value={page.day.name()} on:change=FieldsMsg::Day>
                for day in Day::ALL, key = day.name() {
                    <option value={day.name()}>{day.label()}</option>
                }
                <option value="monday" disabled>{w.day_monday}</option>
            </picker>
            <text live>{words::with(w.chosen, page.day.label())}</text>
        </view>
    }
}

pub(crate) fn radio_group_example(page: &FieldsPage, w: &Words) -> Node<FieldsMsg> {
    view! {
        <radio-group label={w.hour} layout="wrap" value={page.hour.name()}
            on:change=FieldsMsg::Hour>
            for hour in Hour::ALL, key = hour.name() {
                <radio value={hour.name()}>{hour.label()}</radio>
            }
        </radio-group>
    }
}

pub(crate) fn checkbox_example(page: &FieldsPage, w: &Words) -> Node<FieldsMsg> {
    view! {
        <checkbox label={w.newsletter} hint={w.newsletter_hint}
            checked={page.newsletter} on:change=FieldsMsg::Newsletter/>
    }
}

pub(crate) fn checkbox_group_example(page: &FieldsPage, w: &Words) -> Node<FieldsMsg> {
    view! {
        <checkbox-group label={w.likes} hint={w.likes_hint} layout="wrap">
            for (number, room) in (0..).zip(words::list(w.rooms)), key = number {
                <checkbox label={room} checked={page.likes.contains(&number)}
                    on:change={|liked| FieldsMsg::Like(number, liked)}/>
            }
        </checkbox-group>
    }
}

pub(crate) fn switch_example(page: &FieldsPage, w: &Words) -> Node<FieldsMsg> {
    view! {
        <view>
            <switch label={w.audio} checked={page.audio} on:change=FieldsMsg::Audio/>
            <text live>{if page.audio { w.audio_on } else { w.audio_off }}</text>
        </view>
    }
}

pub(crate) fn slider_example(page: &FieldsPage, price: &str, w: &Words) -> Node<FieldsMsg> {
    view! {
        <view>
            <slider label={w.visitors} hint={w.visitors_hint} min=1 max=12 step=1
                value={page.visitors} on:input=FieldsMsg::Visitors/>
            <text live strong>{words::with(w.price, price)}</text>
        </view>
    }
}

pub(crate) fn form_example(page: &FieldsPage, w: &Words) -> Node<FieldsMsg> {
    view! {
        <view>
            <form label={w.booking} on:submit=FieldsMsg::Book>
                <input label={w.booking_name} name="name" maxlength=40 required/>
                <input label={w.booking_email} hint={w.booking_email_hint}
                    name="email" type="email" required/>
                <input label={w.booking_tickets} name="tickets" type="number"
                    value="1" required/>
                <picker label={w.booking_day} name="day" value="" required>
                    for day in Day::ALL, key = day.name() {
                        <option value={day.name()}>{day.label()}</option>
                    }
                </picker>
                <checkbox label={w.booking_rules} name="rules" required/>
                <button type="primary" form-type="submit">{w.booking_send}</button>
            </form>
            if let Some(booking) = &page.booked {
                <view surface="notice" gap="small">
                    <text live strong>{words::with(w.booked, &booking.name)}</text>
                    <text>{booking.day.label()} " × " {booking.tickets}</text>
                </view>
            }
        </view>
    }
}

pub(crate) fn form_handler(form: &Form<Booking>, w: &Words) -> Result<Booking> {
    let booking = form.get()?;
    if !booking.email.contains('@') {
        return Err(Error::field("email", w.booking_wrong));
    }
    Ok(booking)
}
