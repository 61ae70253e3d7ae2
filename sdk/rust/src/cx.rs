//! What a program can do beside changing its states: read from the host, and
//! ask it for something. Every method that calls the host names the permission
//! that the manifest has to request for it.

use std::marker::PhantomData;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{self, Message};
use crate::error::Result;
use crate::hole::Reply;
use crate::host;
use crate::log::Level;
use crate::look::Environment;
use crate::page::Link;

/// The program's state and the host, while something is handled.
///
/// Reads answer at once. Asks (opening a page, a timer, a toast) are written
/// down with the event, carried out when it is committed, and forgotten if it
/// fails.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(State, Default)]
/// struct Shop { cart: Vec<u32> }
/// fn add(id: u32, cx: &mut Cx<Shop, ()>) -> Result {
///     cx.app.cart.push(id);
///     cx.toast("In the cart")
/// }
/// ```
#[derive(Debug)]
pub struct Cx<'a, App = (), Msg = ()> {
    /// The program's state: one per user, for all pages.
    pub app: &'a mut App,
    /// Where the program runs. Needs no permission.
    pub environment: &'a Environment,
    messages: PhantomData<fn(Msg)>,
}

/// A timer that was set, to take it back; can be kept in a state.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(State, Default)]
/// struct Kitchen { timer: Option<Timer> }
/// #[derive(Message)]
/// enum Msg { Ready }
/// fn start(kitchen: &mut Kitchen, cx: &mut Cx<(), Msg>) -> Result {
///     if let Some(old) = kitchen.timer.take() {
///         cx.cancel(old)?;
///     }
///     kitchen.timer = Some(cx.after(Duration::from_secs(60), Msg::Ready)?);
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timer(u64);

impl Serialize for Timer {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Timer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self)
    }
}

impl<'a, App, Msg> Cx<'a, App, Msg> {
    pub(crate) fn new(app: &'a mut App, environment: &'a Environment) -> Self {
        Self { app, environment, messages: PhantomData }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z; the same during one event.
    ///
    /// # Errors
    /// `Denied` without the permission `clock`.
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn order(placed_at: &mut u64, cx: &mut Cx<(), ()>) -> Result {
    ///     *placed_at = cx.now()?;
    ///     Ok(())
    /// }
    /// ```
    pub fn now(&self) -> Result<u64> {
        host::clock_now()
    }

    /// A number that nobody can guess; the same when the event runs again.
    ///
    /// # Errors
    /// `Denied` without the permission `random`.
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn lot(cx: &mut Cx<(), ()>) -> Result<u64> {
    ///     cx.random()
    /// }
    /// ```
    pub fn random(&self) -> Result<u64> {
        let bytes = host::random_bytes(8)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// A number from 0 to `end - 1`, each as likely; 0 if `end` is 0.
    ///
    /// # Errors
    /// As [`Cx::random`].
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn dice(cx: &mut Cx<(), ()>) -> Result<u64> {
    ///     Ok(cx.random_below(6)? + 1)
    /// }
    /// ```
    pub fn random_below(&self, end: u64) -> Result<u64> {
        if end == 0 {
            return Ok(0);
        }
        // What is above the last whole multiple would make small numbers likelier.
        let limit = u64::MAX - u64::MAX % end;
        loop {
            let number = self.random()?;
            if number < limit {
                return Ok(number % end);
            }
        }
    }

    /// Bytes that nobody can guess, at most 64 KiB.
    ///
    /// # Errors
    /// As [`Cx::random`]; `Limited` for more.
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn code(cx: &mut Cx<(), ()>) -> Result<Vec<u8>> {
    ///     cx.random_bytes(16)
    /// }
    /// ```
    pub fn random_bytes(&self, length: u32) -> Result<Vec<u8>> {
        host::random_bytes(length)
    }

    /// Where the program runs, as the host says it now. [`Cx::environment`] has
    /// the same without a permission.
    ///
    /// # Errors
    /// `Denied` without the permission `system`.
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn host_name(cx: &mut Cx<(), ()>) -> Result<Option<String>> {
    ///     Ok(cx.info()?.get("host").map(str::to_owned))
    /// }
    /// ```
    pub fn info(&self) -> Result<Environment> {
        host::system_info().map(Environment::new)
    }

    /// Writes a message for the developer; see also [`crate::info`].
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn note(cx: &mut Cx<(), ()>) {
    ///     cx.log(Level::Debug, "adding");
    /// }
    /// ```
    pub fn log(&self, level: Level, message: &str) {
        crate::log::write(level, message);
    }

    /// Keeps a value under a key, for this user: 1 to 256 bytes of key, 1 MiB of
    /// value, 10 MiB in all.
    ///
    /// # Errors
    /// `Denied` without the permission `storage`; `Limited`; `Invalid` key.
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// #[derive(State)]
    /// struct Address { street: String }
    /// fn keep(address: &Address, cx: &mut Cx<(), ()>) -> Result {
    ///     cx.set("address", address)
    /// }
    /// ```
    pub fn set<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result {
        host::storage_set(key, &codec::encode_cbor(value)?)
    }

    /// The value under a key.
    ///
    /// # Errors
    /// As [`Cx::set`]; `Incompatible` if it is no `T`.
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn points(cx: &mut Cx<(), ()>) -> Result<u32> {
    ///     Ok(cx.get("points")?.unwrap_or(0))
    /// }
    /// ```
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        host::storage_get(key)?.map(|bytes| codec::decode_cbor(&bytes)).transpose()
    }

    /// Keeps bytes under a key, as they are.
    ///
    /// # Errors
    /// As [`Cx::set`].
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn keep(cx: &mut Cx<(), ()>) -> Result {
    ///     cx.set_bytes("picture", &[0x89, 0x50])
    /// }
    /// ```
    pub fn set_bytes(&mut self, key: &str, value: &[u8]) -> Result {
        host::storage_set(key, value)
    }

    /// The bytes under a key.
    ///
    /// # Errors
    /// As [`Cx::set`].
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn picture(cx: &mut Cx<(), ()>) -> Result<Option<Vec<u8>>> {
    ///     cx.get_bytes("picture")
    /// }
    /// ```
    pub fn get_bytes(&self, key: &str) -> Result<Option<Vec<u8>>> {
        host::storage_get(key)
    }

    /// Removes a key; true if it was there.
    ///
    /// # Errors
    /// As [`Cx::set`].
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn forget(cx: &mut Cx<(), ()>) -> Result<bool> {
    ///     cx.remove("address")
    /// }
    /// ```
    pub fn remove(&mut self, key: &str) -> Result<bool> {
        host::storage_delete(key)
    }

    /// All keys that begin with `prefix`, in order of their bytes.
    ///
    /// # Errors
    /// As [`Cx::set`].
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn orders(cx: &mut Cx<(), ()>) -> Result<usize> {
    ///     Ok(cx.keys("order/")?.len())
    /// }
    /// ```
    pub fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        const PAGE: u32 = 1_000;
        let mut keys: Vec<String> = Vec::new();
        loop {
            let more = host::storage_keys(prefix, keys.last().map(String::as_str), PAGE)?;
            let last = more.len() < PAGE as usize;
            keys.extend(more);
            if last {
                return Ok(keys);
            }
        }
    }

    /// Bytes in use, and bytes allowed.
    ///
    /// # Errors
    /// As [`Cx::set`].
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn is_nearly_full(cx: &mut Cx<(), ()>) -> Result<bool> {
    ///     let (used, allowed) = cx.usage()?;
    ///     Ok(used * 10 > allowed * 9)
    /// }
    /// ```
    pub fn usage(&self) -> Result<(u64, u64)> {
        host::storage_usage()
    }

    /// Opens a page on top of this one. Only in `update`, and one navigation in
    /// an event.
    ///
    /// # Errors
    /// `Denied` without the permission `navigation`; `Limited` if 10 pages lie
    /// on each other; `Invalid`.
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// # struct Product;
    /// # impl mprun::Routed for Product { const ROUTE: &'static str = "product"; }
    /// fn show(id: u32, cx: &mut Cx<(), ()>) -> Result {
    ///     cx.open(link!(Product, id = id))
    /// }
    /// ```
    pub fn open(&mut self, link: Link) -> Result {
        host::navigation_open(&link.route, &link.parameters, None).map(drop)
    }

    /// Opens a page in place of this one.
    ///
    /// # Errors
    /// As [`Cx::open`].
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// # struct Order;
    /// # impl mprun::Routed for Order { const ROUTE: &'static str = "order"; }
    /// fn placed(id: u32, cx: &mut Cx<(), ()>) -> Result {
    ///     cx.redirect(link!(Order, id = id))
    /// }
    /// ```
    pub fn redirect(&mut self, link: Link) -> Result {
        host::navigation_redirect(&link.route, &link.parameters).map(drop)
    }

    /// Closes every page of this stack and opens one.
    ///
    /// # Errors
    /// As [`Cx::open`].
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// # struct Menu;
    /// # impl mprun::Routed for Menu { const ROUTE: &'static str = "menu"; }
    /// fn start_again(cx: &mut Cx<(), ()>) -> Result {
    ///     cx.relaunch(link!(Menu))
    /// }
    /// ```
    pub fn relaunch(&mut self, link: Link) -> Result {
        host::navigation_relaunch(&link.route, &link.parameters).map(drop)
    }

    /// Closes this page and shows the one below.
    ///
    /// # Errors
    /// As [`Cx::open`].
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn cancel(cx: &mut Cx<(), ()>) -> Result {
    ///     cx.close()
    /// }
    /// ```
    pub fn close(&mut self) -> Result {
        host::navigation_close(None).map(drop)
    }

    /// Closes this page and answers the one that opened it with
    /// [`Cx::open_for`]. At most 64 KiB.
    ///
    /// # Errors
    /// As [`Cx::open`].
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn pick(store: u32, cx: &mut Cx<(), ()>) -> Result {
    ///     cx.close_with(&store)
    /// }
    /// ```
    pub fn close_with<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        host::navigation_close(Some(&codec::encode_cbor(value)?)).map(drop)
    }

    /// Shows a short message once: 1 to 200 characters, one line.
    ///
    /// # Errors
    /// `Denied` without the permission `toast`; `Limited` if four are waiting;
    /// `Invalid`.
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn added(cx: &mut Cx<(), ()>) -> Result {
    ///     cx.toast("In the cart")
    /// }
    /// ```
    pub fn toast(&mut self, text: &str) -> Result {
        host::toast_show(text).map(drop)
    }

    /// Takes back a timer; true if it had not come yet.
    ///
    /// # Errors
    /// `Denied` without the permission `timer`.
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// fn stop(timer: Timer, cx: &mut Cx<(), ()>) -> Result<bool> {
    ///     cx.cancel(timer)
    /// }
    /// ```
    pub fn cancel(&mut self, timer: Timer) -> Result<bool> {
        host::timer_cancel(timer.0)
    }
}

impl<App, Msg: Message> Cx<'_, App, Msg> {
    /// Opens a page on top of this one whose result comes back as a message.
    ///
    /// # Errors
    /// As [`Cx::open`].
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// # struct Stores;
    /// # impl mprun::Routed for Stores { const ROUTE: &'static str = "stores"; }
    /// #[derive(Message)]
    /// enum Msg { Store(Reply<u32>) }
    /// fn pick(cx: &mut Cx<(), Msg>) -> Result {
    ///     cx.open_for(link!(Stores), Msg::Store) // `Stores` calls `cx.close_with(&id)`
    /// }
    /// ```
    pub fn open_for<T>(&mut self, link: Link, message: impl FnOnce(Reply<T>) -> Msg) -> Result {
        let message = codec::encode_named(Msg::SCHEMA, &message(Reply::hole()))?;
        host::navigation_open(&link.route, &link.parameters, Some(&message)).map(drop)
    }

    /// Sends a message to this page when `delay` is over, at most 30 days; also
    /// when nobody looks. At most 64 are open at a time.
    ///
    /// # Errors
    /// `Denied` without the permission `timer`; `Limited`; `Invalid` delay.
    ///
    /// ```
    /// # use mprun::prelude::*;
    /// #[derive(Message)]
    /// enum Msg { Ready }
    /// fn brew(cx: &mut Cx<(), Msg>) -> Result<Timer> {
    ///     cx.after(Duration::from_secs(90), Msg::Ready)
    /// }
    /// ```
    pub fn after(&mut self, delay: Duration, message: Msg) -> Result<Timer> {
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        host::timer_after(delay_ms, &codec::encode_named(Msg::SCHEMA, &message)?).map(Timer)
    }
}
