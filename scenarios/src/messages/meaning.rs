//! What can be wrong with values that read well: the words.

use super::{a, mistake, one_of, quote, suggestion};
use crate::{
    diagnostics::{Mistake, Place, nearest},
    format::Service,
};
use protocols::text::Texts;
use sim_core::time::{Span, Time};
use std::fmt::Display;

// The run.

pub(crate) fn about_empty(at: Place) -> Mistake {
    mistake(at, "`about` says nothing", "empty")
        .help("write two or three sentences on what happens and what to watch")
}

pub(crate) fn until_zero(at: Place) -> Mistake {
    mistake(at, "a run that ends at once shows nothing", "no time")
        .help("write how long to simulate, like \"60s\"")
}

pub(crate) fn until_far(at: Place, until: Time) -> Mistake {
    mistake(at, format!("a run of {until} is longer than ten years"), "too long")
        .help("simulated time costs real time: most things show within minutes, like \"60s\"")
}

pub(crate) fn calm_long(at: Place, calm: Span, until: Time) -> Mistake {
    mistake(at, format!("a calm of {calm} leaves nothing of a run of {until}"), "not shorter than the run")
        .help("`calm` is the last part of the run; make it shorter, or `until` later")
}

pub(crate) fn list_too_long(at: Place, found: usize, most: usize) -> Mistake {
    mistake(at, format!("this list has {found} entries, and may have {most}"), "too many")
}

// Services and clients.

pub(crate) fn no_service(at: Place) -> Mistake {
    mistake(at, "there is no service", "empty").help("name one, like `\"db\": (run: \"raft\", nodes: 5)`")
}

pub(crate) fn service_unquoted(at: Place, found: &str) -> Mistake {
    let bare = quote(found);
    mistake(at, "the name of a service is written in quotes", "without quotes")
        .help(format!("write \"{}\"", bare.trim_matches('`')))
}

pub(crate) fn service_name(at: Place, found: &str, why: &str) -> Mistake {
    mistake(at, format!("{} cannot be the name of a service", quote(found)), why)
        .help("write 1 to 40 of `a-z`, `0-9`, `-` and `_`, starting with a letter and not ending like `-1`")
}

pub(crate) fn service_reserved(at: Place, found: &str) -> Mistake {
    mistake(at, format!("{} cannot be the name of a service", quote(found)), "reserved")
        .help("the clients of a scenario are called `clients`, and each of them `client-1`, `client-2`, …")
}

pub(crate) fn too_many_for(at: Place, count: u32, protocol: &str, most: u64) -> Mistake {
    mistake(at, format!("{count} nodes of `{protocol}` are too many for it"), format!("more than {most}"))
        .help(format!("write {most} or less, or several services"))
}

pub(crate) fn node_count(at: Place, text: &str, count: u64, most: u64) -> Mistake {
    if count == 0 {
        return mistake(at, "there must be at least one node", "none").help("write 1 or more");
    }
    let (amount, unit) = memory(count);
    mistake(at, format!("{} nodes would need about {amount} {unit} of memory", quote(text)), "too many")
        .help(format!("a world has at most {most} nodes"))
}

pub(crate) fn nodes_together(at: Place, count: u64, most: u64) -> Mistake {
    let (amount, unit) = memory(count);
    mistake(
        at,
        format!("all {count} nodes together would need about {amount} {unit} of memory"),
        "too many together",
    )
    .help(format!("a world has at most {most} nodes, clients included"))
}

/// A node costs about a kilobyte before it does anything.
fn memory(nodes: u64) -> (u64, &'static str) {
    let kib = nodes.saturating_add(1_023);
    match nodes {
        0..1_048_576 => (kib >> 10, "MiB"),
        1_048_576..1_073_741_824 => (kib >> 20, "GiB"),
        _ => (kib >> 30, "TiB"),
    }
}

pub(crate) fn no_protocol(at: Place, found: &str, known: &[&str]) -> Mistake {
    mistake(at, format!("there is no protocol {}", quote(found)), "unknown").help(suggestion(found, known))
}

pub(crate) fn drift(at: Place, found: f64) -> Mistake {
    mistake(at, format!("a clock cannot drift by {found}"), "expected a ratio from 0 to below 0.5")
        .help("0.0001 is 100 ppm, a poor quartz; 0.01 is one second in a hundred")
}

pub(crate) fn no_such_service(at: Place, found: &str, known: &[&str]) -> Mistake {
    mistake(at, format!("there is no service {}", quote(found)), "unknown").help(suggestion(found, known))
}

pub(crate) fn no_such_machines(at: Place, found: &str, known: &[&str]) -> Mistake {
    let what = format!("no service {} stands before this one", quote(found));
    mistake(at, what, "brings no machines").help(suggestion(found, known))
}

pub(crate) fn beside_a_guest(at: Place, host: &Service) -> Mistake {
    let machines = host.beside.as_deref().unwrap_or_default();
    mistake(at, format!("{} has no machines of its own", quote(&host.name)), "runs beside another service")
        .help(format!("write `beside: \"{machines}\"`"))
}

pub(crate) fn beside_too_few(at: Place, nodes: u32, host: &Service) -> Mistake {
    let what = format!("{nodes} nodes do not fit on the {} machines of {}", host.nodes, quote(&host.name));
    mistake(at, what, "one node on each").help(format!("write at most {} nodes", host.nodes))
}

pub(crate) fn belongs_to_machines(at: Place, key: &str, host: &str) -> Mistake {
    mistake(at, format!("`{key}` belongs to the machines, which {} brings", quote(host)), "said elsewhere")
        .help("say it there, or leave out `beside`")
}

pub(crate) fn other_texts(at: Place, wanted: Texts, holder: &str, held: Texts) -> Mistake {
    let shape = |texts: Texts| format!("{} chunks of {} words each", texts.chunks, texts.words);
    let what = format!("jobs on texts of {} find none", shape(wanted));
    mistake(at, what, format!("{} has texts of {}", quote(holder), shape(held)))
        .help(format!("write `chunks: {}, words: {}` here, or there what is here", held.chunks, held.words))
}

pub(crate) fn few_texts(at: Place, wanted: Texts, holder: &str, held: Texts) -> Mistake {
    let what = format!("{} keys stand for as many texts", wanted.count);
    mistake(at, what, format!("{} has {}", quote(holder), held.count))
        .help(format!("write `Uniform({})`, or `texts: {}` there", held.count, wanted.count))
}

pub(crate) fn calls_lacking(at: Place, protocol: &str, fitting: &[&str]) -> Mistake {
    mistake(at, format!("`{protocol}` calls another service"), "does not say which").help(callees(fitting))
}

pub(crate) fn calls_nobody(at: Place, protocol: &str) -> Mistake {
    mistake(at, format!("`{protocol}` calls no other service"), "calls nobody").help("leave `calls` out")
}

pub(crate) fn calls_later(at: Place, service: &str, callee: &str) -> Mistake {
    if service == callee {
        let help = "name a service that stands before it, or leave `calls` out";
        return mistake(at, format!("{} calls itself", quote(service)), "itself").help(help);
    }
    let (service, callee) = (quote(service), quote(callee));
    mistake(at, format!("{service} calls {callee}, which does not stand before it"), "stands later")
        .help(format!("write {callee} above {service}: a service calls one that is there already"))
}

pub(crate) fn calls_misfit(at: Place, protocol: &str, callee: &str, runs: &str, fitting: &[&str]) -> Mistake {
    let what = format!("{} does not serve what `{protocol}` asks", quote(callee));
    mistake(at, what, format!("runs `{runs}`")).help(callees(fitting))
}

/// Which services would do.
fn callees(fitting: &[&str]) -> String {
    match fitting {
        [] => "no service that stands before it serves what it asks: `sim list` says what protocols serve"
            .into(),
        [first, ..] => format!("write `calls: \"{first}\"`"),
    }
}

pub(crate) fn serves_nothing(at: Place, service: &str, protocol: &str) -> Mistake {
    let what = format!("{} takes no requests, so it has no clients", quote(service));
    mistake(at, what, format!("runs `{protocol}`"))
        .help("leave `clients` out, or name a service that takes some")
}

pub(crate) fn rate(at: Place, found: f64) -> Mistake {
    mistake(at, format!("{found} operations per second are no load"), "expected a number above 0")
        .help("leave `clients` out if there is nothing to do")
}

pub(crate) fn operations(at: Place, found: f64, most: f64) -> Mistake {
    mistake(at, format!("this load makes about {found:.0} operations"), format!("more than {most:.0}"))
        .help("lower the rate or the number of clients, think longer, or let the run end sooner")
}

pub(crate) fn timeless_load(at: Place) -> Mistake {
    mistake(
        at,
        "clients that never think would make endlessly many operations at one moment",
        "takes no time",
    )
    .help("let clients think, like `Closed(think: \"1ms\")`, or give the network a delay")
}

pub(crate) fn key_count(at: Place, found: u64, most: u64) -> Mistake {
    mistake(at, format!("{found} keys cannot be chosen from"), format!("expected a count from 1 to {most}"))
}

pub(crate) fn zipf_exponent(at: Place, found: f64) -> Mistake {
    mistake(at, format!("a Zipf exponent of {found} is out of range"), "expected a number from 0 to 10")
        .help("0 makes all keys alike, 0.99 is common, 2 sends most operations to one key")
}

pub(crate) fn no_time(at: Place, key: &str) -> Mistake {
    mistake(at, format!("`{key}` must be longer than no time at all"), "no time")
        .help("write a duration like \"1s\"")
}

pub(crate) fn attempts(at: Place, found: u32) -> Mistake {
    mistake(at, format!("{found} calls per operation are out of range"), "expected a count from 1 to 1000")
        .help("the first call counts: 1 means that nothing is repeated")
}

pub(crate) fn starts_late(at: Place, start: Time, until: Time) -> Mistake {
    mistake(at, format!("the load begins at {start}, and the run ends at {until}"), "never begins")
}

pub(crate) fn writes_end(at: Place, stop: Time, start: Time, until: Time) -> Mistake {
    mistake(
        at,
        format!("the load begins at {start}, and the run ends at {until}"),
        format!("{stop} is not between"),
    )
    .help("name a moment between these, or leave `writes_until` out")
}

pub(crate) fn misfit(at: Place, owner: &str, key: &str, why: &str) -> Mistake {
    mistake(at, format!("{} does not accept this `{key}`: {why}", quote(owner)), "here")
}

pub(crate) fn needs(at: Place, protocol: &str, why: &str) -> Mistake {
    mistake(at, format!("{} needs to be told more: {why}", quote(protocol)), "nothing under `with`")
        .help("add `with: (…)` to the service")
}

// The network.

pub(crate) fn delay(at: Place, why: &str, help: Option<String>) -> Mistake {
    Mistake { help, ..mistake(at, why, "not a delay") }
}

pub(crate) fn link_same(at: Place) -> Mistake {
    mistake(at, "this link is like all others", "nothing differs")
        .help("say what differs, like `delay: Constant(\"40ms\")` or `loss: 0.01`")
}

pub(crate) fn no_end(at: Place, found: &str, services: &[&str], nodes: &[String]) -> Mistake {
    let help = match nearest(found, nodes.iter().map(String::as_str)) {
        Some(near) if nearest(found, services.iter().copied()).is_none() => format!("did you mean `{near}`?"),
        Some(_) | None => suggestion(found, services),
    };
    mistake(at, format!("there is no service or node {}", quote(found)), "unknown").help(help)
}

// Faults.

pub(crate) fn fault_name(at: Place) -> Mistake {
    mistake(at, "this cannot be the name of a fault", "not a name")
        .help("write 1 to 60 characters on one line")
}

pub(crate) fn fault_twice(at: Place, found: &str) -> Mistake {
    mistake(at, format!("there are two faults {}", quote(found)), "the second one")
        .help("give one of them another name")
}

pub(crate) fn no_fault(at: Place, found: &str, known: &[&str]) -> Mistake {
    let help = if known.is_empty() {
        String::from("no fault stands before this one; `at` says when it strikes by itself")
    } else {
        suggestion(found, known)
    };
    mistake(at, format!("there is no fault {} before this one", quote(found)), "unknown").help(help)
}

pub(crate) fn no_fault_at_all(at: Place, found: &str, known: &[&str]) -> Mistake {
    mistake(at, format!("there is no fault {}", quote(found)), "unknown").help(suggestion(found, known))
}

pub(crate) fn strikes_late(at: Place, name: &str, strikes: Time, until: Time) -> Mistake {
    mistake(at, format!("{} strikes at {strikes}, and the run ends at {until}", quote(name)), "never strikes")
        .help("let it strike sooner, or make `until` later")
}

pub(crate) fn lasts_long(at: Place, name: &str, ends: Time, until: Time) -> Mistake {
    mistake(at, format!("{} lasts until {ends}, and the run ends at {until}", quote(name)), "lasts too long")
        .help("let it end within the run, or leave `lasts` out if it is not to end")
}

pub(crate) fn lasts_nothing(at: Place) -> Mistake {
    mistake(at, "a fault that lasts no time does nothing", "no time").help("write a duration like \"5s\"")
}

pub(crate) fn cannot_last(at: Place, kind: &str) -> Mistake {
    mistake(at, format!("{} happens at once and does not last", a(kind)), "remove this")
}

pub(crate) fn strikes_in_calm(at: Place, name: &str, strikes: Time, from: Time) -> Mistake {
    mistake(
        at,
        format!("{} strikes at {strikes}, and the calm begins at {from}", quote(name)),
        "inside the calm",
    )
    .help("the last part of the run, as long as `calm`, is to be free of faults")
}

pub(crate) fn lasts_into_calm(at: Place, name: &str, ends: Time, from: Time) -> Mistake {
    mistake(at, format!("{} lasts until {ends}, and the calm begins at {from}", quote(name)), "into the calm")
        .help("the last part of the run, as long as `calm`, is to be free of faults")
}

pub(crate) fn aims_at_nobody(at: Place) -> Mistake {
    mistake(at, "this fault is aimed at nobody", "empty")
        .help("name somebody, like `Role(\"leader\")` or `Node(\"db-1\")`")
}

pub(crate) fn one_group(at: Place) -> Mistake {
    mistake(at, "a split needs at least two groups", "too few")
        .help("nodes in no group still reach everybody; `[Rest]` as second group is everybody else")
}

pub(crate) fn no_node(at: Place, found: &str, nodes: &[String]) -> Mistake {
    let help = match (nearest(found, nodes.iter().map(String::as_str)), nodes.first()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Some(first)) => format!("nodes are named after their service, like `{first}`"),
        (None, None) => String::from("there are no nodes"),
    };
    mistake(at, format!("there is no node {}", quote(found)), "unknown").help(help)
}

pub(crate) fn node_not_service(at: Place, found: &str) -> Mistake {
    mistake(at, format!("{} is a node and not a service", quote(found)), "a node")
        .help(format!("write `Node({found:?})`"))
}

pub(crate) fn service_not_node(at: Place, found: &str) -> Mistake {
    mistake(at, format!("{} is a service and not a node", quote(found)), "a service")
        .help(format!("write `Service({found:?})` for all of its nodes, `RandomOf({found:?}, 1)` for any"))
}

pub(crate) fn node_beyond(at: Place, found: &str, service: &str, count: u32) -> Mistake {
    let last = if service == crate::format::CLIENTS { crate::format::CLIENT } else { service };
    mistake(at, format!("there is no node {}", quote(found)), "unknown")
        .help(format!("{} has {count} nodes, the last is `{last}-{count}`", quote(service)))
}

pub(crate) fn no_role(at: Place, found: &str, known: &[&str]) -> Mistake {
    mistake(at, format!("no protocol of this scenario has a role {}", quote(found)), "unknown")
        .help(suggestion(found, known))
}

pub(crate) fn named_twice(at: Place, found: &str, first: Place) -> Mistake {
    let mistake = mistake(at, format!("{found} is named twice"), "again");
    mistake.also(first, "already here").help("a fault chooses no node twice: leave one of them out")
}

pub(crate) fn too_many_picked(at: Place, asked: u64, found: u64, of: &str) -> Mistake {
    let verb = if found == 1 { "is" } else { "are" };
    mistake(at, format!("this fault asks for {asked} of {of}, and there {verb} {found}"), "too many")
}

pub(crate) fn picks_none(at: Place) -> Mistake {
    mistake(at, "a choice of 0 nodes chooses nobody", "none").help("write 1 or more")
}

// Expectations.

pub(crate) fn nothing_expected(at: Place) -> Mistake {
    mistake(at, "nothing is expected, so nothing can fail", "empty")
        .help("expect something, like `Linearizable`")
}

pub(crate) fn expected_twice(at: Place, first: Place) -> Mistake {
    mistake(at, "this is expected twice", "again").also(first, "already here").help("leave one of them out")
}

pub(crate) fn contradiction(at: Place, first: Place) -> Mistake {
    mistake(at, "this cannot both hold and be violated", "one of the two fails").also(first, "the opposite")
}

pub(crate) fn no_property(at: Place, found: &str, kind: &str, known: &[&str]) -> Mistake {
    let help = match known {
        [] => format!("the protocols of this scenario have no property of the kind `{kind}`"),
        known => suggestion(found, known),
    };
    mistake(at, format!("no protocol of this scenario has a property {}", quote(found)), "unknown").help(help)
}

pub(crate) fn other_kind(at: Place, found: &str, kind: &str) -> Mistake {
    let why = if kind == "Always" { "must always hold" } else { "is to come true at least once" };
    mistake(at, format!("{} is a property that {why}", quote(found)), "the other kind")
        .help(format!("write `{kind}({found:?})`"))
}

pub(crate) fn no_bound(at: Place) -> Mistake {
    mistake(at, "this expects nothing", "no bound")
        .help(format!("write {} or both", one_of(["at_least: …", "at_most: …"])))
}

pub(crate) fn not_a_share(at: Place, found: f64) -> Mistake {
    mistake(at, format!("{found} is not a share of operations"), "expected a number from 0 to 1")
        .help("0.999 is 99.9 %")
}

pub(crate) fn not_a_cost(at: Place, found: f64) -> Mistake {
    mistake(at, format!("{found} is not a number of messages"), "expected a number of 0 or more")
}

/// `what` there is none of between these bounds: "share", "number", "time".
pub(crate) fn crossed(at: Place, what: &str, low: impl Display, high: impl Display) -> Mistake {
    mistake(at, format!("no {what} is at least {low} and at most {high}"), "below `at_least`")
}

pub(crate) fn no_moment(at: Place) -> Mistake {
    mistake(at, "this does not say when", "no bound")
        .help(format!("write {} or both", one_of(["within: …", "not_before: …"])))
}

pub(crate) fn moments_crossed(at: Place, low: Span, high: Span) -> Mistake {
    mistake(at, format!("nothing comes true within {high} and not before {low}"), "below `not_before`")
}

pub(crate) fn reached_late(at: Place, within: Span, length: Span) -> Mistake {
    mistake(
        at,
        format!("what comes true within {within} may not be seen: the run is over after {length}"),
        "too long",
    )
    .help("make it shorter, or `until` later")
}

pub(crate) fn no_registers(at: Place, service: &str, protocol: &str) -> Mistake {
    mistake(
        at,
        format!("this is about registers that are read and written, and service {} has none", quote(service)),
        "no registers",
    )
    .help(format!("leave it out: what {} serves is something else", quote(protocol)))
}

pub(crate) fn no_clients(at: Place) -> Mistake {
    mistake(at, "this is about what clients were told, and there are none", "no clients")
        .help("add `clients`")
}

pub(crate) fn rests_late(at: Place, within: Span, left: Span) -> Mistake {
    mistake(
        at,
        format!("nothing can be seen {within} after the last write: {left} are all there is"),
        "too long",
    )
    .help("make it shorter, or `calm` longer")
}

pub(crate) fn no_guarantee(at: Place) -> Mistake {
    mistake(at, "this expects nothing", "empty").help("name some, like `ReadYourWrites`")
}

pub(crate) fn percentile(at: Place, found: f64) -> Mistake {
    mistake(at, format!("{found} is not a percentile"), "expected a number above 0, at most 100")
        .help("99.9 is common; 50 is the median")
}

pub(crate) fn recovers_late(at: Place, within: Span, left: Span) -> Mistake {
    mistake(
        at,
        format!("a recovery within {within} cannot be seen: {left} are left of the run after the fault"),
        "too long",
    )
    .help("make it shorter, or `until` later")
}

pub(crate) fn no_client(at: Place, name: &str, clients: u32) -> Mistake {
    let help = match clients {
        0 => String::from("add `clients`: there are none here"),
        _ => format!("clients are called `client-1` to `client-{clients}` here"),
    };
    mistake(at, format!("there is no client {}", quote(name)), "unknown").help(help)
}

pub(crate) fn no_clients_named(at: Place) -> Mistake {
    mistake(at, "this is about no client", "empty").help("name some, or leave `clients` out for all of them")
}

pub(crate) fn over_at_once(at: Place, kind: &str) -> Mistake {
    mistake(
        at,
        format!("{} is over as soon as it has struck: its harm shows at a later boot", a(kind)),
        "momentary",
    )
    .help("name the crash or restart that finds it, or expect `Effect(of: …, what: Failed, …)`")
}

pub(crate) fn recovers_from_good(at: Place, kind: &str) -> Mistake {
    mistake(at, format!("{} does no harm", a(kind)), "not a harm").help("name the fault that does the harm")
}

// Exploring.

pub(crate) fn explores_one(at: Place, services: usize) -> Mistake {
    mistake(
        at,
        format!("one service by itself can be explored, and there are {services}"),
        "not with several",
    )
    .help("leave the other services out, or `explore`")
}

pub(crate) fn explore_bound(at: Place, what: &str, found: u32, most: u32) -> Mistake {
    let least = if what == "states" { 1 } else { 0 };
    mistake(
        at,
        format!("{found} {what} cannot be explored"),
        format!("expected a count from {least} to {most}"),
    )
}

pub(crate) fn explore_operations(at: Place) -> Mistake {
    mistake(at, "there are no clients whose operations could be made", "no clients")
        .help("add `clients`: theirs are the kinds of operation and the keys")
}

pub(crate) fn no_such_node(at: Place, found: &str, first: &str, last: &str) -> Mistake {
    mistake(at, format!("there is no server {}", quote(found)), "unknown")
        .help(format!("servers are called `{first}` to `{last}`"))
}
