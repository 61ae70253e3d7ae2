//! The host's functions as a component imports them.

use crate::bindings::mprun::host;
use crate::error::{Error, Result};

fn refused(error: host::types::Error) -> Error {
    Error::of_host(error.code, error.message, error.retry_after_ms)
}

pub(crate) fn log_write(level: u32, message: &str) {
    host::log::write(level, message);
}

pub(crate) fn log_panic(message: &str) {
    host::log::panic(message);
}

pub(crate) fn clock_now() -> Result<u64> {
    host::clock::now().map_err(refused)
}

pub(crate) fn random_bytes(length: u32) -> Result<Vec<u8>> {
    host::random::bytes(length).map_err(refused)
}

pub(crate) fn system_info() -> Result<Vec<(String, String)>> {
    host::system::info().map_err(refused)
}

pub(crate) fn storage_get(key: &str) -> Result<Option<Vec<u8>>> {
    host::storage::get(key).map_err(refused)
}

pub(crate) fn storage_set(key: &str, value: &[u8]) -> Result {
    host::storage::set(key, value).map_err(refused)
}

pub(crate) fn storage_delete(key: &str) -> Result<bool> {
    host::storage::delete(key).map_err(refused)
}

pub(crate) fn storage_keys(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>> {
    host::storage::keys(prefix, after, limit).map_err(refused)
}

pub(crate) fn storage_usage() -> Result<(u64, u64)> {
    host::storage::usage().map_err(refused)
}

pub(crate) fn navigation_open(route: &str, parameters: &[(String, String)], reply: Option<&[u8]>) -> Result<u64> {
    host::navigation::open(route, parameters, reply).map_err(refused)
}

pub(crate) fn navigation_redirect(route: &str, parameters: &[(String, String)]) -> Result<u64> {
    host::navigation::redirect(route, parameters).map_err(refused)
}

pub(crate) fn navigation_close(payload: Option<&[u8]>) -> Result<u64> {
    host::navigation::close(payload).map_err(refused)
}

pub(crate) fn navigation_relaunch(route: &str, parameters: &[(String, String)]) -> Result<u64> {
    host::navigation::relaunch(route, parameters).map_err(refused)
}

pub(crate) fn timer_after(delay_ms: u64, message: &[u8]) -> Result<u64> {
    host::timer::after(delay_ms, message).map_err(refused)
}

pub(crate) fn timer_cancel(id: u64) -> Result<bool> {
    host::timer::cancel(id).map_err(refused)
}

pub(crate) fn toast_show(text: &str) -> Result<u64> {
    host::toast::show(text).map_err(refused)
}
