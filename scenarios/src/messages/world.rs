//! What can be wrong with hosts, links and places: the words.

use super::{mistake, quote, suggestion};
use crate::diagnostics::{Mistake, Place};

pub(crate) fn cores(at: Place, found: u32, most: u32) -> Mistake {
    mistake(
        at,
        format!("a host with {found} cores is out of range"),
        format!("expected a count from 1 to {most}"),
    )
}

pub(crate) fn queue_nothing(at: Place) -> Mistake {
    mistake(at, "a queue for nothing drops whatever has to wait", "none")
        .help("write how much may wait, or leave `queue` out")
}

pub(crate) fn rate_nothing(at: Place) -> Mistake {
    mistake(at, "a rate of 0 lets nothing through", "nothing")
        .help("write what fits through in a second, like \"10MB/s\"; a cut is a fault")
}

pub(crate) fn timeout_order(at: Place) -> Mistake {
    mistake(at, "the longest timeout is shorter than the shortest", "below `rto_min`")
}

pub(crate) fn retries(at: Place, found: u32) -> Mistake {
    mistake(at, format!("{found} retries are out of range"), "expected a count from 0 to 255")
}

pub(crate) fn wrong(at: Place, why: &str, help: Option<String>) -> Mistake {
    Mistake { help, ..mistake(at, why, "here") }
}

pub(crate) fn no_topology(at: Place) -> Mistake {
    mistake(at, "there are no zones to stand in", "nowhere")
        .help("a `topology` says which regions and zones there are, and how far they are apart")
}

pub(crate) fn nowhere(at: Place) -> Mistake {
    mistake(at, "nothing says how long messages travel from and to these", "in no zone")
        .help("write where they stand, `zones: [\"…\"]`, or a `delay` in `network` for all who stand nowhere")
}

pub(crate) fn no_zone(at: Place, found: &str, known: &[&str]) -> Mistake {
    mistake(at, format!("there is no zone {}", quote(found)), "unknown").help(suggestion(found, known))
}

pub(crate) fn zones_many(at: Place, found: usize, most: usize) -> Mistake {
    mistake(at, format!("a service in {found} zones"), format!("more than {most}"))
}

pub(crate) fn ends_many(at: Place, found: u64, most: u64) -> Mistake {
    mistake(at, format!("all links together name {found} nodes"), format!("more than {most}"))
        .help("name fewer nodes, in fewer exceptions, or let the nodes stand in fewer zones")
}

pub(crate) fn repeats(at: Place, links: usize, most: usize) -> Mistake {
    mistake(
        at,
        format!("{links} exceptions repeat what stands here"),
        format!("more than {most} bytes in all"),
    )
    .help("write shorter lists of delays, or fewer exceptions")
}

pub(crate) fn pipe_over_zones(at: Place) -> Mistake {
    mistake(at, "this pipe is shared by links of different delays", "no `delay` is given")
        .help("its ends stand in several zones: write `delay` too, or one exception for each pair of zones")
}
