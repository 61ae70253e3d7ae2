//! `mprun serve`: installs every bundle, then listens. A bundle that cannot be
//! used is an error before the first request is taken, not a hole in the list.

use std::{io, net::SocketAddr, path::Path};

use mprun_core::bundle::{Bundle, Verified};
use mprun_host::{Host, HostConfig};
use mprun_server::ServerConfig;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{
    args::ServeArgs,
    commands, env,
    error::{self, CommandError},
    output::{self, Progress},
};

/// Runs the command.
pub(crate) fn serve(args: ServeArgs) -> Result<(), CommandError> {
    // All files first: a wrong name should not cost the time to compile others.
    let bundles = args
        .bundles
        .iter()
        .map(|path| Ok((path.as_path(), commands::read_verified(path)?)))
        .collect::<Result<_, CommandError>>()?;
    output::log_to_stderr(env::log_filter().as_deref().unwrap_or("warn"));
    commands::runtime()?.block_on(run(&args, bundles))
}

async fn run(args: &ServeArgs, bundles: Vec<(&Path, Verified<Bundle>)>) -> Result<(), CommandError> {
    // The port next: it is the most likely thing to be taken.
    let listener = TcpListener::bind(args.listen).await.map_err(|cause| not_bound(args.listen, cause))?;
    let address = listener.local_addr().map_err(|cause| error::internal("cannot ask for the address", cause))?;
    let storage = commands::open_storage(&args.data)?;
    let config = HostConfig { view_cache_bytes: u64::from(args.view_cache_mib) << 20, ..HostConfig::default() };
    let host = commands::start_host(config, storage).await?;
    install(&host, bundles).await?;

    let stop = stop_signal().map_err(|cause| error::internal("cannot wait for signals", cause))?;
    let _scheduler = host.start_scheduler();
    let count = host.programs().len();
    let noun = if count == 1 { "mini-program" } else { "mini-programs" };
    output::data(format!("serving {count} {noun} on http://{}\n", reachable(address)).as_bytes())?;
    let config = ServerConfig { secure: args.https, details: !args.no_details, ..ServerConfig::default() };
    mprun_server::serve(listener, config, host, stop).await;
    Ok(())
}

async fn install(host: &Host, bundles: Vec<(&Path, Verified<Bundle>)>) -> Result<(), CommandError> {
    let progress = Progress::start("compiling", u64::try_from(bundles.len()).unwrap_or(0));
    for (path, bundle) in bundles {
        progress.step(&format!("compiling {}", path.display()));
        let before = host.programs().len();
        let program = host.install(bundle).await.map_err(|cause| commands::not_installed(path, cause))?;
        if host.programs().len() == before {
            let id = program.id();
            return Err(error::user(format_args!(
                "`{}` is `{id}`, and so is another of these bundles",
                path.display()
            ))
            .hint("serve one version of a mini-program at a time"));
        }
    }
    Ok(())
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
