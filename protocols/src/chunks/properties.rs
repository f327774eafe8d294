//! What must hold of whoever spreads chunks, and what can be read off it.

use super::store::Store;
use sim_core::{gauge::Gauge, prelude::*, size::Bytes};

/// A node that has chunks and passes them on.
pub trait Holder {
    /// What it has.
    fn store(&self) -> &Store;
    /// Whether it is there to receive the file.
    fn receives(&self) -> bool;
    /// How many in its service are.
    fn receivers(&self) -> u32;
    /// The chunks that it is passing on.
    fn passing(&self) -> impl Iterator<Item = u32>;
}

/// A receiver that may keep to itself what it gets.
pub(crate) trait Giver: Holder {
    /// Whether it passes anything on.
    fn gives(&self) -> bool;
    /// How many receivers of its service do.
    fn givers(&self) -> u32;
}

/// Refuses a file that makes no sense: which key, and why.
pub(crate) fn check_file(
    chunks: u32,
    chunk: Bytes,
    slots: u32,
    patience: Span,
) -> Result<(), (&'static str, String)> {
    let most = super::push::CHUNKS_MAX;
    if !(1..=most).contains(&chunks) {
        return Err(("chunks", format!("{chunks} chunks are no file; 1 to {most} would do")));
    }
    if chunk.0 == 0 || chunk.0.checked_mul(u64::from(chunks)).is_none_or(|file| file > 1 << 60) {
        return Err(("chunk", format!("{chunks} chunks of {chunk} are no file; `500MB` would do")));
    }
    if slots == 0 {
        return Err(("slots", "without an upload nothing is passed on; 2 would do".into()));
    }
    crate::retry::check("patience", patience)
}

/// Who has ever had all.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    complete: BTreeSet<NodeId>,
}

impl<P: Protocol<Ghost = Ghost> + Holder> sim_core::property::Ghost<P> for Ghost {
    fn observe(&mut self, view: &View<'_, P>, changed: NodeId) -> bool {
        let Some(node) = view.state(changed) else { return false };
        node.store().whole() && node.receives() && self.complete.insert(changed)
    }
}

/// A node that counts itself among those that are done is.
pub(crate) fn complete<P: Protocol + Holder>(_: &P::Ghost, view: &View<'_, P>, changed: NodeId) -> Judgement {
    let Some(store) = view.state(changed).filter(|node| node.receives()).map(P::store) else {
        return Judgement::Idle;
    };
    match (store.complete(), store.whole()) {
        (true, false) => {
            Judgement::Broken(format!("it counts itself as complete with {} chunks", store.have().count()))
        }
        (true, true) => Judgement::Holds,
        (false, _) => Judgement::Idle,
    }
}

/// Nothing is kept that does not hash to what it should.
pub(crate) fn intact<P: Protocol + Holder>(_: &P::Ghost, view: &View<'_, P>, changed: NodeId) -> Judgement {
    match view.state(changed).and_then(|node| node.store().last()) {
        None => Judgement::Idle,
        Some(chunk) if chunk.intact() => Judgement::Holds,
        Some(chunk) => Judgement::Broken(format!("chunk {} is kept, and is damaged", chunk.index)),
    }
}

/// Nothing is passed on that has not come whole.
pub(crate) fn passed<P: Protocol + Holder>(_: &P::Ghost, view: &View<'_, P>, changed: NodeId) -> Judgement {
    let Some(node) = view.state(changed) else { return Judgement::Idle };
    let mut passing = node.passing().peekable();
    if passing.peek().is_none() {
        return Judgement::Idle;
    }
    match passing.find(|&chunk| !node.store().has(chunk)) {
        Some(chunk) => Judgement::Broken(format!("chunk {chunk} is passed on, and has not come")),
        None => Judgement::Holds,
    }
}

pub(crate) fn somebody<P: Protocol<Ghost = Ghost> + Holder>(
    ghost: &Ghost,
    _: &View<'_, P>,
    _: NodeId,
) -> Judgement {
    Judgement::happened(!ghost.complete.is_empty())
}

pub(crate) fn everybody<P: Protocol<Ghost = Ghost> + Holder>(
    ghost: &Ghost,
    view: &View<'_, P>,
    changed: NodeId,
) -> Judgement {
    let all = view.state(changed).is_some_and(|node| ghost.complete.len() as u32 == node.receivers());
    Judgement::happened(all)
}

pub(crate) fn givers<P: Protocol<Ghost = Ghost> + Giver>(
    ghost: &Ghost,
    view: &View<'_, P>,
    changed: NodeId,
) -> Judgement {
    let done = ghost.complete.iter().filter(|node| view.state(**node).is_some_and(P::gives)).count();
    Judgement::happened(view.state(changed).is_some_and(|node| done as u32 == node.givers()))
}

pub(crate) const HELD_NAME: &str = "chunks held";

/// How many chunks a node has, toward all of them.
pub(crate) const fn held<P: Protocol + Holder>() -> Gauge<P> {
    Gauge::toward(
        HELD_NAME,
        "chunks",
        |node| node.receives().then(|| f64::from(node.store().have().count())),
        |node| node.receives().then(|| f64::from(node.store().chunks())),
    )
}

/// How many chunks it is passing on.
pub(crate) const fn uploads<P: Protocol + Holder>() -> Gauge<P> {
    Gauge::new("uploads under way", "", |node| Some(node.passing().count() as f64))
}

pub(crate) fn show(node: &impl Holder) -> Vec<(&'static str, String)> {
    let passing: Vec<String> = node.passing().map(|chunk| chunk.to_string()).collect();
    vec![("chunks", node.store().have().count().to_string()), ("passing", passing.join(" "))]
}
