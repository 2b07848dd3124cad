//! Panics of simulated nodes: kept for the report with the place where they happened, instead of printed.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::sync::Once;

thread_local! {
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

static HOOK: Once = Once::new();

/// While it lives, panics of this thread are written down.
pub struct Watch(());

impl Watch {
    pub fn begin() -> Watch {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                if IS_WATCHED.get() {
                    LAST.with(|last| *last.borrow_mut() = info.to_string());
                } else {
                    before(info);
                }
            }));
        });
        IS_WATCHED.set(true);
        Watch(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        IS_WATCHED.set(false);
    }
}

/// The message with its place, or at least the payload's text.
pub fn describe(payload: &(dyn Any + Send)) -> String {
    let seen = LAST.with(|last| std::mem::take(&mut *last.borrow_mut()));
    if !seen.is_empty() {
        return seen;
    }
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".into())
}
