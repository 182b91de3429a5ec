//! Every call of an engine goes through here: what fails or panics inside it becomes a
//! `StoreError`. A damaged file makes both engines panic now and then; such a panic is told once,
//! as damage, and not also on stderr by Rust's own hook.

use super::StoreError;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Once;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// An engine's error, told apart: the disk refused, or the bytes are not what was written.
pub(super) enum Cause {
    Io(String),
    Damage(String),
}

impl From<std::io::Error> for Cause {
    fn from(why: std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        match why.kind() {
            // A file that ends too soon or is no store.
            Kind::UnexpectedEof | Kind::InvalidData | Kind::InvalidInput => {
                Self::Damage(why.to_string())
            }
            _ => Self::Io(why.to_string()),
        }
    }
}

/// Runs one call of an engine. An engine that has panicked keeps its state behind its own locks,
/// and nothing is written with it after damage is reported.
pub(super) fn guard<T, E: Into<Cause>>(
    path: &Path,
    doing: &'static str,
    call: impl FnOnce() -> Result<T, E>,
) -> Result<T, StoreError> {
    quiet();
    let before = INSIDE.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    INSIDE.set(before);
    let cause = match result {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(why)) => why.into(),
        Err(panic) => Cause::Damage(
            panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("the engine panicked")
                .to_owned(),
        ),
    };
    Err(match cause {
        Cause::Io(why) => StoreError::Io {
            doing,
            path: path.to_owned(),
            why,
        },
        Cause::Damage(why) => StoreError::Damaged {
            path: path.to_owned(),
            why: format!("{doing}: {why}"),
        },
    })
}

/// Whether a thread is an engine's own.
fn is_engines(name: Option<&str>) -> bool {
    name.is_some_and(|name| name.starts_with("sled"))
}

/// Silences the panics that `guard` catches; all others are told as before.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let caught = INSIDE.try_with(Cell::get).unwrap_or(false);
            if !caught && !is_engines(std::thread::current().name()) {
                before(info);
            }
        }));
    });
}
