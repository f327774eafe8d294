//! What a scenario may say about Raft.

use super::{Flaw, Members};
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices. Defaults are the paper's (§5.6, §9.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// An election timeout is drawn between these, anew each time; the second is not reached.
    pub election: (Span, Span),
    /// How often a leader lets itself be heard; well below the election timeout.
    pub heartbeat: Span,
    /// How reads are served.
    pub reads: Reads,
    /// How a leader finds the place where a follower's log begins to differ.
    pub backtrack: Backtrack,
    /// Entries per message, at most.
    pub batch: u32,
    /// Whether a server first asks whether it would be elected, and campaigns only then: one that comes back after a cut
    /// has not pushed its term up meanwhile (dissertation §9.6).
    pub pre_vote: bool,
    /// Whether a leader steps down that no quorum answers for an election timeout (§6.2 of the dissertation), and servers
    /// that hear a leader vote for nobody else (§4.2.3).
    pub check_quorum: bool,
    /// A snapshot is taken every so many entries, and the log before the one before it is dropped. Default: never.
    pub snapshot: Option<u32>,
    /// So many servers, the first ones, vote from the beginning. Default: all.
    pub voters: Option<u32>,
    /// So many servers after these are sent the log, and do not vote.
    pub learners: u32,
    /// How the voters are changed.
    pub way: Way,
    /// What an operator asks for, in the order of time.
    pub changes: Vec<Change>,
    /// When an operator asks the leader to hand over, in the order of time.
    pub transfers: Vec<Transfer>,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            election: (150.ms(), 300.ms()),
            heartbeat: 50.ms(),
            reads: Reads::ReadIndex,
            backtrack: Backtrack::ByTerm,
            batch: 64,
            pre_vote: false,
            check_quorum: false,
            snapshot: None,
            voters: None,
            learners: 0,
            way: Way::Joint,
            changes: Vec::new(),
            transfers: Vec::new(),
            flaw: None,
        }
    }
}

impl Config {
    /// So many changes at most, and so many transfers: every server sets a timer for each.
    pub const ASKED_MAX: usize = 1_000;

    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let (low, high) = self.election;
        if low == Span::ZERO || high < low {
            let found = format!("election timeouts between {low} and {high}");
            return Err(("election", format!("{found}: the first must be above 0 and at most the second")));
        }
        if self.heartbeat == Span::ZERO || self.heartbeat >= low {
            return Err((
                "heartbeat",
                format!(
                    "a heartbeat every {} with election timeouts from {low}: followers would campaign against a \
                     living leader; more than 0 and less than {low} would do",
                    self.heartbeat
                ),
            ));
        }
        if self.batch == 0 {
            return Err(("batch", "a batch of 0 entries replicates nothing; 1 or more would do".into()));
        }
        if self.snapshot == Some(0) {
            return Err(("snapshot", "a snapshot every 0 entries would never end; `1000` would do".into()));
        }
        let ordered = self.changes.is_sorted_by_key(|change| change.at);
        if !ordered {
            return Err(("changes", "changes are asked for in the order of `at`; sort them".into()));
        }
        if !self.transfers.is_sorted_by_key(|transfer| transfer.at) {
            return Err(("transfers", "transfers are asked for in the order of `at`; sort them".into()));
        }
        let asked = self.changes.len().max(self.transfers.len());
        if asked > Config::ASKED_MAX {
            let most = Config::ASKED_MAX;
            return Err((
                "",
                format!("an operator who asks {asked} times is beyond what {most} allow; ask less often"),
            ));
        }
        if self.changes.iter().any(|change| change.voters.is_empty()) {
            return Err((
                "changes",
                "nobody would vote: no leader could ever be elected; name a voter".into(),
            ));
        }
        Ok(())
    }

    /// Refuses what so many servers cannot do: which key, and why.
    pub fn check_for(&self, servers: u32) -> Result<(), (&'static str, String)> {
        let first = self.voters.unwrap_or(servers);
        if first == 0 || first > servers {
            return Err(("voters", format!("{first} of {servers} servers cannot vote; 1 to {servers} can")));
        }
        if self.learners > servers - first {
            let left = servers - first;
            return Err((
                "learners",
                format!("{} servers cannot learn where {left} do not vote", self.learners),
            ));
        }
        let named = |numbers: &[u32]| numbers.iter().copied().find(|number| !(1..=servers).contains(number));
        for change in &self.changes {
            if let Some(number) = named(&change.voters).or_else(|| named(&change.learners)) {
                return Err((
                    "changes",
                    format!("there is no server {number} of {servers}; they count from 1"),
                ));
            }
            let mut all: Vec<u32> = change.voters.iter().chain(&change.learners).copied().collect();
            all.sort_unstable();
            if let Some(twice) = all.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err((
                    "changes",
                    format!("server {} is named twice; it votes, or learns, or neither", twice[0]),
                ));
            }
        }
        if let Some(number) = self.transfers.iter().find_map(|transfer| named(&[transfer.to])) {
            return Err((
                "transfers",
                format!("there is no server {number} of {servers}; they count from 1"),
            ));
        }
        Ok(())
    }

    /// Who takes part from the beginning.
    pub(super) fn first_members(&self, servers: impl ExactSizeIterator<Item = NodeId> + Clone) -> Members {
        let voters = self.voters.map_or(servers.len(), |voters| voters as usize);
        let learners = servers.clone().skip(voters).take(self.learners as usize).collect();
        Members::new(servers.take(voters).collect(), vec![], learners)
    }

    /// Whether it matters when a leader was last heard: votes are refused so soon after.
    pub(super) fn faithful(&self) -> bool {
        self.reads == Reads::Lease || self.check_quorum || self.pre_vote
    }
}

/// How reads are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reads {
    /// As entries of the log, like writes (§8, the plain way).
    Log,
    /// From the leader's state, once a round of heartbeats has shown that it still leads (dissertation §6.4).
    ReadIndex,
    /// From the leader's state, without asking anybody, for as long as its lease lasts: it counts from the last round of
    /// heartbeats that a quorum answered. Servers vote for nobody so soon after they heard a leader. Linearizable only
    /// while clocks run alike and are not set (dissertation §6.4.1).
    Lease,
    /// From the state of whichever server is asked. Not linearizable: a server that lags or is cut off answers with the
    /// past. Here to show what that looks like.
    Local,
}

/// How a leader finds the place where a follower's log begins to differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Backtrack {
    /// One entry at a time, as in Figure 2.
    ByOne,
    /// One term at a time (§5.3, last paragraphs).
    ByTerm,
}

/// How the voters are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Way {
    /// By a joint configuration, all at once (§6).
    Joint,
    /// One server at a time (dissertation §4.1).
    Single,
}

/// Who is to vote from now on. Servers are named by number, from 1, as nodes are: the first of `db` is `db-1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// When the operator asks, by the clock of each server.
    pub at: Span,
    /// Who is to vote.
    pub voters: Vec<u32>,
    /// Who is to be sent the log besides.
    #[serde(default)]
    pub learners: Vec<u32>,
}

/// Who is to lead.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// When the operator asks, by the clock of the leader.
    pub at: Span,
    /// The number of the server, from 1.
    pub to: u32,
}

/// The servers of these numbers, each once, in ascending order.
pub(super) fn numbered(numbers: &[u32], servers: impl Iterator<Item = NodeId>) -> Vec<NodeId> {
    (1..).zip(servers).filter(|(number, _)| numbers.contains(number)).map(|(_, server)| server).collect()
}
