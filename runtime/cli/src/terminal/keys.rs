//! Decides which key does what, on a page and where there is none. Letters go
//! into a field that is typed into before they mean anything else.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::terminal::{
    desk::{Desk, Then},
    edit::Step,
    focus::Arrow,
};

/// What a key does. `None` ends the program.
pub(super) fn press(desk: &mut Desk, is_problem: bool, key: KeyEvent) -> Option<Then> {
    let is_warned = desk.forget_hint();
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    match key.code {
        KeyCode::Char('c') if control => return None,
        KeyCode::Char('q') if !control && !alt && !desk.is_typing() => {
            return (!desk.quits(is_warned)).then_some(Then::Nothing);
        }
        _ => {}
    }
    if is_problem {
        return Some(without_page(desk, key.code));
    }
    if desk.is_typing()
        && let Some(then) = typing(desk, key.code, control, alt)
    {
        return Some(then);
    }
    Some(match key.code {
        KeyCode::Tab => desk.tab(true),
        KeyCode::BackTab => desk.tab(false),
        KeyCode::Up => desk.arrow(Arrow::Up),
        KeyCode::Down => desk.arrow(Arrow::Down),
        KeyCode::Left => desk.arrow(Arrow::Left),
        KeyCode::Right => desk.arrow(Arrow::Right),
        KeyCode::Enter => desk.enter(),
        KeyCode::Char(' ') => desk.space(),
        KeyCode::Char('r') if !control && !alt => desk.refresh(),
        KeyCode::Char(digit @ '1'..='9') if !control && !alt => {
            digit.to_digit(10).map_or(Then::Nothing, |number| Then::Tab(number as usize))
        }
        KeyCode::Esc => desk.escape(),
        KeyCode::PageDown => desk.scroll_page(1),
        KeyCode::PageUp => desk.scroll_page(-1),
        KeyCode::Home => desk.scroll_page(isize::MIN),
        KeyCode::End => desk.scroll_page(isize::MAX),
        _ => Then::Nothing,
    })
}

/// Keys where an explanation stands in the place of the page.
fn without_page(desk: &mut Desk, key: KeyCode) -> Then {
    match key {
        KeyCode::Enter | KeyCode::Char(' ') => Then::Refresh,
        KeyCode::Esc | KeyCode::Backspace => Then::Leave,
        KeyCode::PageDown | KeyCode::Down => desk.scroll_page(1),
        KeyCode::PageUp | KeyCode::Up => desk.scroll_page(-1),
        _ => Then::Nothing,
    }
}

/// Keys that change the text of a field, as terminals' line editors know them;
/// `None` for the others.
fn typing(desk: &mut Desk, key: KeyCode, control: bool, alt: bool) -> Option<Then> {
    let word = control || alt;
    match key {
        KeyCode::Char('a') if control => desk.go(Step::Home),
        KeyCode::Char('e') if control => desk.go(Step::End),
        KeyCode::Char('b') if alt => desk.go(Step::WordLeft),
        KeyCode::Char('f') if alt => desk.go(Step::WordRight),
        KeyCode::Char('w') if control => desk.remove(Step::WordLeft),
        KeyCode::Char('u') if control => desk.remove(Step::Home),
        KeyCode::Char('k') if control => desk.remove(Step::End),
        KeyCode::Char('h') if control => desk.remove(Step::Left),
        KeyCode::Char('d') if control => desk.remove(Step::Right),
        KeyCode::Char(_) if word => {}
        KeyCode::Char(c) => return Some(desk.insert(c.encode_utf8(&mut [0; 4]))),
        KeyCode::Backspace => desk.remove(if word { Step::WordLeft } else { Step::Left }),
        KeyCode::Delete => desk.remove(if word { Step::WordRight } else { Step::Right }),
        KeyCode::Left => desk.go(if word { Step::WordLeft } else { Step::Left }),
        KeyCode::Right => desk.go(if word { Step::WordRight } else { Step::Right }),
        KeyCode::Home => desk.go(Step::Home),
        KeyCode::End => desk.go(Step::End),
        KeyCode::Up if desk.go_line(Step::Up) => {}
        KeyCode::Down if desk.go_line(Step::Down) => {}
        _ => return None,
    }
    Some(Then::Nothing)
}
