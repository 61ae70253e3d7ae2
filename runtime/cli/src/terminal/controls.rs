//! What the controls of a page mean, as far as it can be said without the host:
//! which option comes next, what a form hands in, what is posted.

use std::collections::BTreeMap;

use mprun_core::{
    render::text::{Action, Control, FieldControl, TextPage},
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

/// What hands in the form that `field` belongs to: its first button that does.
pub(crate) fn submit_of(page: &TextPage, field: &FieldControl) -> Option<Token> {
    let form = field.form?;
    page.controls.iter().find_map(|control| match control.action {
        Action::Submit { token, form: its } if its == form => Some(token),
        _ => None,
    })
}

/// All fields of the page, as a browser posts them: a choice that was not made is
/// not there.
pub(crate) fn posted(page: &TextPage) -> Vec<(String, String)> {
    let made = |field: &&FieldControl| {
        field.options.is_empty() || field.options.iter().any(|option| option.value == field.shown)
    };
    let fields = page.controls.iter().filter_map(field_of).filter(made);
    fields.map(|field| (field.key.input_name(), field.shown.clone())).collect()
}

/// The first field that something is wrong with.
pub(crate) fn first_error(page: &TextPage) -> Option<usize> {
    page.controls.iter().position(|control| field_of(control).is_some_and(|field| field.error.is_some()))
}

#[cfg(test)]
mod tests {
    use mprun_core::render::text::{Area, OptionControl};

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
            maxlength: None,
            required: false,
            options: options.iter().map(option).collect(),
            error: None,
        }
    }

    fn page(fields: Vec<FieldControl>) -> TextPage {
        let control = |field| Control {
            action: Action::Edit(field),
            label: String::new(),
            area: Area::default(),
            primary: false,
        };
        TextPage { lines: Vec::new(), controls: fields.into_iter().map(control).collect() }
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
        assert_eq!(first_error(&page(vec![field(Element::Input, "", &[]), wrong])), Some(1));
        assert_eq!(first_error(&page(Vec::new())), None);
    }
}
