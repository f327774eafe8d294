//! When two failures are the same.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What failed, and why, without what differs from run to run: failures with equal signatures are taken for the same bug.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The expectation or the property: `linearizable`, `always election safety`; or `panic`, or `runaway`.
    pub check: String,
    /// The cause with every number replaced by `#`; empty where the check says it all.
    pub cause: String,
}

impl Signature {
    pub(super) fn new(check: impl Into<String>, cause: &str) -> Signature {
        Signature { check: check.into(), cause: normalised(cause) }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause.as_str() {
            "" => f.write_str(&self.check),
            cause => write!(f, "{}: {cause}", self.check),
        }
    }
}

/// Causes longer than this say nothing more about what the same is.
const CAUSE_MAX: usize = 300;

/// Numbers become `#`: terms, indices, times and the numbers of nodes differ from seed to seed.
fn normalised(cause: &str) -> String {
    let mut text = String::new();
    for c in cause.chars().take(CAUSE_MAX) {
        let number = c.is_ascii_digit() || c == '.' && text.ends_with('#');
        match c {
            _ if number && text.ends_with('#') => {}
            _ if number => text.push('#'),
            c if c.is_control() => text.push(' '),
            c => text.push(c),
        }
    }
    // A number at the end of a sentence takes its full stop with it, once and for all.
    text.trim().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_make_no_difference() {
        let one = Signature::new("always one leader", "db-1 and db-3 lead term 17 at 4.25s");
        let other = Signature::new("always one leader", "db-2 and db-3 lead term 9 at 13.0s");
        assert_eq!(one, other);
        assert_eq!(one.to_string(), "always one leader: db-# and db-# lead term # at #s");
        assert_ne!(one, Signature::new("always one leader", "db-1 leads alone"));
    }
}
