//! Panics of protocols: caught, told with their place, and the end of nothing.

use sim_core::{run::Run, world::World};
use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

/// Runs a world to its end, or for so many events, or until a protocol panics. What it leaves behind, unless the panic left too
/// little; and what the panic says, if there was one. The world is of no use any more.
pub fn left_behind(world: &mut World, events_max: u64) -> (Option<Run>, Option<String>) {
    let panic = caught(|| world.run(events_max)).err();
    (caught(|| world.finish()).ok(), panic)
}

thread_local! {
    /// Where and why this thread panicked last, while somebody listens.
    static PANIC: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
}

/// Runs `act`; if it panics, says where and why, and nothing on standard error.
///
/// # Errors
/// What the panic says.
pub fn caught<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    static LISTEN: Once = Once::new();
    LISTEN.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let heard = PANIC.with_borrow_mut(|panic| match panic {
                Some(message) => {
                    let text = info.payload().downcast_ref::<&str>().copied();
                    let text = text.or_else(|| info.payload().downcast_ref::<String>().map(String::as_str));
                    let said = text.unwrap_or("no message");
                    let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line()));
                    *message = Some(said.to_string() + &place.unwrap_or_default());
                    true
                }
                None => false,
            });
            if !heard {
                before(info);
            }
        }));
    });
    PANIC.set(Some(None));
    let result = panic::catch_unwind(AssertUnwindSafe(act));
    let message = PANIC.take().flatten();
    result.map_err(|_| message.unwrap_or_else(|| "no message".into()))
}
