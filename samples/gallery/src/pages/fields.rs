//! Fields: what people type, choose and tick, one by one and in a form.

use mprun::prelude::*;

use crate::examples::fields as examples;
use crate::parts;
use crate::words;

const SOURCE: &str = include_str!("../examples/fields.rs");

/// Most characters of a message.
pub(crate) const MESSAGE_MAX: usize = 200;

/// What one visitor pays, in cents.
const PRICE: u32 = 1_200;

/// What was filled in so far.
#[derive(State)]
pub(crate) struct FieldsPage {
    pub(crate) name: String,
    pub(crate) message: String,
    pub(crate) day: Day,
    pub(crate) hour: Hour,
    pub(crate) newsletter: bool,
    pub(crate) likes: Vec<u32>,
    pub(crate) audio: bool,
    pub(crate) visitors: u32,
    pub(crate) booked: Option<Booking>,
}

impl Default for FieldsPage {
    fn default() -> Self {
        Self {
            name: String::new(),
            message: String::new(),
            day: Day::default(),
            hour: Hour::default(),
            newsletter: false,
            likes: Vec::new(),
            audio: true,
            visitors: 2,
            booked: None,
        }
    }
}

/// What can be done here.
#[derive(Message)]
pub(crate) enum FieldsMsg {
    Name(Value<String>),
    Message(Value<String>),
    Day(Value<Day>),
    Hour(Value<Hour>),
    Newsletter(Value<bool>),
    /// The room of this number is liked or not.
    Like(u32, Value<bool>),
    Audio(Value<bool>),
    Visitors(Value<u32>),
    Book(Form<Booking>),
}

/// The form.
#[derive(Form, State)]
pub(crate) struct Booking {
    #[field(required, max = 40)]
    pub(crate) name: String,
    #[field(required)]
    pub(crate) email: String,
    #[field(min = 1, max = 6)]
    pub(crate) tickets: u32,
    pub(crate) day: Day,
    #[field(required)]
    rules: bool,
}

/// A day to choose.
#[derive(Choice, State, Clone, Copy, Default)]
pub(crate) enum Day {
    #[default]
    #[choice(label = "A weekday", zh = "工作日", ar = "يوم عمل")]
    Weekday,
    #[choice(zh = "周六", ar = "السبت")]
    Saturday,
    #[choice(zh = "周日", ar = "الأحد")]
    Sunday,
}

/// A time of the day to choose.
#[derive(Choice, State, Clone, Copy, Default)]
pub(crate) enum Hour {
    #[default]
    #[choice(zh = "上午", ar = "الصباح")]
    Morning,
    #[choice(zh = "中午", ar = "الظهر")]
    Noon,
    #[choice(zh = "傍晚", ar = "المساء")]
    Evening,
}

impl Page for FieldsPage {
    type Msg = FieldsMsg;

    fn update(&mut self, msg: FieldsMsg, cx: &mut Cx<(), FieldsMsg>) -> Result {
        match msg {
            FieldsMsg::Name(name) => self.name = name.get()?,
            FieldsMsg::Message(message) => self.message = message.get()?,
            FieldsMsg::Day(day) => self.day = day.get()?,
            FieldsMsg::Hour(hour) => self.hour = hour.get()?,
            FieldsMsg::Newsletter(wanted) => self.newsletter = wanted.get()?,
            FieldsMsg::Like(room, liked) => {
                self.likes.retain(|known| *known != room);
                if liked.get()? {
                    self.likes.push(room);
                }
            }
            FieldsMsg::Audio(on) => self.audio = on.get()?,
            FieldsMsg::Visitors(count) => self.visitors = count.get()?,
            FieldsMsg::Book(form) => self.booked = Some(examples::form_handler(&form, words::of(cx.environment))?),
        }
        Ok(())
    }

    fn view(&self, look: &Look) -> Node<FieldsMsg> {
        let w = words::of(look.environment);
        let show = |id, names, purpose, node| parts::example(SOURCE, look, id, names, purpose, node);
        let price = look.money(self.visitors.saturating_mul(PRICE));
        let examples = vec![
            show("input", "input", w.input_use, examples::input_example(self, w)),
            show("input_types", "input", w.input_types_use, examples::input_types_example(w)),
            show("textarea", "textarea", w.textarea_use, examples::textarea_example(self, w)),
            show("picker", "picker option", w.picker_use, examples::picker_example(self, w)),
            show("radio_group", "radio-group radio", w.radio_group_use, examples::radio_group_example(self, w)),
            show("checkbox", "checkbox", w.checkbox_use, examples::checkbox_example(self, w)),
            show("checkbox_group", "checkbox-group", w.checkbox_group_use, examples::checkbox_group_example(self, w)),
            show("switch", "switch", w.switch_use, examples::switch_example(self, w)),
            show("slider", "slider", w.slider_use, examples::slider_example(self, &price, w)),
            show("form", "form", w.form_use, examples::form_example(self, w)),
        ];
        parts::page(w.fields, w.fields_line, examples)
    }
}
