//! Which properties, functions and units a style sheet may use. Everything that is
//! not in these lists is refused: what a browser learns tomorrow is not allowed
//! today. Not in them, on purpose: what reaches beyond the program's own elements
//! (`outline`, which is the host's ring around what has the focus; `all`; names
//! that the whole page shares, as of counters, containers, anchors and view
//! transitions), what loads or runs something (`image-set()`, `src()`,
//! `element()`, `paint()`, `expression()`, `behavior`), what reads the page
//! (`attr()`, `if()`), and what turns texts around (`direction`, `unicode-bidi`).

/// What the value of a property is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Words, numbers, colours and functions.
    Values,
    /// Those, and texts in quotes.
    Texts,
    /// Those, texts and pictures.
    Pictures,
    /// Values, texts and names of lines.
    Lines,
    /// Words and numbers, no large ones, and no functions, which could make some: a
    /// browser makes as many lines and columns as it is told to.
    Places,
    /// Values, and names of `@keyframes`.
    Animations,
    /// Only these words: `var()` could become another one.
    Words(&'static [&'static str]),
    /// What the author's own property is made of: values and texts.
    Own,
}

/// How the value of a property is written, for one that may be set.
pub(super) fn property(name: &str) -> Option<Takes> {
    let groups = [
        (VALUES, Takes::Values),
        (TEXTS, Takes::Texts),
        (PICTURES, Takes::Pictures),
        (LINES, Takes::Lines),
        (PLACES, Takes::Places),
        (ANIMATIONS, Takes::Animations),
    ];
    let closed = [("position", POSITIONS), ("display", DISPLAYS), ("cursor", CURSORS)];
    if let Some((_, words)) = closed.iter().find(|(known, _)| *known == name) {
        return Some(Takes::Words(words));
    }
    groups.into_iter().find(|(names, _)| names.binary_search(&name).is_ok()).map(|(_, takes)| takes)
}

/// The property that was probably meant.
pub(super) fn nearest_property(name: &str) -> Option<&'static str> {
    let all = [VALUES, TEXTS, PICTURES, LINES, PLACES, ANIMATIONS].into_iter().flatten().copied();
    nearest(name, all.chain(["position", "display", "cursor"]))
}

/// The one of `known` that differs least, if it differs little.
pub(super) fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let near = known.map(|known| (strsim::osa_distance(name, known), known));
    near.filter(|(distance, _)| *distance <= 2 && distance * 3 <= name.len()).min().map(|(_, known)| known)
}

/// Whether a function may stand in a value. `url()`, `var()` and `env()` have rules
/// of their own.
pub(super) fn is_function(name: &str) -> bool {
    FUNCTIONS.binary_search(&name).is_ok()
}

/// Whether a number may have this unit. `rpx` is ours, see `check`.
pub(super) fn is_unit(unit: &str) -> bool {
    UNITS.contains(&unit)
}

/// Whether a word in `animation` is no name of `@keyframes`.
pub(super) fn is_animation_word(word: &str) -> bool {
    ANIMATION_WORDS.contains(&word)
}

/// What `env()` may ask for.
pub(super) const ENVIRONMENT: &[&str] =
    &["safe-area-inset-bottom", "safe-area-inset-left", "safe-area-inset-right", "safe-area-inset-top"];

/// `fixed` and `sticky` would stay where the host's bars are. `inherit` too: what
/// lies around an element may be the host's.
const POSITIONS: &[&str] = &["absolute", "relative", "static"];

// The lists keep their lines: with a word on each they would be ten screens.
#[rustfmt::skip]
const DISPLAYS: &[&str] = &[
    "-webkit-box", "block", "contents", "flex", "flow-root", "grid", "inline", "inline-block", "inline-flex",
    "inline-grid", "list-item", "none", "table", "table-cell", "table-row",
];

#[rustfmt::skip]
const CURSORS: &[&str] = &[
    "auto", "col-resize", "crosshair", "default", "grab", "grabbing", "help", "move", "not-allowed", "pointer",
    "progress", "row-resize", "text", "wait", "zoom-in", "zoom-out",
];

#[rustfmt::skip]
const ANIMATION_WORDS: &[&str] = &[
    "alternate", "alternate-reverse", "auto", "backwards", "both", "ease", "ease-in", "ease-in-out", "ease-out",
    "end", "forwards", "infinite", "inherit", "initial", "jump-both", "jump-end", "jump-none", "jump-start", "linear",
    "none", "normal", "paused", "reverse", "revert", "revert-layer", "running", "start", "step-end", "step-start",
    "unset",
];

#[rustfmt::skip]
const ANIMATIONS: &[&str] = &[
    "animation", "animation-delay", "animation-direction", "animation-duration", "animation-fill-mode",
    "animation-iteration-count", "animation-name", "animation-play-state", "animation-timing-function",
];

#[rustfmt::skip]
const LINES: &[&str] = &[
    "grid", "grid-auto-columns", "grid-auto-flow", "grid-auto-rows", "grid-template", "grid-template-areas",
    "grid-template-columns", "grid-template-rows",
];

#[rustfmt::skip]
const PLACES: &[&str] = &[
    "column-count", "columns", "grid-area", "grid-column", "grid-column-end", "grid-column-start", "grid-row",
    "grid-row-end", "grid-row-start",
];

const PICTURES: &[&str] =
    &["background", "background-image", "list-style", "list-style-image", "list-style-type", "mask", "mask-image"];

#[rustfmt::skip]
const TEXTS: &[&str] = &[
    "content", "font", "font-family", "font-feature-settings", "font-language-override", "font-variation-settings",
    "hyphenate-character", "quotes", "text-emphasis", "text-emphasis-style", "text-overflow",
];

#[rustfmt::skip]
const VALUES: &[&str] = &[
    "-webkit-box-orient", "-webkit-line-clamp", "accent-color", "align-content", "align-items", "align-self",
    "aspect-ratio", "backdrop-filter", "backface-visibility", "background-attachment", "background-blend-mode",
    "background-clip", "background-color", "background-origin", "background-position", "background-position-x",
    "background-position-y", "background-repeat", "background-size", "block-size", "border", "border-block",
    "border-block-color", "border-block-end", "border-block-end-color", "border-block-end-style",
    "border-block-end-width", "border-block-start", "border-block-start-color", "border-block-start-style",
    "border-block-start-width", "border-block-style", "border-block-width", "border-bottom", "border-bottom-color",
    "border-bottom-left-radius", "border-bottom-right-radius", "border-bottom-style", "border-bottom-width",
    "border-collapse", "border-color", "border-end-end-radius", "border-end-start-radius", "border-inline",
    "border-inline-color", "border-inline-end", "border-inline-end-color", "border-inline-end-style",
    "border-inline-end-width", "border-inline-start", "border-inline-start-color", "border-inline-start-style",
    "border-inline-start-width", "border-inline-style", "border-inline-width", "border-left", "border-left-color",
    "border-left-style", "border-left-width", "border-radius", "border-right", "border-right-color",
    "border-right-style", "border-right-width", "border-spacing", "border-start-end-radius",
    "border-start-start-radius", "border-style", "border-top", "border-top-color", "border-top-left-radius",
    "border-top-right-radius", "border-top-style", "border-top-width", "border-width", "bottom",
    "box-decoration-break", "box-shadow", "box-sizing", "break-after", "break-before", "break-inside", "caption-side",
    "caret-color", "clear", "clip-path", "color", "color-scheme", "column-fill", "column-gap", "column-rule",
    "column-rule-color", "column-rule-style", "column-rule-width", "column-span", "column-width", "empty-cells",
    "filter", "flex", "flex-basis", "flex-direction", "flex-flow", "flex-grow", "flex-shrink", "flex-wrap", "float",
    "font-kerning", "font-optical-sizing", "font-size", "font-size-adjust", "font-stretch", "font-style",
    "font-variant", "font-variant-alternates", "font-variant-caps", "font-variant-east-asian",
    "font-variant-ligatures", "font-variant-numeric", "font-variant-position", "font-weight", "gap", "height",
    "hyphens", "image-rendering", "inline-size", "inset", "inset-block", "inset-block-end", "inset-block-start",
    "inset-inline", "inset-inline-end", "inset-inline-start", "isolation", "justify-content", "justify-items",
    "justify-self", "left", "letter-spacing", "line-break", "line-clamp", "line-height", "margin", "margin-block",
    "margin-block-end", "margin-block-start", "margin-bottom", "margin-inline", "margin-inline-end",
    "margin-inline-start", "margin-left", "margin-right", "margin-top", "mask-clip", "mask-composite", "mask-mode",
    "mask-origin", "mask-position", "mask-repeat", "mask-size", "max-block-size", "max-height", "max-inline-size",
    "max-width", "min-block-size", "min-height", "min-inline-size", "min-width", "mix-blend-mode", "object-fit",
    "object-position", "opacity", "order", "overflow", "overflow-block", "overflow-inline", "overflow-wrap",
    "overflow-x", "overflow-y", "overscroll-behavior", "overscroll-behavior-x", "overscroll-behavior-y", "padding",
    "padding-block", "padding-block-end", "padding-block-start", "padding-bottom", "padding-inline",
    "padding-inline-end", "padding-inline-start", "padding-left", "padding-right", "padding-top", "perspective",
    "perspective-origin", "place-content", "place-items", "place-self", "pointer-events", "right", "rotate",
    "row-gap", "scale", "scroll-behavior", "scroll-margin", "scroll-margin-block", "scroll-margin-bottom",
    "scroll-margin-inline", "scroll-margin-left", "scroll-margin-right", "scroll-margin-top", "scroll-padding",
    "scroll-padding-block", "scroll-padding-bottom", "scroll-padding-inline", "scroll-padding-left",
    "scroll-padding-right", "scroll-padding-top", "scroll-snap-align", "scroll-snap-stop", "scroll-snap-type",
    "scrollbar-color", "scrollbar-gutter", "scrollbar-width", "tab-size", "table-layout", "text-align",
    "text-align-last", "text-combine-upright", "text-decoration", "text-decoration-color", "text-decoration-line",
    "text-decoration-skip-ink", "text-decoration-style", "text-decoration-thickness", "text-emphasis-color",
    "text-emphasis-position", "text-indent", "text-justify", "text-orientation", "text-shadow", "text-transform",
    "text-underline-offset", "text-underline-position", "text-wrap", "text-wrap-mode", "text-wrap-style", "top",
    "transform", "transform-box", "transform-origin", "transform-style", "transition", "transition-delay",
    "transition-duration", "transition-property", "transition-timing-function", "translate", "user-select",
    "vertical-align", "visibility", "white-space", "white-space-collapse", "width", "word-break", "word-spacing",
    "writing-mode", "z-index",
];

#[rustfmt::skip]
const FUNCTIONS: &[&str] = &[
    "abs", "blur", "brightness", "calc", "circle", "clamp", "color", "color-mix", "conic-gradient", "contrast",
    "cubic-bezier", "drop-shadow", "ellipse", "fit-content", "grayscale", "hsl", "hsla", "hue-rotate", "hwb", "inset",
    "invert", "lab", "lch", "light-dark", "linear", "linear-gradient", "matrix", "matrix3d", "max", "min", "minmax",
    "oklab", "oklch", "opacity", "perspective", "polygon", "radial-gradient", "repeat", "repeating-conic-gradient",
    "repeating-linear-gradient", "repeating-radial-gradient", "rgb", "rgba", "rotate", "rotate3d", "rotatex",
    "rotatey", "rotatez", "round", "saturate", "scale", "scale3d", "scalex", "scaley", "scalez", "sepia", "skew",
    "skewx", "skewy", "steps", "translate", "translate3d", "translatex", "translatey", "translatez",
];

const UNITS: &[&str] = &[
    "cap", "ch", "cm", "deg", "dpcm", "dpi", "dppx", "dvh", "dvw", "em", "ex", "fr", "grad", "ic", "in", "lh", "lvh",
    "lvw", "mm", "ms", "pc", "pt", "px", "q", "rad", "rem", "rlh", "s", "svh", "svw", "turn", "vb", "vh", "vi", "vmax",
    "vmin", "vw", "x",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_in_lower_case() {
        for list in [ANIMATIONS, LINES, PLACES, PICTURES, TEXTS, VALUES, FUNCTIONS] {
            assert!(list.is_sorted_by(|a, b| a < b), "{list:?}");
            assert!(list.iter().all(|name| !name.contains(|c: char| c.is_ascii_uppercase())), "{list:?}");
        }
    }

    #[test]
    fn a_property_is_in_one_list() {
        let all: Vec<_> = [VALUES, TEXTS, PICTURES, LINES, PLACES, ANIMATIONS].concat();
        let names: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(names.len(), all.len());
        for name in &all {
            assert!(property(name).is_some(), "{name}");
        }
        assert_eq!(property("position"), Some(Takes::Words(POSITIONS)));
    }

    /// Each of these could leave the program's part of the page, load something, or
    /// fool somebody.
    #[test]
    fn what_must_not_be_set_is_not_in_the_lists() {
        for name in [
            "all",
            "anchor-name",
            "appearance",
            "behavior",
            "binding",
            "-moz-binding",
            "contain",
            "container",
            "container-name",
            "content-visibility",
            "counter-increment",
            "counter-reset",
            "counter-set",
            "direction",
            "outline",
            "outline-color",
            "outline-offset",
            "outline-style",
            "outline-width",
            "overlay",
            "position-anchor",
            "position-area",
            "position-try",
            "resize",
            "shape-outside",
            "src",
            "syntax",
            "unicode-bidi",
            "view-transition-name",
            "will-change",
            "zoom",
            "-webkit-mask-image",
            "border-image",
            "border-image-source",
            "offset-path",
            "scroll-timeline",
            "timeline-scope",
            "interactivity",
        ] {
            assert_eq!(property(name), None, "{name}");
        }
        for name in [
            "attr",
            "counter",
            "counters",
            "cross-fade",
            "element",
            "env",
            "expression",
            "image",
            "image-set",
            "if",
            "paint",
            "path",
            "src",
            "toggle",
            "url",
            "var",
            "-webkit-image-set",
            "anchor",
            "anchor-size",
            "shape",
        ] {
            assert!(!is_function(name), "{name}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_seen() {
        assert_eq!(nearest_property("colour"), Some("color"));
        assert_eq!(nearest_property("postion"), Some("position"));
        assert_eq!(nearest_property("behavior"), None);
    }
}
