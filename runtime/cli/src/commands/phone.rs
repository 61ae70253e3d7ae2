//! `--qr`: how a phone gets to what runs here. Decides which of this machine's
//! addresses others can reach, and prints it as a code. What runs in a terminal is
//! handed over once, with its user: the cart is the same on both.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mprun_core::identity::UserId;
use mprun_host::{Host, Open, Place, Program};
use mprun_server::{Join, ServerConfig};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    error::{self, CommandError},
    output, qr,
};

/// Where a server for a phone listens, if nobody else does.
const PORT: u16 = 7878;
/// Random bytes of a link that hands over.
const TOKEN_BYTES: usize = 16;

/// A server for a phone, until it is dropped.
pub(super) struct Invited(JoinHandle<()>);

impl Drop for Invited {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where other machines reach a server that listens on `bound`.
///
/// # Errors
/// They do not.
pub(super) fn address(bound: SocketAddr) -> Result<SocketAddr, CommandError> {
    if bound.ip().is_loopback() {
        return Err(error::usage(format_args!("a phone does not reach {bound}: only this machine does"))
            .hint(format!("listen for others too: --listen 0.0.0.0:{}", bound.port())));
    }
    if !bound.ip().is_unspecified() {
        return Ok(bound);
    }
    let ip = own(bound.is_ipv6()).map_err(|cause| {
        error::user_with("this machine seems to be in no network that a phone could be in", cause)
            .hint("name the address that others reach it by: --listen ADDR:PORT")
    })?;
    Ok(SocketAddr::new(ip, bound.port()))
}

/// The address that this machine has in the network: the one from which it would send
/// to the rest of the world. Nothing is sent; the addresses are for documentation.
fn own(v6_too: bool) -> io::Result<IpAddr> {
    let towards = |from: IpAddr, to: IpAddr| {
        let socket = UdpSocket::bind((from, 0))?;
        socket.connect((to, 9))?;
        Ok(socket.local_addr()?.ip())
    };
    let v4 = towards(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into());
    match v4 {
        Err(_) if v6_too => {
            towards(Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into())
        }
        v4 => v4,
    }
}

/// Prints the code of an address, and the address.
///
/// # Errors
/// Stdout is closed.
pub(super) fn show(url: &str) -> Result<(), CommandError> {
    output::data(format!("{}{url}\n", qr::draw(url, qr::ground())?).as_bytes())
}

/// Serves what `host` runs to the network, prints the code that makes a phone the
/// user of this terminal on the page `open`, and waits for Enter.
///
/// # Errors
/// There is no network, or nothing can listen.
pub(super) async fn invite(host: &Arc<Host>, program: &Program, open: &Open) -> Result<Invited, CommandError> {
    let (listener, bound) = listen().await?;
    let server = address(bound)?;
    let token = token()?;
    let url = format!("http://{server}/_join/{token}");
    let route = open.route.as_deref().unwrap_or(program.entry_route());
    let place = Place::fresh(route, open.parameters.clone());
    let target = mprun_server::address(program.manifest().app_id.as_str(), &place);
    let join = Join { token, user: UserId::local(), target };
    let config = ServerConfig { join: Some(join), ..ServerConfig::default() };
    // It ends with the terminal: nobody is left to be told.
    let serving = mprun_server::serve(listener, config, Arc::clone(host), std::future::pending());
    let invited = Invited(tokio::spawn(serving));

    show(&url)?;
    output::data(
        format!(
            "The first phone that opens this and goes on there is the same user as this terminal. Meanwhile\n\
             everybody in this network can open http://{server}, as users of their own.\n\
             Enter goes on here, Ctrl-C ends.\n"
        )
        .as_bytes(),
    )?;
    let entered = tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new())).await;
    entered
        .map_err(|cause| error::internal("cannot wait for Enter", cause))?
        .map_err(|cause| error::user_with("cannot read from this terminal", cause))?;
    Ok(invited)
}

/// The usual port, or any.
async fn listen() -> Result<(TcpListener, SocketAddr), CommandError> {
    let any = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let listener = match TcpListener::bind(any(PORT)).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind(any(0)).await.map_err(|cause| super::serve::not_bound(any(0), cause))?,
    };
    let bound = listener.local_addr().map_err(|cause| error::internal("cannot ask for the address", cause))?;
    Ok((listener, bound))
}

/// What nobody guesses.
fn token() -> Result<String, CommandError> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(|cause| error::internal("the system has no random bytes", cause))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_this_machine_reaches_is_no_address_for_a_phone() {
        for bound in ["127.0.0.1:7878", "[::1]:7878"] {
            let error = address(bound.parse().unwrap()).unwrap_err();
            assert!(error.error.to_string().contains(bound), "{}", error.error);
            assert_eq!(error.hints, ["listen for others too: --listen 0.0.0.0:7878"]);
        }
    }

    #[test]
    fn an_address_that_was_named_is_taken_as_it_is() {
        for bound in ["192.168.1.7:80", "[fe80::1]:7878"] {
            assert_eq!(address(bound.parse().unwrap()).unwrap().to_string(), bound);
        }
        // What it is depends on where this test runs; it is never one that nobody reaches.
        if let Ok(found) = address("0.0.0.0:7878".parse().unwrap()) {
            assert!(!found.ip().is_unspecified() && found.port() == 7878, "{found}");
        }
    }

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (one, two) = (token().unwrap(), token().unwrap());
        assert_eq!(one.len(), 22);
        assert_ne!(one, two);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
    }
}
