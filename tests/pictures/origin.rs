//! The other servers, all of them: whatever address of this world is connected to,
//! it is this one, and it says who came and what for. What it answers is in the path
//! that is asked for.

use std::io::{self, Read as _, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::world::{PLAIN, STRANGE, World};

/// A small picture.
pub(super) const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// As much as a picture may be.
pub(super) const BYTES_MAX: usize = 4 * 1024 * 1024;

const DRAWING: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
const PAGE: &[u8] = b"<!doctype html><script>alert(1)</script>";

#[derive(Default)]
struct Seen {
    connections: Mutex<Vec<IpAddr>>,
    heads: Mutex<Vec<String>>,
}

/// The other servers, until the process ends.
pub(super) struct Origin(Arc<Seen>);

impl Origin {
    pub(super) fn start(world: &World) -> Origin {
        let seen = Arc::new(Seen::default());
        let trusted = tls(&world.path("trusted.pem"));
        let strange = tls(&world.path("strange.pem"));
        // The first one is for both where the machine has IPv6; then the second is not needed.
        let listeners: Vec<_> =
            ["[::]:443", "0.0.0.0:443"].iter().filter_map(|place| TcpListener::bind(place).ok()).collect();
        assert!(!listeners.is_empty(), "nobody can listen on the port of https");
        for listener in listeners {
            let (seen, trusted, strange) = (Arc::clone(&seen), Arc::clone(&trusted), Arc::clone(&strange));
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let Ok(here) = stream.local_addr() else { continue };
                    let here = here.ip().to_canonical();
                    seen.connections.lock().expect("nobody panics").push(here);
                    let config = match here.to_string().as_str() {
                        PLAIN => None,
                        STRANGE => Some(Arc::clone(&strange)),
                        _ => Some(Arc::clone(&trusted)),
                    };
                    let seen = Arc::clone(&seen);
                    // Whoever has heard enough hangs up.
                    thread::spawn(move || serve(stream, config, &seen).ok());
                }
            });
        }
        Origin(seen)
    }

    /// The addresses that were connected to, in order.
    pub(super) fn connections(&self) -> Vec<IpAddr> {
        self.0.connections.lock().expect("nobody panics").clone()
    }

    /// The heads of all requests.
    pub(super) fn heads(&self) -> Vec<String> {
        self.0.heads.lock().expect("nobody panics").clone()
    }
}

/// With this certificate, and the key beside it.
fn tls(certificate: &Path) -> Arc<ServerConfig> {
    let chain = vec![CertificateDer::from_pem_file(certificate).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(certificate.with_extension("key")).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("the key is that of the certificate");
    Arc::new(config)
}

type Stream = StreamOwned<ServerConnection, TcpStream>;

fn serve(mut stream: TcpStream, config: Option<Arc<ServerConfig>>, seen: &Seen) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let Some(config) = config else { return say(&mut stream, "200 OK", "content-type: image/gif\r\n", GIF) };
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&head).trim_end().to_owned();
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.heads.lock().expect("nobody panics").push(head);
    answer(&mut stream, target.split('?').next().unwrap_or_default())?;
    // Or the end would be taken for a connection that broke.
    stream.conn.send_close_notify();
    stream.flush()
}

fn answer(stream: &mut Stream, path: &str) -> io::Result<()> {
    let gif = "content-type: image/gif\r\n";
    match path {
        // Its headers are its own affair.
        "/latte.gif" | "/mocha.gif" => {
            let more = "cache-control: public, max-age=99999999\r\nset-cookie: who=you\r\netag: \"you\"\r\n\
                        access-control-allow-origin: *\r\ncontent-security-policy: script-src *\r\nx-more: 1\r\n";
            say(stream, "200 OK", &format!("{gif}{more}"), GIF)
        }
        "/called-a-page.html" => say(stream, "200 OK", "content-type: text/html\r\n", GIF),
        "/just.gif" => say(stream, "200 OK", gif, &large(BYTES_MAX)),
        "/larger.gif" => say(stream, "200 OK", gif, &large(BYTES_MAX + 1)),
        "/endless.gif" => {
            begin(stream)?;
            loop {
                stream.write_all(&[0; 16 * 1024])?;
            }
        }
        "/page.html" => say(stream, "200 OK", "content-type: text/html\r\n", PAGE),
        "/page.gif" => say(stream, "200 OK", gif, PAGE),
        "/drawing.svg" => say(stream, "200 OK", "content-type: image/svg+xml\r\n", DRAWING),
        "/drawing.png" => say(stream, "200 OK", "content-type: image/png\r\n", DRAWING),
        "/nothing.gif" => say(stream, "200 OK", gif, b""),
        "/broken.gif" => say(stream, "500 Internal Server Error", gif, GIF),
        "/cut-off.gif" => {
            write!(stream, "HTTP/1.1 200 OK\r\n{gif}content-length: 99\r\nconnection: close\r\n\r\n")?;
            stream.write_all(GIF)
        }
        "/away.gif" => say(stream, "302 Found", "location: https://cdn.example/never.gif\r\n", b""),
        "/away-inside.gif" => {
            say(stream, "301 Moved Permanently", "location: https://private-0.inside.example/never.gif\r\n", b"")
        }
        "/away-to-a-number.gif" => {
            say(stream, "307 Temporary Redirect", "location: http://169.254.169.254/never\r\n", b"")
        }
        "/silent.gif" => stream.read_to_end(&mut Vec::new()).map(drop),
        "/slow.gif" => {
            begin(stream)?;
            loop {
                thread::sleep(Duration::from_millis(100));
                stream.write_all(&[0])?;
                stream.flush()?;
            }
        }
        _ => say(stream, "404 Not Found", gif, GIF),
    }
}

fn say(out: &mut impl Write, status: &str, headers: &str, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    write!(out, "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n")?;
    out.write_all(body)?;
    out.flush()
}

/// A picture that does not say how large it is.
fn begin(out: &mut impl Write) -> io::Result<()> {
    write!(out, "HTTP/1.1 200 OK\r\ncontent-type: image/gif\r\nconnection: close\r\n\r\n")?;
    out.write_all(GIF)?;
    out.flush()
}

/// Something of this size that begins as a picture does.
fn large(bytes: usize) -> Vec<u8> {
    let mut picture = GIF.to_vec();
    picture.resize(bytes, 0);
    picture
}
