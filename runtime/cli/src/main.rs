//! The program `mprun`: reads the command line, hands over to one command, and
//! turns its end into a message and an exit code. Nothing is decided here.

mod args;
mod build;
mod commands;
mod dev;
mod env;
mod error;
mod files;
mod output;
mod qr;
mod secret;
mod terminal;

use std::process::ExitCode;

use args::Command;

// A page is some hundred small allocations, made on one thread and freed on
// another; measured with `make bench`, this one saves a tenth of a request.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before anything else: in a compiling child there is nothing to decide.
    if env::is_compiler() {
        return mprun_host::compile::work();
    }
    if let Some(folders) = env::wrap() {
        return build::wrapper::run(&folders, env::arguments());
    }
    let command = match args::parse() {
        Ok(command) => command,
        Err(end) => return end.report(),
    };
    let result = match command {
        Command::Run(args) => commands::run::run(args),
        Command::Serve(args) => commands::serve::serve(args),
        Command::New(args) => commands::new::new(&args),
        Command::Dev(args) => commands::dev::dev(&args),
        Command::Build(args) => commands::build::build(&args),
        Command::Sign(args) => commands::sign::sign(&args),
        Command::Key(args) => commands::key::key(&args),
        Command::Verify(args) => commands::verify::verify(&args),
        Command::Diff(args) => commands::diff::diff(&args),
        Command::Inspect(args) => commands::inspect::inspect(&args),
        Command::Install(args) => commands::install::install(&args),
        Command::List(args) => commands::list::list(&args),
        Command::Remove(args) => commands::remove::remove(&args),
        Command::Gc(args) => commands::gc::gc(&args),
        Command::Push(args) => commands::push::push(&args),
        Command::Pull(args) => commands::pull::pull(&args),
        Command::Doctor(args) => commands::doctor::doctor(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
