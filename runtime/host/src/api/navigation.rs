//! `navigation`: asks that change which page the user sees. They are checked
//! here, where the program can still be told, and carried out after the commit
//! ([`crate::session`]).

use mprun_core::capability::Capability;
use mprun_storage::AskKind;

use super::{in_view, timer::MESSAGE_BYTES_MAX};
use crate::bindings::mprun::host::navigation;
use crate::call::{Call, End};
use crate::gate::{InView, Stop};
use crate::session::wire::{Reader, Wire, Writer};

/// Parameters of a page.
const PARAMETERS_MAX: usize = 32;
/// Names and values of the parameters together, in bytes.
const PARAMETERS_BYTES_MAX: usize = 2 * 1024;
/// Bytes of a page's result.
const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
/// How long after its event a navigation is carried out by somebody else if the
/// process that should have done it at once has died.
const RESCUE_MS: u64 = 5_000;

/// Where a navigation leads: the payload of its ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Move {
    /// A page on top of this one; whether it answers (with the ask's message).
    Open { route: String, parameters: Vec<(String, String)>, replies: bool },
    /// A page in place of this one.
    Redirect { route: String, parameters: Vec<(String, String)> },
    /// The page below, with a result.
    Close { payload: Option<Vec<u8>> },
    /// A page instead of the whole stack.
    Relaunch { route: String, parameters: Vec<(String, String)> },
}

impl Wire for Move {
    fn write(&self, writer: &mut Writer) {
        match self {
            Move::Open { route, parameters, replies } => {
                writer.u8(0).str(route).pairs(parameters).u8(u8::from(*replies));
            }
            Move::Redirect { route, parameters } => {
                writer.u8(1).str(route).pairs(parameters);
            }
            Move::Close { payload } => {
                writer.u8(2).option(payload.as_ref(), |writer, payload| {
                    writer.bytes(payload);
                });
            }
            Move::Relaunch { route, parameters } => {
                writer.u8(3).str(route).pairs(parameters);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(match reader.u8()? {
            0 => Move::Open { route: reader.str()?, parameters: reader.pairs()?, replies: reader.u8()? != 0 },
            1 => Move::Redirect { route: reader.str()?, parameters: reader.pairs()? },
            2 => Move::Close { payload: reader.option(|reader| Some(reader.bytes()?.to_vec()))? },
            3 => Move::Relaunch { route: reader.str()?, parameters: reader.pairs()? },
            _ => return None,
        })
    }
}

impl Call {
    fn check_place(&mut self, route: &str, parameters: &[(String, String)]) -> Result<(), Stop> {
        if !self.program.has_page(route) {
            return Err(Stop::invalid(format!(
                "expected one of the manifest's `pages`, got `{}`",
                crate::call::cut(route, 80)
            )));
        }
        check_parameters(parameters).map_err(Stop::invalid)
    }

    /// Writes the navigation down if this is a moment for one.
    fn go(&mut self, what: &Move, message: Vec<u8>) -> Result<u64, Stop> {
        let transaction = self.transaction()?;
        if !transaction.may_navigate() {
            return Err(Stop::invalid("only the update of a page can navigate, and not in its life cycle"));
        }
        if transaction.navigates() {
            return Err(Stop::invalid("one navigation in an event"));
        }
        let due = transaction.now_ms.saturating_add(RESCUE_MS);
        let payload = transaction.navigation_payload(what);
        transaction.ask(AskKind::Navigation, payload, message, Some(due))
    }

    /// How many pages lie on each other, this one included; and how many open
    /// pages wait to answer this one.
    async fn stack(&mut self) -> Result<(usize, usize), Stop> {
        let transaction = self.transaction()?;
        let (storage, scope) = transaction.source();
        let Some((page, parent)) = transaction.current_page() else { return Ok((0, 0)) };
        let below = match parent {
            Some(parent) => self.within(storage.stack(&scope, parent)).await?,
            None => Ok(Vec::new()),
        };
        let all = self.within(storage.pages(&scope)).await?;
        match (below, all) {
            (Ok(below), Ok(all)) => Ok((
                1 + below.iter().filter(|page| !page.closed).count(),
                all.iter().filter(|other| other.parent == Some(page) && other.replies && !other.closed).count(),
            )),
            (Err(error), _) | (_, Err(error)) => Err(self.end(End::Storage(error.to_string()))),
        }
    }
}

/// Whether parameters are within what the contract allows.
pub(crate) fn check_parameters(parameters: &[(String, String)]) -> Result<(), String> {
    if parameters.len() > PARAMETERS_MAX {
        return Err(format!("expected at most {PARAMETERS_MAX} parameters, got {}", parameters.len()));
    }
    let bytes: usize = parameters.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > PARAMETERS_BYTES_MAX {
        return Err(format!("expected at most {PARAMETERS_BYTES_MAX} bytes of parameters, got {bytes}"));
    }
    if let Some((name, _)) = parameters.iter().find(|(name, _)| name.is_empty() || name.starts_with('_')) {
        return Err(format!(
            "expected a parameter name that does not begin with `_`, got `{}`",
            crate::call::cut(name, 80)
        ));
    }
    Ok(())
}

fn bytes_of(route: &str, parameters: &[(String, String)]) -> usize {
    route.len() + parameters.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
}

impl navigation::Host for Call {
    async fn open(
        &mut self,
        route: String,
        parameters: Vec<(String, String)>,
        reply: Option<Vec<u8>>,
    ) -> Result<u64, Stop> {
        let bytes = bytes_of(&route, &parameters) + reply.as_ref().map_or(0, Vec::len);
        self.pass(Capability::Navigation, "open", bytes)?;
        self.check_place(&route, &parameters)?;
        if reply.as_ref().is_some_and(|message| message.len() > MESSAGE_BYTES_MAX) {
            return Err(Stop::invalid(format!("expected a message of at most {MESSAGE_BYTES_MAX} bytes")));
        }
        let max = self.transaction()?.limits.page_stack_max;
        let (depth, waiting) = self.stack().await?;
        if depth >= max {
            return Err(Stop::limited(format!("at most {max} pages lie on each other")));
        }
        if reply.is_some() && waiting >= max {
            return Err(Stop::limited(format!("at most {max} pages are open for a reply")));
        }
        let what = Move::Open { route, parameters, replies: reply.is_some() };
        self.go(&what, reply.unwrap_or_default())
    }

    async fn redirect(&mut self, route: String, parameters: Vec<(String, String)>) -> Result<u64, Stop> {
        self.pass(Capability::Navigation, "redirect", bytes_of(&route, &parameters))?;
        self.check_place(&route, &parameters)?;
        self.go(&Move::Redirect { route, parameters }, Vec::new())
    }

    async fn close(&mut self, payload: Option<Vec<u8>>) -> Result<u64, Stop> {
        let bytes = payload.as_ref().map_or(0, Vec::len);
        self.pass(Capability::Navigation, "close", bytes)?;
        if bytes > PAYLOAD_BYTES_MAX {
            return Err(Stop::invalid(format!("expected a result of at most {PAYLOAD_BYTES_MAX} bytes, got {bytes}")));
        }
        self.go(&Move::Close { payload }, Vec::new())
    }

    async fn relaunch(&mut self, route: String, parameters: Vec<(String, String)>) -> Result<u64, Stop> {
        self.pass(Capability::Navigation, "relaunch", bytes_of(&route, &parameters))?;
        self.check_place(&route, &parameters)?;
        self.go(&Move::Relaunch { route, parameters }, Vec::new())
    }
}

impl navigation::Host for InView<'_> {
    async fn open(
        &mut self,
        _route: String,
        _parameters: Vec<(String, String)>,
        _reply: Option<Vec<u8>>,
    ) -> Result<u64, Stop> {
        Err(in_view("navigation.open"))
    }

    async fn redirect(&mut self, _route: String, _parameters: Vec<(String, String)>) -> Result<u64, Stop> {
        Err(in_view("navigation.redirect"))
    }

    async fn close(&mut self, _payload: Option<Vec<u8>>) -> Result<u64, Stop> {
        Err(in_view("navigation.close"))
    }

    async fn relaunch(&mut self, _route: String, _parameters: Vec<(String, String)>) -> Result<u64, Stop> {
        Err(in_view("navigation.relaunch"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_survives_its_ask() {
        let pairs = vec![("id".to_owned(), "7".to_owned())];
        for what in [
            Move::Open { route: "a".into(), parameters: pairs.clone(), replies: true },
            Move::Redirect { route: "b".into(), parameters: Vec::new() },
            Move::Close { payload: None },
            Move::Close { payload: Some(vec![1, 2]) },
            Move::Relaunch { route: "c".into(), parameters: pairs },
        ] {
            assert_eq!(Move::from_bytes(&what.to_bytes()), Some(what));
        }
        assert_eq!(Move::from_bytes(&[9]), None);
        assert_eq!(Move::from_bytes(&[2, 0, 0]), None, "something after the end");
    }

    #[test]
    fn parameters_are_bounded_and_never_the_hosts() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert!(check_parameters(&[pair("id", "7"), pair("id", "8")]).is_ok());
        assert!(check_parameters(&[pair("_page", "x")]).is_err());
        assert!(check_parameters(&[pair("", "x")]).is_err());
        assert!(check_parameters(&[pair("a", &"x".repeat(2048))]).is_err());
        assert!(check_parameters(&vec![pair("a", "b"); 33]).is_err());
    }
}
