//! The five exports of a mini-program, for any program: from bytes to the
//! author's types and back.

use mprun_frame::frame::Frame;

use crate::codec::{self, State};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::hole::{self, Incoming};
use crate::log::{self, Level};
use crate::look::{Environment, Look};
use crate::page::{Page, PageVisitor, Pages, Params};
use crate::spoken;

/// A page as the host keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub route: String,
    pub state: Vec<u8>,
}

/// Everything that a program remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct States {
    pub app: Vec<u8>,
    pub page: Option<Kept>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub kind: String,
    pub message: Vec<u8>,
    pub values: Vec<(String, String)>,
    pub payload: Vec<u8>,
}

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub code: u32,
    pub message: String,
    pub details: Vec<(String, String)>,
}

/// A view, and on a native host the templates that it names.
#[derive(Debug)]
pub struct View {
    pub frame: Frame,
    #[cfg(not(target_family = "wasm"))]
    pub templates: Vec<&'static [u8]>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Some(text) = error.for_developer() {
            log::write(Level::Error, &text);
        }
        Self { code: error.code(), message: error.for_user(), details: error.fields().to_vec() }
    }
}

/// Named values.
pub type Pairs = Vec<(String, String)>;

fn encode<S: State>(state: &S) -> Result<Vec<u8>> {
    codec::encode_named(S::SCHEMA, state)
}

fn no_page(route: &str) -> Error {
    log::write(Level::Error, &format!("there is no page `{route}`"));
    Error::not_found()
}

/// `launch`.
pub fn launch<S: State + Default, P: Pages<S>>(environment: Pairs) -> std::result::Result<Vec<u8>, Failure> {
    let environment = Environment::new(environment);
    let _speaking = spoken::speak(&environment);
    let state = P::launch(&mut Cx::new(&mut (), &environment))?;
    Ok(encode(&state)?)
}

/// `load`.
pub fn load<S: State + Default, P: Pages<S>>(
    app: &[u8],
    route: String,
    parameters: Pairs,
    environment: Pairs,
) -> std::result::Result<States, Failure> {
    struct Load<'a, A> {
        app: &'a mut A,
        params: Params,
        environment: &'a Environment,
    }
    impl<A> PageVisitor<A> for Load<'_, A> {
        type Output = Result<Vec<u8>>;
        fn visit<T: Page<A>>(self) -> Result<Vec<u8>> {
            encode(&T::load(&mut Cx::new(self.app, self.environment), &self.params)?)
        }
    }
    let environment = Environment::new(environment);
    let _speaking = spoken::speak(&environment);
    let mut state: S = codec::decode_named(app)?;
    let visitor = Load { app: &mut state, params: Params::new(parameters), environment: &environment };
    let page = P::visit(&route, visitor).ok_or_else(|| no_page(&route))??;
    Ok(States { app: encode(&state)?, page: Some(Kept { route, state: page }) })
}

/// `update`.
pub fn update<S: State + Default, P: Pages<S>>(
    before: States,
    event: Event,
    environment: Pairs,
) -> std::result::Result<States, Failure> {
    struct Update<'a, A> {
        app: &'a mut A,
        page: Option<&'a [u8]>,
        event: Event,
        environment: &'a Environment,
    }
    impl<A> PageVisitor<A> for Update<'_, A> {
        type Output = Result<Option<Vec<u8>>>;
        fn visit<T: Page<A>>(self) -> Result<Option<Vec<u8>>> {
            let mut cx = Cx::new(self.app, self.environment);
            let Event { kind, message, values, payload } = self.event;
            let incoming = Incoming { values, payload };
            let Some(bytes) = self.page else {
                T::orphan(hole::filling(incoming, || codec::decode_named(&message))?, &mut cx)?;
                return Ok(None);
            };
            let mut page: T = codec::decode_named(bytes)?;
            match kind.as_str() {
                "tap" | "change" | "submit" | "input" | "refresh" | "reach-bottom" | "close" => {
                    page.update(hole::filling(incoming, || codec::read_message(&message))?, &mut cx)?;
                }
                "reply" => page.update(hole::filling(incoming, || codec::decode_named(&message))?, &mut cx)?,
                "shown" => page.shown(&mut cx)?,
                "hidden" => page.hidden(&mut cx)?,
                "unloaded" => page.unloaded(&mut cx)?,
                // A later host has more to tell.
                _ => {}
            }
            encode(&page).map(Some)
        }
    }
    let environment = Environment::new(environment);
    let _speaking = spoken::speak(&environment);
    let mut state: S = codec::decode_named(&before.app)?;
    let route = match (&before.page, event.kind.as_str()) {
        (Some(page), _) => page.route.clone(),
        (None, "reply") => {
            let asked = event.values.iter().find(|(name, _)| name == "route");
            asked.map(|(_, route)| route.clone()).unwrap_or_default()
        }
        (None, _) => return Ok(before),
    };
    let bytes = before.page.as_ref().map(|page| page.state.as_slice());
    let visitor = Update { app: &mut state, page: bytes, event, environment: &environment };
    let page = P::visit(&route, visitor).ok_or_else(|| no_page(&route))??;
    Ok(States { app: encode(&state)?, page: page.map(|state| Kept { route, state }) })
}

/// `view`.
pub fn view<S: State + Default, P: Pages<S>>(now: &States, environment: Pairs) -> std::result::Result<View, Failure> {
    struct Show<'a, A> {
        app: &'a A,
        page: &'a [u8],
        environment: &'a Environment,
    }
    impl<A> PageVisitor<A> for Show<'_, A> {
        type Output = Result<View>;
        fn visit<T: Page<A>>(self) -> Result<View> {
            let page: T = codec::decode_named(self.page)?;
            let node = page.view(&Look { app: self.app, environment: self.environment });
            #[cfg(target_family = "wasm")]
            return Ok(View { frame: node.into_frame() });
            #[cfg(not(target_family = "wasm"))]
            {
                let (frame, templates) = node.into_parts();
                Ok(View { frame, templates })
            }
        }
    }
    let environment = Environment::new(environment);
    let _speaking = spoken::speak(&environment);
    let state: S = codec::decode_named(&now.app)?;
    let page = now.page.as_ref().ok_or_else(Error::not_found)?;
    let visitor = Show { app: &state, page: &page.state, environment: &environment };
    Ok(P::visit(&page.route, visitor).ok_or_else(|| no_page(&page.route))??)
}

/// `migrate`.
pub fn migrate<S: State + Default, P: Pages<S>>(route: Option<&str>, state: Vec<u8>) -> Option<Vec<u8>> {
    struct Migrate(Vec<u8>);
    impl<A> PageVisitor<A> for Migrate {
        type Output = Option<Vec<u8>>;
        fn visit<T: Page<A>>(self) -> Option<Vec<u8>> {
            translate::<T>(self.0)
        }
    }
    match route {
        Some(route) => P::visit(route, Migrate(state)).flatten(),
        None => translate::<S>(state),
    }
}

/// A state in this version's encoding. Reading it is the only proof that it can
/// be read: the hash covers a type's own definition, not those inside of it. The
/// same version gives the same bytes.
fn translate<S: State>(bytes: Vec<u8>) -> Option<Vec<u8>> {
    let state: S = codec::decode_named(&bytes).ok()?;
    encode(&state).ok()
}
