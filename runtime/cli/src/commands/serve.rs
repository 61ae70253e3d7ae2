//! `mprun serve`: files, or everything that is installed, as pages. A file that
//! cannot or may not be used is an error before the first request is taken, not a
//! hole in the list. After that, and from the beginning for what is installed, one
//! program that is not trusted any more does not keep the others from their users.

use std::{collections::BTreeSet, io, net::SocketAddr, path::Path, sync::Arc};

use mprun_core::{identity::AppId, trust::Occasion};
use mprun_host::{Host, HostConfig, Listing, LoadError, Program};
use mprun_registry::{Attachments, Registry};
use mprun_server::ServerConfig;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{
    args::{ServeArgs, TrustArgs},
    commands::{
        self,
        catalogue::{File, Offered},
        machine, phone, registries,
        trust::{self, Candidate, Policy, Unsigned},
    },
    env,
    error::{self, CommandError},
    output::{self, Progress},
};

/// A file that may be served.
struct Served {
    name: String,
    app_id: AppId,
    /// What counts of what came with it.
    attachments: Attachments,
}

/// Runs the command.
pub(crate) fn serve(args: ServeArgs) -> Result<(), CommandError> {
    // All files first: a wrong name should not cost the time to compile others.
    let candidates = args.bundles.iter().map(|path| Candidate::read(path)).collect::<Result<Vec<_>, _>>()?;
    let policy = Policy::of(&args.trust, Unsigned::Refused)?;
    if candidates.is_empty() && policy.allows_nothing() {
        return Err(error::usage("no trust file says whose programs may be served")
            .hint(trust::name_a_trust_file())
            .hint("for unsigned programs of your own: --dev"));
    }
    output::log_to_stderr(env::log_filter().as_deref().unwrap_or("warn"));
    commands::runtime()?.block_on(run(&args, &policy, candidates))
}

async fn run(args: &ServeArgs, policy: &Policy, candidates: Vec<Candidate>) -> Result<(), CommandError> {
    // The port next: it is the most likely thing to be taken.
    let listener = TcpListener::bind(args.listen).await.map_err(|cause| not_bound(args.listen, cause))?;
    let address = listener.local_addr().map_err(|cause| error::internal("cannot ask for the address", cause))?;
    let for_phones = if args.qr { Some(phone::address(address)?) } else { None };
    let folder = commands::data_folder(&args.data)?;
    let registry = registries::open(&args.data)?;
    let (served, files) = admit(policy, &registry, candidates)?;

    let storage = commands::open_storage(&args.data)?;
    let config =
        HostConfig { view_cache_bytes: u64::from(args.view_cache_mib) << 20, ..machine::host_config(&folder)? };
    let host = commands::start_host(config, storage).await?;
    let (trust, offered) = (args.trust.clone(), registry.clone());
    let catalogue =
        if files.is_empty() { Offered::installed(offered, trust) } else { Offered::files(files, offered, trust) };
    let _watcher = host.follow(Arc::new(catalogue?)).await.map_err(|what| {
        error::user(format_args!("cannot tell what may be served: {what}")).hint("see: mprun doctor")
    })?;
    observe(&registry, load(&host, served).await?, &args.trust)?;

    let stop = stop_signal().map_err(|cause| error::internal("cannot wait for signals", cause))?;
    let _scheduler = host.start_scheduler();
    let count = host.programs().len();
    if count == 0 {
        output::warning("nothing that may be served is installed yet");
        output::hint("install something, and it is served from then on: mprun install FILE");
    }
    let noun = if count == 1 { "mini-program" } else { "mini-programs" };
    output::data(format!("serving {count} {noun} on http://{}\n", reachable(address)).as_bytes())?;
    if let Some(address) = for_phones {
        phone::show(&entry(address, &host.programs()))?;
    }
    let remote_images = !args.no_remote_images;
    let config =
        ServerConfig { secure: args.https, details: !args.no_details, remote_images, ..ServerConfig::default() };
    mprun_server::serve(listener, config, host, stop).await;
    Ok(())
}

/// Decides about all files, before anything is made of the first.
fn admit(
    policy: &Policy,
    registry: &Registry,
    candidates: Vec<Candidate>,
) -> Result<(Vec<Served>, Vec<File>), CommandError> {
    let recorded = policy.recorded(registry)?;
    let (mut served, mut files) = (Vec::new(), Vec::new());
    let mut app_ids = BTreeSet::new();
    for candidate in candidates {
        let (name, bytes) = (candidate.name.clone(), candidate.bundle.bytes().to_vec());
        let came = candidate.attachments.clone();
        let (admitted, attachments) = policy.admit(candidate, &recorded, Occasion::Install)?;
        let (program, bundle) = (admitted.program_id().clone(), admitted.bundle());
        let app_id = program.app_id().clone();
        if !app_ids.insert(app_id.clone()) {
            return Err(error::user(format_args!("`{name}` is `{program}`, and so is another of these bundles"))
                .hint("serve one version of a mini-program at a time"));
        }
        served.push(Served { name: name.clone(), app_id, attachments });
        let (digest, manifest) = (bundle.digest(), Arc::new(bundle.manifest().clone()));
        files.push(File { name, program, digest, manifest, bytes, attachments: came });
    }
    Ok((served, files))
}

/// Loads the files: what cannot run must not wait for a user to be noticed.
async fn load(host: &Host, served: Vec<Served>) -> Result<Vec<(Served, Arc<Program>)>, CommandError> {
    let progress = Progress::start("compiling", u64::try_from(served.len()).unwrap_or(0));
    let mut loaded = Vec::with_capacity(served.len());
    for file in served {
        progress.step(&format!("compiling {}", file.name));
        let program = match host.program(file.app_id.as_str()).await {
            Ok(Some(program)) => program,
            // The trust file has changed just now.
            Ok(None) => return Err(not_loaded(&file.name, "it is not served any more")),
            Err(LoadError::Refused(what)) => return Err(not_loaded(&file.name, &what)),
            Err(LoadError::Install(cause)) => return Err(commands::not_installed(Path::new(&file.name), cause)),
        };
        loaded.push((file, program));
    }
    Ok(loaded)
}

fn not_loaded(name: &str, what: &str) -> CommandError {
    error::user(format_args!("`{name}` cannot be used: {what}"))
}

/// What is served here counts as seen, now that it is known to run: no older version
/// comes after it.
fn observe(registry: &Registry, loaded: Vec<(Served, Arc<Program>)>, args: &TrustArgs) -> Result<(), CommandError> {
    for (Served { name, attachments, .. }, program) in loaded {
        registry
            .observe(program.admitted(), &attachments, trust::downgrade(args), env::unix_seconds())
            .map_err(|cause| registries::failed(format!("`{name}` is refused"), cause))?;
    }
    Ok(())
}

/// Where a user begins who comes from elsewhere: at the only program, or at the list
/// of all.
fn entry(address: SocketAddr, programs: &[Listing]) -> String {
    match programs {
        [only] => format!("http://{address}/miniapp/{}", only.program.app_id()),
        _ => format!("http://{address}/"),
    }
}

/// Resolves when somebody wants the server to stop.
pub(super) fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

pub(super) fn not_bound(address: SocketAddr, cause: io::Error) -> CommandError {
    let kind = cause.kind();
    let error = error::user_with(format!("cannot listen on {address}"), cause);
    match kind {
        io::ErrorKind::AddrInUse => {
            let free = SocketAddr::new(address.ip(), 0);
            error.hint(format!("another program uses this port: stop it, or take a free one: --listen {free}"))
        }
        io::ErrorKind::PermissionDenied => error.hint("ports below 1024 need a privilege: --listen 127.0.0.1:7878"),
        io::ErrorKind::AddrNotAvailable => error.hint("this machine has no such address: --listen 127.0.0.1:7878"),
        _ => error,
    }
}

/// An address to click: one that listens on all interfaces is reached on each.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => ([127, 0, 0, 1], v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_address_can_be_opened() {
        for (bound, shown) in [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.1.2.3:80", "10.1.2.3:80")]
        {
            assert_eq!(reachable(bound.parse().unwrap()).to_string(), shown);
        }
    }

    #[test]
    fn a_code_leads_to_the_only_program() {
        let manifest = br#"{"app_id":"shop","name":"Shop","version":{"code":1,"name":"1"},
            "platform_version":{"min_code":1},"category":"shopping","icons":[{"src":"icon.svg"}],"pages":["index"]}"#;
        let manifest = Arc::new(mprun_core::manifest::Manifest::parse(manifest).unwrap());
        let listing = |app_id: &str| Listing {
            program: mprun_core::identity::ProgramId::dev(app_id.parse().unwrap()),
            digest: mprun_core::identity::Digest::of(app_id.as_bytes()),
            manifest: Arc::clone(&manifest),
            decision: 0,
        };
        let address = "192.168.1.7:80".parse().unwrap();
        assert_eq!(entry(address, &[listing("shop")]), "http://192.168.1.7:80/miniapp/shop");
        assert_eq!(entry(address, &[listing("shop"), listing("cafe")]), "http://192.168.1.7:80/");
    }

    #[test]
    fn a_taken_port_says_how_to_get_another() {
        let address = "127.0.0.1:7878".parse().unwrap();
        let error = not_bound(address, io::ErrorKind::AddrInUse.into());
        assert!(error.hints[0].contains("--listen 127.0.0.1:0"), "{:?}", error.hints);
    }
}
