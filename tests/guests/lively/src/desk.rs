//! Two forms beside each other, a field outside of both, a password, and a sheet that
//! says when it is closed.

use mprun::prelude::*;

use crate::Shared;

/// How long a toast is waited for.
const MOMENT: Duration = Duration::from_millis(2_500);

#[derive(State, Default)]
pub(crate) struct Desk {
    peeks: u32,
    sent: String,
    note: String,
    open: bool,
    closed: u32,
    done: u32,
}

#[derive(Message)]
pub(crate) enum DeskMsg {
    Peek,
    First(Form<First>),
    Second(Form<Second>),
    Note(Value<String>),
    Show,
    Shut,
    Closed,
    Done,
    SaySoon,
    Say,
}

#[derive(Form)]
pub(crate) struct First {
    text: Option<String>,
    secret: Option<String>,
}

#[derive(Form)]
pub(crate) struct Second {
    text: Option<String>,
}

impl Page<Shared> for Desk {
    type Msg = DeskMsg;

    fn update(&mut self, msg: DeskMsg, cx: &mut Cx<Shared, DeskMsg>) -> Result {
        match msg {
            DeskMsg::Peek => self.peeks += 1,
            DeskMsg::First(form) => {
                let First { text, secret } = form.get()?;
                self.sent = format!("first {} {}", text.unwrap_or_default(), secret.unwrap_or_default());
            }
            DeskMsg::Second(form) => self.sent = format!("second {}", form.get()?.text.unwrap_or_default()),
            DeskMsg::Note(text) => self.note = text.get()?,
            DeskMsg::Show => self.open = true,
            DeskMsg::Shut => self.open = false,
            DeskMsg::Closed => (self.open, self.closed) = (false, self.closed + 1),
            DeskMsg::Done => (self.open, self.done) = (false, self.done + 1),
            DeskMsg::SaySoon => {
                cx.after(MOMENT, DeskMsg::Say)?;
            }
            DeskMsg::Say => cx.toast("Said later")?,
        }
        Ok(())
    }

    fn view(&self, _: &Look<Shared>) -> Node<DeskMsg> {
        view! {
            <view>
                <heading level=1>"Desk"</heading>
                <text>"peeks " {self.peeks} ", closed " {self.closed} ", done " {self.done} "."</text>
                <text>"sent: " {&self.sent} ". note: " {&self.note} "."</text>
                <view layout="wrap">
                    <button on:tap=DeskMsg::Show>"Show"</button>
                    <button on:tap=DeskMsg::Shut>"Shut"</button>
                    <button on:tap=DeskMsg::SaySoon>"Say soon"</button>
                </view>
                <dialog open={self.open} label="A sheet" trigger="Open the sheet" on:close=DeskMsg::Closed>
                    <text>"In the sheet"</text>
                    <button closes>"Keep it"</button>
                    <button closes on:tap=DeskMsg::Done>"Do it"</button>
                </dialog>
                <input label="Note" value={&self.note} on:change=DeskMsg::Note/>
                <form on:submit=DeskMsg::First>
                    <input label="First" name="text"/>
                    <input label="Secret" name="secret" type="password"/>
                    <button on:tap=DeskMsg::Peek>"Peek"</button>
                    <button form-type="submit">"Send first"</button>
                </form>
                <form on:submit=DeskMsg::Second>
                    <input label="Second" name="text"/>
                    <button form-type="submit">"Send second"</button>
                </form>
            </view>
        }
    }
}
