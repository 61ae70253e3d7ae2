//! A host in this process, for what needs another budget than the commands have,
//! or rows that no command would write.

use std::path::Path;
use std::sync::Arc;

use mprun_core::bundle;
use mprun_core::identity::UserId;
use mprun_core::trust::Admitted;
use mprun_core::view::offers::offers;
use mprun_host::{EventRequest, Host, HostConfig, Open, Outcome, PageError, Program, Rendering};
use mprun_storage::sqlite::SqliteStorage;
use mprun_storage::{Commit, Scope, Storage};

use super::load;

/// A host with data of its own.
pub(crate) struct Local {
    /// The host.
    pub(crate) host: Arc<Host>,
    storage: Arc<SqliteStorage>,
    _data: tempfile::TempDir,
    _busy: load::Busy,
}

/// A user.
pub(crate) fn user(name: &str) -> UserId {
    name.parse().expect("a user's name")
}

impl Local {
    /// Starts a host.
    pub(crate) async fn start(config: HostConfig) -> Self {
        let busy = load::busy();
        let data = tempfile::tempdir().expect("a temporary folder");
        let storage = Arc::new(SqliteStorage::open(&data.path().join("rows.sqlite")).expect("the file of rows"));
        let host = Host::new(config, Arc::clone(&storage) as Arc<dyn Storage>).await.expect("the host starts");
        Self { host, storage, _data: data, _busy: busy }
    }

    /// Installs the bundle in this file.
    pub(crate) async fn install(&self, bundle: &Path) -> Arc<Program> {
        self.install_bytes(std::fs::read(bundle).expect("the bundle can be read")).await
    }

    /// Installs a bundle.
    pub(crate) async fn install_bytes(&self, bundle: Vec<u8>) -> Arc<Program> {
        let bundle = bundle::verify(bundle).expect("the bundle is one");
        self.host.install(Admitted::development(bundle)).await.expect("the bundle can be installed")
    }

    /// Puts a value into a user's storage before they have opened the program.
    pub(crate) async fn seed(&self, program: &Program, user: &UserId, key: &str, value: Vec<u8>) {
        let scope = Scope { program: program.id().clone(), user: user.clone() };
        let before = self.storage.app(&scope).await.expect("the row can be read");
        let commit =
            Commit { base_revision: before.revision, writes: vec![(key.to_owned(), Some(value))], ..Commit::default() };
        self.storage.commit(&scope, commit).await.expect("the value can be written");
    }

    /// What the program keeps of itself for a user.
    pub(crate) async fn app_state(&self, program: &Program, user: &UserId) -> Option<Vec<u8>> {
        let scope = Scope { program: program.id().clone(), user: user.clone() };
        let row = self.storage.app(&scope).await.expect("the row can be read");
        row.state.map(|(state, _)| state)
    }

    /// Opens the program's entry page.
    pub(crate) async fn open(&self, program: &Arc<Program>, user: &UserId) -> Result<Rendering, PageError> {
        self.host.open(program, user, Open::default()).await
    }

    /// Presses what is labelled so and shows where the user is then.
    pub(crate) async fn press(&self, page: &Rendering, user: &UserId, label: &str) -> Result<Rendering, PageError> {
        let outcome = self.send(page, user, label).await?;
        let place = match outcome {
            Outcome::Show(place) | Outcome::Stale(place) => place,
            Outcome::Entry => return self.open(&page.program, user).await,
        };
        let open = Open { page: place.page, route: Some(place.route), ..Open::default() };
        self.host.open(&page.program, user, open).await
    }

    /// Presses what is labelled so.
    pub(crate) async fn send(&self, page: &Rendering, user: &UserId, label: &str) -> Result<Outcome, PageError> {
        let request = EventRequest {
            page: page.page_ref().expect("a page has a name"),
            nonce: page.nonce.clone(),
            seq: 0,
            token: Some(self.token(page, label)),
            keep: false,
            fields: Vec::new(),
            environment: Default::default(),
        };
        self.host.event(&page.program, user, request).await.map(|acted| acted.outcome)
    }

    fn token(&self, page: &Rendering, label: &str) -> String {
        let own = page.definitions().expect("the definitions decode");
        let tree = page.tree(&own, &self.host).expect("the frame decodes");
        let offers = offers(&tree, &page.token_key);
        let found = offers.handlers.iter().find(|(_, offer)| offer.label == label);
        found.unwrap_or_else(|| panic!("nothing is labelled `{label}`")).0.to_string()
    }

    /// The page as JSON, as `mprun --format json` prints it.
    pub(crate) fn json(&self, page: &Rendering) -> Result<serde_json::Value, PageError> {
        let own = page.definitions()?;
        let tree = page.tree(&own, &self.host)?;
        Ok(mprun_core::render::json::write(&tree))
    }
}
