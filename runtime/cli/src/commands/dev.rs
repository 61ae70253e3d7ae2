//! `mprun dev [DIR]`: the author's loop. Shows a program while it is written, builds
//! it again on every save, and changes the open pages in place. What its users have
//! in their carts stays; a program that does not compile stays as it was, and says so.

use std::{sync::Arc, time::Duration};

use mprun_host::{HostConfig, Place};
use mprun_server::ServerConfig;
use tokio::{net::TcpListener, sync::oneshot};

use super::serve;
use crate::{
    args::DevArgs,
    commands::{self, machine},
    dev::{Found, Workshop},
    env,
    error::{self, CommandError},
    output,
};

/// How long open requests may take at the end: only the author waits for them.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs the command.
pub(crate) fn dev(args: &DevArgs) -> Result<(), CommandError> {
    let found = Found::find(&args.folder)?;
    // That the program is unsigned is no news here, and would be said on every save.
    output::log_to_stderr(env::log_filter().as_deref().unwrap_or("warn,mprun_host::host=error"));
    commands::runtime()?.block_on(run(args, found))
}

async fn run(args: &DevArgs, found: Found) -> Result<(), CommandError> {
    // The port before a minute of compiling: it is the most likely thing to be taken.
    let listener = TcpListener::bind(args.listen).await.map_err(|cause| serve::not_bound(args.listen, cause))?;
    let address = listener.local_addr().map_err(|cause| error::internal("cannot ask for the address", cause))?;
    let folder = commands::data_folder(&args.data)?;
    // Native code of a build that the next save replaces is not worth keeping.
    let config = HostConfig { native_cache: None, trace: true, ..machine::host_config(&folder)? };
    let host = commands::start_host(config, commands::open_storage(&args.data)?).await?;
    let mut stop = Box::pin(serve::stop_signal().map_err(|cause| error::internal("cannot wait for signals", cause))?);

    output::note(&format!("building `{}`; the first time takes a while", found.app_id()));
    let mut workshop = Workshop::open(found, Arc::clone(&host))?;
    let program = tokio::select! {
        biased;
        () = &mut stop => return Ok(()),
        program = workshop.begin() => program?,
    };
    let _scheduler = host.start_scheduler();
    let app_id = program.manifest().app_id.as_str();
    let entry = mprun_server::address(app_id, &Place::fresh(program.entry_route(), Vec::new()));
    let address = serve::reachable(address);
    let said = format!("serving `{app_id}` on http://{address}{entry}\nevery save is shown there; Ctrl-C ends\n");
    output::data(said.as_bytes())?;

    let config = ServerConfig { dev: true, stop_timeout: STOP_TIMEOUT, ..ServerConfig::default() };
    let (router, live) = mprun_server::router_with(&config, host);
    let (running, ended) = oneshot::channel::<()>();
    let shutdown = async move {
        stop.await;
        drop(running);
    };
    let work = async {
        tokio::select! {
            biased;
            // Ctrl-C ends cargo too; that the program does not compile then is no news.
            _ = ended => std::future::pending().await,
            result = workshop.go_on(&live) => result,
        }
    };
    tokio::select! {
        () = mprun_server::serve_router(listener, &config, router, &live, shutdown) => Ok(()),
        result = work => result,
    }
}
