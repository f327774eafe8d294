//! The script of the page, and the policy that lets it run and nothing else.

use sha2::{Digest, Sha256};

/// Small files, each about one thing, in the order in which they need one another. Together they are one function of their own,
/// so that they share names and leave none behind.
const PARTS: [&str; 13] = [
    include_str!("../templates/page/words.js"),
    include_str!("../templates/page/data.js"),
    include_str!("../templates/page/view.js"),
    include_str!("../templates/page/axis.js"),
    include_str!("../templates/page/charts.js"),
    include_str!("../templates/page/lanes.js"),
    include_str!("../templates/page/tasks.js"),
    include_str!("../templates/page/spacetime.js"),
    include_str!("../templates/page/inspector.js"),
    include_str!("../templates/page/player.js"),
    include_str!("../templates/page/witness.js"),
    include_str!("../templates/page/theme.js"),
    include_str!("../templates/page/start.js"),
];

/// The script as it stands between its tags.
pub(crate) fn script() -> String {
    format!("(() => {{\n\"use strict\";\n{}}})();\n", PARTS.concat())
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
