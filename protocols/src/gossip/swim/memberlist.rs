//! How long to suspect, and how often to tell: the formulas of hashicorp/memberlist (`suspicion.go`, `util.go`).

use sim_core::{libm, prelude::*};

/// How often a piece of news is sent by each member that has it: `mult` · ⌈log10(members + 1)⌉.
pub fn retransmit_limit(mult: u32, members: u32) -> u32 {
    mult * libm::ceil(libm::log10(f64::from(members) + 1.0)) as u32
}

/// The least time for a refutation: `mult` · max(1, log10(members)) · `period`, to the millisecond.
pub fn suspicion_timeout(mult: u32, members: u32, period: Span) -> Span {
    let scale = libm::log10(f64::from(members.max(1))).max(1.0);
    // As there, the scale is taken to three decimals first.
    Span((period * u64::from(mult) * (scale * 1000.0) as u64).0 / 1000)
}

/// How much is left of a suspicion that `confirmed` others share, of the `wanted` that would make it as short as it gets; and has
/// lasted for `elapsed`. In nanoseconds, below 0 if it is over.
///
/// It falls from `longest` to `shortest` with the logarithm of the confirmations.
pub fn remaining(confirmed: u32, wanted: u32, elapsed: Span, shortest: Span, longest: Span) -> i64 {
    let share = match wanted {
        0 => 1.0,
        wanted => libm::log(f64::from(confirmed) + 1.0) / libm::log(f64::from(wanted) + 1.0),
    };
    let raw = longest.as_secs() - share * (longest.as_secs() - shortest.as_secs());
    // As there, whole milliseconds, rounded down.
    let timeout = Span(libm::floor(1000.0 * raw) as u64 * 1_000_000).max(shortest);
    timeout.0 as i64 - elapsed.0 as i64
}

/// By how much the time between full exchanges of states grows with the number of members: not at all up to 32, and by one with
/// each doubling.
pub fn push_pull_scale(members: u32) -> u32 {
    match members {
        0..=32 => 1,
        _ => libm::ceil(libm::log2(f64::from(members)) - 5.0) as u32 + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `suspicion_test.go`: of three confirmations that are wanted, between 2 s and 30 s.
    #[test]
    fn a_suspicion_is_as_long_as_there() {
        let rows =
            [(0, 0, 30_000), (1, 2, 14_000), (2, 3, 4_810), (3, 4, -2_000), (4, 5, -3_000), (5, 10, -8_000)];
        for (confirmed, elapsed, expected) in rows {
            let found = remaining(confirmed, 3, elapsed.s(), 2.s(), 30.s());
            assert_eq!(found / 1_000_000, expected, "{confirmed} after {elapsed} s");
        }
    }

    /// `util_test.go`: three periods of a second.
    #[test]
    fn timeouts_grow_with_the_logarithm_of_the_members() {
        let rows = [(5, 1000), (10, 1000), (50, 1698), (100, 2000), (500, 2698), (1000, 3000)];
        for (members, expected) in rows {
            let found = suspicion_timeout(3, members, 1.s());
            assert_eq!(found.0 / 3 / 1_000_000, expected, "{members} members");
        }
    }

    /// `util_test.go`.
    #[test]
    fn news_is_sent_more_often_among_more() {
        assert_eq!([0, 1, 99].map(|members| retransmit_limit(3, members)), [0, 3, 6]);
    }

    /// `util_test.go`.
    #[test]
    fn exchanges_of_states_grow_rarer() {
        let rows = [(0, 1), (32, 1), (33, 2), (64, 2), (65, 3), (128, 3)];
        rows.into_iter()
            .for_each(|(members, scale)| assert_eq!(push_pull_scale(members), scale, "{members}"));
    }
}
