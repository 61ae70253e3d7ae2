//! `mprun serve`: files, or everything that is installed, as pages. A file that
//! cannot or may not be used is an error before the first request is taken, not a
//! hole in the list. Of what is installed, one program that is not trusted any more
//! does not keep the others from their users.

use std::{collections::BTreeSet, io, net::SocketAddr, path::Path, sync::Arc};

use mprun_core::trust::{Admitted, Occasion};
use mprun_host::{Host, HostConfig, Watcher};
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
        installed::Installed,
        machine, registries,
        trust::{self, Candidate, Policy, Unsigned},
    },
    env,
    error::{self, CommandError},
    output::{self, Progress},
};

/// A file that may be served.
struct Served {
    name: String,
    admitted: Admitted,
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
    let folder = commands::data_folder(&args.data)?;
    let registry = registries::open(&args.data)?;
    let everything = candidates.is_empty();
    let served = admit(policy, &registry, candidates)?;
    observe(&registry, &served, &args.trust)?;

    let storage = commands::open_storage(&args.data)?;
    let config =
        HostConfig { view_cache_bytes: u64::from(args.view_cache_mib) << 20, ..machine::host_config(&folder)? };
    let host = commands::start_host(config, storage).await?;
    install(&host, served).await?;
    let _watcher = if everything { Some(follow(&host, registry, &args.trust).await?) } else { None };

    let stop = stop_signal().map_err(|cause| error::internal("cannot wait for signals", cause))?;
    let _scheduler = host.start_scheduler();
    let count = host.programs().len();
    if count == 0 {
        output::warning("nothing that may be served is installed yet");
        output::hint("install something, and it is served from then on: mprun install FILE");
    }
    let noun = if count == 1 { "mini-program" } else { "mini-programs" };
    output::data(format!("serving {count} {noun} on http://{}\n", reachable(address)).as_bytes())?;
    let config = ServerConfig { secure: args.https, details: !args.no_details, ..ServerConfig::default() };
    mprun_server::serve(listener, config, host, stop).await;
    Ok(())
}

/// Decides about all files, before anything is made of the first.
fn admit(policy: &Policy, registry: &Registry, candidates: Vec<Candidate>) -> Result<Vec<Served>, CommandError> {
    let known = registries::lineages(registry)?;
    let mut served = Vec::with_capacity(candidates.len());
    let mut app_ids = BTreeSet::new();
    for candidate in candidates {
        let name = candidate.name.clone();
        let (admitted, attachments) = policy.admit(candidate, known.clone(), Occasion::Install)?;
        let id = admitted.program_id();
        if !app_ids.insert(id.app_id().clone()) {
            return Err(error::user(format_args!("`{name}` is `{id}`, and so is another of these bundles"))
                .hint("serve one version of a mini-program at a time"));
        }
        served.push(Served { name, admitted, attachments });
    }
    Ok(served)
}

/// What is served here counts as seen: no older version comes after it.
fn observe(registry: &Registry, served: &[Served], args: &TrustArgs) -> Result<(), CommandError> {
    for Served { name, admitted, attachments } in served {
        registry
            .observe(admitted, attachments, trust::downgrade(args), env::unix_seconds())
            .map_err(|cause| registries::failed(format!("`{name}` is refused"), cause))?;
    }
    Ok(())
}

async fn install(host: &Host, served: Vec<Served>) -> Result<(), CommandError> {
    let progress = Progress::start("compiling", u64::try_from(served.len()).unwrap_or(0));
    for Served { name, admitted, .. } in served {
        progress.step(&format!("compiling {name}"));
        host.install(admitted).await.map_err(|cause| commands::not_installed(Path::new(&name), cause))?;
    }
    Ok(())
}

/// Everything that is installed, now and as it changes.
async fn follow(host: &Arc<Host>, registry: Registry, args: &TrustArgs) -> Result<Watcher, CommandError> {
    let catalogue = Arc::new(Installed::new(registry, args.clone())?);
    host.follow(catalogue)
        .await
        .map_err(|what| error::user(format_args!("cannot read what is installed: {what}")).hint("see: mprun doctor"))
}

/// Resolves when somebody wants the server to stop.
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn not_bound(address: SocketAddr, cause: io::Error) -> CommandError {
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
fn reachable(address: SocketAddr) -> SocketAddr {
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
    fn a_taken_port_says_how_to_get_another() {
        let address = "127.0.0.1:7878".parse().unwrap();
        let error = not_bound(address, io::ErrorKind::AddrInUse.into());
        assert!(error.hints[0].contains("--listen 127.0.0.1:0"), "{:?}", error.hints);
    }
}
