use super::*;
use crate::view::sample::{Sample, token_key};
use crate::view::overlay::Draft;
struct Plain;
impl Addresses for Plain {
    fn asset(&self, out: &mut String, path: &str) -> bool { out.push_str("/tmp/demo/"); out.push_str(path); true }
    fn page(&self, out: &mut String, route: &str, query: &str) { out.push_str(route); out.push('?'); out.push_str(query); }
}
#[test]
fn demo() {
    for name in ["menu", "product", "cart", "checkout", "misc"] {
        let markup = std::fs::read_to_string(format!("/tmp/demo/{name}.view")).unwrap();
        let sample = Sample::of(&markup);
        let tree = sample.tree();
        let key = token_key();
        let offers = crate::view::offers::offers(&tree, &key);
        let mut overlay = Overlay::default();
        for field in &offers.fields {
            if field.name == Some("name") { overlay.errors.insert(field.key, "Please tell us your name, so that we can call you.".into());
             overlay.drafts.insert(field.key, Draft { belief: field.value.clone(), typed: "A".into() }); }
            if field.name == Some("time") { overlay.errors.insert(field.key, "We open at 8:00.".into()); }
        }
        let words = Words::default();
        let pre: Vec<_> = sample.templates.as_slice().iter().map(Prerendered::new).collect();
        let mut body = String::new();
        write(&mut body, &tree, &pre, &HtmlContext { token_key: &key, addresses: &Plain, overlay: &overlay, words: &words });
        for dark in [false, true] {
            let style = if dark { crate::render::STYLE.replace("(prefers-color-scheme: dark)", "all") } else { crate::render::STYLE.into() };
            let page = format!("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'><style>body{{margin:0;background:{};--mp-accent:#7b4a2d}}{style}</style><body><form><div class=mp-page>{body}</div></form>", if dark {"#131416"} else {"#f5f5f3"});
            std::fs::write(format!("/tmp/demo/{name}{}.html", if dark {"-dark"} else {""}), page).unwrap();
        }
        let text = crate::render::text::layout(&tree, &crate::render::text::TextContext { width: 80, token_key: &key, overlay: &overlay, words: &words });
        std::fs::write(format!("/tmp/demo/{name}.txt"), text.to_plain()).unwrap();
    }
}
