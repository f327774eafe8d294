//! Tables that others published about Raft, as facts, and a test that they are what was published.
//!
//! Sources: etcd-io/raft, `quorum/testdata/majority_{commit,vote}.txt` and `raft_paper_test.go` (Apache-2.0), and
//! Figure 7 of the paper. The test compares with machine-readable copies where those are at hand, in `shared/oracles`
//! beside the repository; the tables themselves are always here.

/// What each member is known to have reached, `None` where unknown; and what is committed, `None` for no bound.
/// `majority_commit.txt`.
pub(crate) const COMMITS: [(&[Option<u64>], Option<u64>); 16] = [
    (&[], None),
    (&[None], Some(0)),
    (&[Some(12)], Some(12)),
    (&[None, None], Some(0)),
    (&[Some(12), None], Some(0)),
    (&[Some(12), Some(5)], Some(5)),
    (&[None, None, None], Some(0)),
    (&[Some(12), None, None], Some(0)),
    (&[Some(12), Some(5), None], Some(5)),
    (&[Some(12), Some(5), Some(6)], Some(6)),
    (&[Some(12), Some(5), Some(4)], Some(5)),
    (&[Some(5), Some(5), None], Some(5)),
    (&[Some(5), Some(5), Some(12)], Some(5)),
    (&[Some(100), Some(101), Some(103)], Some(101)),
    (&[Some(101), Some(104), Some(103), Some(103), None], Some(103)),
    (&[Some(101), Some(102), Some(103), Some(103), None], Some(102)),
];

/// The vote of each member, yes, no or not heard of; and what that comes to. `majority_vote.txt`.
pub(crate) const POLLS: [(&str, &str); 22] = [
    ("", "VoteWon"),
    ("_", "VotePending"),
    ("n", "VoteLost"),
    ("y", "VoteWon"),
    ("__", "VotePending"),
    ("n_", "VoteLost"),
    ("y_", "VotePending"),
    ("ny", "VoteLost"),
    ("yy", "VoteWon"),
    ("___", "VotePending"),
    ("n__", "VotePending"),
    ("y__", "VotePending"),
    ("nn_", "VoteLost"),
    ("yn_", "VotePending"),
    ("yy_", "VoteWon"),
    ("yyn", "VoteWon"),
    ("nyn", "VoteLost"),
    ("yyny___", "VotePending"),
    ("_yy_nyn", "VotePending"),
    ("yyny_ny", "VoteWon"),
    ("yy_nynn", "VotePending"),
    ("yynynnn", "VoteLost"),
];

/// So many servers; the votes of the others, from server 2 on, that the candidate (server 1) hears; what it is then.
/// `TestLeaderElectionInOneRoundRPC`.
pub(crate) const ELECTIONS: [(u32, &str, &str); 13] = [
    (1, "", "leader"),
    (3, "yy", "leader"),
    (3, "y_", "leader"),
    (5, "yyyy", "leader"),
    (5, "yyy_", "leader"),
    (5, "yy__", "leader"),
    (3, "nn", "follower"),
    (5, "nnnn", "follower"),
    (5, "ynnn", "follower"),
    (3, "__", "candidate"),
    (5, "y___", "candidate"),
    (5, "nn__", "candidate"),
    (5, "____", "candidate"),
];

/// The terms of the voter's log, term and index of the candidate's last entry, and whether the vote is granted.
/// `TestVoter`.
pub(crate) const VOTERS: [(&[u64], (u64, usize), bool); 10] = [
    (&[1], (1, 1), true),
    (&[1], (1, 2), true),
    (&[1, 1], (1, 1), false),
    (&[1], (2, 1), true),
    (&[1], (2, 2), true),
    (&[1, 1], (2, 1), true),
    (&[2], (1, 1), false),
    (&[2], (1, 2), false),
    (&[2, 2], (1, 1), false),
    (&[1, 1], (1, 1), false),
];

/// So many servers; those beside the leader (server 1) that acknowledge; whether the entry is then committed.
/// `TestLeaderAcknowledgeCommit`.
pub(crate) const ACKNOWLEDGED: [(u32, &[u32], bool); 9] = [
    (1, &[], true),
    (3, &[], false),
    (3, &[2], true),
    (3, &[2, 3], true),
    (5, &[], false),
    (5, &[2], false),
    (5, &[2, 3], true),
    (5, &[2, 3, 4], true),
    (5, &[2, 3, 4, 5], true),
];

type Terms = &'static [u64];

/// The follower whose log has these terms ...
pub(crate) const FOLLOWER: [u64; 2] = [1, 2];
/// ... is in this term ...
pub(crate) const FOLLOWER_TERM: u64 = 2;
/// ... and gets an AppendEntries after this term and index with entries of these terms: those of its log then.
/// `TestFollowerAppendEntries`.
pub(crate) const APPENDS: [((u64, usize), Terms, Terms); 4] = [
    ((2, 2), &[3], &[1, 2, 3]),
    ((1, 1), &[3, 4], &[1, 3, 4]),
    ((0, 0), &[1], &[1, 2]),
    ((0, 0), &[3], &[3]),
];

/// A leader of term 3, whose log has entries of terms 1 and 2 and then one of its own, hears from the one follower that
/// it holds the log up to here; what is committed then. `TestLeaderOnlyCommitsLogFromCurrentTerm`.
pub(crate) const OWN_TERM_ONLY: [(usize, usize); 3] = [(1, 0), (2, 0), (3, 3)];

/// Figure 7: the log of the leader of term 8, as it comes to power.
pub(crate) const LEADER: [u64; 10] = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
/// Figure 7 (a)-(f): what its followers may hold; and how many of its probes each refuses when it starts just past its
/// last entry and goes back one by one. (etcd's copy of (b) has five entries; the paper's has four.)
pub(crate) const FOLLOWERS: [(&str, &[u64], u32); 6] = [
    ("a", &[1, 1, 1, 4, 4, 5, 5, 6, 6], 1),
    ("b", &[1, 1, 1, 4], 6),
    ("c", &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6], 0),
    ("d", &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], 0),
    ("e", &[1, 1, 1, 4, 4, 4, 4], 5),
    ("f", &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], 7),
];

mod published {
    use super::*;
    use serde_json::{Value, json};
    use std::{io::Write, path::Path};

    fn pack(name: &str) -> Option<Value> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oracles").join(name);
        let Ok(text) = std::fs::read_to_string(&path) else {
            // Straight to standard error: what `eprintln!` says in a test that passes is never seen.
            let _ = writeln!(
                std::io::stderr(),
                "skipped: no {} to compare with; the tables are tested as they stand here",
                path.display()
            );
            return None;
        };
        Some(serde_json::from_str(&text).unwrap())
    }

    /// The members of a list in etcd's notation: `cfg=(1,2) idx=(12, _)` has "12" and "_" under `idx`.
    fn list(command: &str, name: &str) -> Vec<String> {
        let Some((_, rest)) = command.split_once(&format!("{name}=(")) else { return Vec::new() };
        rest.split(')').next().unwrap().split(',').map(|item| item.trim().to_string()).collect()
    }

    #[test]
    fn the_quorum_tables_are_the_published_ones() {
        let Some(pack) = pack("etcd_quorum_cases.json") else { return };
        let rows = |file: &str| -> Vec<(String, String)> {
            let text = |value: &Value| value.as_str().unwrap().to_string();
            let all = pack["data"].as_array().unwrap().iter().filter(|row| row["file"] == file);
            all.map(|row| (text(&row["cmd"]), text(&row["expect"]))).collect()
        };
        let commits: Vec<(Vec<String>, String)> = COMMITS
            .iter()
            .map(|(known, committed)| {
                let known =
                    known.iter().map(|index| index.map_or("_".to_string(), |index| index.to_string()));
                (known.collect(), committed.map_or("∞".to_string(), |index| index.to_string()))
            })
            .collect();
        let published: Vec<_> =
            rows("majority_commit.txt").into_iter().map(|(row, want)| (list(&row, "idx"), want)).collect();
        assert_eq!(commits, published);

        let polls: Vec<_> =
            POLLS.iter().map(|(votes, result)| (votes.to_string(), result.to_string())).collect();
        let published: Vec<_> = rows("majority_vote.txt")
            .into_iter()
            .map(|(row, want)| (list(&row, "votes").concat(), want))
            .collect();
        assert_eq!(polls, published);
    }

    #[test]
    fn the_paper_tables_are_the_published_ones() {
        let Some(pack) = pack("raft_paper_tables.json") else { return };
        let heard = |votes: &str| -> Value {
            let votes = (2..).zip(votes.chars()).filter(|(_, vote)| *vote != '_');
            votes.map(|(server, vote)| (server.to_string(), json!(u8::from(vote == 'y')))).collect()
        };
        let ours = json!({
            "election_one_round": ELECTIONS.map(|(servers, votes, role)| json!([servers, heard(votes), role])),
            "voter": VOTERS.map(|(log, (term, index), granted)| json!({
                "log_terms": log, "cand_lastterm": term, "cand_lastindex": index, "reject": u8::from(!granted),
            })),
            "ack_commit": ACKNOWLEDGED.map(|(servers, by, done)| json!([servers, by, u8::from(done)])),
            "follower_append": {
                "initial_terms": FOLLOWER,
                "term": FOLLOWER_TERM,
                "cases": APPENDS.map(|((term, index), entries, log)| json!({
                    "prev_index": index,
                    "prev_term": term,
                    "ents": (index + 1..).zip(entries).map(|entry| json!(entry)).collect::<Vec<_>>(),
                    "want_terms": log,
                })),
            },
            "commit_current_term_only": {
                "log_terms": [1, 2],
                "then": "leader of term 3 appends entry 3 (term 3)",
                "cases": OWN_TERM_ONLY,
            },
            "fig7_leader_log": LEADER,
            "fig7_followers": FOLLOWERS.iter().map(|(name, log, _)| (name.to_string(), json!(log))).collect::<Value>(),
        });
        assert_eq!(ours, pack["data"]);
    }
}
