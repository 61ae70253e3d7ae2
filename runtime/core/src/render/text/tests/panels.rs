//! What is open is shown, what is not is kept aside, and what is to be read once
//! shows everything.

use super::*;

/// A page on a screen, and what was opened there.
struct Screen {
    sample: Sample,
    panels: Panels,
}

impl Screen {
    fn of(markup: &str) -> Self {
        Self { sample: Sample::of(markup), panels: Panels::default() }
    }

    fn page(&self) -> TextPage {
        lay_out_with(&self.sample.tree(), 40, &Overlay::default(), &self.panels)
    }

    fn plain(&self) -> String {
        self.page().to_plain()
    }

    /// Uses what is called so, wherever it stands.
    fn turn(&mut self, label: &str, steps: isize) {
        let page = self.page();
        let panel = page.all_controls().find_map(|control| match &control.action {
            Action::Panel(panel) if control.label == label => Some(panel.turned(steps)),
            _ => None,
        });
        self.panels.turn(panel.unwrap_or_else(|| panic!("no {label} on {page:#?}")));
    }
}

fn sheet(sheet: &Sheet) -> String {
    TextPage { lines: sheet.lines.clone(), ..TextPage::default() }.to_plain()
}

fn labels(controls: &[Control]) -> Vec<&str> {
    controls.iter().map(|control| control.label.as_str()).collect()
}

const DIALOG: &str = r#"<view><text>Before</text><dialog label="Filter drinks" trigger="Filter"><checkbox name="hot" label="Hot only"/><button closes on:tap="apply">Apply</button><button closes>Never mind</button></dialog><text>After</text></view>"#;

#[test]
fn a_dialog_is_a_button_and_a_sheet() {
    let mut screen = Screen::of(DIALOG);
    let closed = screen.page();
    assert_eq!(closed.to_plain(), "Before\n[ Filter ]\nAfter\n");
    assert_eq!((closed.sheets.len(), labels(&closed.controls)), (0, vec!["Filter"]));
    // What is in there is handed in all the same.
    let hidden: Vec<_> = closed.hidden.iter().map(|hidden| hidden.control.label.as_str()).collect();
    assert_eq!(hidden, ["Hot only", "Apply", "Never mind"]);

    screen.turn("Filter", 1);
    let open = screen.page();
    assert_eq!(open.to_plain(), closed.to_plain());
    let [dialog] = open.sheets.as_slice() else { panic!("{open:#?}") };
    assert_eq!((dialog.title.as_str(), open.hidden.len()), ("Filter drinks", 0));
    assert_eq!(sheet(dialog), "[ ] Hot only\n\n[ Apply ]\n[ Never mind ]\n");
    let used: Vec<_> = dialog.controls.iter().map(|control| (&control.action, control.closes)).collect();
    assert!(matches!(used[0], (Action::Edit(_), None)), "{used:?}");
    assert!(matches!(used[1], (Action::Press { .. }, Some(close)) if close == dialog.close), "{used:?}");
    assert!(matches!(used[2], (Action::Close { token: None }, Some(close)) if close == dialog.close), "{used:?}");

    screen.panels.turn(dialog.close);
    assert_eq!(screen.page(), closed);
    // The button alone opens it again.
    assert_eq!(closed.hidden[0].within, [Turn { shown: Some(dialog.close.key), ..dialog.close }]);
}

#[test]
fn a_dialog_says_what_is_sent_when_it_is_closed() {
    let mut screen = Screen::of(&DIALOG.replace("<dialog ", r#"<dialog on:close="closed" "#));
    screen.turn("Filter", 1);
    let page = screen.page();
    let [dialog] = page.sheets.as_slice() else { panic!("{page:#?}") };
    let tree = screen.sample.tree();
    let told = dialog.token.and_then(|token| offers(&tree, &token_key()).handlers.remove(&token));
    assert_eq!(told.map(|offer| offer.message), Some(&b"closed"[..]));
    // Whatever only closes tells it; what is pressed says so itself.
    let actions: Vec<_> = dialog.controls.iter().map(|control| &control.action).collect();
    assert!(matches!(actions[1], Action::Press { token } if Some(*token) != dialog.token), "{actions:?}");
    assert!(matches!(actions[2], Action::Close { token } if *token == dialog.token), "{actions:?}");
}

#[test]
fn a_program_opens_a_dialog_and_the_user_closes_it() {
    let mut screen = Screen::of(r#"<dialog label="News" trigger="What is new" open><text>Tea</text></dialog>"#);
    assert_eq!(screen.page().sheets.len(), 1);
    screen.turn("What is new", 1);
    assert_eq!(screen.page().sheets.len(), 0);
    let page = screen.page();
    screen.panels.retain(&page);
    assert_eq!(screen.page().sheets.len(), 0, "the same view changes nothing");
}

#[test]
fn a_dialog_lies_over_the_one_that_it_stands_in() {
    let mut screen = Screen::of(
        r#"<dialog label="Outer" trigger="Out"><dialog label="Inner" trigger="In"><input name="a" label="A"/></dialog></dialog>"#,
    );
    screen.turn("Out", 1);
    screen.turn("In", 1);
    let page = screen.page();
    let titles: Vec<_> = page.sheets.iter().map(|sheet| sheet.title.as_str()).collect();
    assert_eq!(titles, ["Outer", "Inner"]);
    // Closing the outer one leaves none; the way to the field is through both.
    screen.panels.turn(page.sheets[0].close);
    let page = screen.page();
    assert_eq!(page.sheets.len(), 0);
    assert_eq!(page.all_controls().filter(|control| matches!(control.action, Action::Edit(_))).count(), 1);
}

#[test]
fn a_disclosure_unfolds() {
    let mut screen = Screen::of(
        r#"<view><disclosure label="Allergens"><text>Milk</text><text>Nuts</text></disclosure><disclosure label="Terms" open><text>None</text></disclosure></view>"#,
    );
    assert_eq!(screen.plain(), "▸ Allergens\n▾ Terms\n  None\n");
    screen.turn("Allergens", 1);
    screen.turn("Terms", 1);
    assert_eq!(screen.plain(), "▾ Allergens\n  Milk\n  Nuts\n▸ Terms\n");
    let area = screen.page().controls[1].area;
    assert_eq!(area, Area { line: 3, column: 0, width: 7, height: 1 });
}

const TABS: &str = r#"<tabs label="Menu"><tab label="Hot"><text>Latte</text></tab><tab label="冷饮"><disclosure label="Ice"><input name="a" label="How much"/></disclosure></tab></tabs>"#;

#[test]
fn one_tab_is_shown_and_the_names_of_all() {
    let mut screen = Screen::of(TABS);
    assert_eq!(screen.plain(), "[Hot]  冷饮\nLatte\n");
    screen.turn("Menu", 1);
    assert_eq!(screen.plain(), " Hot  [冷饮]\n▸ Ice\n");
    let page = screen.page();
    let Action::Panel(tabs) = &page.controls[0].action else { panic!("{page:#?}") };
    let areas: Vec<_> = tabs.tabs.iter().map(|tab| (tab.area.column, tab.area.width)).collect();
    assert_eq!(areas, [(0, 5), (6, 6)], "each stays in its place");
    screen.turn("Menu", 1);
    assert_eq!(screen.plain(), "[Hot]  冷饮\nLatte\n", "round and round");
}

#[test]
fn the_view_says_which_tab_is_first() {
    let screen = Screen::of(&TABS.replace(r#"<tab label="冷饮">"#, r#"<tab label="冷饮" selected>"#));
    assert_eq!(screen.plain(), " Hot  [冷饮]\n▸ Ice\n");
    assert_eq!(Screen::of(r#"<view><text>a</text><tabs label="None"/></view>"#).plain(), "a\n");
}

#[test]
fn the_way_to_what_is_hidden_leads_from_the_outside_in() {
    let mut screen = Screen::of(TABS);
    let page = screen.page();
    let field = page.hidden.iter().find(|hidden| matches!(hidden.control.action, Action::Edit(_))).unwrap();
    assert_eq!(field.within.len(), 2);
    screen.panels.turn(field.within[0]);
    assert_eq!(screen.plain(), " Hot  [冷饮]\n▸ Ice\n");
    screen.panels.turn(field.within[1]);
    assert_eq!(screen.plain(), format!(" Hot  [冷饮]\n▾ Ice\n  How much\n  [{}]\n", " ".repeat(36)));
}

#[test]
fn whoever_reads_once_reads_everything() {
    assert_eq!(
        plain(DIALOG, 40),
        "Before\n[ Filter ]\n│ Filter drinks\n│ [ ] Hot only\n│\n│ [ Apply ]\n│ [ Never mind ]\nAfter\n"
    );
    assert_eq!(
        plain(TABS, 40),
        format!(
            "[Hot]\n  Latte\n[冷饮]\n  ▾ Ice\n    How much\n    [{}]\n    ! Not <b>good</b> enough\n",
            " ".repeat(34)
        )
    );
    // The same, whatever the view has opened.
    let open = DIALOG.replace("<dialog ", "<dialog open ");
    assert_eq!(plain(&open, 40), plain(DIALOG, 40));
}
