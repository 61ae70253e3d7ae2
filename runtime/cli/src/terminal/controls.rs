//! What the controls of a page mean, as far as it can be said without the host:
//! which option comes next, what a form hands in, what is posted.

use std::collections::BTreeMap;

use mprun_core::{
    render::text::{Action, Control, FieldControl, TextPage, Turn},
    view::{
        identity::{FieldKey, Token},
        overlay::Draft,
    },
};
use mprun_frame::element::Element;

/// The field, if the control is one.
pub(crate) fn field_of(control: &Control) -> Option<&FieldControl> {
    match &control.action {
        Action::Edit(field) => Some(field),
        _ => None,
    }
}

/// Whether letters go into the control.
pub(crate) fn is_typed_into(control: &Control) -> bool {
    field_of(control).is_some_and(|field| matches!(field.element, Element::Input | Element::Textarea))
}

/// The key that quits: in a field that is typed into, `q` is a letter.
pub(crate) fn quit_key(focused: Option<&Control>) -> &'static str {
    if focused.is_some_and(is_typed_into) { "Ctrl-C" } else { "q" }
}

/// Whether something was typed that the program does not have.
pub(crate) fn are_unsent(drafts: &BTreeMap<FieldKey, Draft>) -> bool {
    drafts.values().any(|draft| draft.typed != draft.belief)
}

/// The value of the option so many steps further, round and round; disabled ones
/// are passed over. Where nothing is chosen yet, it begins at the near end.
pub(crate) fn option_after(field: &FieldControl, steps: isize) -> Option<String> {
    let open: Vec<_> = field.options.iter().filter(|option| !option.disabled).collect();
    let count = isize::try_from(open.len()).ok().filter(|count| *count > 0)?;
    let current = open.iter().position(|option| option.value == field.shown);
    let next = match current.and_then(|position| isize::try_from(position).ok()) {
        Some(current) => (current + steps).rem_euclid(count),
        None if steps > 0 => 0,
        None => count - 1,
    };
    open.get(usize::try_from(next).ok()?).map(|option| option.value.clone())
}

/// The number of a slider so many steps further, as far as there are any.
pub(crate) fn number_after(field: &FieldControl, steps: isize) -> Option<String> {
    let range = field.range?;
    let now = field.shown.parse().unwrap_or(range.min);
    let way = i64::try_from(steps).ok()?.saturating_mul(range.step);
    Some(range.nearest(now.saturating_add(way)).to_string())
}

/// What hands in the form that `field` belongs to: its first button that does,
/// wherever it stands.
pub(crate) fn submit_of(page: &TextPage, field: &FieldControl) -> Option<Token> {
    let form = field.form?;
    page.all_controls().find_map(|control| match control.action {
        Action::Submit { token, form: its } if its == form => Some(token),
        _ => None,
    })
}

/// All fields of the page, whatever is shown of it, as a browser posts them: a
/// choice that was not made is not there.
pub(crate) fn posted(page: &TextPage) -> Vec<(String, String)> {
    let made = |field: &&FieldControl| {
        field.options.is_empty() || field.options.iter().any(|option| option.value == field.shown)
    };
    let fields = page.all_controls().filter_map(field_of).filter(made);
    fields.map(|field| (field.key.input_name(), field.shown.clone())).collect()
}

/// The first of these that is a field with something wrong.
pub(crate) fn first_error(controls: &[Control]) -> Option<usize> {
    controls.iter().position(is_wrong)
}

/// What has to be opened for the first field with something wrong to be seen;
/// nothing if none is hidden.
pub(crate) fn way_to_error(page: &TextPage) -> Vec<Turn> {
    let hidden = page.hidden.iter().find(|hidden| is_wrong(&hidden.control));
    hidden.map(|hidden| hidden.within.clone()).unwrap_or_default()
}

fn is_wrong(control: &Control) -> bool {
    field_of(control).is_some_and(|field| field.error.is_some())
}

#[cfg(test)]
mod tests {
    use mprun_core::{
        render::text::{Area, Hidden, OptionControl},
        view::field::Range,
    };

    use super::*;

    fn field(element: Element, shown: &str, options: &[(&str, bool)]) -> FieldControl {
        let option = |(value, disabled): &(&str, bool)| OptionControl {
            value: (*value).to_owned(),
            label: value.to_uppercase(),
            disabled: *disabled,
            area: None,
        };
        FieldControl {
            key: "000000000000".parse().unwrap(),
            element,
            input_type: String::new(),
            form: None,
            belief: String::new(),
            shown: shown.to_owned(),
            change: None,
            input: None,
            range: None,
            maxlength: None,
            required: false,
            options: options.iter().map(option).collect(),
            error: None,
        }
    }

    fn control(field: FieldControl) -> Control {
        let action = Action::Edit(field);
        Control { action, label: String::new(), area: Area::default(), primary: false, closes: None }
    }

    fn page(fields: Vec<FieldControl>) -> TextPage {
        TextPage { controls: fields.into_iter().map(control).collect(), ..TextPage::default() }
    }

    #[test]
    fn a_slider_goes_by_its_steps_and_no_further() {
        for (shown, steps, next) in
            [("0", 1, "5"), ("5", -1, "0"), ("-5", -1, "-5"), ("5", 1, "5"), ("0", -9, "-5"), ("?", 1, "0")]
        {
            let mut slider = field(Element::Slider, shown, &[]);
            assert_eq!(number_after(&slider, steps), None);
            slider.range = Some(Range { min: -5, max: 9, step: 5 });
            assert_eq!(number_after(&slider, steps).as_deref(), Some(next), "{shown} {steps}");
        }
    }

    #[test]
    fn what_is_not_shown_is_posted_and_handed_in() {
        let hidden = |control| Hidden { control, within: Vec::new() };
        let mut page = page(vec![field(Element::Input, "seen", &[])]);
        page.hidden.push(hidden(control(field(Element::Input, "not seen", &[]))));
        let values: Vec<_> = posted(&page).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["seen", "not seen"]);
    }

    #[test]
    fn options_go_round_and_closed_ones_are_passed_over() {
        let options = [("a", false), ("b", true), ("c", false)];
        for (shown, steps, next) in
            [("a", 1, "c"), ("c", 1, "a"), ("a", -1, "c"), ("", 1, "a"), ("", -1, "c"), ("b", 1, "a")]
        {
            let picker = field(Element::Picker, shown, &options);
            assert_eq!(option_after(&picker, steps).as_deref(), Some(next), "{shown} {steps}");
        }
        assert_eq!(option_after(&field(Element::Picker, "", &[("a", true)]), 1), None);
    }

    #[test]
    fn what_was_not_chosen_is_not_posted() {
        let options = [("a", false)];
        let page = page(vec![
            field(Element::Input, "", &[]),
            field(Element::RadioGroup, "", &options),
            field(Element::Picker, "a", &options),
        ]);
        let values: Vec<_> = posted(&page).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["", "a"]);
        assert!(posted(&page)[0].0.starts_with("f."));
    }

    #[test]
    fn in_a_field_another_key_quits() {
        let page = page(vec![
            field(Element::Input, "", &[]),
            field(Element::Textarea, "", &[]),
            field(Element::Picker, "", &[]),
        ]);
        let keys: Vec<_> = page.controls.iter().map(|control| quit_key(Some(control))).collect();
        assert_eq!(keys, ["Ctrl-C", "Ctrl-C", "q"]);
        assert_eq!(quit_key(None), "q");
    }

    #[test]
    fn what_was_typed_and_taken_back_is_not_unsent() {
        let drafts = |texts: &[(&str, &str)]| -> BTreeMap<FieldKey, Draft> {
            let draft = |(at, (belief, typed)): (usize, &(&str, &str))| {
                let key: FieldKey = format!("{at:012}").parse().unwrap();
                (key, Draft { belief: (*belief).to_owned(), typed: (*typed).to_owned() })
            };
            texts.iter().enumerate().map(draft).collect()
        };
        assert!(!are_unsent(&drafts(&[])));
        assert!(!are_unsent(&drafts(&[("", ""), ("1", "1")])));
        assert!(are_unsent(&drafts(&[("", ""), ("1", "2")])));
    }

    #[test]
    fn the_first_wrong_field_is_found() {
        let mut wrong = field(Element::Input, "", &[]);
        wrong.error = Some("please fill this in".into());
        let mut page = page(vec![field(Element::Input, "", &[]), wrong.clone()]);
        assert_eq!(first_error(&page.controls), Some(1));
        assert_eq!(first_error(&[]), None);
        // Where it is hidden, the way to it is known.
        assert_eq!(way_to_error(&page), []);
        let key = wrong.key;
        let turn = Turn { key, belief: None, shown: Some(key) };
        page.hidden.push(Hidden { control: control(wrong), within: vec![turn] });
        assert_eq!(way_to_error(&page), [turn]);
    }
}
