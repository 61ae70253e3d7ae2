//! The sandbox by itself, for measuring what it costs: a fresh instance, and a
//! view on one, without a request, storage or a page around them.

use std::sync::Arc;

use mprun_core::identity::UserId;
use mprun_frame::frame::Frame;

use crate::bindings::exports::mprun::app::program::{Page, States};
use crate::failure::{Fault, PageError};
use crate::host::{Environment, Host};
use crate::instance::Pairs;
use crate::loader::Program;
use crate::meter::Meter;

/// A page's states, held so that its view can be asked for again and again.
#[derive(Debug)]
pub struct Probe {
    host: Arc<Host>,
    program: Arc<Program>,
    states: States,
    environment: Arc<Pairs>,
}

impl Host {
    /// Opens a page as [`Host::open`] does and keeps its states.
    ///
    /// # Errors
    /// As [`Host::open`].
    pub async fn probe(
        self: &Arc<Self>,
        program: &Arc<Program>,
        user: &UserId,
        route: &str,
    ) -> Result<Probe, PageError> {
        let environment = Environment::default();
        let (app, page) = self.session(program, user, &environment).states(route).await.map_err(plain)?;
        Ok(Probe {
            host: Arc::clone(self),
            program: Arc::clone(program),
            states: States { app, page: Some(Page { route: route.to_owned(), state: page }) },
            environment: self.pairs(&environment),
        })
    }
}

impl Probe {
    /// Makes a fresh instance, with everything that a view's has, and drops it.
    ///
    /// # Errors
    /// As any call: the instance could not be had in time.
    pub async fn instantiate(&self) -> Result<(), PageError> {
        self.host.runner.instantiate(&self.program).await.map_err(plain)
    }

    /// Makes a fresh instance and asks it for the view of the page.
    ///
    /// # Errors
    /// As any call.
    pub async fn view(&self) -> Result<Frame, PageError> {
        let meter = Meter::default();
        let answer = self.host.runner.view(&self.program, &self.states, &self.environment, &meter).await;
        match answer.map_err(plain)? {
            Ok(frame) => Ok(frame),
            Err(failure) => Err(PageError::Guest { message: failure.message }),
        }
    }
}

fn plain(fault: Fault) -> PageError {
    match fault {
        Fault::Page(error) => error,
        Fault::Moved => PageError::busy(),
    }
}
