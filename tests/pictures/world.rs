//! An internet of a test's own. Pictures come by https, from the usual port, of
//! servers with public addresses and certificates that this machine trusts, and no
//! switch of `mprun` says otherwise. So the test is run once more, in namespaces of
//! the kernel where it is root: public addresses are this machine's there, and so
//! are the names and the certificates. Not a packet leaves it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use crate::support::{guest, load};

/// Set where a test is inside: the folder of its world.
const WORLD: &str = "MPRUN_TEST_WORLD";

/// Where good servers are.
pub(super) const PUBLIC: &str = "1.1.1.1";
/// Where a server is whose certificate nobody trusts.
pub(super) const STRANGE: &str = "1.0.0.1";
/// Where a server speaks without encryption.
pub(super) const PLAIN: &str = "1.0.0.2";

/// Addresses that only some reach, and who answers there in this world. The names
/// that lead to them are made of the positions here.
pub(super) const PRIVATE: &[&str] = &[
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.9",
    "192.168.1.10",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::ffff:127.0.0.1",
    "fd00::1",
    "fe80::1",
];

/// The name of the private address at this position.
pub(super) fn private_name(position: usize) -> String {
    format!("private-{position}.inside.example")
}

/// All that is known of names. `nobody.cdn.example` is not, and at the address of
/// `far.cdn.example` is nobody.
fn hosts() -> String {
    let mut hosts = format!(
        "127.0.0.1 localhost\n\
         {PUBLIC} cdn.example mixed.cdn.example deep.down.cdn.example elsewhere.example\n\
         ::1 mixed.cdn.example\n\
         {STRANGE} strange.cdn.example\n\
         {PLAIN} plain.cdn.example\n\
         9.9.9.9 far.cdn.example\n"
    );
    for (position, address) in PRIVATE.iter().enumerate() {
        hosts.push_str(&format!("{address} {}\n", private_name(position)));
    }
    hosts
}

/// What is done inside before the test begins. Not every machine has IPv6.
const BEGIN: &str = r#"
mount --bind "$MPRUN_TEST_WORLD/hosts" /etc/hosts
ip link set lo up
for address in 1.1.1.1 1.0.0.1 1.0.0.2 10.1.2.3 100.64.0.1 169.254.169.254 172.16.0.9 192.168.1.10 198.18.0.1; do
  ip address add "$address/32" dev lo
done
for address in fd00::1 fe80::1; do
  ip address add "$address/128" dev lo 2>/dev/null || true
done
exec "$@"
"#;

/// For certificates of servers: their own, signed by themselves. One for names two
/// levels below `cdn.example` is not among them.
const CERTIFICATE: &str = "\
[req]
prompt = no
distinguished_name = name
x509_extensions = server
[name]
CN = pictures of the tests
[server]
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:cdn.example, DNS:*.cdn.example, DNS:*.inside.example, DNS:elsewhere.example
";

/// Where a test is that needs an internet.
pub(super) struct World {
    folder: PathBuf,
}

impl World {
    /// A file or folder of this world.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The guest `pictures`.
    pub(super) fn bundle(&self) -> PathBuf {
        self.path("pictures.wasm")
    }
}

/// Runs a test of this module in a world of its own; `name` is that of the test.
pub(super) fn inside(name: &str, test: impl FnOnce(&World)) {
    match std::env::var_os(WORLD) {
        Some(folder) => test(&World { folder: folder.into() }),
        None => outside(name),
    }
}

/// A program as root of new namespaces.
fn namespaces() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "--mount", "--", "sh", "-euc"]).stdin(Stdio::null());
    command
}

/// Whether the kernel lets us have them.
///
/// # Errors
/// What it said.
fn possible() -> Result<(), String> {
    let probe = "mount --bind /etc/hosts /etc/hosts; ip link set lo up; ip address add 1.1.1.1/32 dev lo";
    let said = namespaces().arg(probe).output().map_err(|error| format!("unshare: {error}"))?;
    if said.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&said.stderr).trim().to_owned()) }
}

fn outside(name: &str) {
    static POSSIBLE: OnceLock<Result<(), String>> = OnceLock::new();
    if let Err(why) = POSSIBLE.get_or_init(possible) {
        let note = format!(
            "note: pictures::{name} did not run: no network of its own ({why})\n\
             hint: where AppArmor forbids it: sysctl kernel.apparmor_restrict_unprivileged_userns=0\n"
        );
        assert!(std::env::var_os("CI").is_none(), "{note}");
        // What a test prints is shown only where it fails.
        let _ = std::io::stderr().write_all(note.as_bytes());
        return;
    }
    let _busy = load::busy();
    let folder = tempfile::tempdir().expect("a temporary folder");
    // There is no registry of crates inside.
    std::fs::copy(guest("pictures"), folder.path().join("pictures.wasm")).expect("the guest can be copied");
    std::fs::write(folder.path().join("hosts"), hosts()).expect("written");
    std::fs::write(folder.path().join("certificate.cnf"), CERTIFICATE).expect("written");
    for name in ["trusted", "strange"] {
        certify(folder.path(), name);
    }
    let test = format!("pictures::{name}");
    let output = namespaces()
        .args([BEGIN, "sh"])
        .arg(std::env::current_exe().expect("a test knows its own path"))
        .args(["--exact", &test, "--nocapture"])
        .env(WORLD, folder.path())
        .env("SSL_CERT_FILE", folder.path().join("trusted.pem"))
        .env_remove("SSL_CERT_DIR")
        .output()
        .expect("unshare starts");
    let Output { status, stdout, stderr } = output;
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    // A name that is no test's would be a success too.
    assert!(status.success() && stdout.contains("1 passed"), "{test}, inside: {status}\n{stdout}\n{stderr}");
}

/// Makes a key and a certificate.
fn certify(folder: &Path, name: &str) {
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-config", "certificate.cnf", "-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
        .output()
        .expect("openssl starts: `make test` installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
