//! What an expectation leaves out that is about some of the clients, or about the time of a fault.

use super::effects::Sources;
use sim_core::{protocol::NodeId, run::Run, time::Time};

/// The part of a run that an expectation is about: while faults were in force, and what some clients did.
pub(super) struct Part {
    /// Begins with a space if it says anything.
    pub(super) phrase: String,
    windows: Option<Vec<(Time, Time)>>,
    clients: Option<Vec<NodeId>>,
}

impl Part {
    pub(super) fn of(
        during: Option<&str>,
        clients: Option<&[String]>,
        run: &Run,
        sources: &Sources<'_>,
    ) -> Part {
        let mut phrase = String::new();
        if let Some(clients) = clients {
            phrase.push_str(&format!(" of {}", clients.join(", ")));
        }
        if let Some(fault) = during {
            phrase.push_str(&format!(" during {fault}"));
        }
        let node = |name: &String| run.services.iter().find_map(|service| service.node(name));
        Part {
            phrase,
            windows: during.map(|fault| sources.windows(fault, run.ended)),
            clients: clients.map(|names| names.iter().filter_map(node).collect()),
        }
    }

    /// Whether what this client did then counts.
    pub(super) fn counts(&self, client: NodeId, at: Time) -> bool {
        let within = |&(from, to): &(Time, Time)| (from..to).contains(&at);
        self.clients.as_ref().is_none_or(|clients| clients.contains(&client))
            && self.windows.as_ref().is_none_or(|windows| windows.iter().any(within))
    }
}
