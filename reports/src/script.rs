//! The script of the page, and the policy that lets it run and nothing else.

use sha2::{Digest, Sha256};

/// Words and figures, and elements made of them: for the script of any page.
pub const WORDS: &str = include_str!("../templates/page/words.js");

macro_rules! parts {
    ($($name:literal),* $(,)?) => {
        &[$(include_str!(concat!("../templates/page/", $name, ".js"))),*]
    };
}

/// Small files, each about one thing, in the order in which they need one another. Together they are one function of their own,
/// so that they share names and leave none behind.
const PAGE: &[&str] = parts![
    "words",
    "data",
    "view",
    "axis",
    "lines",
    "charts",
    "lanes",
    "tasks",
    "spacetime",
    "inspector",
    "player",
    "witness",
    "theme",
    "start",
];
/// Those of the page that compares.
const COMPARISON: &[&str] = parts!["words", "compare", "view", "axis", "lines", "theme", "comparison"];

/// The script of a run's page as it stands between its tags.
pub(crate) fn script() -> String {
    function(PAGE)
}

/// The same of the page that compares.
pub(crate) fn comparison() -> String {
    function(COMPARISON)
}

fn function(parts: &[&str]) -> String {
    format!("(() => {{\n\"use strict\";\n{}}})();\n", parts.concat())
}

/// The content security policy of a page with this script: nothing is fetched, and no other script runs.
pub(crate) fn policy(script: &str) -> String {
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64(&Sha256::digest(script.as_bytes()))
    )
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place > three.len() { '=' } else { letter as char });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_its_standard_has_it() {
        let known = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        known.iter().for_each(|(text, wanted)| assert_eq!(base64(text.as_bytes()), *wanted));
    }

    #[test]
    fn the_policy_names_the_hash_of_the_script() {
        // The hash of nothing, as everybody knows it.
        assert!(policy("").contains("'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"));
    }
}
