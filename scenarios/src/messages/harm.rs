//! What can be wrong with faults and generators of faults: the words.

use super::{a, mistake, one_of, quote, suggestion};
use crate::diagnostics::{Mistake, Place};
use sim_core::time::{Span, Time};

// When.

pub(crate) fn no_moment(at: Place) -> Mistake {
    mistake(at, "this fault never strikes", "no moment").help(
        "write `at: \"20s\"`, `between: (\"10s\", \"20s\")`, `every: \"5s\"`, `after: (\"split\", \"5s\")` for 5 s after \
         another fault strikes, or `when: NoRole(\"leader\")`",
    )
}

pub(crate) fn two_moments(at: Place, first: &str) -> Mistake {
    mistake(at, "this fault has two moments", format!("`{first}` is given too"))
        .help("write one of `at`, `between`, `every`, `after` and `when`")
}

pub(crate) fn bound_without(at: Place, key: &str, moment: &str, with: &[&str]) -> Mistake {
    mistake(at, format!("`{key}` says nothing beside `{moment}`"), "has no meaning here")
        .help(format!("it belongs to {}; leave it out", one_of(with.iter().copied())))
}

pub(crate) fn ends_before_it_starts(at: Place, from: Time, to: Time) -> Mistake {
    mistake(at, format!("nothing lies from {from} on and before {to}"), "ends before it starts")
        .help("write the earlier moment first, and a later one second")
}

pub(crate) fn latest_before_from(at: Place, from: Time, latest: Time) -> Mistake {
    mistake(at, format!("it is to strike by {latest}, and to wait from {from} on"), "not later than `from`")
        .help("write a later moment, or leave `latest` out: then it waits for as long as it takes")
}

pub(crate) fn clients_have_none(at: Place) -> Mistake {
    mistake(at, "clients have no roles and no disks, and are not waited for", "no service of servers")
        .help("name a service under `services`; `Answered(1000)` waits for what clients were told")
}

pub(crate) fn too_many_aimed(at: Place, found: usize, most: usize) -> Mistake {
    mistake(at, format!("{found} aimed strikes can wait at the same time"), format!("more than {most}"))
        .help("make `at_once` smaller, or leave `aim` out of some")
}

pub(crate) fn two_triggers(at: Place) -> Mistake {
    mistake(at, "this aims at the trigger twice, and there is one", "two picks `TriggerOf`")
        .help("aim at others by role, by name or at random")
}

pub(crate) fn nothing_triggers(at: Place, service: &str) -> Mistake {
    mistake(at, "this waits for nothing, so there is no trigger", "`TriggerOf` without `when`")
        .help(format!("write `RandomOf({service:?}, 1)`, or let it wait: `when: RoleChange({service:?})`"))
}

pub(crate) fn triggered_elsewhere(at: Place, service: &str, other: &str) -> Mistake {
    let found = format!("what it waits for happens in `{other}`, and never in `{service}`");
    mistake(at, found, format!("never a node of `{service}`")).help(format!("write `TriggerOf({other:?})`"))
}

pub(crate) fn kind_triggered(at: Place, service: &str) -> Mistake {
    mistake(at, "a kind waits for nothing by itself, so it has no trigger", "`TriggerOf` in a kind")
        .help(format!("write `RandomOf({service:?}, 1)`, and `aim: 0.5` beside `kinds`"))
}

pub(crate) fn aims_at_none(at: Place) -> Mistake {
    let found = "none of its kinds hits `RandomOf` or `Service`, so no strike can be aimed";
    mistake(at, found, "nothing to aim at")
        .help("let a kind hit `RandomOf(\"db\", 1)` or `Service(\"db\")`, or leave `aim` out")
}

pub(crate) fn overlaps(at: Place, lasts: Span, every: Span) -> Mistake {
    mistake(at, format!("this lasts {lasts} and strikes every {every}"), "not over before it strikes again")
        .help("let it last shorter than `every`, or leave `lasts` out")
}

pub(crate) fn too_many_strikes(at: Place, found: u64, most: usize) -> Mistake {
    mistake(at, format!("faults can strike {found} times, counted up to here"), format!("more than {most}"))
        .help("let them strike more rarely, in a shorter time, or at fewer nodes")
}

pub(crate) fn too_many_looks(at: Place, strikes: u64, nodes: u64, most: u64) -> Mistake {
    let found = format!("faults can strike {strikes} times, counted up to here, in a world of {nodes} nodes");
    mistake(at, found, format!("more than {} times", most / nodes))
        .help("let them strike more rarely, or in a shorter time, or have fewer nodes")
}

pub(crate) fn clients_spared(at: Place, kind: &str) -> Mistake {
    let found = format!(
        "{kind} does nothing to clients: they stand for users, who have no disk, no cores and no clock"
    );
    mistake(at, found, "a client").help("aim it at servers; clients can be cut off, crashed and paused")
}

pub(crate) fn too_many_compared(at: Place, strikes: u64, nodes: u64, most: u64) -> Mistake {
    let found =
        format!("with `keep: Quorum`, {strikes} strikes compare the disks of {nodes} nodes with one another");
    mistake(at, found, format!("more than {most} times"))
        .help("let it strike more rarely, or leave `keep` out")
}

pub(crate) fn too_many_wait(at: Place, most: usize) -> Mistake {
    mistake(at, "one fault too many waits for a condition", format!("more than {most} do"))
        .help("let some strike `at` a moment, or `after` one that waits")
}

pub(crate) fn too_long_in_all(at: Place, found: u64, most: usize) -> Mistake {
    mistake(at, format!("all strikes together take {found} bytes to write down"), format!("more than {most}"))
        .help("let this strike more rarely, or make it shorter")
}

pub(crate) fn condition_never(at: Place, why: &str) -> Mistake {
    mistake(at, format!("this holds from the start: {why}"), "nothing to wait for")
        .help("write 1 or more, or `at` instead of `when`")
}

pub(crate) fn no_calls(at: Place) -> Mistake {
    mistake(at, "nothing is ever answered: there are no clients", "never holds").help("add `clients`")
}

pub(crate) fn label(at: Place) -> Mistake {
    mistake(at, "this cannot be a label", "not a label")
        .help("write what a node shows of its state, like `Shows(\"commit\", 100)`")
}

// How it ends, and whom it spares.

pub(crate) fn keep_harmless(at: Place, kind: &str) -> Mistake {
    mistake(at, format!("{} harms nobody who could be spared", a(kind)), "remove this")
}

pub(crate) fn rolls_not(at: Place, kind: &str) -> Mistake {
    mistake(at, format!("{} cannot go from node to node", a(kind)), "remove this")
        .help("only faults with one list of nodes roll, each of whom can be hit alone")
}

pub(crate) fn rolls_unknown(at: Place) -> Mistake {
    mistake(at, "whom this chooses is not known before the run", "depends on the run or the seed").help(
        "a fault with `rolling` takes `Node`, `Service`, `Zone`, `Region` and `All`: its nodes come one after the other",
    )
}

pub(crate) fn ends_many(at: Place, name: &str) -> Mistake {
    mistake(at, format!("{} strikes many times, and `End` ends one fault", quote(name)), "many faults")
        .help("say how long each strike lasts with `lasts`")
}

pub(crate) fn ends_nothing(at: Place, name: &str, kind: &str) -> Mistake {
    mistake(at, format!("{} is {}: it is over at once", quote(name), a(kind)), "nothing to end")
        .help("name a fault that lasts")
}

pub(crate) fn ends_itself(at: Place) -> Mistake {
    mistake(at, "this fault would end itself", "its own name").help("name the fault that it is to end")
}

// What.

pub(crate) fn factor(at: Place, found: f64) -> Mistake {
    mistake(
        at,
        format!("a factor of {found:?} is out of range"),
        "expected a number above 1, at most a million",
    )
    .help("10 makes everything take ten times as long")
}

pub(crate) fn clock_drift(at: Place, found: f64) -> Mistake {
    mistake(at, format!("a clock cannot run fast by {found:?}"), "expected a number from -0.999 to 1, not 0")
        .help("0.01 gains 10 ms a second, -0.01 loses as much")
}

pub(crate) fn shift_zero(at: Place) -> Mistake {
    mistake(at, "a clock that is set by 0s stays right", "no time").help("write a duration like \"1s\"")
}

pub(crate) fn strobes(at: Place, found: u64, most: u64) -> Mistake {
    mistake(at, format!("this sets clocks about {found} times"), format!("more than {most}"))
        .help("set them more rarely, or let the fault last shorter")
}

pub(crate) fn no_records(at: Place) -> Mistake {
    mistake(at, "0 damaged records are no damage", "none").help("write 1 or more")
}

pub(crate) fn no_messages(at: Place) -> Mistake {
    mistake(at, "0 lost messages are no loss", "none").help("write 1 or more")
}

pub(crate) fn everybody(at: Place) -> Mistake {
    mistake(at, "`Everybody` is one end of a fault, alone, with others named at the other end", "here")
        .help("it goes with `OneWay`, `Clog`, `Lose` and `Degrade`; elsewhere write `All` and `Service(\"clients\")`, or `Rest`")
}

pub(crate) fn cut_from_nobody(at: Place) -> Mistake {
    mistake(at, "`Rest` is who is not named, and here nobody is", "nobody is left")
        .help("name those who are deaf or mute")
}

pub(crate) fn too_few(at: Place, kind: &str, needs: u64, found: u64) -> Mistake {
    let verb = if found == 1 { "is" } else { "are" };
    mistake(at, format!("{} needs {needs} nodes, and there {verb} {found}", a(kind)), "too few")
}

pub(crate) fn no_minority(at: Place, service: &str, nodes: u32) -> Mistake {
    mistake(
        at,
        format!(
            "{} has {nodes} node{}, of which nobody is a minority",
            quote(service),
            if nodes == 1 { "" } else { "s" }
        ),
        "nobody",
    )
    .help("a minority is less than half: it takes three nodes to have one")
}

pub(crate) fn no_majority_without(at: Place, service: &str, nodes: u32, role: &str) -> Mistake {
    mistake(
        at,
        format!("without a {} {} may have no majority left: it has {nodes}", quote(role), quote(service)),
        "too few",
    )
    .help("a majority without one of them takes three nodes: write `Service` or `Minority`, or more nodes")
}

pub(crate) fn no_role_in(at: Place, found: &str, service: &str, known: &[&str]) -> Mistake {
    mistake(at, format!("{} has no role {}", quote(service), quote(found)), "unknown")
        .help(suggestion(found, known))
}

pub(crate) fn no_place(at: Place, kind: &str, found: &str, known: &[&str]) -> Mistake {
    let mistake = mistake(at, format!("there is no {kind} {}", quote(found)), "unknown");
    match known {
        [] => mistake.help("a `topology` says which regions and zones there are"),
        known => mistake.help(suggestion(found, known)),
    }
}

pub(crate) fn nobody_there(at: Place, kind: &str, found: &str) -> Mistake {
    mistake(at, format!("nobody stands in the {kind} {}", quote(found)), "nobody")
        .help("a service says where its nodes stand with `zones`")
}

// Generators.

pub(crate) fn no_kinds(at: Place) -> Mistake {
    mistake(at, "this nemesis does not know what to do", "neither `of` nor `kinds`")
        .help("write `of: \"db\"` for the usual troubles of a service, or list `kinds`")
}

pub(crate) fn of_and_kinds(at: Place) -> Mistake {
    mistake(at, "`of` stands for the usual kinds of fault, and `kinds` are given too", "one too many")
        .help("write either `of` or `kinds`; the faults in `kinds` say whom they hit")
}

pub(crate) fn kinds_empty(at: Place) -> Mistake {
    mistake(at, "this nemesis has nothing to do", "empty")
        .help("list what it can do, like `(do: Crash([RandomOf(\"db\", 1)]))`")
}

pub(crate) fn weight(at: Place, found: f64) -> Mistake {
    mistake(at, format!("{found:?} is no weight"), "expected a number above 0, at most a million")
        .help("leave out what is not to happen")
}

pub(crate) fn kind_harmless(at: Place, kind: &str) -> Mistake {
    mistake(at, format!("{} does no harm", a(kind)), "not a harm")
        .help("a nemesis does harm; what it does ends by itself")
}

pub(crate) fn at_once(at: Place, found: u32) -> Mistake {
    mistake(at, format!("{found} faults at the same time are out of range"), "expected a count from 1 to 100")
}

pub(crate) fn swarm_never(at: Place) -> Mistake {
    mistake(at, "kinds of which none is ever taken part in", "expected a probability above 0")
        .help("0.5 leaves half of the kinds out for each seed, 1 none")
}

pub(crate) fn nemesis_boundless(at: Place) -> Mistake {
    mistake(at, "this nemesis could strike endlessly often", "neither `gap_min` nor `dwell_min`")
        .help("write `gap_min` or `dwell_min`, like \"100ms\"")
}

pub(crate) fn nemesis_late(at: Place, to: Time, what: &str, from: Time) -> Mistake {
    mistake(at, format!("this nemesis strikes until {to}, and {what} at {from}"), "too late")
        .help("make `to` earlier, or leave it out")
}
