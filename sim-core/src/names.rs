//! Names of nodes in texts. Protocols know nodes by their numbers; people know them by what their service is called.

use crate::protocol::NodeId;
use alloc::string::String;

/// How protocols write a node, with what comes before and after its number.
const WRITTEN: [(&str, &str); 2] = [("node ", ""), ("NodeId(", ")")];

/// The text with nodes by their names: `node 2` and `NodeId(2)` become `db-3`, where `name` knows one.
///
/// ```
/// use sim_core::names::named;
/// let name = |node: sim_core::protocol::NodeId| (node.0 < 3).then(|| format!("db-{}", node.0 + 1));
/// assert_eq!(named("term 1 has two leaders: node 0 and node 2", name), "term 1 has two leaders: db-1 and db-3");
/// assert_eq!(named("Redirect(NodeId(1)) to node 7, an unnode 1, a node 1st", name), "Redirect(db-2) to node 7, an unnode 1, a node 1st");
/// ```
pub fn named(text: &str, name: impl Fn(NodeId) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((at, end, node)) = WRITTEN.iter().filter_map(|way| first(rest, *way)).min() {
        let begins = !rest[..at].ends_with(|c: char| c.is_alphanumeric());
        match name(NodeId(node)).filter(|_| begins) {
            Some(name) => {
                out += &rest[..at];
                out += &name;
            }
            None => out += &rest[..end],
        }
        rest = &rest[end..];
    }
    out + rest
}

/// Where a node is first written in this way: from, to, and its number.
fn first(text: &str, (before, after): (&str, &str)) -> Option<(usize, usize, u32)> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find(before)?;
        let number = at + before.len();
        let digits = text[number..].bytes().take_while(u8::is_ascii_digit).count();
        let end = number + digits;
        let whole = !text[end..].starts_with(|c: char| c.is_alphanumeric());
        if let Ok(node) = text[number..end].parse()
            && whole
            && text[end..].starts_with(after)
        {
            return Some((at, end + after.len(), node));
        }
        from = number;
    }
}
