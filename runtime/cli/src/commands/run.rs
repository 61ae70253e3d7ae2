//! `mprun BUNDLE`: a mini-program here and now. Between two terminals a screen to
//! use it on; otherwise one page on stdout, for other programs.

use std::{path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mprun_core::{
    budget::Budget,
    bundle::{Bundle, Verified},
    identity::UserId,
    manifest::Manifest,
    render::{
        self, Words, escape,
        html::{self, Addresses, HtmlContext},
        json,
        text::{self, TextContext},
    },
};
use mprun_host::{Environment, Host, HostConfig, Limit, Open, PageError, Program, Rendering};

use crate::{
    args::{Address, Format, MEMORY_MIB_MAX, RunArgs},
    commands, env,
    error::{self, CommandError},
    output::{self, Progress},
    terminal,
};

/// How wide a page is where nobody says how wide the paper is, in cells.
const TEXT_WIDTH: usize = 80;

/// Runs the command.
pub(crate) fn run(args: RunArgs) -> Result<(), CommandError> {
    let path = args.bundle();
    let bundle = commands::read_verified(&path).map_err(|error| perhaps_a_command(&path, error))?;
    let interactive = args.format == Format::Auto && output::is_conversation();
    // On the screen, messages would be painted over the page.
    if !interactive || !output::is_stderr_terminal() {
        // A failure is this command's own error: not twice.
        output::log_to_stderr(env::log_filter().as_deref().unwrap_or("warn,mprun::failure=off"));
    }
    commands::runtime()?.block_on(start(&args, bundle, interactive))
}

/// A word that is no file may have been meant to be a command.
fn perhaps_a_command(path: &Path, error: CommandError) -> CommandError {
    let is_word = path.components().count() == 1 && path.extension().is_none();
    if !is_word || path.exists() {
        return error;
    }
    let hint = "commands are serve, build and inspect; everything else is the file of a bundle: mprun --help";
    CommandError { hints: vec![hint.to_owned()], ..error }
}

async fn start(args: &RunArgs, bundle: Verified<Bundle>, interactive: bool) -> Result<(), CommandError> {
    let memory_bytes_max = usize::try_from(args.memory_mib).unwrap_or(usize::MAX).saturating_mul(1024 * 1024);
    let config = HostConfig {
        budget: Budget { fuel: args.fuel, memory_bytes_max, ..Budget::default() },
        // One person uses it; slots are address space.
        instances_max: 4,
        ..HostConfig::default()
    };
    let storage = commands::open_storage(&args.data)?;
    let host = commands::start_host(config, storage).await?;
    let path = args.bundle();
    let program = {
        let _progress = Progress::start(&format!("compiling {}", path.display()), 0);
        host.install(bundle).await.map_err(|cause| commands::not_installed(&path, cause))?
    };
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
    let (words, program) = (Words::default(), &rendering.program);
    Ok(match format {
        Format::Auto | Format::Text => {
            let context = TextContext {
                width: TEXT_WIDTH,
                token_key: &rendering.token_key,
                overlay: &rendering.overlay,
                words: &words,
            };
            let page = text::layout(&tree, &context).to_plain();
            // What the host would show over the page belongs to it.
            let alert = rendering.alert.iter().map(|alert| format!("! {}\n", escape::clean(&alert.text)));
            alert.chain([page]).collect()
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

/// A page that stands alone: with its style and pictures inside. Its buttons lead
/// nowhere; for that there is `mprun serve`.
fn document(program: &Program, view: &str, environment: &Environment) -> String {
    let manifest = program.manifest();
    let title = manifest.window.navigation_bar_title_text.as_ref().unwrap_or(&manifest.name);
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
        for (path, hinted) in [("sevre", "commands are serve"), ("a.wasm", "as before"), ("./sevre", "as before")] {
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
