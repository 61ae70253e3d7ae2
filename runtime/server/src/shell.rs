//! Writes what stands around a program's view: everything that the host says
//! itself and that a program must not be able to fake or cover. What is the same
//! on all pages of one program is written once, when it is first asked for.
//!
//! The whole page is one form, so that no typed text is lost whatever is
//! pressed. Its first button is the one that browsers take when Enter is
//! pressed, which is why it stands before the title bar's.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use mprun_core::identity::{Digest, PageId};
use mprun_core::manifest::{ColorScheme, LocalText, Localized, Manifest};
use mprun_core::patch::ViewId;
use mprun_core::render::escape;
use mprun_core::style::Style;
use mprun_core::trust::Standing;
use mprun_host::{Direction, Place};

use crate::address::{PROGRAMS, address};
use crate::scripts::Scripts;
use crate::{locale, theme};

/// The longest wait that a page without script refreshes itself after, in
/// seconds. Whoever waits longer comes back by hand.
pub(crate) const REFRESH_S_MAX: u64 = 120;

/// The shell of one program's pages.
#[derive(Debug)]
pub(crate) struct Shell {
    digest: Digest,
    app_id: String,
    /// From the end of `<html …>` to the beginning of the title.
    head: String,
    /// What is said in the manifest's own texts, then in each of its languages.
    words: Vec<ShellWords>,
    /// Address of each asset, by its path.
    assets: HashMap<String, String>,
    /// The other way round.
    paths: HashMap<String, String>,
    /// Bytes of the page that was written last: a guess for the next one.
    page_bytes: AtomicUsize,
    /// The colours of the program, and its own style.
    pub(crate) style: String,
    /// The name of [`Shell::style`] in addresses.
    pub(crate) style_hash: String,
    /// Names what this shell brings to a page and what no change of a view changes:
    /// its head, the addresses of assets, title bar, tabs and footer, in all
    /// languages. The same for the same program; a page that has another one is of
    /// another version and has to be fetched again.
    skin: String,
}

/// What the shell says in one language.
#[derive(Debug)]
struct ShellWords {
    /// Which one of the manifest's `locales`; `None` for its own texts.
    locale: Option<String>,
    /// The program's name, escaped.
    name: String,
    /// The program's name.
    plain_name: String,
    /// Title, capsule and the end of the title bar.
    bar: String,
    footer: String,
    tabs: Vec<Tab>,
}

/// A link to one of the pages that are always there.
#[derive(Debug)]
struct Tab {
    route: String,
    /// The link up to where it may be said that this is the current page.
    open: String,
    rest: String,
}

/// What the shell says on one page.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    /// Which of the program's pages it is.
    pub(crate) route: &'a str,
    /// Which of the manifest's `locales` the shell speaks.
    pub(crate) locale: Option<&'a str>,
    /// The language of the text, a checked tag.
    pub(crate) lang: &'a str,
    /// `ltr`, `rtl` or `auto`.
    pub(crate) dir: &'a str,
    /// The first heading of the view.
    pub(crate) heading: Option<&'a str>,
    /// Whether that is the main one.
    pub(crate) has_main_heading: bool,
    /// How the form names a page that is not stored.
    pub(crate) recipe: Option<&'a str>,
    /// How it names one that is.
    pub(crate) id: Option<PageId>,
    /// Which rendering of it.
    pub(crate) nonce: &'a str,
    /// What it shows.
    pub(crate) base: ViewId,
    /// How often something was committed for this user in this program.
    pub(crate) revision: u64,
    /// What the links of the view say of the page.
    pub(crate) way: &'a str,
    /// Whether something may change it from outside.
    pub(crate) push: bool,
    /// Whether there is a page below.
    pub(crate) back: bool,
    /// Shown for a moment.
    pub(crate) toasts: &'a [String],
    /// Shown above the view.
    pub(crate) alert: Option<Alert<'a>>,
    /// When the browser should ask again.
    pub(crate) refresh: Option<Refresh>,
}

/// Something that the user has to know before going on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alert<'a> {
    /// `error` or `notice`.
    pub(crate) kind: &'static str,
    /// What to say.
    pub(crate) text: &'a str,
}

/// A page that changes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refresh {
    /// Seconds from now.
    pub(crate) after_s: u64,
    /// Where; the same address if `None`.
    pub(crate) address: Option<String>,
}

impl Refresh {
    /// A refresh when a timer is due, if that is soon enough to wait for. Rounded
    /// up, because a page that asks too early shows what it showed before.
    pub(crate) fn at(due_in_ms: u64, address: Option<String>) -> Option<Self> {
        let after_s = due_in_ms.div_ceil(1_000).max(1);
        (after_s <= REFRESH_S_MAX).then_some(Self { after_s, address })
    }
}

/// The tags that every page of this server has in its head.
pub(crate) fn push_head(out: &mut String, scheme: ColorScheme, style: &str) {
    let scheme = match scheme {
        ColorScheme::Auto => "light dark",
        ColorScheme::Light => "light",
        ColorScheme::Dark => "dark",
    };
    // Writing to a `String` cannot fail.
    let _ = write!(
        out,
        "<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"{scheme}\"><link rel=\"stylesheet\" href=\"{style}\">"
    );
}

/// Between what a page is and whose it is.
const BESIDE: &str = " · ";

/// Between who vouches for a program and the beginning of its digest.
const DIGEST: &str = ", ";

/// A cross, for closing.
const CROSS: &str = "<svg viewBox=\"0 0 24 24\" width=\"18\" height=\"18\" aria-hidden=\"true\"><path d=\"M5 5l14 14M19 5L5 19\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.2\" stroke-linecap=\"round\"/></svg>";

/// Says that nobody vouches for a program.
pub(crate) const UNSIGNED: &str = "<span class=\"mp-unsigned\" lang=\"en\" dir=\"ltr\" title=\"A development program: nobody has signed it\">unsigned</span>";

/// An arrow to the page below.
const BACK: &str = "<button class=\"mp-back\" type=\"submit\" name=\"_back\" value=\"1\" lang=\"en\" aria-label=\"Back\"><svg viewBox=\"0 0 24 24\" width=\"22\" height=\"22\" aria-hidden=\"true\"><path d=\"M15 4l-8 8 8 8\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.2\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/></svg></button>";

impl Shell {
    /// Prepares the shell of a program. `assets` are all of its files with their
    /// digests, `style` the address of the style sheet that all programs share,
    /// `scripts` those of the scripts, `sheet` the program's own style.
    pub(crate) fn new<'a>(
        manifest: &Manifest,
        digest: Digest,
        standing: &Standing,
        assets: impl Iterator<Item = (&'a str, Digest)>,
        style: &str,
        scripts: &Scripts,
        sheet: Option<&Style>,
    ) -> Self {
        let app_id = manifest.app_id.as_str();
        let assets: HashMap<String, String> = assets
            .map(|(path, digest)| {
                let name = path.rsplit('/').next().unwrap_or(path);
                (path.to_owned(), format!("{PROGRAMS}{app_id}/_asset/{digest}/{name}"))
            })
            .collect();
        let paths = assets.iter().map(|(path, address)| (address.clone(), path.clone())).collect();
        let mut colours = theme::css(&manifest.window);
        for (position, tab) in manifest.tab_bar.iter().flat_map(|bar| &bar.items).enumerate() {
            if let Some(icon) = tab.icon.as_ref().and_then(|icon| assets.get(icon.as_str())) {
                theme::push_tab_icon(&mut colours, position, icon);
            }
        }
        if let Some(sheet) = sheet {
            colours.push_str(&sheet.css(manifest.color_scheme, |path| assets.get(path).map(String::as_str)));
        }
        let style_hash = hash(&colours);
        let languages = manifest.locales.keys().map(|tag| manifest.localized(tag.as_str()));
        // A tag that is none is in no language: the manifest's own texts.
        let words = std::iter::once(manifest.localized("")).chain(languages);
        let words: Vec<_> = words.map(|texts| ShellWords::new(manifest, &texts, digest, standing)).collect();

        let mut head = String::with_capacity(1_024);
        push_head(&mut head, manifest.color_scheme, style);
        if !colours.is_empty() {
            let _ = write!(head, "<link rel=\"stylesheet\" href=\"{PROGRAMS}{app_id}/_style/{style_hash}.css\">");
        }
        if let Some(color) = manifest.window.navigation_bar_background_color {
            let _ = write!(head, "<meta name=\"theme-color\" content=\"{color}\">");
        }
        if let Some(icon) = manifest.icons.first().and_then(|icon| assets.get(icon.src.as_str())) {
            head.push_str("<link rel=\"icon\" href=\"");
            escape::push(&mut head, icon);
            head.push_str("\">");
        }
        for script in scripts.addresses() {
            let _ = write!(head, "<script src=\"{script}\" defer></script>");
        }
        head.push_str("<title>");
        let skin = skin(&head, &assets, &words);
        let (app_id, page_bytes) = (app_id.to_owned(), AtomicUsize::new(0));
        Self { digest, app_id, head, words, assets, paths, page_bytes, style: colours, style_hash, skin }
    }

    /// What a page says of the shell that it was written with.
    pub(crate) fn skin(&self) -> &str {
        &self.skin
    }

    /// Which bundle this shell is for.
    pub(crate) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The address of a file of the bundle.
    pub(crate) fn asset(&self, path: &str) -> Option<&str> {
        self.assets.get(path).map(String::as_str)
    }

    /// The file that has this address.
    pub(crate) fn path(&self, address: &str) -> Option<&str> {
        self.paths.get(address).map(String::as_str)
    }

    /// Writes a page. `view` writes the program's part.
    pub(crate) fn write(&self, page: &Page<'_>, view: impl FnOnce(&mut String)) -> String {
        let last = self.page_bytes.load(Ordering::Relaxed);
        let mut out = String::with_capacity((last + last / 8).clamp(4 * 1024, 1024 * 1024));
        self.push(&mut out, page, view);
        self.page_bytes.store(out.len(), Ordering::Relaxed);
        out
    }

    /// The title of a page's window.
    pub(crate) fn title(&self, locale: Option<&str>, heading: Option<&str>) -> String {
        let words = self.words.iter().find(|words| words.locale.as_deref() == locale).or(self.words.first());
        let name = words.map_or("", |words| words.plain_name.as_str());
        match heading.filter(|heading| *heading != name) {
            Some(heading) => format!("{}{BESIDE}{name}", escape::clean(heading)),
            None => name.to_owned(),
        }
    }

    fn push(&self, out: &mut String, page: &Page<'_>, view: impl FnOnce(&mut String)) {
        let Page { lang, dir, .. } = page;
        let in_language = self.words.iter().find(|words| words.locale.as_deref() == page.locale);
        let Some(words) = in_language.or(self.words.first()) else { return };
        let _ = write!(out, "<!doctype html>\n<html lang=\"{lang}\" dir=\"{dir}\">");
        out.push_str(&self.head);
        if let Some(heading) = page.heading {
            escape::push(out, heading);
            out.push_str(BESIDE);
        }
        out.push_str(&words.name);
        out.push_str("</title>");
        if let Some(Refresh { after_s, address }) = &page.refresh {
            // With script, the page is told.
            let _ = write!(out, "<noscript><meta http-equiv=\"refresh\" content=\"{after_s}");
            if let Some(address) = address {
                out.push_str(";url=");
                escape::push(out, address);
            }
            out.push_str("\"></noscript>");
        }
        let (app_id, revision) = (&self.app_id, page.revision);
        let _ = write!(
            out,
            "</head><body><form method=\"post\" id=\"mp\" novalidate data-app=\"{app_id}\" data-rev=\"{revision}\" data-way=\""
        );
        escape::push(out, page.way);
        out.push_str(if page.push { "\" data-push>" } else { "\">" });
        out.push_str(
            "<button class=\"mp-default\" type=\"submit\" name=\"_h\" value=\"\" tabindex=\"-1\" aria-hidden=\"true\"></button>",
        );
        match (page.recipe, page.id) {
            (Some(recipe), _) => push_hidden(out, "_recipe", recipe),
            (None, Some(id)) => {
                let _ = write!(out, "<input type=\"hidden\" name=\"_page\" value=\"{id}\">");
            }
            (None, None) => {}
        }
        push_hidden(out, "_nonce", page.nonce);
        let _ = write!(
            out,
            "<input type=\"hidden\" name=\"_seq\" value=\"0\"><input type=\"hidden\" name=\"_base\" value=\"{}\">\
             <input type=\"hidden\" name=\"_skin\" value=\"{}\"><header class=\"mp-bar\">",
            page.base, self.skin
        );
        if page.back {
            out.push_str(BACK);
        }
        // Every page has one main heading: its own, or what it is called.
        out.push_str(match page.has_main_heading {
            true => "<div class=\"mp-heading\">",
            false => "<div class=\"mp-heading\" role=\"heading\" aria-level=\"1\">",
        });
        out.push_str(&words.bar);
        // Outside of what a program can paint on.
        out.push_str("<div class=\"mp-alerts\">");
        if let Some(Alert { kind, text }) = page.alert {
            let _ = write!(out, "<div class=\"mp-alert mp-alert-{kind}\" role=\"alert\"><p>");
            escape::push(out, text);
            out.push_str("</p></div>");
        }
        out.push_str("</div><main class=\"mp-main\"><div class=\"mp-page\">");
        view(out);
        out.push_str("</div></main><div class=\"mp-toasts\" role=\"status\">");
        for toast in page.toasts {
            out.push_str("<p>");
            escape::push(out, toast);
            out.push_str("</p>");
        }
        out.push_str("</div></form>");
        out.push_str(&words.footer);
        words.push_tabs(out, page.route);
        out.push_str("</body></html>\n");
    }
}

impl ShellWords {
    fn new(manifest: &Manifest, texts: &Localized<'_>, digest: Digest, standing: &Standing) -> Self {
        // What the page is in where the host says so, see `pages`.
        let page = manifest.lang.as_deref().or(texts.locale());
        let name = escaped(texts.name().text);
        let named = match marks(texts.name(), page) {
            marks if marks.is_empty() => name.clone(),
            marks => format!("<span{marks}>{name}</span>"),
        };

        let title = texts.title();
        let mut bar = format!("<p class=\"mp-title\"{}>", marks(title, page));
        escape::push(&mut bar, title.text);
        bar.push_str("</p>");
        if standing.is_development() {
            bar.push_str(UNSIGNED);
        }
        // Writing to a `String` cannot fail.
        let _ = write!(
            bar,
            "</div><a class=\"mp-close\" href=\"/\" lang=\"en\" aria-label=\"Close {name}\">{CROSS}</a></header>"
        );

        let short: String = digest.to_string().chars().take(12).collect();
        let signed = match standing {
            Standing::Signed { author, .. } => format!("signed by {}", escaped(author)),
            Standing::Development => "unsigned".to_owned(),
        };
        let footer = format!(
            "<footer class=\"mp-foot\"><p>{named} {version} <span class=\"mp-digest\" lang=\"en\">{signed}{DIGEST}{short}</span></p></footer>",
            version = escaped(&manifest.version.name),
        );

        let items = manifest.tab_bar.iter().flat_map(|bar| &bar.items).zip(texts.tabs()).enumerate();
        let tabs = items.map(|(position, (tab, said))| {
            let route = tab.page.as_str().to_owned();
            let address = address(manifest.app_id.as_str(), &Place::fresh(route.as_str(), Vec::new()));
            let icon = match tab.icon {
                Some(_) => format!("<span class=\"mp-tab-icon mp-tab-icon-{position}\"></span>"),
                None => String::new(),
            };
            let text = escaped(said.text);
            Tab {
                route,
                open: format!("<a class=\"mp-tab\" href=\"{address}\""),
                rest: format!(">{icon}<span class=\"mp-tab-text\"{}>{text}</span></a>", marks(said, page)),
            }
        });
        let plain_name = escape::clean(texts.name().text).into_owned();
        Self { locale: texts.locale().map(str::to_owned), name, plain_name, bar, footer, tabs: tabs.collect() }
    }

    /// Everything that is said, but for the digest: an author who saves a line does
    /// not want each page to be fetched again for that.
    fn parts(&self) -> impl Iterator<Item = &str> {
        let footer = self.footer.rsplit_once(DIGEST).map_or(self.footer.as_str(), |(said, _digest)| said);
        let tabs = self.tabs.iter().flat_map(|tab| [tab.open.as_str(), tab.rest.as_str()]);
        [self.name.as_str(), self.bar.as_str(), footer].into_iter().chain(tabs)
    }

    /// The tabs, on the pages that they lead to. Each opens its page anew, with
    /// nothing below: there is no way back from one tab to another.
    fn push_tabs(&self, out: &mut String, route: &str) {
        if !self.tabs.iter().any(|tab| tab.route == route) {
            return;
        }
        out.push_str("<nav class=\"mp-tabs\" aria-label=\"");
        out.push_str(&self.name);
        out.push_str("\">");
        for tab in &self.tabs {
            out.push_str(&tab.open);
            if tab.route == route {
                out.push_str(" aria-current=\"page\"");
            }
            out.push_str(&tab.rest);
        }
        out.push_str("</nav>");
    }
}

/// See [`Shell::skin`].
fn skin(head: &str, assets: &HashMap<String, String>, words: &[ShellWords]) -> String {
    let mut addresses: Vec<&str> = assets.values().map(String::as_str).collect();
    addresses.sort_unstable();
    let said = words.iter().flat_map(ShellWords::parts);
    let parts: Vec<&str> = std::iter::once(head).chain(addresses).chain(said).collect();
    hash(&parts.join("\n"))
}

/// Attributes that say which language a text is in, where it is another one than
/// the page's.
pub(crate) fn marks(said: LocalText<'_>, page: Option<&str>) -> String {
    match said.lang.filter(|lang| Some(*lang) != page) {
        Some(lang) => {
            let dir = match locale::direction(lang) {
                Direction::Ltr => "ltr",
                Direction::Rtl => "rtl",
            };
            format!(" lang=\"{lang}\" dir=\"{dir}\"")
        }
        None => String::new(),
    }
}

fn push_hidden(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, "<input type=\"hidden\" name=\"{name}\" value=\"");
    escape::push(out, value);
    out.push_str("\">");
}

/// A text, escaped.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape::push(&mut out, text);
    out
}

/// The name of a style sheet in its address: it changes with the content.
pub(crate) fn hash(content: &str) -> String {
    blake3::hash(content.as_bytes()).to_hex().chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell() -> Shell {
        let manifest = br##"{"app_id":"coffee","name":"Tom & Co","version":{"code":3,"name":"1.2.0"},
            "platform_version":{"min_code":1},"category":"food","icons":[{"src":"icon.svg"}],"pages":["menu"],
            "window":{"navigation_bar_title_text":"Tom's <bar>","navigation_bar_background_color":"#6b3f22"}}"##;
        let manifest = Manifest::parse(manifest).unwrap();
        let assets = [("icon.svg", Digest::of(b"i")), ("img/latte.svg", Digest::of(b"l"))];
        Shell::new(
            &manifest,
            Digest::of(b"bundle"),
            &Standing::Development,
            assets.into_iter(),
            "/_style/0.css",
            &Scripts::new(false),
            None,
        )
    }

    fn page() -> Page<'static> {
        Page {
            route: "menu",
            locale: None,
            lang: "en",
            dir: "ltr",
            heading: Some("Lattes & more"),
            has_main_heading: true,
            recipe: None,
            id: Some(PageId::from_bytes([1; 16])),
            nonce: "n\"1",
            base: "AAAAAAAAAAA".parse().unwrap(),
            revision: 7,
            way: "_from=a&_below=b",
            push: true,
            back: false,
            toasts: &[],
            alert: None,
            refresh: None,
        }
    }

    #[test]
    fn the_default_button_comes_before_every_other() {
        let html = shell().write(&Page { back: true, ..page() }, |out| out.push_str("<button name=\"_h\">"));
        let first = html.find("<button").unwrap();
        assert!(html[first..].starts_with("<button class=\"mp-default\" type=\"submit\" name=\"_h\" value=\"\""));
        assert!(html.find("name=\"_back\"").unwrap() > first);
        assert_eq!(html.matches("<form").count(), 1);
        assert!(!shell().write(&page(), |_| ()).contains("name=\"_back\""));
    }

    #[test]
    fn everything_that_is_not_the_hosts_is_escaped() {
        let toasts = ["<i>done</i>".to_owned()];
        let alert = Some(Alert { kind: "error", text: "<b>no</b>" });
        let html = shell().write(&Page { toasts: &toasts, alert, ..page() }, |out| out.push_str("VIEW"));
        for part in [
            "<title>Lattes &amp; more · Tom &amp; Co</title>",
            "<p class=\"mp-title\">Tom&#39;s &lt;bar&gt;</p>",
            "aria-label=\"Close Tom &amp; Co\"",
            "<div class=\"mp-alert mp-alert-error\" role=\"alert\"><p>&lt;b&gt;no&lt;/b&gt;</p></div>",
            "<main class=\"mp-main\"><div class=\"mp-page\">VIEW</div></main>",
            "role=\"status\"><p>&lt;i&gt;done&lt;/i&gt;</p></div></form>",
            "name=\"_nonce\" value=\"n&quot;1\"",
            "name=\"_page\" value=\"AQEBAQEBAQEBAQEBAQEBAQ\"",
            "<link rel=\"stylesheet\" href=\"/_style/0.css\">",
            "<link rel=\"stylesheet\" href=\"/miniapp/coffee/_style/",
            "<meta name=\"theme-color\" content=\"#6b3f22\">",
            "data-app=\"coffee\" data-rev=\"7\" data-way=\"_from=a&amp;_below=b\" data-push>",
            "name=\"_base\" value=\"AAAAAAAAAAA\"",
            "name=\"_skin\" value=\"",
            ".js\" defer></script><title>",
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        assert!(!html.contains("http-equiv"));
    }

    #[test]
    fn a_page_that_is_not_stored_carries_its_recipe() {
        let html = shell().write(&Page { recipe: Some("r"), ..page() }, |_| ());
        assert!(html.contains("name=\"_recipe\" value=\"r\"") && !html.contains("name=\"_page\""));
    }

    #[test]
    fn a_page_asks_again_when_a_timer_is_due_and_not_before() {
        assert_eq!(Refresh::at(0, None).map(|refresh| refresh.after_s), Some(1));
        assert_eq!(Refresh::at(1_001, None).map(|refresh| refresh.after_s), Some(2));
        assert_eq!(Refresh::at(120_000, None).map(|refresh| refresh.after_s), Some(120));
        assert_eq!(Refresh::at(120_001, None), None);
        let refresh = Refresh::at(4_100, Some("/miniapp/coffee/menu?a=1&_page=x".to_owned()));
        let html = shell().write(&Page { refresh, ..page() }, |_| ());
        assert!(html.contains(
            "<noscript><meta http-equiv=\"refresh\" content=\"5;url=/miniapp/coffee/menu?a=1&amp;_page=x\"></noscript>"
        ));
    }

    /// A program with tabs, one of them with a picture, in two languages.
    fn with_tabs(lang: &str) -> Shell {
        let manifest = format!(
            r#"{{"app_id":"coffee","name":"Tom & Co","version":{{"code":3,"name":"1.2.0"}},{lang}
            "platform_version":{{"min_code":1}},"category":"food","icons":[{{"src":"icon.svg"}}],
            "pages":["menu","cart","cart/line"],"tab_bar":{{"items":[
            {{"page":"menu","text":"Menu","icon":"tabs/menu.svg"}},{{"page":"cart","text":"<Cart>"}}]}},
            "locales":{{"zh-Hans":{{"name":"汤姆","tab_bar":["菜单","购物车"]}},"ar":{{"name":"توم"}}}}}}"#
        );
        let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        let assets = [("icon.svg", Digest::of(b"i")), ("tabs/menu.svg", Digest::of(b"m"))];
        Shell::new(
            &manifest,
            Digest::of(b"bundle"),
            &Standing::Development,
            assets.into_iter(),
            "/_style/0.css",
            &Scripts::new(false),
            None,
        )
    }

    #[test]
    fn tabs_are_links_on_the_pages_that_they_lead_to_and_on_no_others() {
        let shell = with_tabs(r#""lang":"en","#);
        let menu = shell.write(&page(), |out| out.push_str("VIEW"));
        let bar = "<nav class=\"mp-tabs\" aria-label=\"Tom &amp; Co\">\
             <a class=\"mp-tab\" href=\"/miniapp/coffee/menu\" aria-current=\"page\">\
             <span class=\"mp-tab-icon mp-tab-icon-0\"></span><span class=\"mp-tab-text\">Menu</span></a>\
             <a class=\"mp-tab\" href=\"/miniapp/coffee/cart\">\
             <span class=\"mp-tab-text\">&lt;Cart&gt;</span></a></nav></body></html>";
        assert!(menu.contains(bar), "{menu}");
        assert!(menu.find("</form>") < menu.find("<nav"), "outside of what a program fills");
        let cart = shell.write(&Page { route: "cart", ..page() }, |_| ());
        assert_eq!(cart.matches("aria-current").count(), 1);
        assert!(cart.contains("href=\"/miniapp/coffee/cart\" aria-current=\"page\""));
        let line = shell.write(&Page { route: "cart/line", ..page() }, |_| ());
        assert!(!line.contains("mp-tab") && line.ends_with("</footer></body></html>\n"), "{line}");
        let icon = shell.asset("tabs/menu.svg").unwrap();
        assert_eq!(shell.style, format!(".mp-tab-icon-0{{--mp-tab-icon:url(\"{icon}\")}}\n"));
        assert!(menu.contains("<link rel=\"stylesheet\" href=\"/miniapp/coffee/_style/"));
    }

    #[test]
    fn the_shell_speaks_the_languages_of_the_manifest_and_marks_them() {
        let write = |lang: &str, locale| with_tabs(lang).write(&Page { locale, ..page() }, |_| ());
        let chinese = write(r#""lang":"en","#, Some("zh-Hans"));
        for part in [
            "汤姆</title>",
            "<p class=\"mp-title\" lang=\"zh-Hans\" dir=\"ltr\">汤姆</p>",
            "aria-label=\"Close 汤姆\"",
            "<nav class=\"mp-tabs\" aria-label=\"汤姆\">",
            "<span class=\"mp-tab-text\" lang=\"zh-Hans\" dir=\"ltr\">购物车</span>",
            "<span lang=\"zh-Hans\" dir=\"ltr\">汤姆</span> 1.2.0",
        ] {
            assert!(chinese.contains(part), "{part}\n{chinese}");
        }
        let arabic = write(r#""lang":"en","#, Some("ar"));
        assert!(arabic.contains("<p class=\"mp-title\" lang=\"ar\" dir=\"rtl\">توم</p>"));
        assert!(arabic.contains("<span class=\"mp-tab-text\">Menu</span>"), "in English, as the page is");
        // Pages that follow the user's language are in it: nothing is to be marked.
        let follows = write("", Some("zh-Hans"));
        assert!(follows.contains("<p class=\"mp-title\">汤姆</p>") && follows.contains(">菜单</span>"));
        let unknown = write(r#""lang":"en","#, Some("fr"));
        assert!(unknown.contains("<p class=\"mp-title\">Tom &amp; Co</p>"));
    }

    #[test]
    fn a_skin_is_the_same_for_the_same_program_and_another_for_whatever_is_seen_of_it() {
        let skin = |title: &str, bundle: &str, latte: &str, dev: bool, css: &str| {
            let manifest = format!(
                r#"{{"app_id":"coffee","name":"Coffee","version":{{"code":1,"name":"1"}},
                "platform_version":{{"min_code":1}},"category":"food","icons":[{{"src":"icon.svg"}}],
                "pages":["menu","cart"],"window":{{"navigation_bar_title_text":"{title}"}},
                "tab_bar":{{"items":[{{"page":"menu","text":"Menu"}},{{"page":"cart","text":"Cart"}}]}}}}"#
            );
            let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
            let assets = [("icon.svg", Digest::of(b"i")), ("img/latte.svg", Digest::of(latte.as_bytes()))];
            let (scripts, sheet) = (Scripts::new(dev), Style::parse(css).unwrap());
            let (digest, standing) = (Digest::of(bundle.as_bytes()), Standing::Development);
            let (assets, style) = (assets.into_iter(), "/_style/0.css");
            let shell = Shell::new(&manifest, digest, &standing, assets, style, &scripts, Some(&sheet));
            assert!(shell.write(&page(), |_| ()).contains(&format!("name=\"_skin\" value=\"{}\">", shell.skin())));
            shell.skin().to_owned()
        };
        let first = skin("Bar", "1", "l", false, ".a{color:red}");
        assert_eq!(first.len(), 16);
        // What the code does is not to be seen here.
        assert_eq!(skin("Bar", "2", "l", false, ".a{color:red}"), first);
        for other in [
            skin("Ear", "1", "l", false, ".a{color:red}"),
            skin("Bar", "1", "m", false, ".a{color:red}"),
            skin("Bar", "1", "l", true, ".a{color:red}"),
            skin("Bar", "1", "l", false, ".a{color:blue}"),
        ] {
            assert_ne!(other, first);
        }
        assert_ne!(with_tabs(r#""lang":"en","#).skin(), shell().skin());
    }

    #[test]
    fn a_file_has_one_address() {
        let shell = shell();
        let address = format!("/miniapp/coffee/_asset/{}/latte.svg", Digest::of(b"l"));
        assert_eq!(shell.asset("img/latte.svg"), Some(address.as_str()));
        assert_eq!(shell.path(&address), Some("img/latte.svg"));
        assert_eq!(shell.path(&address.replace("latte.svg", "other.svg")), None);
        assert_eq!(shell.asset("none.svg"), None);
    }

    #[test]
    fn a_programs_own_style_follows_its_colours() {
        let manifest = br##"{"app_id":"coffee","name":"Coffee","version":{"code":1,"name":"1"},"color_scheme":"dark",
            "platform_version":{"min_code":1},"category":"food","icons":[{"src":"icon.svg"}],"pages":["menu"],
            "window":{"background_color":"#101418"}}"##;
        let manifest = Manifest::parse(manifest).unwrap();
        let assets = [("icon.svg", Digest::of(b"i")), ("img/latte.svg", Digest::of(b"l"))];
        let sheet = "@media (prefers-color-scheme:dark){.a{background:url(asset:img/latte.svg)}}";
        let sheet = Style::parse(sheet).unwrap();
        let (digest, development) = (Digest::of(b"bundle"), Standing::Development);
        let scripts = Scripts::new(false);
        let shell =
            Shell::new(&manifest, digest, &development, assets.into_iter(), "/_style/0.css", &scripts, Some(&sheet));
        let picture = shell.asset("img/latte.svg").unwrap();
        let expected = format!(
            ":root{{--mp-ground:light-dark(var(--mp-ground-light),#101418);}}\n\
             @media (min-width:0){{.mp-page .p-a{{background:url(\"{picture}\")}}}}"
        );
        assert_eq!(shell.style, expected);
        let link = format!("href=\"/miniapp/coffee/_style/{}.css\"", shell.style_hash);
        assert!(shell.write(&page(), |_| ()).contains(&link));
    }
}
