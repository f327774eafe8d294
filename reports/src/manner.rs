//! How strong a fault is, in a few words: `10-fold`, `5s ahead`, `5 % loss`.

use crate::words::{counted, span};
use sim_core::{
    fault::{Fault, Shift},
    link::Impairment,
    rng::Chance,
    sample::Delay,
    time::Span,
};

/// How strong it is; empty where its kind says it all.
pub(crate) fn manner(fault: &Fault) -> String {
    match fault {
        Fault::Degrade { link, .. } | Fault::DegradeNic { link, .. } => worse(link),
        Fault::Lose { messages, .. } => counted((*messages).into(), "message"),
        Fault::Ranks { step, .. } => format!("{} a place", span(*step)),
        Fault::Slow { factor, .. } | Fault::DiskSlow { factor, .. } => format!("{factor}-fold"),
        Fault::ClockJump { by, .. } => shift(*by),
        Fault::ClockStrobe { by, every, .. } => format!("{} every {}", shift(*by), span(*every)),
        Fault::ClockDrift { by, .. } => {
            format!("{} {}", share(by.abs()), if *by < 0.0 { "slow" } else { "fast" })
        }
        Fault::BitRot { records, .. } => format!("{} each", counted((*records).into(), "record")),
        Fault::Split(_)
        | Fault::OneWay { .. }
        | Fault::Isolate(_)
        | Fault::Halves(_)
        | Fault::Bridge(_)
        | Fault::MinorityThird(_)
        | Fault::MajoritiesRing(_)
        | Fault::Clog { .. }
        | Fault::Heal
        | Fault::Crash(_)
        | Fault::PowerLoss(_)
        | Fault::Wipe(_)
        | Fault::Restart(_)
        | Fault::Pause(_)
        | Fault::Resume(_)
        | Fault::ClockReset(_)
        | Fault::DiskStall(_)
        | Fault::DiskFull(_)
        | Fault::Gray(..)
        | Fault::End(_) => String::new(),
    }
}

fn shift(by: Shift) -> String {
    match by {
        Shift::Ahead(by) => format!("{} ahead", span(by)),
        Shift::Behind(by) => format!("{} behind", span(by)),
    }
}

fn worse(link: &Impairment) -> String {
    let Impairment { delay, loss, bursts, duplicate, reorder, corrupt, bandwidth } = link;
    let chance = |chance: &Chance, what: &str| {
        (!chance.is_never()).then(|| format!("{} {what}", share(chance.as_f64())))
    };
    let parts = [
        delay.as_ref().map(|delay| format!("{} more delay", length(delay))),
        chance(loss, "loss"),
        bursts.as_ref().map(|_| "loss in bursts".into()),
        chance(duplicate, "twice"),
        reorder.as_ref().and_then(|reorder| chance(&reorder.chance, "out of order")),
        chance(corrupt, "damaged"),
        bandwidth.as_ref().map(|pipe| pipe.rate.to_string()),
    ];
    parts.into_iter().flatten().collect::<Vec<String>>().join(", ")
}

/// A delay by its mean.
fn length(delay: &Delay) -> String {
    if let Delay::Constant(length) = delay {
        return span(*length);
    }
    let mean = delay.mean();
    if mean.is_finite() { format!("about {}", span(Span(mean as u64))) } else { "unboundedly".into() }
}

/// A share in per cent with as many digits as it takes, at most four behind the point.
fn share(share: f64) -> String {
    let text = format!("{:.4}", 100.0 * share);
    format!("{}\u{a0}%", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::time::Units;

    #[test]
    fn what_gets_worse_is_named_and_nothing_else() {
        let link = Impairment {
            delay: Some(Delay::Constant(10.ms())),
            loss: Chance::ratio(1, 20),
            ..Impairment::default()
        };
        assert_eq!(manner(&Fault::DegradeNic { of: Vec::new(), link }), "10ms more delay, 5\u{a0}% loss");
        assert_eq!(manner(&Fault::ClockDrift { of: Vec::new(), by: -0.0001 }), "0.01\u{a0}% slow");
        assert_eq!(manner(&Fault::Slow { of: Vec::new(), factor: 2.5 }), "2.5-fold");
        assert_eq!(manner(&Fault::Heal), "");
    }
}
