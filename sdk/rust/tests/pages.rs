//! A program with everything in it, through the native host: what authors rely on.
#![forbid(unsafe_code)]

use mprun::prelude::*;
use mprun::test::{TestPage, open};

#[derive(State, Default, Debug, PartialEq)]
struct Shop {
    cart: Vec<Line>,
    launched_at: u64,
    late: Vec<u32>,
}

#[derive(State, Debug, PartialEq)]
struct Line {
    id: u32,
    cups: u32,
}

impl Shop {
    fn launch(cx: &mut Cx) -> Result<Self> {
        Ok(Self { launched_at: cx.now()?, ..Self::default() })
    }
}

const DRINKS: [(u32, &str, u32); 3] = [(1, "Latte", 420), (2, "Mocha", 480), (3, "Tea", 300)];

#[derive(State, Default, Debug)]
struct Menu {
    store: Option<u32>,
    search: String,
    ticks: u32,
    timer: Option<Timer>,
    seen: Vec<String>,
}

#[derive(Message)]
enum MenuMsg {
    Add(u32),
    Cups { id: u32, cups: Value<u32> },
    Search(Value<String>),
    Open(u32),
    PickStore,
    Store(Reply<u32>),
    Start,
    Tick(u32),
    Stop,
    Fail,
    Shout(u32),
    Grow(u32),
    Checkout,
    Twice,
}

impl Page<Shop> for Menu {
    type Msg = MenuMsg;

    fn update(&mut self, msg: MenuMsg, cx: &mut Cx<Shop, MenuMsg>) -> Result {
        match msg {
            MenuMsg::Add(id) => {
                cx.app.cart.push(Line { id, cups: 1 });
                cx.toast("In the cart")?;
            }
            MenuMsg::Cups { id, cups } => {
                let line = cx.app.cart.iter_mut().find(|line| line.id == id);
                line.or_message("This is not in the cart")?.cups = cups.get()?;
            }
            MenuMsg::Search(text) => self.search = text.get()?,
            MenuMsg::Open(id) => cx.open(link!(Product, id = id))?,
            MenuMsg::PickStore => cx.open_for(link!(Stores), MenuMsg::Store)?,
            MenuMsg::Store(reply) => match reply.get() {
                Ok(id) => self.store = Some(id),
                Err(error) => cx.toast(&format!("{:?}", error.kind()))?,
            },
            MenuMsg::Start => self.timer = Some(cx.after(Duration::from_secs(60), MenuMsg::Tick(7))?),
            MenuMsg::Tick(by) => self.ticks += by,
            MenuMsg::Stop => {
                let timer = self.timer.take().or_message("No timer")?;
                assert!(cx.cancel(timer)?);
            }
            MenuMsg::Fail => {
                cx.set("kept", "no")?;
                cx.toast("never seen")?;
                cx.app.cart.clear();
                return Err(Error::message("The kitchen is closed"));
            }
            MenuMsg::Shout(times) => {
                for _ in 0..times {
                    cx.toast("!")?;
                }
            }
            MenuMsg::Grow(bytes) => self.search = "x".repeat(bytes as usize),
            MenuMsg::Checkout => cx.open(link!(Checkout))?,
            MenuMsg::Twice => {
                cx.open(link!(Checkout))?;
                cx.open(link!(Checkout))?;
            }
        }
        Ok(())
    }

    fn view(&self, look: &Look<Shop>) -> Node<MenuMsg> {
        let found = DRINKS.iter().filter(|(_, name, _)| name.contains(&self.search));
        view! {
            <view gap="small">
                <heading level=1>"Menu"</heading>
                <input label="Search" value={&self.search} on:change=MenuMsg::Search/>
                if self.search == "nothing" {
                    <text>"Looking for nothing"</text>
                } else if self.search.is_empty() {
                    <text>{DRINKS.len()} " drinks"</text>
                }
                for (id, name, cents) in found, key = id {
                    <view surface="card">
                        <text>{name} " " {look.money(*cents)}</text>
                        <button on:tap=MenuMsg::Add(*id)>"Add"</button>
                        <button on:tap=MenuMsg::Open(*id)>"More"</button>
                        {(*id == 2).then(|| badge("new"))}
                    </view>
                }
                if look.app.cart.is_empty() {
                    <text>"Cart: empty"</text>
                } else {
                    for line in &look.app.cart, key = line.id {
                        <input label="Cups" value={line.cups} on:change={|cups| MenuMsg::Cups { id: line.id, cups }}/>
                    }
                    <text>{look.app.cart.len()} " in the cart"</text>
                }
                match self.store {
                    Some(id) if id > 100 => { <text>"Far away"</text> }
                    Some(id) => <text>"Store " {id}</text>,
                    None => {}
                }
                <text>"Ticks: " {self.ticks}</text>
                <view layout="row">
                    <button on:tap=MenuMsg::PickStore>"Store"</button>
                    <button on:tap=MenuMsg::Start>"Start"</button>
                    <button disabled={self.timer.is_none()} on:tap=MenuMsg::Stop>"Stop"</button>
                    <button on:tap=MenuMsg::Fail>"Fail"</button>
                    <button on:tap=MenuMsg::Shout(5)>"Shout"</button>
                    <button on:tap=MenuMsg::Grow(300_000)>"Grow"</button>
                    <button on:tap=MenuMsg::Checkout>"Checkout"</button>
                    <button on:tap=MenuMsg::Twice>"Twice"</button>
                    <navigator to={link!(Product, id = 3)}>"Tea"</navigator>
                </view>
            </view>
        }
    }

    fn shown(&mut self, _: &mut Cx<Shop, MenuMsg>) -> Result {
        self.seen.push("shown".to_owned());
        Ok(())
    }

    fn hidden(&mut self, _: &mut Cx<Shop, MenuMsg>) -> Result {
        self.seen.push("hidden".to_owned());
        Ok(())
    }
}

fn badge<M>(text: &str) -> Node<M> {
    view! { <text tone="accent">{text}</text> }
}

#[derive(State, Default)]
struct Product {
    id: u32,
}

#[derive(Message)]
enum ProductMsg {
    Remind,
    Reminded,
    Deeper,
    Home,
    Instead,
    Leave,
}

impl Page<Shop> for Product {
    type Msg = ProductMsg;

    fn load(_: &mut Cx<Shop, ProductMsg>, params: &Params) -> Result<Self> {
        let id = params.parse("id")?;
        match DRINKS.iter().any(|(known, ..)| *known == id) {
            true => Ok(Self { id }),
            false => Err(Error::not_found()),
        }
    }

    fn update(&mut self, msg: ProductMsg, cx: &mut Cx<Shop, ProductMsg>) -> Result {
        match msg {
            ProductMsg::Remind => cx.after(Duration::from_secs(5), ProductMsg::Reminded).map(drop),
            ProductMsg::Reminded => Ok(()),
            ProductMsg::Deeper => cx.open(link!(Product, id = self.id)),
            ProductMsg::Home => cx.relaunch(link!(Menu)),
            ProductMsg::Instead => cx.redirect(link!(Product, id = 1)),
            ProductMsg::Leave => cx.close(),
        }
    }

    fn view(&self, _: &Look<Shop>) -> Node<ProductMsg> {
        view! {
            <view>
                <text>"Product " {self.id}</text>
                <image src="asset:latte.svg" alt="A cup"/>
                <button on:tap=ProductMsg::Remind>"Remind"</button>
                <button on:tap=ProductMsg::Deeper>"Deeper"</button>
                <button on:tap=ProductMsg::Home>"Home"</button>
                <button on:tap=ProductMsg::Instead>"Instead"</button>
                <button on:tap=ProductMsg::Leave>"Leave"</button>
            </view>
        }
    }

    fn unloaded(&mut self, cx: &mut Cx<Shop, ProductMsg>) -> Result {
        cx.app.late.push(0);
        Ok(())
    }

    fn orphan(msg: ProductMsg, cx: &mut Cx<Shop, ProductMsg>) -> Result {
        if let ProductMsg::Reminded = msg {
            cx.app.late.push(1);
        }
        Ok(())
    }
}

#[derive(State, Default)]
struct Stores {}

#[derive(Message)]
struct Pick(u32);

impl Page<Shop> for Stores {
    type Msg = Pick;

    fn update(&mut self, Pick(id): Pick, cx: &mut Cx<Shop, Pick>) -> Result {
        cx.close_with(&id)
    }

    fn view(&self, _: &Look<Shop>) -> Node<Pick> {
        view! {
            <list label="Stores">
                for (id, name) in [(7, "North"), (8, "South")], key = name {
                    <list-item label={name} on:tap=Pick(id)><text>{name}</text></list-item>
                }
            </list>
        }
    }
}

#[derive(State, Choice, Default, Clone, Copy, Debug, PartialEq)]
enum When {
    #[default]
    Now,
    #[choice(label = "At noon", name = "noon")]
    Noon,
}

#[derive(Form)]
struct PickUp {
    #[field(required, max = 10)]
    name: String,
    #[field(min = 1, max = 9)]
    cups: u8,
    when: When,
    note: Option<String>,
    #[field(required, name = "terms")]
    accepted: bool,
    #[field(from_str)]
    letter: char,
}

#[derive(State, Default)]
enum Checkout {
    #[default]
    Open,
    Done {
        name: String,
        when: When,
        note: Option<String>,
    },
}

#[derive(Message)]
enum CheckoutMsg {
    Place { total: u32, form: Form<PickUp> },
}

impl Page<Shop> for Checkout {
    type Msg = CheckoutMsg;

    fn update(&mut self, msg: CheckoutMsg, cx: &mut Cx<Shop, CheckoutMsg>) -> Result {
        let CheckoutMsg::Place { total, form } = msg;
        assert_eq!(total, 58);
        let form = form.get()?;
        cx.set("cups", &form.cups)?;
        assert!(form.accepted && form.letter == 'a');
        *self = Self::Done { name: form.name, when: form.when, note: form.note };
        Ok(())
    }

    fn view(&self, _: &Look<Shop>) -> Node<CheckoutMsg> {
        match self {
            Self::Done { name, when, note } => view! {
                <text>"Thank you, " {name} ": " {when.label()} " " {note.as_deref().unwrap_or("no note")}</text>
            },
            Self::Open => view! {
                <form label="Pick up" on:submit={|form| CheckoutMsg::Place { total: 58, form }}>
                    <input label="Name" name="name" required maxlength=10/>
                    <input label="Cups" name="cups" type="number" value="1"/>
                    <picker label="When" name="when" value="now">
                        for when in When::ALL, key = when.name() {
                            <option value={when.name()}>{when.label()}</option>
                        }
                    </picker>
                    <textarea label="Note" name="note"/>
                    <checkbox label="Terms" name="terms"/>
                    <radio-group label="Letter" name="letter" value="a">
                        <radio value="a">"A"</radio>
                        <radio value="bb">"B"</radio>
                    </radio-group>
                    <button form-type="submit" type="primary">"Place"</button>
                </form>
            },
        }
    }
}

app! {
    manifest: "tests/pages/shop.json",
    state: Shop,
    launch: Shop::launch,
    pages: { "menu" => Menu, "product" => Product, "stores" => Stores, "checkout" => Checkout },
}

fn menu() -> TestPage<App> {
    open::<App>("menu")
}

#[test]
fn control_flow_shows_what_the_state_says() {
    let mut t = menu();
    assert_eq!(
        t.text().lines().take(10).collect::<Vec<_>>(),
        ["Menu", "Search: ", "3 drinks", "Latte 4.20", "[Add]", "[More]", "Mocha 4.80", "[Add]", "[More]", "new"],
    );
    t.fill("Search", "nothing");
    t.assert_text("Looking for nothing");
    t.fill("Search", "Mo");
    t.assert_no_text("drinks");
    t.assert_no_text("Latte");
    t.assert_text("Mocha 4.80");
    t.assert_text("Cart: empty");
    t.tap("Add");
    t.fill("Search", "");
    t.first().tap("Add");
    t.assert_text("Cups: 1\nCups: 1\n2 in the cart");
    assert_eq!(t.toasts(), ["In the cart", "In the cart"]);
    t.set_environment("locale", "de");
    t.assert_text("Latte 4,20");
}

#[test]
fn a_change_reaches_the_message_with_its_own_values() {
    let mut t = menu();
    t.within("Mocha").tap("Add");
    t.within("Tea").tap("Add");
    t.nth(1).fill("Cups", "4");
    assert_eq!(t.app::<Shop>().cart, [Line { id: 2, cups: 1 }, Line { id: 3, cups: 4 }]);
    t.first().fill("Cups", "many");
    assert_eq!(t.field_errors(), [("value".to_owned(), "Please give a whole number.".to_owned())]);
    assert_eq!(t.app::<Shop>().cart[0].cups, 1);
}

#[test]
fn nothing_of_a_failed_event_is_kept() {
    let mut t = menu();
    t.first().tap("Add");
    let _ = t.toasts();
    t.tap("Fail");
    assert_eq!(t.alert(), Some("The kitchen is closed"));
    assert_eq!(t.app::<Shop>().cart.len(), 1);
    assert_eq!(t.stored::<String>("kept"), None);
    assert!(t.toasts().is_empty());
    t.tap("Start");
    assert_eq!(t.alert(), None);
}

#[test]
fn limits_are_those_of_a_host() {
    let mut t = menu();
    t.tap("Shout");
    assert_eq!(t.alert(), Some("That was too much for now."));
    assert_eq!(t.logs(), [(1, "limited: 4 toasts are waiting".to_owned())]);
    t.tap("Grow");
    assert!(t.alert().is_some_and(|alert| alert.contains("262144")));
    t.assert_text("3 drinks");
    t.tap("Twice");
    assert_eq!((t.alert(), t.route()), (Some("That did not work."), "menu"));
    t.deny("timer");
    t.tap("Start");
    assert_eq!(t.alert(), Some("This program is not allowed to do that."));

    let mut t = open::<App>("product?id=1");
    for _ in 0..9 {
        t.tap("Deeper");
    }
    assert_eq!(t.depth(), 10);
    t.tap("Deeper");
    assert_eq!((t.depth(), t.alert()), (10, Some("That was too much for now.")));
}

#[test]
fn timers_fire_once_and_can_be_taken_back() {
    let mut t = menu();
    t.tap("Start");
    t.advance(Duration::from_secs(59));
    t.assert_text("Ticks: 0");
    t.advance(Duration::from_secs(1));
    t.assert_text("Ticks: 7");
    t.advance(Duration::from_secs(600));
    t.assert_text("Ticks: 7");
    t.tap("Start");
    t.tap("Stop");
    t.advance(Duration::from_secs(600));
    t.assert_text("Ticks: 7");
}

#[test]
fn pages_lie_on_each_other_and_answer() {
    let mut t = menu();
    t.tap("Store");
    assert_eq!((t.route(), t.depth()), ("stores", 2));
    t.tap("South");
    assert_eq!(t.route(), "menu");
    t.assert_text("Store 8");
    t.tap("Store");
    t.back();
    assert_eq!(t.toasts(), ["NotFound"]);
    t.assert_text("Store 8");
    assert_eq!(t.page::<Menu>().seen, ["hidden", "shown", "hidden", "shown"]);

    t.within("Mocha").tap("More");
    t.assert_text("Product 2\n(A cup)");
    t.tap("Deeper");
    t.tap("Instead");
    t.assert_text("Product 1");
    assert_eq!(t.depth(), 3);
    t.tap("Leave");
    t.assert_text("Product 2");
    t.tap("Home");
    assert_eq!((t.route(), t.depth()), ("menu", 1));
    t.tap("Tea");
    t.assert_text("Product 3");
}

#[test]
fn a_reply_whose_page_is_gone_reaches_the_program() {
    let mut t = menu();
    t.tap("Tea");
    t.tap("Remind");
    t.back();
    assert_eq!(t.app::<Shop>().late, [0]);
    t.advance(Duration::from_secs(5));
    assert_eq!(t.app::<Shop>().late, [0, 1]);
    assert_eq!(t.app::<Shop>().launched_at, 1_767_225_600_000);
}

#[test]
fn a_form_is_refused_with_every_error_and_keeps_what_was_typed() {
    let mut t = menu();
    t.tap("Checkout");
    t.fill("Cups", "12");
    t.choose("Letter", "B");
    t.tap("Place");
    let errors: Vec<_> = t.field_errors().iter().map(|(name, what)| format!("{name}: {what}")).collect();
    assert_eq!(
        errors,
        [
            "name: Please fill this in.",
            "cups: At most 9.",
            "terms: Please tick this.",
            "letter: Please look at this again.",
        ]
    );
    t.assert_text("Cups: 12\nWhen: Now\nNote: \nTerms: no\nLetter: B");
    t.fill("Name", "Ada");
    t.fill("Cups", "2");
    t.choose("When", "At noon");
    t.check("Terms", true);
    t.choose("Letter", "A");
    t.submit();
    assert_eq!(t.text(), "Thank you, Ada: At noon no note");
    assert_eq!(t.stored::<u8>("cups"), Some(2));
}

#[test]
#[should_panic(
    expected = "there are 3 called \"Add\" to press: use `first()`, `nth(…)` or `within(…)`, on the page `menu`"
)]
fn an_action_that_fits_several_elements_says_so() {
    menu().tap("Add");
}

#[test]
#[should_panic(
    expected = "there is nothing called \"Sell\" to press, on the page `stores`; there are:\n  `list-item` \"North\"\n  `list-item` \"South\""
)]
fn an_action_that_fits_nothing_lists_what_there_is() {
    open::<App>("stores").tap("Sell");
}

#[test]
#[should_panic(expected = "the page `product?id=9` cannot be opened")]
fn a_page_that_shows_nothing_cannot_be_opened() {
    open::<App>("product?id=9");
}

#[test]
fn a_state_of_an_older_version_is_read_as_far_as_it_can_be() {
    #[derive(State)]
    struct OldShop {
        cart: Vec<OldLine>,
        gone: u32,
    }
    #[derive(State)]
    struct OldLine {
        id: u32,
        cups: u32,
        price: String,
    }
    let cart = vec![OldLine { id: 2, cups: 3, price: "4.80".to_owned() }];
    let shop: Shop = mprun::test::migrate::<App, _, _>(None, &OldShop { cart, gone: 1 }).unwrap();
    assert_eq!(shop, Shop { cart: vec![Line { id: 2, cups: 3 }], launched_at: 0, late: Vec::new() });

    // A `Line` has no default, but its fields do.
    #[derive(State)]
    struct Bare {
        cart: Vec<OldId>,
    }
    #[derive(State)]
    struct OldId {
        id: u32,
    }
    let bare = Bare { cart: vec![OldId { id: 1 }] };
    let shop: Shop = mprun::test::migrate::<App, _, _>(None, &bare).unwrap();
    assert_eq!(shop.cart, [Line { id: 1, cups: 0 }]);

    // Another type under the same name cannot be read.
    #[derive(State)]
    struct Other {
        cart: String,
    }
    let other = Other { cart: String::new() };
    assert!(mprun::test::migrate::<App, _, Shop>(None, &other).is_none());
    assert!(mprun::test::migrate::<App, _, Menu>(Some("nowhere"), &other).is_none());
}
