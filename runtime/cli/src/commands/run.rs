//! `mprun BUNDLE|APP_ID`: a mini-program here and now, a file or what is installed.
//! Between two terminals a screen to use it on, and a phone beside it if that is
//! asked for; otherwise one page on stdout, for other programs.

use std::{path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mprun_core::{
    budget::Budget,
    identity::{AppId, UserId},
    manifest::Manifest,
    render::{
        self, Words, escape,
        html::{self, Addresses, HtmlContext},
        json,
        text::{self, TextContext},
    },
    trust::{Admitted, Occasion},
};
use mprun_host::{Environment, Host, HostConfig, Limit, Open, PageError, Program, Rendering};
use mprun_registry::{Attachments, Installed, Registry};
use unicode_width::UnicodeWidthStr as _;

use crate::{
    args::{Address, DataArgs, Format, MEMORY_MIB_MAX, RunArgs, TrustArgs},
    commands::{
        self, machine, phone, registries,
        trust::{self, Candidate, Policy, Unsigned},
    },
    env,
    error::{self, CommandError},
    output::{self, Progress},
    terminal,
};

/// How wide a page is where nobody says how wide the paper is, in cells.
const TEXT_WIDTH: usize = 80;

/// Runs the command.
pub(crate) fn run(args: RunArgs) -> Result<(), CommandError> {
    let source = find(&args.bundle(), &args.data)?;
    let policy = Policy::of(&args.trust, Unsigned::Used)?;
    let interactive = args.format == Format::Auto && output::is_conversation();
    if args.qr && !interactive {
        return Err(error::usage("--qr hands over from a terminal, and stdin or stdout is none").hint(format!(
            "to serve it without one: mprun serve {} --listen 0.0.0.0:7878 --qr",
            args.bundle().display()
        )));
    }
    // On the screen, messages would be painted over the page.
    if !interactive || !output::is_stderr_terminal() {
        // A failure is this command's own error, and so is what is said about an
        // unsigned program: not twice.
        let filter = "warn,mprun::failure=off,mprun_host::host=error";
        output::log_to_stderr(env::log_filter().as_deref().unwrap_or(filter));
    }
    commands::runtime()?.block_on(start(&args, source, &policy, interactive))
}

/// What is to be run.
enum Source {
    /// A file, with what lies beside it.
    File(Box<Candidate>),
    /// What is installed.
    Installed(Registry, Box<Installed>),
}

/// A file that is there wins, so that a path never means something else.
fn find(path: &Path, data: &DataArgs) -> Result<Source, CommandError> {
    if !path.exists()
        && let Some(installed) = find_installed(path, data)?
    {
        return Ok(installed);
    }
    Candidate::read(path).map(|file| Source::File(Box::new(file))).map_err(|error| perhaps_a_command(path, error))
}

fn find_installed(word: &Path, data: &DataArgs) -> Result<Option<Source>, CommandError> {
    let Some(app_id) = word.to_str().and_then(|word| word.parse::<AppId>().ok()) else { return Ok(None) };
    let Some(registry) = registries::open_existing(data)? else { return Ok(None) };
    let found = registry.get(&app_id).map_err(|cause| registries::failed("cannot read what is installed", cause))?;
    Ok(found.map(|installed| Source::Installed(registry, Box::new(installed))))
}

/// A word that is no file may have been meant to be a command.
fn perhaps_a_command(path: &Path, error: CommandError) -> CommandError {
    let is_word = path.components().count() == 1 && path.extension().is_none();
    if !is_word || path.exists() {
        return error;
    }
    let hint = "it is no file, nothing that is installed (mprun list), and no command (mprun --help)";
    CommandError { hints: vec![hint.to_owned()], ..error }
}

/// A file of which the registry is to know once it is known to run.
struct Unseen {
    name: String,
    registry: Registry,
    attachments: Attachments,
}

impl Unseen {
    /// It counts as seen: no older one comes after it.
    fn observe(self, program: &Program, args: &TrustArgs) -> Result<(), CommandError> {
        self.registry
            .observe(program.admitted(), &self.attachments, trust::downgrade(args), env::unix_seconds())
            .map_err(|cause| registries::failed(format!("`{}` is refused", self.name), cause))
    }
}

/// Decides whether it may be run.
fn admit(source: Source, policy: &Policy, args: &RunArgs) -> Result<(Admitted, Option<Unseen>), CommandError> {
    match source {
        Source::Installed(registry, installed) => {
            let app_id = installed.program.app_id();
            let bytes = registry
                .read(&installed.digest)
                .map_err(|cause| registries::failed(format!("cannot read `{app_id}`"), cause))?;
            let admitted = policy.admit_installed(&installed, bytes, &policy.recorded(&registry)?)?;
            registries::may_load(&registry, &installed, &admitted, trust::downgrade(&args.trust)).map_err(|cause| {
                registries::failed(format!("`{app_id}` as it is installed is refused"), cause)
                    .hint("or install a newer one in its place: mprun install FILE")
            })?;
            Ok((admitted, None))
        }
        // Nobody's versions and keys are looked at: no registry is needed.
        Source::File(candidate) if !policy.looks_at_signatures() => {
            policy.admit(*candidate, &[], Occasion::Install).map(|(admitted, _)| (admitted, None))
        }
        Source::File(candidate) => {
            let registry = registries::open(&args.data)?;
            let name = candidate.name.clone();
            let (admitted, attachments) = policy.admit(*candidate, &policy.recorded(&registry)?, Occasion::Install)?;
            Ok((admitted, Some(Unseen { name, registry, attachments })))
        }
    }
}

async fn start(args: &RunArgs, source: Source, policy: &Policy, interactive: bool) -> Result<(), CommandError> {
    let memory_bytes_max = usize::try_from(args.memory_mib).unwrap_or(usize::MAX).saturating_mul(1024 * 1024);
    let (admitted, unseen) = admit(source, policy, args)?;
    // The screen says it in its title bar.
    if admitted.standing().is_development() && !policy.is_dev() && !interactive {
        output::note(&format!("unsigned: `{}` runs as a development program", admitted.program_id().app_id()));
    }
    let config = HostConfig {
        budget: Budget { fuel: args.fuel, memory_bytes_max, ..Budget::default() },
        // One person uses it; slots are address space.
        instances_max: 4,
        ..machine::host_config(&commands::data_folder(&args.data)?)?
    };
    let storage = commands::open_storage(&args.data)?;
    let host = commands::start_host(config, storage).await?;
    let path = args.bundle();
    let program = {
        let _progress = Progress::start(&format!("compiling {}", path.display()), 0);
        host.install(admitted).await.map_err(|cause| commands::not_installed(&path, cause))?
    };
    if let Some(unseen) = unseen {
        unseen.observe(&program, &args.trust)?;
    }
    let environment = env::environment();
    let (route, parameters) = match &args.page {
        Some(page) => (Some(page.route.clone()), page.parameters.clone()),
        None => (None, Vec::new()),
    };
    if let Some(route) = &route {
        check_page(&program, route)?;
    }
    let open = Open { route, parameters, environment: environment.clone(), ..Open::default() };
    if interactive {
        let _invited = if args.qr { Some(phone::invite(&host, &program, &open).await?) } else { None };
        return terminal::run(host, program, open).await;
    }
    let failed = |cause| page_error(cause, args, program.manifest());
    let rendering = host.open(&program, &UserId::local(), open).await.map_err(failed)?;
    let text = print(&host, &rendering, args.format, &environment).map_err(failed)?;
    output::data(text.as_bytes())
}

/// A page that the manifest does not have needs no host to be refused.
fn check_page(program: &Program, route: &str) -> Result<(), CommandError> {
    let manifest = program.manifest();
    if manifest.has_page(route) {
        return Ok(());
    }
    Err(error::user(format_args!("the mini-program `{}` has no page `{route}`", manifest.app_id))
        .hint(format!("its pages are {}", pages(manifest))))
}

fn pages(manifest: &Manifest) -> String {
    let pages: Vec<_> = manifest.pages.iter().map(|page| format!("`{page}`")).collect();
    pages.join(", ")
}

fn page_error(cause: PageError, args: &RunArgs, manifest: &Manifest) -> CommandError {
    match &cause {
        PageError::NotFound { route } => not_found(route, args.page.as_ref(), manifest),
        PageError::Internal { .. } => error::internal("the page cannot be shown", cause),
        PageError::Exhausted { limit, .. } => {
            let hint = with_more(*limit, args.fuel, args.memory_mib);
            error::user_with("the page cannot be shown", cause).maybe_hint(hint)
        }
        _ => error::user_with("the page cannot be shown", cause),
    }
}

/// The manifest has the page, and the program says that there is nothing to show
/// for these parameters, or for none.
fn not_found(route: &str, asked: Option<&Address>, manifest: &Manifest) -> CommandError {
    let address = asked.map_or(route, |page| page.text.as_str());
    let error = error::user(format_args!("the page `{address}` does not exist in `{}`", manifest.app_id));
    match address.split_once('?') {
        Some((_, parameters)) if !parameters.is_empty() => {
            error.hint(format!("check the parameters: for `{parameters}` the mini-program has nothing to show"))
        }
        _ => error.hint(format!(
            "if it needs parameters, give them: --page '{route}?name=value'; the pages are {}",
            pages(manifest)
        )),
    }
}

/// The run that may be enough, where the command line has a say in the limit.
fn with_more(limit: Limit, fuel: u64, memory_mib: u32) -> Option<String> {
    let option = match limit {
        Limit::Fuel => format!("--fuel {}", fuel.checked_mul(2)?),
        Limit::Memory if memory_mib < MEMORY_MIB_MAX => {
            format!("--memory-mib {}", memory_mib.saturating_mul(2).min(MEMORY_MIB_MAX))
        }
        _ => return None,
    };
    Some(format!("run it with more: mprun {option}"))
}

fn print(host: &Host, rendering: &Rendering, format: Format, environment: &Environment) -> Result<String, PageError> {
    let definitions = rendering.definitions()?;
    let tree = rendering.tree(&definitions, host)?;
    let (words, program) = (Words::of(&environment.locale), &rendering.program);
    Ok(match format {
        Format::Auto | Format::Text => {
            let context = TextContext {
                width: TEXT_WIDTH,
                token_key: &rendering.token_key,
                overlay: &rendering.overlay,
                words: &words,
            };
            let page = text::layout(&tree, &context).to_plain();
            // What the host would show around the page belongs to it.
            let alert = rendering.alert.iter().map(|alert| format!("! {}\n", escape::clean(&alert.text)));
            alert.chain([page, tabs(program.manifest(), &rendering.place.route, &environment.locale)]).collect()
        }
        Format::Json => format!("{:#}\n", json::write(&tree)),
        Format::Html => {
            let addresses = Embedded { program };
            let context = HtmlContext {
                token_key: &rendering.token_key,
                addresses: &addresses,
                overlay: &rendering.overlay,
                words: &words,
            };
            let mut view = String::new();
            html::write(&mut view, &tree, program.prerendered(), &context);
            document(program, &view, environment)
        }
    })
}

/// The tabs below a page that has them, the current one marked; no line is wider
/// than the page's.
fn tabs(manifest: &Manifest, route: &str, locale: &str) -> String {
    let Some(current) = manifest.tab_bar.as_ref().and_then(|bar| bar.position(route)) else { return String::new() };
    let mut text = String::from("\nTabs:");
    let mut width = 5;
    for (position, tab) in manifest.localized(locale).tabs().into_iter().enumerate() {
        let mark = if position == current { "(•)" } else { "( )" };
        let label = format!("  {mark} {}", tab.text);
        if width + label.width() > TEXT_WIDTH {
            text.push_str("\n     ");
            width = 5;
        }
        text.push_str(&label);
        width += label.width();
    }
    text + "\n"
}

/// A page that stands alone: with its style and pictures inside. Its buttons lead
/// nowhere; for that there is `mprun serve`.
fn document(program: &Program, view: &str, environment: &Environment) -> String {
    let manifest = program.manifest();
    let title = manifest.localized(&environment.locale).title().text;
    let mut html = String::from("<!doctype html>\n<html lang=\"");
    escape::push(&mut html, &environment.locale);
    html.push_str("\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    escape::push(&mut html, title);
    html.push_str("</title>\n<style>\n");
    html.push_str(render::STYLE);
    html.push_str("</style>\n<div class=\"mp-page\">\n");
    html.push_str(view);
    html.push_str("\n</div>\n</html>\n");
    html
}

/// Pictures inside of the page; pages as their addresses are on a server.
struct Embedded<'a> {
    program: &'a Arc<Program>,
}

impl Addresses for Embedded<'_> {
    fn asset(&self, out: &mut String, path: &str) -> bool {
        let Some(asset) = self.program.bundle().asset(path) else { return false };
        out.push_str("data:");
        out.push_str(asset.media_type.as_str());
        out.push_str(";base64,");
        STANDARD.encode_string(asset.data, out);
        true
    }

    fn page(&self, out: &mut String, route: &str, query: &str) {
        out.push_str(route);
        if !query.is_empty() {
            out.push('?');
            out.push_str(query);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_that_is_no_file_may_have_been_a_command() {
        for (path, hinted) in
            [("sevre", "no command (mprun --help)"), ("a.wasm", "as before"), ("./sevre", "as before")]
        {
            let error = perhaps_a_command(Path::new(path), error::user("cannot open it").hint("as before"));
            assert!(error.hints.len() == 1 && error.hints[0].contains(hinted), "{path}: {:?}", error.hints);
        }
    }

    #[test]
    fn what_the_program_does_not_have_is_named_with_its_parameters() {
        let manifest = br#"{
            "app_id": "coffee",
            "name": "Coffee",
            "version": { "code": 1, "name": "1.0.0" },
            "platform_version": { "min_code": 1 },
            "category": "utilities",
            "icons": [{ "src": "icon.svg" }],
            "pages": ["menu", "product"]
        }"#;
        let manifest = Manifest::parse(manifest).unwrap();
        for (page, said, hinted) in [
            (Some("product?id=nope"), "the page `product?id=nope` does not exist in `coffee`", "check the parameters"),
            (Some("product"), "the page `product` does not exist in `coffee`", "the pages are `menu`, `product`"),
            (Some("product?"), "the page `product?` does not exist in `coffee`", "--page 'product?name=value'"),
            (None, "the page `product` does not exist in `coffee`", "the pages are `menu`, `product`"),
        ] {
            let page = page.map(|page| Address::parse(page).unwrap());
            let error = not_found("product", page.as_ref(), &manifest);
            assert_eq!(error.error.to_string(), said);
            assert!(error.hints[0].contains(hinted), "{:?}", error.hints);
        }
    }

    #[test]
    fn tabs_are_the_last_line_of_a_page_that_has_them() {
        let manifest = r#"{
            "app_id": "coffee", "name": "Coffee", "version": { "code": 1, "name": "1.0.0" }, "lang": "en",
            "platform_version": { "min_code": 1 }, "category": "utilities", "icons": [{ "src": "icon.svg" }],
            "pages": ["menu", "product", "cart"],
            "tab_bar": { "items": [{ "page": "menu", "text": "Menu" }, { "page": "cart", "text": "Cart" }] },
            "locales": { "zh-Hans": { "tab_bar": ["菜单", "购物车"] } }
        }"#;
        let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        assert_eq!(tabs(&manifest, "menu", "en"), "\nTabs:  (•) Menu  ( ) Cart\n");
        assert_eq!(tabs(&manifest, "cart", "zh-CN"), "\nTabs:  ( ) 菜单  (•) 购物车\n");
        assert_eq!(tabs(&manifest, "product", "en"), "");
    }

    #[test]
    fn more_is_twice_as_much_and_never_more_than_there_can_be() {
        let hint = |limit, memory_mib| with_more(limit, 1_000, memory_mib);
        assert_eq!(hint(Limit::Fuel, 64).as_deref(), Some("run it with more: mprun --fuel 2000"));
        assert_eq!(hint(Limit::Memory, 64).as_deref(), Some("run it with more: mprun --memory-mib 128"));
        assert_eq!(hint(Limit::Memory, 4_000).as_deref(), Some("run it with more: mprun --memory-mib 4095"));
        assert_eq!(hint(Limit::Memory, 4_095), None);
        assert_eq!(with_more(Limit::Fuel, u64::MAX, 64), None);
        assert_eq!(hint(Limit::Stack, 64), None);
    }
}
