//! What must hold of MapReduce.

use super::{MapReduce, functions, progress::Counts};
use sim_core::prelude::*;

/// The files of a finished job, one after the other, are byte for byte what one machine alone would have made.
pub(super) fn sequential((): &(), view: &View<'_, MapReduce>, changed: NodeId) -> Judgement {
    let finished = view.state(changed).and_then(|node| node.master()?.finished.as_ref());
    let Some((job, files)) = finished else { return Judgement::Idle };
    let found: String = files.iter().map(|(_, file)| file.as_str()).collect();
    let wanted = functions::sequential(job);
    if found == wanted {
        return Judgement::Holds;
    }
    let line = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
    let line = line.unwrap_or(found.lines().count().min(wanted.lines().count()));
    let of = |text: &str| text.lines().nth(line).unwrap_or("nothing").to_string();
    Judgement::Broken(format!(
        "line {} of {:?} is `{}`, and one machine alone writes `{}`",
        line + 1,
        job.function,
        of(&found),
        of(&wanted)
    ))
}

/// No file of an output is there twice, and none is missing.
pub(super) fn once((): &(), view: &View<'_, MapReduce>, changed: NodeId) -> Judgement {
    let finished = view.state(changed).and_then(|node| node.master()?.finished.as_ref());
    let Some((job, files)) = finished else { return Judgement::Idle };
    match (0..job.reduces).find(|part| files.iter().filter(|(other, _)| other == part).count() != 1) {
        None => Judgement::Holds,
        Some(part) => {
            let count = files.iter().filter(|(other, _)| *other == part).count();
            Judgement::Broken(format!("part {part} of the output counts {count} times"))
        }
    }
}

/// Whether the last input of the master raised a count.
fn raised(view: &View<'_, MapReduce>, changed: NodeId, count: fn(&Counts) -> u32) -> Judgement {
    let master = view.state(changed).and_then(MapReduce::master);
    Judgement::happened(master.is_some_and(|master| count(&master.counts) > count(&master.counted)))
}

pub(super) fn done((): &(), view: &View<'_, MapReduce>, changed: NodeId) -> Judgement {
    let finished = view.state(changed).and_then(|node| node.master()?.finished.as_ref());
    Judgement::happened(finished.is_some())
}
pub(super) fn again((): &(), view: &View<'_, MapReduce>, changed: NodeId) -> Judgement {
    raised(view, changed, |counts| counts.again)
}
pub(super) fn backup((): &(), view: &View<'_, MapReduce>, changed: NodeId) -> Judgement {
    raised(view, changed, |counts| counts.faster)
}
pub(super) fn local((): &(), view: &View<'_, MapReduce>, changed: NodeId) -> Judgement {
    raised(view, changed, |counts| counts.local)
}
