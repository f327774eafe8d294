//! Writes a scenario as a file: every default spelled out, one fault and one expectation a line.

use crate::{
    format::{
        Catalog, Clients, Explore, Kind, Link, Nemesis, Network, Scenario, Service, TimedFault, When, options,
    },
    read::read,
    topology::Topology,
};
use ron::ser::PrettyConfig;
use serde::Serialize;
use sim_core::{fault::Keep, link::LinkPlan};

/// No line of `about` is longer, counted in characters.
const WIDTH: usize = 100;

/// The text of a scenario file that [`read`]s as this scenario.
///
/// White space in `about` and `say` that is not a single space between words does not survive, as it does not survive
/// reading.
pub fn write(scenario: &Scenario) -> String {
    let mut text = String::from("(\n");
    let mut line = |key: &str, value: &str| text += &format!("    {key}: {value},\n");
    line("about", &wrapped(&value(&scenario.about)));
    line("seed", &value(&scenario.seed));
    line("until", &value(&scenario.until));
    line("services", &block('{', scenario.services.iter().map(service), '}'));
    if let Some(some) = &scenario.clients {
        line("clients", &block('(', clients(some), ')'));
    }
    if let Some(some) = &scenario.topology {
        line("topology", &topology(some));
    }
    line("network", &network(&scenario.network));
    line("faults", &block('[', scenario.faults.iter().map(fault), ']'));
    if !scenario.nemesis.is_empty() {
        line("nemesis", &block('[', scenario.nemesis.iter().map(nemesis), ']'));
    }
    line("calm", &value(&scenario.calm));
    line("expect", &block('[', scenario.expect.iter().map(value), ']'));
    line("vacuous", &value(&scenario.vacuous));
    if let Some(some) = &scenario.explore {
        line("explore", &block('(', explore(some), ')'));
    }
    text + ")\n"
}

/// The same without what goes without saying: values that a reader would add anyway.
pub fn brief(scenario: &Scenario, catalog: &dyn Catalog) -> String {
    let full = write(scenario);
    let mut text = full.clone();
    for said in UNSAID {
        text = text.replace(said, "");
    }
    // Names and remarks can hold anything, even what looks like a default.
    let same = read("brief.ron", &text, catalog).is_ok_and(|read| read == *scenario);
    if same { text } else { full }
}

/// Defaults as [`write`] writes them.
const UNSAID: [&str; 17] = [
    ", host: (cores: 1, message: Constant(\"0s\"), request: Constant(\"0s\"))",
    ", disk: (sync: Constant(\"0s\"), write: Constant(\"0s\"), damage: Stop)",
    ", write: Constant(\"0s\"), damage: Stop",
    ", clock: (offset: \"0s\", drift: 0.0, timers: Monotonic)",
    "        keys: Uniform(100),\n",
    "        retry: (attempts: 1, backoff: \"20ms\"),\n",
    "        route: Sticky,\n",
    "        start: \"0s\",\n",
    "        loss: 0.0,\n",
    "        duplicate: 0.0,\n",
    "        corrupt: 0.0,\n",
    "        transport: Datagram,\n",
    "        links: [],\n",
    "    faults: [],\n",
    "    calm: \"0s\",\n",
    "    vacuous: Refuse,\n",
    ", keep: Nothing",
];

/// One value on one line.
pub(crate) fn value<T: Serialize + ?Sized>(value: &T) -> String {
    let config = PrettyConfig::new()
        .new_line("\n")
        .struct_names(false)
        .compact_arrays(true)
        .compact_structs(true)
        .compact_maps(true);
    options().to_string_pretty(value, config).expect("all types of a scenario can be written")
}

/// Entries on lines of their own between brackets; `[]` when there are none.
fn block(open: char, entries: impl IntoIterator<Item = String>, close: char) -> String {
    let lines: String = entries.into_iter().map(|entry| format!("        {entry},\n")).collect();
    if lines.is_empty() { format!("{open}{close}") } else { format!("{open}\n{lines}    {close}") }
}

/// `key: value` for each, on one line in parentheses.
fn inline(entries: &[(&str, Option<String>)]) -> String {
    let said = entries.iter().filter_map(|(key, value)| Some(format!("{key}: {}", value.as_ref()?)));
    format!("({})", said.collect::<Vec<_>>().join(", "))
}

/// A string literal over several lines, broken at spaces.
fn wrapped(literal: &str) -> String {
    let mut text = String::new();
    let mut column = "    about: ".len();
    for (index, word) in literal.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > WIDTH {
            text += "\n        ";
            column = 8;
        } else if index > 0 {
            text += " ";
            column += 1;
        }
        text += word;
        column += length;
    }
    text
}

/// The same for an entry of a block: one level deeper.
fn inner(text: &str) -> String {
    text.replace('\n', "\n    ")
}

fn zones(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| value(names))
}

fn service(service: &Service) -> String {
    let Service { name, run, nodes, calls, beside, with, host, disk, clock, nic, zones: names } = service;
    let entries = [
        ("run", Some(value(run))),
        ("nodes", Some(value(nodes))),
        ("calls", calls.as_ref().map(value)),
        ("beside", beside.as_ref().map(value)),
        ("with", with.as_ref().map(|raw| raw.text.clone())),
        ("host", Some(value(host))),
        ("disk", Some(value(disk))),
        ("clock", Some(value(clock))),
        ("nic", nic.as_ref().map(value)),
        ("zones", zones(names)),
    ];
    format!("{}: {}", value(name), inline(&entries))
}

fn clients(clients: &Clients) -> Vec<String> {
    let Clients {
        nodes,
        of,
        load,
        mix,
        keys,
        timeout,
        deadline,
        retry,
        route,
        start,
        writes_until,
        only,
        nic,
        zones: names,
    } = clients;
    let retry =
        inline(&[("attempts", Some(value(&retry.attempts))), ("backoff", Some(value(&retry.backoff)))]);
    let entries = [
        ("nodes", Some(value(nodes))),
        ("of", Some(value(of))),
        ("load", Some(value(load))),
        ("mix", mix.as_ref().map(|raw| raw.text.clone())),
        ("keys", Some(value(keys))),
        ("timeout", Some(value(timeout))),
        ("deadline", Some(value(deadline))),
        ("retry", Some(retry)),
        ("route", Some(value(route))),
        ("start", Some(value(start))),
        ("writes_until", writes_until.as_ref().map(value)),
        ("only", only.as_ref().map(value)),
        ("nic", nic.as_ref().map(value)),
        ("zones", zones(names)),
    ];
    lines(entries)
}

/// `key: value` for each that has a value.
fn lines<const N: usize>(entries: [(&str, Option<String>); N]) -> Vec<String> {
    entries.into_iter().filter_map(|(key, value)| Some(format!("{key}: {}", value?))).collect()
}

fn explore(explore: &Explore) -> Vec<String> {
    let Explore { messages, timeouts, crashes, operations, depth, states, path } = explore;
    let path = inner(&block('[', path.iter().map(value), ']'));
    lines([
        ("messages", Some(value(messages))),
        ("timeouts", timeouts.as_ref().map(value)),
        ("crashes", Some(value(crashes))),
        ("operations", Some(value(operations))),
        ("depth", depth.as_ref().map(value)),
        ("states", Some(value(states))),
        ("path", Some(path).filter(|_| !explore.path.is_empty())),
    ])
}

fn topology(topology: &Topology) -> String {
    let Topology { regions, links, zones, hosts, jitter } = topology;
    let region = regions.iter().map(|region| format!("{}: {}", value(&region.name), value(&region.zones)));
    let link = links
        .iter()
        .map(|link| inline(&[("between", Some(value(&link.between))), ("rtt", Some(value(&link.rtt)))]));
    let entries = [
        ("regions", Some(inner(&block('{', region, '}')))),
        ("links", Some(inner(&block('[', link, ']')))),
        ("zones", Some(value(zones))),
        ("hosts", Some(value(hosts))),
        ("jitter", Some(value(jitter))),
    ];
    block('(', lines(entries), ')')
}

fn network(network: &Network) -> String {
    let Network { default, nic, links } = network;
    let LinkPlan { delay, loss, bursts, duplicate, reorder, corrupt, transport } = default;
    let entries = [
        ("delay", Some(value(delay))),
        ("loss", Some(value(loss))),
        ("bursts", bursts.as_ref().map(value)),
        ("duplicate", Some(value(duplicate))),
        ("reorder", reorder.as_ref().map(value)),
        ("corrupt", Some(value(corrupt))),
        ("transport", Some(value(transport))),
        ("nic", nic.as_ref().map(value)),
        ("links", Some(inner(&block('[', links.iter().map(link), ']')))),
    ];
    block('(', lines(entries), ')')
}

fn link(link: &Link) -> String {
    let Link { from, to, delay, loss, bursts, duplicate, reorder, corrupt, transport, bandwidth } = link;
    inline(&[
        ("from", Some(value(from))),
        ("to", Some(value(to))),
        ("delay", delay.as_ref().map(value)),
        ("loss", loss.as_ref().map(value)),
        ("bursts", bursts.as_ref().map(value)),
        ("duplicate", duplicate.as_ref().map(value)),
        ("reorder", reorder.as_ref().map(value)),
        ("corrupt", corrupt.as_ref().map(value)),
        ("transport", transport.as_ref().map(value)),
        ("bandwidth", bandwidth.as_ref().map(value)),
    ])
}

fn fault(timed: &TimedFault) -> String {
    let TimedFault { name, part_of, when, lasts, keep, rolling, fault, say } = timed;
    let moment = match when {
        When::At(at) => [("at", Some(value(at))), ("from", None), ("to", None)],
        When::Between(from, to) => [("between", Some(value(&(from, to)))), ("from", None), ("to", None)],
        When::Every { every, from, to } => {
            [("every", Some(value(every))), ("from", Some(value(from))), ("to", Some(value(to)))]
        }
        When::After(name, span) => [("after", Some(value(&(name, span)))), ("from", None), ("to", None)],
        When::When { condition, from, latest } => [
            ("when", Some(value(condition))),
            ("from", Some(value(from))),
            ("latest", latest.as_ref().map(value)),
        ],
    };
    let [first, second, third] = moment;
    inline(&[
        ("name", Some(value(name))),
        ("part_of", part_of.as_ref().map(value)),
        first,
        second,
        third,
        ("lasts", lasts.as_ref().map(value)),
        ("keep", Some(value(keep)).filter(|_| *keep != Keep::Nothing)),
        ("rolling", rolling.as_ref().map(value)),
        ("do", Some(value(fault))),
        ("say", Some(value(say)).filter(|_| !say.is_empty())),
    ])
}

fn nemesis(nemesis: &Nemesis) -> String {
    let Nemesis { name, from, to, kinds, gap, gap_min, dwell, dwell_min, at_once, keep, swarm, aim } =
        nemesis;
    let kind = |Kind { weight, fault }: &Kind| {
        inline(&[("weight", Some(value(weight))), ("do", Some(value(fault)))])
    };
    let entries = [
        ("name", Some(value(name))),
        ("from", Some(value(from))),
        ("to", Some(value(to))),
        ("kinds", Some(inner(&block('[', kinds.iter().map(kind), ']')))),
        ("gap", Some(value(gap))),
        ("gap_min", Some(value(gap_min))),
        ("dwell", Some(value(dwell))),
        ("dwell_min", Some(value(dwell_min))),
        ("at_once", Some(value(at_once))),
        ("keep", Some(value(keep))),
        ("swarm", Some(value(swarm))),
        ("aim", Some(aim).filter(|aim| !aim.is_never()).map(value)),
    ];
    inner(&block('(', lines(entries), ')'))
}
