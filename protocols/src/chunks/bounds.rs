//! How fast a file can be spread at best.
//!
//! A *round* is the time of one chunk on one uplink. When all uplinks are alike and one node has the file, nobody is faster
//! than M − 1 + ⌈log₂(N + 1)⌉ rounds for N receivers and M chunks (Mundinger, Weber and Weiss, "Optimal scheduling of
//! peer-to-peer file dissemination", J. Scheduling 11, 2008): the last chunk leaves its source after M − 1 others, and the
//! number of those who have it at most doubles in each round. Without chunks, as if the file were a fluid, it is the greatest of what
//! the source must send once, what the slowest must receive, and what all have to send together (Kumar and Ross, "Peer-assisted file
//! distribution", 2006).

use sim_core::{link::Nic, prelude::*, size::Rate};

/// The fewest rounds for so many receivers and chunks, at least one of each.
///
/// ```
/// use protocols::chunks::bounds::rounds;
/// assert_eq!([rounds(10, 10), rounds(7, 7), rounds(1000, 10), rounds(1000, 1000)], [13, 9, 19, 1009]);
/// ```
pub fn rounds(receivers: u64, chunks: u64) -> u64 {
    chunks - 1 + u64::from((receivers + 1).next_power_of_two().ilog2())
}

/// The fluid limit for a file of so many bytes, where `ups` are the uplinks of the receivers and `down` is the slowest downlink.
pub fn fluid(bytes: u64, source: Rate, ups: &[Rate], down: Option<Rate>) -> Span {
    let all = Rate(source.0 + ups.iter().map(|up| up.0).sum::<u64>());
    let slowest = down.map_or(Span::ZERO, |down| down.time(bytes));
    source.time(bytes).max(slowest).max(all.time(bytes * ups.len() as u64))
}

/// The same where receivers pass nothing on: the senders, who have the file, serve so many receivers.
pub fn client_server(bytes: u64, senders: &[Rate], receivers: u64, down: Option<Rate>) -> Span {
    let all = Rate(senders.iter().map(|up| up.0).sum());
    down.map_or(Span::ZERO, |down| down.time(bytes)).max(all.time(bytes * receivers))
}

/// What can be said of a service whose first nodes are sources, in whose file there are so many chunks of so many bytes, on
/// these interfaces: nothing, where some uplink is unlimited.
pub fn of(gauge: &'static str, sources: usize, chunks: u32, chunk: u64, nics: &[Nic]) -> Vec<Bound> {
    let ups: Option<Vec<Rate>> = nics.iter().map(|nic| nic.up.map(|pipe| pipe.rate)).collect();
    let Some(ups) = ups.filter(|ups| sources > 0 && sources < ups.len()) else { return Vec::new() };
    let down = nics[sources..].iter().filter_map(|nic| nic.down.map(|pipe| pipe.rate)).min();
    let at = |span: Span| Time(span.0);
    let source = Rate(ups[..sources].iter().map(|up| up.0).sum());
    let limit = fluid(chunk * u64::from(chunks), source, &ups[sources..], down);
    let mut bounds = vec![Bound { gauge, name: "fluid limit (Kumar and Ross)".into(), at: at(limit) }];
    if sources == 1 && ups.iter().all(|up| *up == ups[0]) {
        let rounds = rounds(ups.len() as u64 - 1, u64::from(chunks));
        let name = format!("{rounds} rounds (Mundinger et al.)");
        bounds.push(Bound { gauge, name, at: at(ups[0].time(chunk) * rounds) });
    }
    bounds
}
