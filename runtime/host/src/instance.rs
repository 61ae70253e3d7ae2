//! A fresh instance for one sequence of calls. It is never used again after
//! anything: not after a success, where the next event must not find what this
//! one left in memory, and least of all after a failure.

use std::sync::Arc;

use mprun_frame::frame::Frame;
use tokio::time::Instant;
use wasmtime::{Engine, PoolConcurrencyLimitError, Store, UpdateDeadline};

use crate::bindings::App;
use crate::bindings::exports::mprun::app::program::{Event, Failure, Page, States};
use crate::budget::{Limit, Usage};
use crate::call::{Call, End};
use crate::engine::BACKTRACE_FRAMES_MAX;
use crate::epoch::{Ticker, Ticking};
use crate::failure::{Fault, PageError};
use crate::loader::Program;
use crate::meter::{Began, Meter, Phase};
use crate::permits::{Permit, Permits};
use crate::session::transaction::Transaction;

/// Handles to resources; the contract has none, so these are the program's own.
const HANDLES_MAX: usize = 1_024;

/// Bytes of what a developer is told of a failure.
const DETAIL_BYTES_MAX: usize = 4 * 1024;

/// Named values, as the contract has them.
pub(crate) type Pairs = Vec<(String, String)>;

/// What running programs needs of the host.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) engine: Engine,
    pub(crate) ticker: Ticker,
    pub(crate) permits: Permits,
    pub(crate) budget: mprun_core::budget::Budget,
    pub(crate) limits: Arc<mprun_core::budget::Limits>,
}

/// An instance and everything that it holds.
pub(crate) struct Guest {
    store: Store<Call>,
    app: App,
    state_bytes_max: (usize, usize),
    meter: Meter,
    /// When this was begun, until its first call, which pays for it.
    began: Option<Began>,
    _ticking: Ticking,
    _permit: Permit,
}

/// A call that the program answered, with a value or a refusal.
pub(crate) type Answer<T> = Result<Result<T, Failure>, Fault>;

impl Runner {
    /// An instance with all host functions, for calls that may change something.
    pub(crate) async fn start(
        &self,
        program: &Arc<Program>,
        transaction: Transaction,
        meter: &Meter,
    ) -> Result<Guest, Fault> {
        self.instance(program, Some(transaction), meter).await
    }

    /// Runs `view` on an instance of its own.
    pub(crate) async fn view(
        &self,
        program: &Arc<Program>,
        states: &States,
        environment: &Pairs,
        meter: &Meter,
    ) -> Answer<Frame> {
        let mut guest = self.instance(program, None, meter).await?;
        let began = guest.begin();
        let answer = guest.app.mprun_app_program().call_view(&mut guest.store, states, environment).await;
        let frame = match guest.answered(Phase::View, began, answer)? {
            Ok(frame) => frame,
            Err(failure) => return Ok(Err(failure)),
        };
        Ok(Ok(Frame {
            templates: frame.templates,
            definitions: frame.definitions,
            ops: frame.ops,
            text: frame.text,
            messages: frame.messages,
        }))
    }

    /// Makes an instance for a view and drops it.
    pub(crate) async fn instantiate(&self, program: &Arc<Program>) -> Result<(), Fault> {
        self.instance(program, None, &Meter::default()).await.map(drop)
    }

    async fn instance(
        &self,
        program: &Arc<Program>,
        transaction: Option<Transaction>,
        meter: &Meter,
    ) -> Result<Guest, Fault> {
        let permit = self.permits.acquire(program.permits()).await.map_err(|_| PageError::busy())?;
        let began = meter.begin(|| self.budget.fuel);
        let ticking = self.ticker.ticking();
        let pre = if transaction.is_some() { program.update() } else { program.view() };
        let call = Call {
            program: Arc::clone(program),
            usage: Usage::new(&self.budget),
            deadline: Instant::now() + self.budget.deadline,
            transaction,
            end: None,
            panic: None,
            log_left: self.budget.log_messages_max,
            log_message_bytes_max: self.budget.log_message_bytes_max,
            log_dropped: 0,
        };
        let mut store = Store::new(&self.engine, call);
        store.limiter(|call| &mut call.usage);
        store.set_hostcall_fuel(self.budget.host_call_bytes_max);
        store.set_max_component_handles(HANDLES_MAX);
        store.set_epoch_deadline(1);
        let lane = Arc::clone(&permit.lane);
        store.epoch_deadline_callback(move |mut context| {
            let call = context.data_mut();
            if Instant::now() >= call.deadline {
                call.usage.reached = Some(Limit::Deadline);
                return Ok(UpdateDeadline::Interrupt);
            }
            Ok(UpdateDeadline::YieldCustom(1, lane.next_turn(call.deadline)))
        });
        store.set_fuel(self.budget.fuel).map_err(|error| PageError::internal(&error))?;
        let app = match pre.instantiate_async(&mut store).await {
            Ok(app) => app,
            Err(error) => return Err(fault(&mut store, &error)),
        };
        Ok(Guest {
            store,
            app,
            state_bytes_max: (self.limits.app_state_bytes_max, self.limits.page_state_bytes_max),
            meter: meter.clone(),
            began,
            _ticking: ticking,
            _permit: permit,
        })
    }
}

impl Guest {
    /// The transaction, for saying which page a call is about.
    pub(crate) fn transaction(&mut self) -> Result<&mut Transaction, Fault> {
        match self.store.data_mut().transaction.as_mut() {
            Some(transaction) => Ok(transaction),
            None => Err(PageError::internal(&"an instance without a transaction").into()),
        }
    }

    /// Ends the sequence; what it wants to change comes out.
    pub(crate) fn finish(mut self) -> Result<Transaction, Fault> {
        match self.store.data_mut().transaction.take() {
            Some(transaction) => Ok(transaction),
            None => Err(PageError::internal(&"an instance without a transaction").into()),
        }
    }

    /// The first start of the program for this user: its state.
    pub(crate) async fn launch(&mut self, environment: &Pairs) -> Answer<Vec<u8>> {
        let began = self.begin();
        let answer = self.app.mprun_app_program().call_launch(&mut self.store, environment).await;
        let answer = self.answered(Phase::Load, began, answer)?;
        if let Ok(app) = &answer {
            self.check_state("the program's state", app, self.state_bytes_max.0)?;
        }
        Ok(answer)
    }

    /// Opens a page.
    pub(crate) async fn load(
        &mut self,
        app: &[u8],
        route: &str,
        parameters: &Pairs,
        environment: &Pairs,
    ) -> Answer<(Vec<u8>, Vec<u8>)> {
        let began = self.begin();
        let program = self.app.mprun_app_program();
        let answer = program.call_load(&mut self.store, app, route, parameters, environment).await;
        match self.answered(Phase::Load, began, answer)? {
            Ok(states) => {
                let (app, page) = self.states("load", states, Some(route))?;
                Ok(Ok((app, page.unwrap_or_default())))
            }
            Err(failure) => Ok(Err(failure)),
        }
    }

    /// Delivers an event to a page, or to the program where `page` is `None`.
    pub(crate) async fn update(
        &mut self,
        app: Vec<u8>,
        page: Option<(&str, Vec<u8>)>,
        event: &Event,
        environment: &Pairs,
    ) -> Answer<(Vec<u8>, Option<Vec<u8>>)> {
        let route = page.as_ref().map(|(route, _)| *route);
        let before = States { app, page: page.map(|(route, state)| Page { route: route.to_owned(), state }) };
        let began = self.begin();
        let program = self.app.mprun_app_program();
        let answer = program.call_update(&mut self.store, &before, event, environment).await;
        match self.answered(Phase::Update, began, answer)? {
            Ok(states) => Ok(Ok(self.states("update", states, route)?)),
            Err(failure) => Ok(Err(failure)),
        }
    }

    /// Reads a state of another version.
    pub(crate) async fn migrate(
        &mut self,
        route: Option<&str>,
        state: &[u8],
        environment: &Pairs,
    ) -> Answer<Option<Vec<u8>>> {
        let began = self.begin();
        let program = self.app.mprun_app_program();
        let answer = program.call_migrate(&mut self.store, route, state, environment).await;
        let answer = self.answered(Phase::Load, began, answer)?;
        if let Ok(Some(state)) = &answer {
            let max = if route.is_some() { self.state_bytes_max.1 } else { self.state_bytes_max.0 };
            self.check_state("the migrated state", state, max)?;
        }
        Ok(answer)
    }

    /// Checks what the contract says of returned states.
    fn states(&self, function: &str, states: States, route: Option<&str>) -> Result<(Vec<u8>, Option<Vec<u8>>), Fault> {
        let broken = |detail: String| PageError::Trap { what: "contract", detail };
        let page = match (states.page, route) {
            (Some(page), Some(route)) if page.route == route => Some(page.state),
            (Some(page), Some(route)) => {
                let got = crate::call::cut(&page.route, 80);
                return Err(broken(format!("`{function}` of the page `{route}` returned the page `{got}`")).into());
            }
            (None, Some(route)) => {
                return Err(broken(format!("`{function}` of the page `{route}` returned no page")).into());
            }
            (Some(_), None) => {
                return Err(broken(format!("`{function}` without a page returned one")).into());
            }
            (None, None) => None,
        };
        self.check_state("the program's state", &states.app, self.state_bytes_max.0)?;
        if let Some(state) = &page {
            self.check_state("the page's state", state, self.state_bytes_max.1)?;
        }
        Ok((states.app, page))
    }

    fn check_state(&self, what: &str, state: &[u8], max: usize) -> Result<(), PageError> {
        if state.len() <= max {
            return Ok(());
        }
        Err(PageError::Exhausted {
            limit: Limit::StateBytes,
            detail: format!("{what} has {} bytes, at most {max} are kept", state.len()),
        })
    }

    fn begin(&mut self) -> Option<Began> {
        self.began.take().or_else(|| self.meter.begin(|| fuel_left(&self.store)))
    }

    fn answered<T>(
        &mut self,
        phase: Phase,
        began: Option<Began>,
        answer: wasmtime::Result<Result<T, Failure>>,
    ) -> Answer<T> {
        self.meter.end(phase, began, || fuel_left(&self.store));
        answer.map_err(|error| fault(&mut self.store, &error))
    }
}

/// Without a count there is none: it is only measured.
fn fuel_left(store: &Store<Call>) -> u64 {
    store.get_fuel().unwrap_or_default()
}

/// What an error of the engine means.
fn fault(store: &mut Store<Call>, error: &wasmtime::Error) -> Fault {
    let call = store.data_mut();
    match call.end.take() {
        Some(End::Moved) => return Fault::Moved,
        Some(End::Storage(error)) => return PageError::internal(&error).into(),
        None => {}
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return PageError::busy().into();
    }
    let panic = call.panic.take();
    let limit = call.usage.reached.or_else(|| Limit::of(error, BACKTRACE_FRAMES_MAX));
    let error = match (limit, panic) {
        (Some(limit), _) => PageError::Exhausted { limit, detail: describe(error) },
        (None, Some(panic)) => PageError::Trap { what: "panic", detail: panic },
        (None, None) => PageError::Trap { what: "trap", detail: describe(error) },
    };
    error.into()
}

/// The engine's error in one text: what happened first, then where.
fn describe(error: &wasmtime::Error) -> String {
    let root = error.root_cause().to_string();
    let text = match error.downcast_ref::<wasmtime::WasmBacktrace>() {
        Some(backtrace) if !root.contains("wasm backtrace") => format!("{root}\n{backtrace}"),
        _ => root,
    };
    crate::call::cut(&text, DETAIL_BYTES_MAX).to_owned()
}
