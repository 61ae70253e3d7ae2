//! What there is to show: every element, the page that shows it and what it
//! takes. A test compares this with the SDK's own table, so that the gallery
//! cannot fall behind.

/// One element.
#[derive(Debug)]
pub struct Element {
    /// The page that shows it.
    pub page: &'static str,
    /// What authors write.
    pub name: &'static str,
    /// Its attributes and events.
    pub takes: &'static str,
}

/// What the element called `name` takes; nothing if there is none.
pub fn takes(name: &str) -> &'static str {
    ELEMENTS.iter().find(|element| element.name == name).map_or("", |element| element.takes)
}

const fn element(page: &'static str, name: &'static str, takes: &'static str) -> Element {
    Element { page, name, takes }
}

/// All of them, in the order in which they are shown.
#[rustfmt::skip]
pub const ELEMENTS: &[Element] = &[
    element("text", "text", "grow tone size strong live class"),
    element("text", "heading", "grow level class"),
    element("text", "rich-text", "grow tone size live class"),
    element("text", "span", "to tone strong class emphasis code"),
    element("text", "icon", "label tone size class type"),
    element("layout", "view", "layout gap align justify surface grow label to class on:tap on:refresh on:reach-bottom"),
    element("layout", "scroll-view", "layout gap label class scroll"),
    element("layout", "swiper", "label class"),
    element("layout", "swiper-item", "gap surface class"),
    element("layout", "list", "layout gap label ordered class on:reach-bottom"),
    element("layout", "list-item", "layout gap align justify surface label to class on:tap"),
    element("layout", "separator", "class"),
    element("media", "image", "src alt mode class"),
    element("actions", "button", "grow label type form-type disabled class closes on:tap"),
    element("actions", "navigator", "grow label to class"),
    element("actions", "dialog", "gap label class open trigger on:close"),
    element("actions", "disclosure", "gap label class open"),
    element("actions", "tabs", "label class"),
    element("actions", "tab", "gap label class selected"),
    element("fields", "form", "gap label class on:submit"),
    element("fields", "input", "grow label disabled name value type placeholder hint maxlength required class on:change on:input"),
    element("fields", "textarea", "grow label disabled name value placeholder hint maxlength required rows class on:change on:input"),
    element("fields", "picker", "grow label disabled name value hint required class on:change"),
    element("fields", "option", "disabled value"),
    element("fields", "radio-group", "layout label disabled name value hint required class on:change"),
    element("fields", "radio", "disabled value"),
    element("fields", "checkbox", "grow label disabled name hint required checked class on:change"),
    element("fields", "checkbox-group", "layout label hint class"),
    element("fields", "switch", "grow label disabled name hint checked class on:change"),
    element("fields", "slider", "grow label disabled name value hint class min max step on:change on:input"),
    element("data", "table", "label class"),
    element("data", "table-row", "class"),
    element("data", "table-cell", "align class scope"),
    element("data", "progress", "label percent class"),
];
