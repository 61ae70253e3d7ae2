//! `mprun BUNDLE`: a mini-program here and now. Between two terminals a screen to
//! use it on; otherwise one page on stdout, for other programs.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mprun_core::{
    budget::Budget,
    bundle::{Bundle, Verified},
    identity::UserId,
    render::{
        self, Words, escape,
        html::{self, Addresses, HtmlContext},
        json,
        text::{self, TextContext},
    },
};
use mprun_host::{Environment, Host, HostConfig, Open, PageError, Program, Rendering};

use crate::{
    args::{Format, RunArgs},
    commands, env,
    error::{self, CommandError},
    output::{self, Progress},
    terminal,
};

/// How wide a page is where nobody says how wide the paper is, in cells.
const TEXT_WIDTH: usize = 80;

/// Runs the command.
pub(crate) fn run(args: RunArgs) -> Result<(), CommandError> {
    let bundle = commands::read_verified(&args.bundle())?;
    let interactive = args.format == Format::Auto && output::is_conversation();
    // On the screen, messages would be painted over the page.
    if !interactive || !output::is_stderr_terminal() {
        // A failure is this command's own error: not twice.
        output::log_to_stderr(env::log_filter().as_deref().unwrap_or("warn,mprun::failure=off"));
    }
    commands::runtime()?.block_on(start(&args, bundle, interactive))
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
    let rendering = host.open(&program, &UserId::local(), open).await.map_err(page_error)?;
    let text = print(&host, &rendering, args.format, &environment).map_err(page_error)?;
    output::data(text.as_bytes())
}

/// A page that the manifest does not have needs no host to be refused.
fn check_page(program: &Program, route: &str) -> Result<(), CommandError> {
    let manifest = program.manifest();
    if manifest.has_page(route) {
        return Ok(());
    }
    let pages: Vec<_> = manifest.pages.iter().map(|page| format!("`{page}`")).collect();
    Err(error::user(format_args!("the mini-program `{}` has no page `{route}`", manifest.app_id))
        .hint(format!("its pages are {}", pages.join(", "))))
}

fn page_error(cause: PageError) -> CommandError {
    match &cause {
        PageError::Internal { .. } => error::internal("the page cannot be shown", cause),
        PageError::Exhausted { .. } => {
            let hint = "see what it costs: mprun --fuel N, --memory-mib N";
            error::user_with("the page cannot be shown", cause).hint(hint)
        }
        _ => error::user_with("the page cannot be shown", cause),
    }
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
