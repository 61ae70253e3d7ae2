//! Shows given texts in every slot that takes one: as text, as an attribute, in an
//! address; as the page's title, an alert, a toast, an error at a field. On the
//! page `raw`, as addresses and classes that they are not.

use mprun::prelude::*;

/// Stands between the texts of the field.
const BETWEEN: &str = "\n%%\n";

#[derive(State, Default)]
struct Index {
    texts: Vec<String>,
    /// How many were said as toasts.
    said: usize,
}

#[derive(Message)]
enum Msg {
    Show(Form<Texts>),
    Refuse,
    Blame(Form<Texts>),
    Toast,
    Typed(Value<String>),
    Nothing,
}

#[derive(Form)]
struct Texts {
    texts: Option<String>,
}

impl Page for Index {
    type Msg = Msg;

    fn load(_: &mut Cx<(), Msg>, params: &Params) -> Result<Self> {
        Ok(Self { texts: params.all("t").map(str::to_owned).collect(), said: 0 })
    }

    fn update(&mut self, msg: Msg, cx: &mut Cx<(), Msg>) -> Result {
        match msg {
            Msg::Show(form) => {
                let texts = form.get()?.texts.unwrap_or_default().replace("\r\n", "\n");
                self.texts = texts.split(BETWEEN).map(str::to_owned).collect();
                self.said = 0;
            }
            Msg::Refuse => return Err(Error::message(self.texts.join("\n"))),
            Msg::Blame(_) => return Err(Error::field("texts", self.texts.join("\n"))),
            Msg::Toast => {
                for text in self.texts.iter().skip(self.said).take(4) {
                    // A text that is no toast is refused; the next one may be one.
                    if let Err(error) = cx.toast(text) {
                        mprun::warn!("no toast: {error}");
                    }
                }
                self.said += 4;
            }
            Msg::Typed(_) | Msg::Nothing => {}
        }
        Ok(())
    }

    fn view(&self, _: &Look) -> Node<Msg> {
        view! {
            <view>
                <heading level=1>{self.texts.first()}</heading>
                <text>"texts " {self.texts.len()} ", said " {self.said} "."</text>
                <form on:submit=Msg::Show>
                    <textarea label="Texts" name="texts"/>
                    <button form-type="submit">"Show"</button>
                </form>
                <form on:submit=Msg::Blame>
                    <input label="Blamed" name="texts"/>
                    <button form-type="submit">"Blame"</button>
                </form>
                <view layout="wrap">
                    <button on:tap=Msg::Refuse>"Refuse"</button>
                    <button on:tap=Msg::Toast>"Toast"</button>
                </view>
                for (place, text) in self.texts.iter().enumerate(), key = place {
                    {everywhere(text)}
                }
            </view>
        }
    }
}

/// The text in an address elsewhere, as far as one can hold it.
fn web(text: &str) -> String {
    let mut url = String::from("https://example.org/?t=");
    for byte in text.bytes().take(600) {
        url.push_str(&format!("%{byte:02X}"));
    }
    url
}

/// Every slot.
fn everywhere(text: &str) -> Node<Msg> {
    // An address has 2 KiB.
    let short: String = text.chars().take(100).collect();
    let page = || link!(Index, t = short.as_str());
    view! {
        <view label={text} surface="card">
            <text>{text}</text>
            <text live tone="muted">"before " {text} " behind"</text>
            <heading level=2>{text}</heading>
            <rich-text>
                <span>{text}</span>
                <span strong emphasis code>{text}</span>
                <span to={page()}>{text}</span>
                <span to={web(text)}>{text}</span>
            </rich-text>
            <button label={text} on:tap=Msg::Nothing>{text}</button>
            <navigator label={text} to={page()}>{text}</navigator>
            <navigator to={web(text)}>{text}</navigator>
            <view label={text} to={page()}><text>{text}</text></view>
            <view label={text} on:tap=Msg::Nothing><text>{text}</text></view>
            <image src="asset:icon.svg" mode="thumbnail" alt={text}/>
            <image src={"asset:missing.svg"} mode="thumbnail" alt={text}/>
            <icon type="info" label={text}/>
            <input label={text} value={text} placeholder={text} hint={text} on:change=Msg::Typed/>
            <textarea label={text} value={text} placeholder={text} hint={text} on:input=Msg::Typed/>
            <picker label={text} value={text} hint={text} on:change=Msg::Typed>
                <option value={text}>{text}</option>
                <option value="another">{text}</option>
            </picker>
            <radio-group label={text} value={text} hint={text} on:change=Msg::Typed>
                <radio value={text}>{text}</radio>
                <radio value="another">{text}</radio>
            </radio-group>
            <checkbox label={text} hint={text} on:change=Msg::Typed/>
            <switch label={text} hint={text} on:change=Msg::Typed/>
            <checkbox-group label={text} hint={text}>
                <checkbox label={text} on:change=Msg::Typed/>
            </checkbox-group>
            <slider label={text} value={text} hint={text} min=0 max=10 on:change=Msg::Typed/>
            <list label={text}>
                <list-item label={text} to={page()}><text>{text}</text></list-item>
            </list>
            <progress label={text} percent=50/>
            <table label={text}>
                <table-row>
                    <table-cell scope="row"><text>{text}</text></table-cell>
                    <table-cell><text>{text}</text></table-cell>
                </table-row>
            </table>
            <scroll-view label={text} scroll="x"><text>{text}</text></scroll-view>
            <swiper label={text}>
                <swiper-item><text>{text}</text></swiper-item>
            </swiper>
            <dialog label={text} trigger={text}><text>{text}</text></dialog>
            <disclosure label={text} open><text>{text}</text></disclosure>
            <tabs label={text}>
                <tab label={text}><text>{text}</text></tab>
            </tabs>
        </view>
    }
}

/// A text where only an address or a name of classes may stand.
#[derive(State, Default)]
struct Raw {
    place: String,
    text: String,
}

impl Page for Raw {
    type Msg = ();

    fn load(_: &mut Cx<(), ()>, params: &Params) -> Result<Self> {
        let read = |name| params.get(name).unwrap_or_default().to_owned();
        Ok(Self { place: read("place"), text: read("t") })
    }

    fn update(&mut self, (): (), _: &mut Cx<(), ()>) -> Result {
        Ok(())
    }

    fn view(&self, _: &Look) -> Node<()> {
        let text = self.text.as_str();
        match self.place.as_str() {
            "to" => view! { <navigator to={text}>"Go"</navigator> },
            "over" => view! { <view label="Go" to={text}><text>"Go"</text></view> },
            "span" => view! { <rich-text><span to={text}>"Go"</span></rich-text> },
            "src" => view! { <image src={text} alt="A picture"/> },
            "class" => view! { <text class={text}>"Classes"</text> },
            "tone" => view! { <text tone={text}>"A tone"</text> },
            _ => view! { <text>"Nothing"</text> },
        }
    }
}

app! { pages: { "index" => Index, "raw" => Raw } }
