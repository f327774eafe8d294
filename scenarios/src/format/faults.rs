//! What a scenario says about faults: when they strike, for how long, and the generators that think them up.

use sim_core::{
    fault::{Condition, Fault, Gray, Keep, Pick, Shift},
    rng::Chance,
    sample::Delay,
    time::{Span, Time},
};

/// A fault and its moment.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedFault {
    /// What reports and other faults call it; unique in a scenario. Default: its kind, made unique with `-2`, `-3`, …
    pub name: String,
    /// The fault that strikes often, or the nemesis, of which this is one strike: what is expected of that is expected
    /// of all its strikes together. Plans say it; in a scenario that people write it is not needed.
    pub part_of: Option<String>,
    /// When it strikes.
    pub when: When,
    /// How long until it ends by itself; only for faults that do harm and last. Shorter than `every`.
    pub lasts: Option<Span>,
    /// Whom it must spare; only for faults that do harm. Default: nobody.
    pub keep: Keep,
    /// From one node to the next, for a fault that hits its nodes one after the other; more than nothing. Only for faults
    /// with one group of picks that do not depend on the run or the seed. Default: all at once.
    pub rolling: Option<Span>,
    /// What happens, and to whom.
    pub fault: Fault,
    /// A sentence for the reader of the report. Default: empty. Line breaks in the file are read as spaces.
    pub say: String,
}

/// When a fault strikes.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// `at: "20s"`: at this moment.
    At(Time),
    /// `between: ("10s", "20s")`: at a moment drawn by the seed, from the first on and before the second, which is later.
    Between(Time, Time),
    /// `every: "5s", from: "10s", to: "40s"`: over and over.
    Every {
        /// From one strike to the next; more than nothing.
        every: Span,
        /// The first strike. Default: the start of the run.
        from: Time,
        /// No strike from here on; later than `from`. Default: the start of the calm part, or the end of the run.
        to: Time,
    },
    /// `after: ("split", "5s")`: so long after the named fault, which stands earlier in the file, has struck for the
    /// first time.
    After(String, Span),
    /// `when: NoRole("leader"), from: "10s", latest: "15s"`: as soon as this holds.
    When {
        /// What is waited for.
        condition: Condition,
        /// Not before this. Default: the start of the run.
        from: Time,
        /// If it has not held by then, the fault strikes then; not before `from`. Default: it never does.
        latest: Option<Time>,
    },
}

/// A generator of faults: a function of the seed that writes a schedule before the run begins. After a gap a fault of
/// some kind strikes and dwells for a while, and so on.
#[derive(Clone, Debug, PartialEq)]
pub struct Nemesis {
    /// What its faults are called, with `-2`, `-3`, … from the second on; unique in a scenario. Default: `nemesis`.
    pub name: String,
    /// Where the first gap begins. Default: the start of the run.
    pub from: Time,
    /// All its faults are over by then; later than `from`. Default: the start of the calm part, or the end of the run.
    pub to: Time,
    /// What it can do; at least one. Instead, a file may name a service, `of: "db"`, whose nodes are to suffer from what
    /// [`Nemesis::kinds_for`] lists.
    pub kinds: Vec<Kind>,
    /// How long nothing strikes: from a strike, or, while as many are in force as may be, from the end of one of them.
    /// Default: 5s on average.
    pub gap: Delay,
    /// Gaps that are drawn shorter are as long as this. Default: nothing.
    pub gap_min: Span,
    /// How long a fault lasts. Default: 1s to 5s.
    pub dwell: Delay,
    /// Dwells that are drawn shorter are as long as this. Default: 100ms.
    pub dwell_min: Span,
    /// So many of its faults are in force at the same time, at most; 1 to 100. Default: 1.
    pub at_once: u32,
    /// Whom its faults must spare. Default: nobody.
    pub keep: Keep,
    /// The probability that a kind is taken part in at all, drawn for each seed anew; at least one always is (Groce et
    /// al., "Swarm testing", 2012: leaving something out lets the rest go further). More than 0. Default: 1.
    pub swarm: Chance,
    /// The probability that a strike is aimed: that from the moment drawn for it, it waits for what mistakes hide behind: a
    /// role changes, something is written that is not synced, or a few inputs are handled, each equally likely. It waits for
    /// as long as the gap before it at most, and then strikes anyway. A kind that hits `RandomOf(service, 1)` then hits the
    /// node where it happened. Only for kinds that hit `RandomOf` or `Service`. Default: 0.
    pub aim: Chance,
}

/// Something that a nemesis can do.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// How often, in proportion to the weights of the others; more than 0. Default: 1.
    pub weight: f64,
    /// What happens, and to whom; some harm.
    pub fault: Fault,
}

impl Nemesis {
    /// What befalls the nodes of a service unless a file says what does: crashes above all, cuts of several shapes, and
    /// what is half a failure. `slow_disk` and `wrong_clock` say whether its disks take time, and whether its timers
    /// follow clocks that are set: otherwise these would do nothing.
    pub fn kinds_for(service: &str, nodes: u32, slow_disk: bool, wrong_clock: bool) -> Vec<Kind> {
        let one = || vec![Pick::RandomOf(service.into(), 1)];
        let all = || vec![Pick::Service(service.into())];
        let jump = Fault::ClockJump { of: one(), by: Shift::Ahead(Span(1_000_000_000)) };
        let all = [
            (3.0, 1, Fault::Crash(one())),
            (1.0, 1, Fault::PowerLoss(one())),
            (2.0, 1, Fault::Pause(one())),
            (2.0, 1, Fault::Isolate(one())),
            (1.0, 1, Fault::OneWay { from: one(), to: vec![Pick::Rest] }),
            (1.0, 1, Fault::OneWay { from: vec![Pick::Rest], to: one() }),
            (1.0, 1, Fault::Gray(Gray::LossyNic, one())),
            (1.0, 1, Fault::Gray(Gray::JitteryNic, one())),
            (1.0, if slow_disk { 1 } else { u32::MAX }, Fault::Gray(Gray::SlowDisk, one())),
            (1.0, if wrong_clock { 1 } else { u32::MAX }, jump),
            (2.0, 2, Fault::Halves(all())),
            (1.0, 3, Fault::Bridge(all())),
            (1.0, 4, Fault::MajoritiesRing(all())),
        ];
        let fits = all.into_iter().filter(|(_, needs, _)| nodes >= *needs);
        fits.map(|(weight, _, fault)| Kind { weight, fault }).collect()
    }
}
