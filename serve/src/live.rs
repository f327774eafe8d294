//! A scenario that somebody plays with: as it was read, and what was done to it since.

use crate::{
    film::Film,
    played::{self, Until},
    refusal::Refusal,
    shelf::Book,
    workers::Wanted,
};
use reports::{clean, quoted};
use scenarios::{
    Registry,
    format::{Scenario, TimedFault, When},
    plan::Plan,
    read::read,
    write,
};
use serde::Deserialize;
use sim_core::{
    fault::{Fault, Keep, Pick},
    protocol::Role,
    run::Run,
    time::Time,
};

/// So often one may interfere with a run.
pub const ACTS_MAX: usize = 200;
/// So many nodes one may act on at once.
const NODES_MAX: usize = 64;

/// A run that is kept.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) id: u64,
    pub(crate) file: String,
    stem: String,
    variant: Option<String>,
    set: Vec<String>,
    /// What was read, with what was set.
    pub(crate) text: String,
    /// With the seed of this run, and what was done as its last faults.
    pub(crate) scenario: Scenario,
    /// What was done, one by one.
    pub(crate) acts: Vec<Act>,
    /// Of the run.
    pub(crate) fingerprint: String,
}

/// Something that was done to a run.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) at: Time,
    pub(crate) words: String,
}

/// Which run is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    pub(crate) scenario: String,
    pub(crate) variant: Option<String>,
    /// As text, because numbers of a browser have 53 bits; empty for the file's.
    pub(crate) seed: String,
    pub(crate) set: Vec<String>,
}

/// What is to be done to a run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    /// So many interferences the page knows of: another page may have been faster.
    pub(crate) revision: usize,
    /// When, in nanoseconds.
    at: u64,
    act: Kind,
    /// To whom; or else a role.
    #[serde(default)]
    nodes: Vec<String>,
    role: Option<String>,
}

/// What can be done.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Crash,
    Restart,
    Pause,
    Resume,
    Isolate,
    Cut,
    Heal,
}

impl Live {
    /// Reads a scenario that is to be played.
    pub(crate) fn read(registry: &Registry, book: &Book, choice: Choice) -> Result<Live, Refusal> {
        const SET_MAX: usize = 32;
        const ARGUMENT_MAX: usize = 2_000;
        let Choice { variant, seed, set, .. } = choice;
        if set.len() > SET_MAX || set.iter().any(|argument| argument.len() > ARGUMENT_MAX) {
            return Err(Refusal::malformed(format!(
                "at most {SET_MAX} parameters can be set, in {ARGUMENT_MAX} bytes each"
            )));
        }
        let (mut scenario, text) = book.scenario(registry, variant.as_deref(), &set)?;
        if !seed.is_empty() {
            scenario.seed = seed.parse().map_err(|_| {
                Refusal::malformed(format!(
                    "`{}` is no seed: a whole number from 0 to {}",
                    clean(&seed),
                    u64::MAX
                ))
            })?;
        }
        played::fits(&scenario)?;
        let (file, stem) = (book.file(), book.stem());
        Ok(Live {
            id: 0,
            file,
            stem,
            variant,
            set,
            text,
            scenario,
            acts: Vec::new(),
            fingerprint: String::new(),
        })
    }

    pub(crate) fn plan(&self) -> Plan {
        Plan::new(&self.scenario, self.scenario.seed)
    }

    /// The scenario's name, and behind a `#` its variant.
    pub(crate) fn name(&self) -> String {
        let behind = self.variant.as_ref().map_or_else(String::new, |variant| format!("#{variant}"));
        format!("{}{behind}", self.stem)
    }

    /// The command that gives this run again.
    pub(crate) fn command(&self) -> String {
        if !self.acts.is_empty() {
            return format!("sim run {}", self.saved_name());
        }
        let behind = self.variant.as_ref().map_or_else(String::new, |variant| format!("#{variant}"));
        let file = quoted(&format!("{}{behind}", self.file));
        let set: String = self.set.iter().map(|set| format!(" --set {}", quoted(set))).collect();
        format!("sim run {file} --seed {}{set}", self.scenario.seed)
    }

    /// What the file is called that holds what was done: nothing in it comes from a request.
    pub(crate) fn saved_name(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        let stem: String = self.name().chars().map(plain).take(80).collect();
        format!("{}-class.ron", stem.trim_start_matches('.'))
    }

    /// The run as a scenario file.
    pub(crate) fn saved(&self, registry: &Registry) -> String {
        let name = self.saved_name();
        let from = clean(&format!("{}, seed {}", self.name(), self.scenario.seed));
        let mut text = format!("// {from}, and what a class did to it in a browser (`sim serve`):\n");
        for act in &self.acts {
            text += &format!("//   {}: {}\n", act.at, clean(&act.words));
        }
        if self.acts.is_empty() {
            text += "//   nothing\n";
        }
        text += &format!("// The same run again: sim run {name}    (fingerprint {})\n", self.fingerprint);
        text + &write::brief(&self.scenario, registry)
    }

    /// Plays it.
    pub(crate) fn play(&mut self, registry: &Registry, wanted: &Wanted) -> Result<Film, Refusal> {
        let plan = self.plan();
        let run = played::play(registry, &plan, Until::End, None, wanted)?.run;
        let film = Film::of(self, &played::judge(registry, self, &plan, run));
        self.fingerprint = film.fingerprint.clone();
        Ok(film)
    }

    /// Does something to the run. What happened before stays what it was.
    pub(crate) fn interfere(
        &self,
        registry: &Registry,
        wish: &Wish,
        wanted: &Wanted,
    ) -> Result<(Live, Film), Refusal> {
        let at = Time(wish.at);
        self.timely(wish, at)?;
        let past = played::play(registry, &self.plan(), Until::Before(at), None, wanted)?.run;
        let (fault, words) = wish.fault(&past)?;
        let mut live = self.clone();
        let say = format!("the class: {words}");
        let name = self.next_name();
        live.acts.push(Act { at, words });
        live.scenario.faults.push(TimedFault {
            name,
            part_of: None,
            when: When::At(at),
            lasts: None,
            keep: Keep::Nothing,
            rolling: None,
            fault,
            say,
        });
        // What is saved must be a scenario, and this one; the reader has the rules.
        let read = read("the scenario with this", &write::write(&live.scenario), registry);
        let read = read.map_err(|problems| Refusal::unfit(problems.render(false)))?;
        if read != live.scenario {
            return Err(Refusal::bug("this scenario is another one when it is saved and read again"));
        }
        let plan = live.plan();
        let whole = played::play(registry, &plan, Until::End, Some(at), wanted)?;
        if whole.marked != Some(past.fingerprint) {
            return Err(Refusal::bug(format!("what happened before {at} would not be what it was")));
        }
        let film = Film::of(&live, &played::judge(registry, &live, &plan, whole.run));
        live.fingerprint = film.fingerprint.clone();
        Ok((live, film))
    }

    /// The run without what was done last.
    pub(crate) fn undo(&self, registry: &Registry, wanted: &Wanted) -> Result<(Live, Film), Refusal> {
        let mut live = self.clone();
        if live.acts.pop().is_none() {
            return Err(Refusal::conflict("nothing was done yet"));
        }
        live.scenario.faults.pop();
        let film = live.play(registry, wanted)?;
        Ok((live, film))
    }

    /// Whether something can be done at this moment.
    fn timely(&self, wish: &Wish, at: Time) -> Result<(), Refusal> {
        if self.acts.len() >= ACTS_MAX {
            return Err(Refusal::conflict(format!(
                "{ACTS_MAX} interferences are the most of a run: save it"
            )));
        }
        let (until, calm) = (self.scenario.until, self.scenario.calm_from());
        if at == Time::ZERO || at >= until {
            return Err(Refusal::conflict(format!(
                "the run goes from 0s to {until}: one can interfere after its start and before its end"
            )));
        }
        if at > calm || at == calm && wish.act.harms() {
            return Err(Refusal::conflict(format!(
                "from {calm} on this scenario is calm, to see whether it recovers: nothing may strike there"
            )));
        }
        match self.acts.last() {
            Some(last) if at <= last.at => Err(Refusal::conflict(format!(
                "something was done at {} already, and that is past: interfere later, or undo it first",
                last.at
            ))),
            Some(_) | None => Ok(()),
        }
    }

    /// A name for what is done next: `class-3`. What a fault draws depends on its name, and what else strikes often has
    /// numbered names, so one is taken that is no such number, and leaves all others what they are called.
    fn next_name(&self) -> String {
        let faults = self.scenario.faults.iter();
        let single = |fault: &&TimedFault| matches!(fault.when, When::At(_)) && fault.rolling.is_none();
        let mut taken: Vec<&str> =
            faults.clone().filter(|fault| !single(fault)).map(|fault| fault.name.as_str()).collect();
        taken.extend(self.scenario.nemesis.iter().map(|nemesis| nemesis.name.as_str()));
        let mut stem = String::from("class");
        while taken.iter().any(|name| name.starts_with(&stem)) {
            stem.push('-');
        }
        let number = |name: &str| name.strip_prefix(&stem)?.strip_prefix('-')?.parse::<u64>().ok();
        let last = faults.filter_map(|fault| number(&fault.name)).max().unwrap_or(0);
        format!("{stem}-{}", last.saturating_add(1))
    }
}

impl Kind {
    fn harms(self) -> bool {
        match self {
            Kind::Crash | Kind::Pause | Kind::Isolate | Kind::Cut => true,
            Kind::Restart | Kind::Resume | Kind::Heal => false,
        }
    }

    fn words(self, whom: &str) -> String {
        match self {
            Kind::Crash => format!("crash of {whom}"),
            Kind::Restart => format!("restart of {whom}"),
            Kind::Pause => format!("{whom} frozen"),
            Kind::Resume => format!("{whom} goes on"),
            Kind::Isolate => format!("{whom} cut off from everybody"),
            Kind::Cut => format!("link between {whom} cut"),
            Kind::Heal => "network healed".into(),
        }
    }
}

impl Wish {
    /// What is to be done, as a fault of the scenario and in words.
    ///
    /// A role stays a role: with another seed the file hits whoever leads then. Whom it hits in this run is in the words.
    fn fault(&self, run: &Run) -> Result<(Fault, String), Refusal> {
        let roles = played::roles(run);
        let (picks, hit) = match (&self.role, self.nodes.as_slice()) {
            (Some(role), []) => {
                let servers = run.services.iter().filter(|service| !service.clients);
                let has = |node: &sim_core::protocol::NodeId| {
                    roles.get(node.0 as usize).is_some_and(|has| has.0 == role)
                };
                let hit: Vec<_> = servers.flat_map(|service| service.ids()).filter(has).collect();
                if hit.is_empty() {
                    let role = clean(role);
                    return Err(Refusal::conflict(format!("nobody is {role} at this moment: let it run on")));
                }
                (vec![Pick::Role(role.clone())], hit)
            }
            (None, nodes) if nodes.len() <= NODES_MAX => {
                let mut hit = Vec::new();
                for name in nodes {
                    let node = run.services.iter().find_map(|service| service.node(name));
                    let node = node.ok_or_else(|| {
                        Refusal::malformed(format!("there is no node `{}` in this world", clean(name)))
                    })?;
                    if hit.contains(&node) {
                        return Err(Refusal::malformed(format!("{name} is named twice")));
                    }
                    hit.push(node);
                }
                (nodes.iter().cloned().map(Pick::Node).collect(), hit)
            }
            (None, _) => {
                return Err(Refusal::malformed(format!("at most {NODES_MAX} nodes can be named at once")));
            }
            (Some(_), _) => return Err(Refusal::malformed("either nodes or a role, not both")),
        };
        match (self.act, hit.len()) {
            (Kind::Heal, 0) | (Kind::Cut, 2) => {}
            (Kind::Heal, _) => return Err(Refusal::malformed("the whole network is healed: name no node")),
            (Kind::Cut, _) => {
                return Err(Refusal::malformed("choose the two nodes between which the link is cut"));
            }
            (_, 0) => return Err(Refusal::malformed("choose whom it is to hit")),
            (_, _) => {}
        }
        let told = |node: &sim_core::protocol::NodeId| {
            let name = run.name(*node);
            match roles.get(node.0 as usize) {
                Some(role) if reports::leads(*role) && *role != Role::DOWN => format!("{name} ({})", role.0),
                Some(_) | None => name,
            }
        };
        let whom: Vec<String> = hit.iter().map(told).collect();
        let words = self.act.words(&whom.join(if self.act == Kind::Cut { " and " } else { ", " }));
        let fault = match self.act {
            Kind::Crash => Fault::Crash(picks),
            Kind::Restart => Fault::Restart(picks),
            Kind::Pause => Fault::Pause(picks),
            Kind::Resume => Fault::Resume(picks),
            Kind::Isolate => Fault::Isolate(picks),
            Kind::Cut => Fault::Split(picks.into_iter().map(|pick| vec![pick]).collect()),
            Kind::Heal => Fault::Heal,
        };
        Ok((fault, words))
    }
}
