//! Names of nodes in texts. Protocols know nodes by their numbers; people know them by what their service is called.

use crate::{protocol::NodeId, run::ServiceInfo};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};

/// How protocols write a node, with what comes before and after its number.
const WRITTEN: [(&str, &str); 2] = [("node ", ""), ("NodeId(", ")")];

/// The text with nodes by their names: `node 2` and `NodeId(2)` become `db-3`, where `name` knows one.
///
/// ```
/// use sim_core::names::named;
/// let name = |node: sim_core::protocol::NodeId| (node.0 < 3).then(|| format!("db-{}", node.0 + 1));
/// assert_eq!(named("term 1 has two leaders: node 0 and node 2", name), "term 1 has two leaders: db-1 and db-3");
/// assert_eq!(named("{NodeId(1)}: node 7, an unnode 1, a node 1st", name), "{db-2}: node 7, an unnode 1, a node 1st");
/// ```
pub fn named(text: &str, name: impl Fn(NodeId) -> Option<String>) -> String {
    let (mut out, mut done) = (String::new(), 0);
    // Messages can be long, and full of nodes: the text is gone through once. A number begins at one of these.
    for (at, _) in text.match_indices([' ', '(']) {
        let (before, rest) = text.split_at(at + 1);
        let Some((before, after)) =
            WRITTEN.iter().find_map(|(written, after)| Some((before.strip_suffix(written)?, after)))
        else {
            continue;
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        let inside = before.ends_with(char::is_alphanumeric) || behind.starts_with(char::is_alphanumeric);
        let node = number.parse().ok().filter(|_| !inside && behind.starts_with(after));
        let Some(name) = node.and_then(|node| name(NodeId(node))) else { continue };
        out += &text[done..before.len()];
        out += &name;
        done = at + 1 + digits + after.len();
    }
    out + &text[done..]
}

/// These nodes, one after the other: `node 0, node 2`.
pub fn listed(nodes: impl IntoIterator<Item = NodeId>) -> String {
    let nodes: Vec<String> = nodes.into_iter().map(|node| node.to_string()).collect();
    nodes.join(", ")
}

/// [`named`] with nodes of these services.
pub(crate) fn of_services(services: &[ServiceInfo], text: &str) -> String {
    named(text, |node| {
        services.iter().find(|service| service.holds(node)).map(|service| service.node_name(node))
    })
}
