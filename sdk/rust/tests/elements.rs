//! Elements that are made of several, and fields that tell what is typed: what a
//! test sees of them, and does with them.
#![forbid(unsafe_code)]

use mprun::prelude::*;
use mprun::test::{TestPage, open};

#[derive(State, Default)]
struct Kitchen {
    heard: Vec<String>,
    search: String,
    cups: u32,
}

#[derive(Form)]
struct Order {
    cocoa: bool,
    name: String,
}

#[derive(Message)]
enum Msg {
    Typed(Value<String>),
    Done(Value<String>),
    Cups(Value<u32>),
    Checked(Value<String>),
    Delete,
    Closed,
    Again,
    Place(Form<Order>),
}

impl Page for Kitchen {
    type Msg = Msg;

    fn update(&mut self, msg: Msg, _: &mut Cx<(), Msg>) -> Result {
        let heard = match msg {
            Msg::Typed(text) => {
                self.search = text.get()?;
                if self.search == "tea" {
                    return Err(Error::message("No tea"));
                }
                format!("typed {}", self.search)
            }
            Msg::Done(text) => format!("done {}", text.get()?),
            Msg::Cups(cups) => {
                self.cups = cups.get()?;
                format!("cups {}", self.cups)
            }
            Msg::Checked(name) => format!("checked {}", name.get()?),
            Msg::Delete => "delete".to_owned(),
            Msg::Closed => "closed".to_owned(),
            Msg::Again => "again".to_owned(),
            Msg::Place(order) => {
                let order = order.get()?;
                format!("{} {}", order.name, order.cocoa)
            }
        };
        self.heard.push(heard);
        Ok(())
    }

    fn view(&self, _: &Look) -> Node<Msg> {
        let urgent = self.cups > 4;
        view! {
            <view class="page" on:refresh=Msg::Again>
                <input label="Search" value={&self.search} on:change=Msg::Done on:input=Msg::Typed/>
                <slider label="Cups" min=1 max={9} step=2 value={self.cups} on:input=Msg::Cups/>
                <rich-text class={urgent.then_some("urgent")}>
                    <span>"See the "</span>
                    <span strong to="page:index">"terms"</span>
                    <span code>"."</span>
                </rich-text>
                <icon type="heart" label="Favourite"/>
                <icon type="check"/>
                <table label="Prices">
                    <table-row>
                        <table-cell scope="row"><text>"Latte"</text></table-cell>
                        <table-cell align="end"><text>"4.20"</text></table-cell>
                    </table-row>
                </table>
                <tabs label="Menu">
                    <tab label="Hot"><text>"Mocha"</text></tab>
                    <tab label="Cold" selected><text>"Iced tea"</text></tab>
                </tabs>
                <disclosure label="Allergens"><text>"Milk"</text></disclosure>
                <dialog label="Really?" trigger="Delete…" on:close=Msg::Closed>
                    <button closes on:tap=Msg::Delete>"Delete"</button>
                    <button closes>"Keep"</button>
                </dialog>
                <dialog label="News" trigger="What is new">
                    <button closes>"I see"</button>
                </dialog>
                <scroll-view label="Tags" scroll="x"><text>"new"</text></scroll-view>
                <swiper label="Offers"><swiper-item><text>"Cake"</text></swiper-item></swiper>
                <form on:submit=Msg::Place>
                    <checkbox-group label="Extras"><checkbox label="Cocoa" name="cocoa"/></checkbox-group>
                    <input label="Name" name="name" on:input=Msg::Checked/>
                    <button form-type="submit">"Order"</button>
                </form>
            </view>
        }
    }
}

app! {
    manifest: "tests/pages/index.json",
    pages: { "index" => Kitchen },
}

fn kitchen() -> TestPage<App> {
    open::<App>("index")
}

fn heard(t: &TestPage<App>) -> Vec<String> {
    t.page::<Kitchen>().heard
}

#[test]
fn everything_is_in_the_text_whether_it_is_open_or_not() {
    assert_eq!(
        kitchen().text().lines().collect::<Vec<_>>(),
        [
            "Search: ",
            "Cups: 1",
            "See the terms.",
            "(Favourite)",
            "Prices",
            "Latte",
            "4.20",
            "Hot",
            "Mocha",
            "Cold",
            "Iced tea",
            "Allergens",
            "Milk",
            "[Delete…]",
            "Really?",
            "[Delete]",
            "[Keep]",
            "[What is new]",
            "News",
            "[I see]",
            "new",
            "Cake",
            "Extras",
            "Cocoa: no",
            "Name: ",
            "[Order]",
        ]
    );
}

#[test]
fn what_is_typed_is_told_before_what_was_changed() {
    let mut t = kitchen();
    t.fill("Search", "latte");
    assert_eq!(heard(&t), ["typed latte", "done latte"]);
    t.fill("Search", "tea");
    assert_eq!((t.alert(), heard(&t).len()), (Some("No tea"), 2));
    t.assert_text("Search: tea");
}

#[test]
fn what_is_told_while_it_is_typed_is_handed_in_with_its_form() {
    let mut t = kitchen();
    t.fill("Name", "Ada");
    t.check("Cocoa", true);
    t.assert_text("Name: Ada");
    t.tap("Order");
    assert_eq!(heard(&t), ["checked Ada", "Ada true"]);
    t.assert_text("Name: \n");
}

#[test]
fn fingers_slide_pull_and_press() {
    let mut t = kitchen();
    t.slide("Cups", 5);
    t.assert_text("Cups: 5");
    t.refresh();
    t.tap("Delete");
    assert_eq!(heard(&t), ["cups 5", "again", "delete"]);
    t.tap("terms");
    assert_eq!(t.depth(), 2);
}

#[test]
fn a_dialog_is_closed_and_whatever_only_closes_it_says_so() {
    let mut t = kitchen();
    t.close("Really?");
    t.tap("Keep");
    // A button that does something says that alone.
    t.tap("Delete");
    assert_eq!(heard(&t), ["closed", "closed", "delete"]);
}

#[test]
#[should_panic(expected = "there is nothing called \"News\" to close")]
fn nobody_is_told_who_did_not_ask() {
    kitchen().close("News");
}

#[test]
#[should_panic(expected = "there is nothing called \"I see\" to press")]
fn a_button_that_tells_nobody_cannot_be_pressed_by_a_test() {
    kitchen().tap("I see");
}

#[test]
#[should_panic(expected = "the slider \"Cups\" does not have 4: it has 1 to 9 in steps of 2")]
fn a_slider_has_its_numbers_only() {
    kitchen().slide("Cups", 4);
}

#[test]
#[should_panic(expected = "there are 0 parts with `on:reach-bottom` on the page `index`")]
fn what_is_not_offered_cannot_be_asked_for() {
    kitchen().reach_bottom();
}
