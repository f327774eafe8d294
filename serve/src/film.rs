//! A run as the page plays it: the whole of it, played ahead, of which the page shows what lies before its present moment.

use crate::{live::Live, played::Shown};
use scenarios::format::Expectation;
use serde::Serialize;
use sim_core::{
    judged::{Judged, Status},
    run::FaultReport,
    time::Time,
};

/// So many changes of role go to the page.
const ROLES_MAX: usize = 50_000;
/// So many faults and verdicts go to the page.
const LISTED_MAX: usize = 500;

/// A whole run, for the page.
#[derive(Debug, Serialize)]
pub(crate) struct Film {
    pub(crate) id: String,
    /// So many interferences there are.
    revision: usize,
    title: String,
    about: String,
    seed: String,
    command: String,
    until: u64,
    /// Where no harm may strike any more.
    calm_from: Option<u64>,
    events: u64,
    pub(crate) fingerprint: String,
    status: &'static str,
    nodes: Vec<Node>,
    /// When, who, what from then on, epoch.
    roles: Vec<(u64, u32, &'static str, u64)>,
    /// The roles among them that lead.
    leads: Vec<&'static str>,
    faults: Vec<Fault>,
    /// When, how many operations were wanted, how many served in time.
    windows: Vec<(u64, u64, u64)>,
    verdicts: Vec<Verdict>,
    acts: Vec<(u64, String)>,
    /// What the page leaves out, in words; may be empty.
    note: String,
}

#[derive(Debug, Serialize)]
struct Node {
    name: String,
    service: String,
    client: bool,
}

#[derive(Debug, Serialize)]
struct Fault {
    name: String,
    kind: &'static str,
    /// How it cuts: `sides`, `apart`, `one-way`, or not.
    cuts: &'static str,
    network: bool,
    harms: bool,
    struck: u64,
    ended: Option<u64>,
    chose: Vec<Vec<u32>>,
    say: String,
}

#[derive(Debug, Serialize)]
struct Verdict {
    word: &'static str,
    sign: &'static str,
    expectation: String,
    finding: String,
}

/// A run up to a moment: everything before it.
#[derive(Debug, Serialize)]
pub(crate) struct Moment {
    at: u64,
    events: u64,
    /// What each server knows, by its position in the world.
    shows: Vec<Shown>,
    verdicts: Vec<Verdict>,
}

impl Moment {
    pub(crate) fn of(live: &Live, at: Time, shows: Vec<Shown>, judged: &Judged) -> Moment {
        let mut verdicts = verdicts(judged);
        // Most that does not hold yet may do so before the end; what is broken for good is broken.
        for (index, verdict) in verdicts.iter_mut().enumerate() {
            let good = match live.scenario.expect.get(index) {
                Some(expectation) => for_good(expectation),
                // What is judged unasked: a broken property stays broken, faults may bite and clients be served yet.
                None => verdict.expectation == "every other safety property",
            };
            let open = verdict.word != Status::Failed.word() || !good;
            if open && verdict.word != Status::Held.word() {
                (verdict.word, verdict.sign) = ("open", "…");
            }
        }
        Moment { at: at.0, events: judged.run.events, shows, verdicts }
    }
}

/// Whether what failed once cannot hold any more.
fn for_good(expectation: &Expectation) -> bool {
    use Expectation as E;
    matches!(expectation, E::Linearizable | E::Always(_) | E::Never(_) | E::Sessions(_))
}

impl Film {
    pub(crate) fn of(live: &Live, judged: &Judged) -> Film {
        let run = &judged.run;
        let calm = live.scenario.calm_from();
        let server = |service: &sim_core::run::ServiceInfo| {
            let node = |id| Node {
                name: service.node_name(id),
                service: service.name.clone(),
                client: service.clients,
            };
            service.ids().map(node).collect::<Vec<_>>()
        };
        let mut leads: Vec<&str> =
            run.roles.iter().filter(|c| reports::leads(c.role)).map(|c| c.role.0).collect();
        leads.sort_unstable();
        leads.dedup();
        let changes = run.roles.iter().take(ROLES_MAX);
        Film {
            id: live.id.to_string(),
            revision: live.acts.len(),
            title: live.name(),
            about: live.scenario.about.clone(),
            seed: run.seed.to_string(),
            command: live.command(),
            until: run.until.0,
            calm_from: (calm < live.scenario.until).then_some(calm.0),
            events: run.events,
            fingerprint: format!("{:016x}", run.fingerprint),
            status: judged.status().word(),
            nodes: run.services.iter().flat_map(server).collect(),
            roles: changes.map(|c| (c.at.0, c.node.0, c.role.0, c.epoch)).collect(),
            leads,
            faults: run.faults.iter().filter_map(fault).take(LISTED_MAX).collect(),
            windows: judged
                .measures
                .windows
                .iter()
                .map(|w| (w.from.0, w.served.wanted, w.served.in_time))
                .collect(),
            verdicts: verdicts(judged),
            acts: live.acts.iter().map(|act| (act.at.0, act.words.clone())).collect(),
            note: match run.roles.len() > ROLES_MAX || run.faults.len() > LISTED_MAX {
                true => format!(
                    "Only the first {ROLES_MAX} changes of role and {LISTED_MAX} faults are shown here; the report has them all."
                ),
                false => String::new(),
            },
        }
    }
}

/// A fault that struck.
fn fault(report: &FaultReport) -> Option<Fault> {
    use sim_core::fault::Fault as F;
    let plain = report.planned.fault.plain();
    let cuts = if matches!(plain, F::Split(_) | F::Halves(_) | F::MinorityThird(_)) {
        "sides"
    } else if matches!(plain, F::Isolate(_)) {
        "apart"
    } else if matches!(plain, F::OneWay { .. }) {
        "one-way"
    } else {
        ""
    };
    Some(Fault {
        name: reports::clean(&report.planned.name),
        kind: report.planned.fault.kind(),
        cuts,
        network: report.planned.fault.area() == Some(sim_core::fault::Area::Network),
        harms: report.planned.fault.harms() && !report.planned.fault.momentary(),
        struck: report.struck?.0,
        ended: report.ended.map(|at| at.0),
        chose: report.chose.iter().map(|group| group.iter().map(|node| node.0).collect()).collect(),
        say: reports::clean(&report.planned.say),
    })
}

fn verdicts(judged: &Judged) -> Vec<Verdict> {
    let verdict = |v: &sim_core::judged::Verdict| Verdict {
        word: v.status.word(),
        sign: reports::sign(v.status),
        expectation: reports::clean(&v.expectation),
        finding: reports::clean(&v.finding),
    };
    judged.verdicts.iter().take(LISTED_MAX).map(verdict).collect()
}
