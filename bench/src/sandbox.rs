//! What the sandbox costs by itself, in this process and on one thread: a fresh
//! instance, a view on one, and a frame written as HTML; programs drawn at random
//! from 1, 100 and 1,000 distinct ones, on slots that were used before.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mprun_core::identity::UserId;
use mprun_core::render::Words;
use mprun_core::render::html::{self, Addresses, HtmlContext};
use mprun_core::trust::Admitted;
use mprun_core::view::identity::TokenKey;
use mprun_core::view::overlay::Overlay;
use mprun_frame::limits::FrameLimits;
use mprun_frame::tree::Tree;
use mprun_host::{EventRequest, Host, HostConfig, Open, Probe, Rendering};
use mprun_storage::sqlite::SqliteStorage;

use crate::programs;

const SAMPLES: usize = 4_000;

/// Each measured step with its median time.
pub(crate) async fn times(guest: &Path, counts: &[usize]) -> Result<Vec<(String, Duration)>> {
    let mut rows = Vec::new();
    for &count in counts {
        let folder = tempfile::tempdir()?;
        let storage = SqliteStorage::open(&folder.path().join("bench.db"))?;
        let host = Host::new(HostConfig::default(), Arc::new(storage)).await?;
        let mut probes = Vec::new();
        for bundle in programs::distinct(guest, folder.path(), count)? {
            let admitted = Admitted::development(mprun_core::bundle::verify(std::fs::read(bundle)?)?);
            let program = host.install(admitted).await?;
            seed(&host, &program).await?;
            probes.push(host.probe(&program, &UserId::local(), "cards").await?);
        }
        // Every slot of the pool has had a program before.
        for step in 0..SAMPLES {
            pick(&probes, step)?.view().await?;
        }
        let mut instantiate = Vec::with_capacity(SAMPLES);
        let mut view = Vec::with_capacity(SAMPLES);
        for step in 0..SAMPLES {
            let probe = pick(&probes, step)?;
            let start = Instant::now();
            probe.instantiate().await?;
            instantiate.push(start.elapsed());
            let start = Instant::now();
            probe.view().await?;
            view.push(start.elapsed());
        }
        let programs = if count == 1 { "1 program".to_owned() } else { format!("{count} programs at random") };
        rows.push((format!("instantiate, {programs}"), median(instantiate)));
        rows.push((format!("instantiate + view, {programs}"), median(view)));
        if count == 1 {
            rows.push(("frame → checked tree → HTML".to_owned(), to_html(&host, pick(&probes, 0)?).await?));
        }
    }
    Ok(rows)
}

/// Puts the catalogue into storage, as a user would: by the page's button.
async fn seed(host: &Arc<Host>, program: &Arc<mprun_host::Program>) -> Result<()> {
    let user = UserId::local();
    let rendering = host.open(program, &user, Open::default()).await?;
    let token = {
        let own = rendering.definitions()?;
        let tree = rendering.tree(&own, host)?;
        let offers = mprun_core::view::offers::offers(&tree, &rendering.token_key);
        let seed = offers.handlers.iter().find(|(_, offer)| offer.label == "Seed");
        seed.map(|(token, _)| token.to_string()).context("the page has no button `Seed`")?
    };
    host.event(program, &user, request(&rendering, token)?).await?;
    Ok(())
}

fn request(rendering: &Rendering, token: String) -> Result<EventRequest> {
    Ok(EventRequest {
        page: rendering.page_ref().context("a rendering names its page")?,
        nonce: rendering.nonce.clone(),
        seq: 0,
        token: Some(token),
        keep: false,
        fields: Vec::new(),
        environment: mprun_host::Environment::default(),
    })
}

struct NoAddresses;

impl Addresses for NoAddresses {
    fn asset(&self, out: &mut String, path: &str) -> bool {
        out.push_str(path);
        true
    }

    fn page(&self, out: &mut String, route: &str, _query: &str) {
        out.push_str(route);
    }
}

async fn to_html(host: &Arc<Host>, probe: &Probe) -> Result<Duration> {
    let frame = probe.view().await?;
    let listed = host.programs().into_iter().next().context("a program is installed")?;
    let program = host.program(listed.program.app_id().as_str()).await?.context("it is installed")?;
    let (key, overlay, words) = (TokenKey::from_bytes([7; 32]), Overlay::default(), Words::default());
    let context = HtmlContext { token_key: &key, addresses: &NoAddresses, overlay: &overlay, words: &words };
    let mut times = Vec::with_capacity(SAMPLES);
    let mut out = String::with_capacity(64 * 1024);
    for _ in 0..SAMPLES {
        out.clear();
        let start = Instant::now();
        let tree = Tree::decode(&frame, program.templates(), &[], &FrameLimits::default())?;
        html::write(&mut out, &tree, program.prerendered(), &context);
        times.push(start.elapsed());
        std::hint::black_box(&out);
    }
    Ok(median(times))
}

/// The same order in every run, without a pattern that a cache could learn.
fn pick(probes: &[Probe], step: usize) -> Result<&Probe> {
    let mixed = (step as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    probes.get(mixed as usize % probes.len().max(1)).context("there is a program")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
