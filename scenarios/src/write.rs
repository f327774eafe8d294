//! Writes a scenario as a file: every default spelled out, one fault and one expectation a line.

use crate::format::{Clients, Link, Scenario, Service, TimedFault, When, options};
use ron::ser::PrettyConfig;
use serde::Serialize;

/// No line of `about` is longer, counted in characters.
const WIDTH: usize = 100;

/// The text of a scenario file that [`read`](crate::read::read)s as this scenario.
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
    line("network", &network(scenario));
    line("faults", &block('[', scenario.faults.iter().map(fault), ']'));
    line("calm", &value(&scenario.calm));
    line("expect", &block('[', scenario.expect.iter().map(value), ']'));
    line("vacuous", &value(&scenario.vacuous));
    text + ")\n"
}

/// One value on one line.
fn value<T: Serialize + ?Sized>(value: &T) -> String {
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

fn service(service: &Service) -> String {
    let Service { name, run, nodes, with, disk, clock } = service;
    let disk = inline(&[("sync", Some(value(&disk.sync)))]);
    let clock = inline(&[("offset", Some(value(&clock.offset))), ("drift", Some(value(&clock.drift)))]);
    let entries = [
        ("run", Some(value(run))),
        ("nodes", Some(value(nodes))),
        ("with", with.as_ref().map(|raw| raw.text.clone())),
        ("disk", Some(disk)),
        ("clock", Some(clock)),
    ];
    format!("{}: {}", value(name), inline(&entries))
}

fn clients(clients: &Clients) -> Vec<String> {
    let Clients { nodes, of, load, mix, keys, timeout, deadline, retry, route, start } = clients;
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
    ];
    entries.into_iter().filter_map(|(key, value)| Some(format!("{key}: {}", value?))).collect()
}

fn network(scenario: &Scenario) -> String {
    let network = &scenario.network;
    let links = block('[', network.links.iter().map(link), ']').replace('\n', "\n    ");
    let entries = [
        format!("delay: {}", value(&network.delay)),
        format!("loss: {}", value(&network.loss)),
        format!("links: {links}"),
    ];
    block('(', entries, ')')
}

fn link(link: &Link) -> String {
    let Link { from, to, delay, loss } = link;
    inline(&[
        ("from", Some(value(from))),
        ("to", Some(value(to))),
        ("delay", delay.as_ref().map(value)),
        ("loss", loss.as_ref().map(value)),
    ])
}

fn fault(timed: &TimedFault) -> String {
    let TimedFault { name, when, lasts, fault, say } = timed;
    let (at, after) = match when {
        When::At(at) => (Some(value(at)), None),
        When::After(name, span) => (None, Some(value(&(name, span)))),
    };
    inline(&[
        ("name", Some(value(name))),
        ("at", at),
        ("after", after),
        ("lasts", lasts.as_ref().map(value)),
        ("do", Some(value(fault))),
        ("say", Some(value(say)).filter(|_| !say.is_empty())),
    ])
}
