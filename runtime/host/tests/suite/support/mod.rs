//! A host with the program of `guest.wat`, and a user who presses its buttons.

use std::sync::Arc;

use mprun_core::bundle::{self, AssetFile};
use mprun_core::identity::{PageId, UserId};
use mprun_core::manifest::Manifest;
use mprun_core::trust::Admitted;
use mprun_core::view::offers::offers;
use mprun_frame::element::{Attribute, Element, Event};
use mprun_frame::template::{AttributeValue, Body, Child, Node, SlotKind, Template};
use mprun_host::{Environment, EventRequest, Host, HostConfig, Open, Outcome, PageError, Program, Rendering};
use mprun_storage::sqlite::SqliteStorage;

/// The buttons, by their letters; `guest.wat` says what each does.
const LETTERS: &str = "IARTPLMSBHGWFJCOQXDZNKVUEYodzx";

fn node(element: Element, attributes: Vec<(Attribute, AttributeValue)>, events: Vec<Event>, body: Body) -> Node {
    Node { element, attributes, events, body }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::Static(value.to_owned())
}

/// A text, a button for each letter, a field that tells of changes, and a form.
fn template() -> Template {
    let mut children = vec![Child::Element(node(Element::Text, vec![], vec![], Body::TextSlot))];
    for letter in LETTERS.chars() {
        children.push(Child::Element(node(Element::Button, vec![], vec![Event::Tap], Body::Text(letter.to_string()))));
    }
    children.push(Child::Element(node(
        Element::Input,
        vec![(Attribute::Label, text("Live"))],
        vec![Event::Change],
        Body::Empty,
    )));
    children.push(Child::Element(node(
        Element::Form,
        vec![],
        vec![Event::Submit],
        Body::Children(vec![
            Child::Element(node(
                Element::Input,
                vec![(Attribute::Label, text("Who")), (Attribute::Name, text("who"))],
                vec![],
                Body::Empty,
            )),
            Child::Element(node(
                Element::Input,
                vec![
                    (Attribute::Label, text("Secret")),
                    (Attribute::Name, text("secret")),
                    (Attribute::InputType, text("password")),
                ],
                vec![],
                Body::Empty,
            )),
            Child::Element(node(
                Element::Button,
                vec![(Attribute::FormType, text("submit"))],
                vec![],
                Body::Text("Send".to_owned()),
            )),
        ]),
    )));
    Template::new(node(Element::View, vec![], vec![], Body::Children(children))).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// The program's bundle. `version` makes another file of the same program.
pub(crate) fn bundle(app_id: &str, version: u32) -> Admitted {
    let template = template();
    let mut ops: Vec<u32> = vec![0];
    let mut messages = LETTERS.as_bytes().to_vec();
    messages.extend(b"cf");
    let mut text_op = 0;
    for slot in template.slots() {
        match slot.kind {
            SlotKind::Text => {
                text_op = 1024 + 4 * ops.len();
                ops.push(0);
            }
            SlotKind::Handler(_) => ops.push(2),
            other => panic!("a slot that the test does not know: {other:?}"),
        }
    }
    let encoded: Vec<u8> = ops.iter().flat_map(|op| op.to_le_bytes()).collect();
    let wat = include_str!("guest.wat")
        .replace("{{ops}}", &hex(&encoded))
        .replace("{{messages}}", &hex(&messages))
        .replace("{{template}}", &hex(&template.id().to_le_bytes()))
        .replace("{{text_op}}", &text_op.to_string())
        .replace("{{ops_n}}", &ops.len().to_string())
        .replace("{{messages_n}}", &messages.len().to_string());
    let mut module = wat::parse_str(&wat).unwrap();

    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir("../../wit").unwrap();
    let world = resolve.select_world(&[package], Some("app")).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, wit_component::StringEncoding::UTF8).unwrap();
    let component =
        wit_component::ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap();

    let permissions: Vec<String> = ["clock", "random", "storage", "navigation", "timer", "toast"]
        .iter()
        .map(|name| format!(r#"{{"name": "{name}", "reason": "The test asks for it."}}"#))
        .collect();
    let manifest = format!(
        r#"{{"app_id": "{app_id}", "name": "Guest", "version": {{"code": {version}, "name": "{version}"}},
            "platform_version": {{"min_code": 1}}, "category": "utilities",
            "icons": [{{"src": "icon.svg"}}], "pages": ["first", "second", "third", "writer"],
            "req_permissions": [{}]}}"#,
        permissions.join(", ")
    );
    let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
    let icon = AssetFile {
        path: "icon.svg".to_owned(),
        data: br#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>"#.to_vec(),
    };
    Admitted::development(bundle::pack(&component, &manifest, &[template.encoding()], None, &[icon]).unwrap())
}

/// A host with one program and one user.
pub(crate) struct Stage {
    pub(crate) host: Arc<Host>,
    pub(crate) program: Arc<Program>,
    pub(crate) user: UserId,
    pub(crate) folder: Arc<tempfile::TempDir>,
}

impl Stage {
    pub(crate) async fn new() -> Stage {
        Stage::with(HostConfig::default()).await
    }

    pub(crate) async fn with(config: HostConfig) -> Stage {
        Stage::on(Arc::new(tempfile::tempdir().unwrap()), config, 1).await
    }

    /// A host on data that exist already.
    pub(crate) async fn on(folder: Arc<tempfile::TempDir>, config: HostConfig, version: u32) -> Stage {
        let storage = SqliteStorage::open(&folder.path().join("data.db")).unwrap();
        let host = Host::new(config, Arc::new(storage)).await.unwrap();
        let program = host.install(bundle("guest", version)).await.unwrap();
        Stage { host, program, user: "u".parse().unwrap(), folder }
    }

    pub(crate) async fn try_open(&self, open: Open) -> Result<Rendering, PageError> {
        self.host.open(&self.program, &self.user, open).await
    }

    pub(crate) async fn open(&self, route: &str) -> Rendering {
        self.try_open(Open { route: Some(route.to_owned()), ..Open::default() }).await.unwrap()
    }

    pub(crate) async fn page(&self, page: PageId) -> Rendering {
        self.try_open(Open { page: Some(page), ..Open::default() }).await.unwrap()
    }

    /// Where an outcome leads.
    pub(crate) async fn follow(&self, outcome: &Outcome) -> Rendering {
        self.try_open(Open::at(outcome.place(&self.program), Environment::default())).await.unwrap()
    }

    /// What pressing a button of a rendering sends; an empty letter is Enter.
    pub(crate) fn request(&self, rendering: &Rendering, letter: &str, fields: &[(&str, &str)]) -> EventRequest {
        let own = rendering.definitions().unwrap();
        let tree = rendering.tree(&own, &self.host).unwrap();
        let offers = offers(&tree, &rendering.token_key);
        let token = (!letter.is_empty()).then(|| {
            let offer = offers.handlers.iter().find(|(_, offer)| match offer.event {
                Event::Tap => offer.label == letter,
                Event::Submit => letter == "Send",
                Event::Change => letter == "Live",
                Event::Input | Event::Refresh | Event::ReachBottom | Event::Close => false,
            });
            offer.unwrap_or_else(|| panic!("no handler `{letter}`")).0.to_string()
        });
        let fields = fields
            .iter()
            .map(|(label, value)| {
                let field = offers.fields.iter().find(|field| field.label == *label).unwrap();
                (field.key.input_name(), (*value).to_owned())
            })
            .collect();
        EventRequest {
            page: rendering.page_ref().unwrap(),
            nonce: rendering.nonce.clone(),
            seq: 0,
            token,
            keep: false,
            fields,
            environment: Environment::default(),
        }
    }

    pub(crate) async fn send(&self, request: EventRequest) -> Result<Outcome, PageError> {
        self.host.event(&self.program, &self.user, request).await.map(|acted| acted.outcome)
    }

    /// Says that nothing was pressed, as a page does that is told of a change.
    pub(crate) async fn keep(&self, rendering: &Rendering, fields: &[(&str, &str)]) -> Result<Outcome, PageError> {
        self.send(EventRequest { keep: true, ..self.request(rendering, "", fields) }).await
    }

    /// Presses a button and looks at what comes of it.
    pub(crate) async fn press(&self, rendering: &Rendering, letter: &str) -> Rendering {
        self.press_with(rendering, letter, &[]).await
    }

    pub(crate) async fn press_with(&self, rendering: &Rendering, letter: &str, fields: &[(&str, &str)]) -> Rendering {
        let outcome = self.send(self.request(rendering, letter, fields)).await.unwrap();
        self.follow(&outcome).await
    }

    /// Presses a button that is not survived.
    pub(crate) async fn fail(&self, rendering: &Rendering, letter: &str) -> PageError {
        self.send(self.request(rendering, letter, &[])).await.unwrap_err()
    }
}

/// The count of the page and the text of the program.
pub(crate) fn shown(rendering: &Rendering) -> &str {
    &rendering.frame.text
}
