//! The programs under load: the guest built once, packed under as many names as
//! there should be distinct programs, served by the real command, and filled with
//! the catalogue through its own page.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use mprun_core::bundle::{self, AssetFile};

/// Builds `bench/guest` with the `mprun` beside this program.
pub(crate) fn build(built: &Path) -> Result<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest");
    let bundle = built.join("bench-cards.wasm");
    let status = Command::new(built.join("mprun")).arg("build").arg(&project).arg("-o").arg(&bundle).status()?;
    if !status.success() {
        bail!("the guest could not be built");
    }
    Ok(bundle)
}

/// The same program under `count` names: as many components, manifests and
/// digests.
pub(crate) fn distinct(guest: &Path, folder: &Path, count: usize) -> Result<Vec<PathBuf>> {
    let original = bundle::verify(std::fs::read(guest)?)?;
    let templates: Vec<&[u8]> = original.templates().as_slice().iter().map(|template| template.encoding()).collect();
    let assets: Vec<AssetFile> =
        original.assets().map(|asset| AssetFile { path: asset.path.to_string(), data: asset.data.to_vec() }).collect();
    (1..=count)
        .map(|number| {
            let mut manifest = original.manifest().clone();
            manifest.app_id = name(number).parse()?;
            let packed = bundle::pack(original.component(), &manifest, &templates, &assets)?;
            let file = folder.join(format!("{}.wasm", name(number)));
            std::fs::write(&file, packed.bytes())?;
            Ok(file)
        })
        .collect()
}

fn name(number: usize) -> String {
    format!("cards-{number}")
}

/// Where the page of a program is.
pub(crate) fn path(number: usize) -> String {
    format!("/miniapp/{}/index", name(number))
}

/// The SQLite file of a server's data.
pub(crate) fn database(folder: &Path) -> Result<PathBuf> {
    let data = folder.join("data");
    std::fs::read_dir(&data)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "db" || extension == "sqlite"))
        .with_context(|| format!("no database in {}", data.display()))
}

/// A server process, ended with the value.
pub(crate) struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    /// Starts a command that prints its address on its first line.
    pub(crate) fn start(command: PathBuf, arguments: &[String]) -> Result<Self> {
        let mut child = Command::new(&command)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("stdout is piped")?).read_line(&mut line)?;
        let address = line
            .split_whitespace()
            .find_map(|word| word.strip_prefix("http://"))
            .with_context(|| format!("{} said `{line}`", command.display()))?;
        Ok(Self { child, address: address.trim_end_matches('/').to_owned() })
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What the process keeps in memory now, in MiB.
    pub(crate) fn memory_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the process has memory")?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    /// Fills the storage of one user in every program by pressing its "Seed", as
    /// a browser would. Returns the user's cookie.
    pub(crate) fn seed(&self, count: usize) -> Result<String> {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().max_redirects(0).http_status_as_error(false).build().into();
        let origin = format!("http://{}", self.address);
        let mut cookie = String::new();
        for number in 1..=count {
            let url = format!("{origin}{}", path(number));
            let mut answer = agent.get(&url).header("Cookie", &cookie).call()?;
            if let Some(set) = answer.headers().get("set-cookie") {
                cookie = set.to_str()?.split(';').next().unwrap_or_default().to_owned();
            }
            let page = answer.body_mut().read_to_string()?;
            let (before, _) = page.split_once(">Seed<").context("the page has no button `Seed`")?;
            let token = before.rsplit("value=\"").next().and_then(|rest| rest.split('"').next()).unwrap_or_default();
            let mut fields = vec![("_h", token.to_owned())];
            for name in ["_page", "_recipe", "_nonce", "_seq"] {
                fields.extend(hidden(&page, name).map(|value| (name, value)));
            }
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = agent.post(&url).header("Cookie", &cookie).header("Origin", &origin).send_form(fields)?;
            if answer.status() != 303 {
                bail!("seeding {url} was answered with {}", answer.status());
            }
        }
        Ok(cookie)
    }
}

/// The value of a hidden field of a page.
fn hidden(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\""))?;
    let (_, value) = rest.split_once("value=\"")?;
    value.split('"').next().map(str::to_owned)
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
