//! Everything that a change of the page could disturb, beside what changes it:
//! fields of each kind, a form that is not sent yet, a list whose rows move, a
//! long way to scroll, links, a timer, and one that goes to another page. Taps are
//! counted as in `counter`. `desk` has two forms and a sheet.

mod desk;

use mprun::prelude::*;

use crate::desk::Desk;

/// Rows that move.
const ROWS: usize = 5;

/// Lines that make the page long.
const LINES: u32 = 60;

#[derive(State, Default)]
struct Shared {
    taps: u32,
}

#[derive(State, Default)]
struct Index {
    here: u32,
    stored: u32,
    ticks: u32,
    turned: u32,
    heard: String,
    times: u32,
    note: String,
    rows: Vec<String>,
    sent: String,
}

#[derive(Message)]
enum Msg {
    Add,
    Turn,
    Soon,
    Tick,
    Fail,
    Say,
    Heard(Value<String>),
    Note(Value<String>),
    Row(usize, Value<String>),
    Send(Form<Letter>),
}

#[derive(Form)]
struct Letter {
    #[field(required, max = 40)]
    name: String,
    message: Option<String>,
    colour: Colour,
    urgent: bool,
}

#[derive(Choice, Clone, Copy)]
enum Colour {
    Red,
    Green,
    Blue,
}

impl Index {
    /// The rows, the first one later with each turn.
    fn order(&self) -> impl Iterator<Item = usize> {
        let first = self.turned as usize;
        (0..ROWS).map(move |place| (place + first) % ROWS)
    }

    fn row(&self, row: usize) -> &str {
        self.rows.get(row).map_or("", String::as_str)
    }
}

impl Page<Shared> for Index {
    type Msg = Msg;

    fn load(cx: &mut Cx<Shared, Msg>, _: &Params) -> Result<Self> {
        Ok(Self { stored: cx.get("taps")?.unwrap_or_default(), ..Self::default() })
    }

    fn update(&mut self, msg: Msg, cx: &mut Cx<Shared, Msg>) -> Result {
        match msg {
            Msg::Add => {
                self.here += 1;
                cx.app.taps += 1;
                self.stored = cx.get::<u32>("taps")?.unwrap_or_default() + 1;
                cx.set("taps", &self.stored)?;
            }
            Msg::Turn => self.turned += 1,
            Msg::Soon => {
                cx.after(Duration::from_millis(2_500), Msg::Tick)?;
            }
            Msg::Tick => {
                self.ticks += 1;
                self.turned += 1;
            }
            Msg::Fail => return Err(Error::message("It did not work")),
            Msg::Say => cx.toast("Said in passing")?,
            Msg::Heard(text) => {
                self.heard = text.get()?;
                self.times += 1;
            }
            Msg::Note(text) => self.note = text.get()?,
            Msg::Row(row, text) => {
                self.rows.resize(ROWS, String::new());
                if let Some(place) = self.rows.get_mut(row) {
                    *place = text.get()?;
                }
            }
            Msg::Send(form) => {
                let letter = form.get()?;
                let message = letter.message.unwrap_or_default();
                self.sent = format!("{}, {message}, {}, {}", letter.name, letter.colour.name(), letter.urgent);
            }
        }
        Ok(())
    }

    fn view(&self, look: &Look<Shared>) -> Node<Msg> {
        view! {
            <view gap="large">
                <heading level=1>"Lively"</heading>
                if self.ticks > 0 {
                    <text>"A line that was not there before"</text>
                }
                <text live>"here " {self.here} ", shared " {look.app.taps} ", stored " {self.stored} "."</text>
                <text>"ticks " {self.ticks} ", turned " {self.turned} "."</text>
                <view layout="wrap">
                    <button on:tap=Msg::Add>"Add"</button>
                    <button on:tap=Msg::Turn>"Turn"</button>
                    <button on:tap=Msg::Soon>"Soon"</button>
                    <button on:tap=Msg::Fail>"Fail"</button>
                    <button on:tap=Msg::Say>"Say"</button>
                </view>
                <input label="Search" value={&self.heard} on:input=Msg::Heard/>
                <text>"heard: " {&self.heard} ", times " {self.times} "."</text>
                <input label="Note" value={&self.note} on:change=Msg::Note/>
                <text>"note: " {&self.note} "."</text>
                <list label="Rows">
                    for row in self.order(), key = row {
                        <list-item surface="card">
                            <input label={format!("Row {row}")} value={self.row(row)}
                                on:change={|text| Msg::Row(row, text)}/>
                        </list-item>
                    }
                </list>
                <form on:submit=Msg::Send>
                    <input label="Name" name="name" maxlength=40 required/>
                    <textarea label="Message" name="message" rows=3/>
                    <picker label="Colour" name="colour" value="red">
                        for colour in Colour::ALL, key = colour.name() {
                            <option value={colour.name()}>{colour.label()}</option>
                        }
                    </picker>
                    <checkbox label="Urgent" name="urgent"/>
                    <button type="primary" form-type="submit">"Send"</button>
                </form>
                <text>"sent: " {&self.sent} "."</text>
                <view layout="wrap">
                    <navigator to={link!(Other, at = 1)}>"Onward"</navigator>
                    <navigator to={link!(Feed)}>"Feed"</navigator>
                </view>
                <list label="Lines">
                    for line in 1..=LINES, key = line {
                        <list-item><text>"Line " {line}</text></list-item>
                    }
                </list>
                <navigator to={link!(Other, at = 9)}>"From below"</navigator>
            </view>
        }
    }
}

/// Pages that lie on each other.
#[derive(State, Default)]
struct Other {
    at: u32,
    taken: u32,
}

#[derive(Message)]
enum OtherMsg {
    Take,
}

impl Page<Shared> for Other {
    type Msg = OtherMsg;

    fn load(_: &mut Cx<Shared, OtherMsg>, params: &Params) -> Result<Self> {
        Ok(Self { at: params.parse("at")?, taken: 0 })
    }

    fn update(&mut self, OtherMsg::Take: OtherMsg, _: &mut Cx<Shared, OtherMsg>) -> Result {
        self.taken += 1;
        Ok(())
    }

    fn view(&self, look: &Look<Shared>) -> Node<OtherMsg> {
        view! {
            <view>
                <heading level=1>"Other " {self.at}</heading>
                <text>"taken " {self.taken} ", shared " {look.app.taps} "."</text>
                <button on:tap=OtherMsg::Take>"Take"</button>
                <navigator to={link!(Other, at = self.at + 1)}>"Onward"</navigator>
                <list label="Lines">
                    for line in 1..=LINES, key = line {
                        <list-item><text>"Line " {line}</text></list-item>
                    }
                </list>
            </view>
        }
    }
}

/// A list that comes in parts.
#[derive(State, Default)]
struct Feed {
    parts: u32,
    refreshed: u32,
}

/// Lines of a part, and parts that there are.
const PART: u32 = 20;
const PARTS: u32 = 3;

#[derive(Message)]
enum FeedMsg {
    More,
    Anew,
}

impl Page<Shared> for Feed {
    type Msg = FeedMsg;

    fn update(&mut self, msg: FeedMsg, _: &mut Cx<Shared, FeedMsg>) -> Result {
        match msg {
            FeedMsg::More => self.parts += 1,
            FeedMsg::Anew => *self = Self { parts: 0, refreshed: self.refreshed + 1 },
        }
        Ok(())
    }

    fn view(&self, _: &Look<Shared>) -> Node<FeedMsg> {
        let lines = PART * (self.parts + 1);
        let more = (self.parts + 1 < PARTS).then_some(FeedMsg::More);
        view! {
            <view on:refresh=FeedMsg::Anew>
                <heading level=1>"Feed"</heading>
                <text>"refreshed " {self.refreshed} ", lines " {lines} "."</text>
                <list label="Lines" on:reach-bottom={more}>
                    for line in 1..=lines, key = line {
                        <list-item><text>"Line " {line}</text></list-item>
                    }
                </list>
            </view>
        }
    }
}

/// A page that goes elsewhere a moment after it was told to.
#[derive(State, Default)]
struct Away {
    note: String,
}

/// How long that is.
const MOMENT: Duration = Duration::from_millis(300);

#[derive(Message)]
enum AwayMsg {
    OpenSoon,
    ReplaceSoon,
    CloseSoon,
    Open,
    Replace,
    Close,
    Note(Value<String>),
}

impl Page<Shared> for Away {
    type Msg = AwayMsg;

    fn update(&mut self, msg: AwayMsg, cx: &mut Cx<Shared, AwayMsg>) -> Result {
        match msg {
            AwayMsg::OpenSoon => {
                cx.after(MOMENT, AwayMsg::Open)?;
            }
            AwayMsg::ReplaceSoon => {
                cx.after(MOMENT, AwayMsg::Replace)?;
            }
            AwayMsg::CloseSoon => {
                cx.after(MOMENT, AwayMsg::Close)?;
            }
            AwayMsg::Open => cx.open(link!(Other, at = 7))?,
            AwayMsg::Replace => cx.redirect(link!(Other, at = 8))?,
            AwayMsg::Close => cx.close()?,
            AwayMsg::Note(text) => self.note = text.get()?,
        }
        Ok(())
    }

    fn view(&self, _: &Look<Shared>) -> Node<AwayMsg> {
        view! {
            <view>
                <heading level=1>"Away"</heading>
                <input label="Note" value={&self.note} on:change=AwayMsg::Note/>
                <view layout="wrap">
                    <button on:tap=AwayMsg::OpenSoon>"Open soon"</button>
                    <button on:tap=AwayMsg::ReplaceSoon>"Replace soon"</button>
                    <button on:tap=AwayMsg::CloseSoon>"Close soon"</button>
                </view>
            </view>
        }
    }
}

app! { state: Shared, pages: { "index" => Index, "other" => Other, "feed" => Feed, "away" => Away, "desk" => Desk } }
