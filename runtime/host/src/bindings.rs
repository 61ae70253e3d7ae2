//! The contract in Rust, generated from `wit/`: typed, so that no dynamic value
//! is ever lifted.
//!
//! Host functions may end the call ([`crate::gate::Stop`]) beside answering with
//! the contract's `error`. Only those that read from storage are async on this
//! side; for the program all of them block.

#![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated; `wit/` has the documentation")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "mprun:app/app",
    imports: {
        "mprun:host/storage": async | trappable,
        "mprun:host/navigation": async | trappable,
        "mprun:host/timer": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    trappable_error_type: { "mprun:host/types.error" => crate::gate::Stop },
});
