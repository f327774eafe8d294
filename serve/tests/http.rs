//! The server as browsers and others meet it, over a socket: whom it answers, what it refuses, and that what a class has done is
//! the run that is saved.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

use scenarios::{Registry, plan::Plan, play, read::read};
use serde_json::{Value, json};
use serve::{Limits, Shelf, Terms};
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};
use tokio::sync::oneshot;

const SMALL: &str = r#"(
    about: "a small one",
    seed: 1,
    until: "6s",
    services: { "db": (run: "raft", nodes: 3) },
    clients: (nodes: 2, of: "db", load: Open(Constant(50.0)), start: "500ms"),
    network: (delay: LogNormal(median: "1ms", p99: "8ms"), loss: 0.01),
    faults: [(name: "flap", every: "1s", from: "2s", to: "4s", lasts: "100ms", do: Isolate([RandomOf("db", 1)]))],
    calm: "1s",
    expect: [Linearizable],
)"#;

/// A folder of its own, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
    fn file(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Serves a folder while `visit` lasts.
fn served(folder: &Path, limits: Limits, visit: impl FnOnce(&Server)) {
    let registry = Registry::standard();
    let terms = Terms { shelf: Shelf::open(folder).unwrap(), port: 0, threads: 2, limits };
    let (stop, stopped) = oneshot::channel::<()>();
    let (tell, told) = mpsc::channel();
    std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            let stopped = async {
                let _ = stopped.await;
            };
            serve::serve_until(&registry, terms, |address| tell.send(address).unwrap(), stopped)
        });
        let server_at = Server(told.recv().unwrap());
        let visited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| visit(&server_at)));
        let _ = stop.send(());
        server.join().unwrap().unwrap();
        visited.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

fn visited(folder: &Path, visit: impl FnOnce(&Server)) {
    served(folder, Limits::default(), visit);
}

struct Server(SocketAddr);

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Server {
    /// Sends these lines and this body, and nothing that they do not say.
    fn raw(&self, lines: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.0).unwrap();
        let head = format!("{}\r\nconnection: close\r\n\r\n", lines.join("\r\n"));
        stream.write_all(head.as_bytes()).unwrap();
        // Who is refused may find the line closed while it still speaks.
        let _ = stream.write_all(body.as_bytes());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_string() }
    }

    fn get(&self, path: &str) -> Answer {
        self.raw(&[&format!("GET {path} HTTP/1.1"), &format!("host: {}", self.0)], "")
    }

    fn post_text(&self, path: &str, body: &str) -> Answer {
        let lines = [
            format!("POST {path} HTTP/1.1"),
            format!("host: {}", self.0),
            format!("origin: http://{}", self.0),
            "content-type: application/json".into(),
            format!("content-length: {}", body.len()),
        ];
        self.raw(&lines.each_ref().map(String::as_str), body)
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, &body.to_string())
    }

    fn list(&self) -> Vec<Value> {
        self.get("/api/scenarios").json()["scenarios"].as_array().unwrap().clone()
    }

    /// The id of the scenario of this name.
    fn id(&self, name: &str) -> String {
        let found = self.list().into_iter().find(|entry| entry["name"] == name).unwrap();
        found["id"].as_str().unwrap().to_string()
    }

    fn run(&self, name: &str, seed: &str, set: &[&str]) -> Answer {
        self.post(
            "/api/runs",
            &json!({ "scenario": self.id(name), "variant": null, "seed": seed, "set": set }),
        )
    }
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }

    /// Refused, in these words.
    #[track_caller]
    fn refused(&self, status: u16, words: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.body.contains(words), "{}", self.body);
    }
}

#[test]
fn another_site_cannot_drive_it() {
    let folder = Folder::new("site");
    folder.file("small.ron", SMALL);
    visited(&folder.0, |server| {
        let port = server.0.port();
        let own = format!("host: localhost:{port}");
        assert_eq!(server.raw(&["GET / HTTP/1.1", &own], "").status, 200);
        // A name of another that points here.
        let other = format!("host: evil.example:{port}");
        server.raw(&["GET /api/scenarios HTTP/1.1", &other], "").refused(403, "answers only to 127.0.0.1");
        assert_eq!(server.raw(&["GET / HTTP/1.1"], "").status, 403, "no host");
        // A page of another site sends what it can without asking: no Origin of ours, and no JSON.
        let body =
            json!({ "scenario": server.id("small.ron"), "variant": null, "seed": "", "set": [] }).to_string();
        let length = format!("content-length: {}", body.len());
        let (kind, plain) = ("content-type: application/json", "content-type: text/plain");
        let ours = format!("origin: http://localhost:{port}");
        let post =
            |more: &[&str]| server.raw(&[&["POST /api/runs HTTP/1.1", &own, &length], more].concat(), &body);
        assert_eq!(post(&[kind, &ours]).status, 200);
        post(&[kind]).refused(403, "no Origin");
        post(&[kind, "origin: http://evil.example"]).refused(403, "another site");
        post(&[kind, "origin: null"]).refused(403, "another site");
        post(&[plain, &ours]).refused(403, "application/json");
        post(&[kind, &ours, "sec-fetch-site: cross-site"]).refused(403, "another site");
    });
}

#[test]
fn every_answer_forbids_what_no_page_needs() {
    let folder = Folder::new("headers");
    folder.file("small.ron", SMALL);
    visited(&folder.0, |server| {
        for path in ["/", "/serve.js", "/serve.css", "/api/scenarios", "/nothing"] {
            let answer = server.get(path);
            for header in [
                "x-content-type-options: nosniff",
                "referrer-policy: no-referrer",
                "cache-control: no-store",
                "content-security-policy: default-src 'none'; script-src 'self'",
            ] {
                assert!(answer.head.contains(header), "{path}: no {header} in {}", answer.head);
            }
            assert!(!answer.head.contains("access-control-allow"), "{path}: {}", answer.head);
        }
        let id = server.run("small.ron", "", &[]).json()["id"].as_str().unwrap().to_string();
        let report = server.get(&format!("/api/runs/{id}/report"));
        assert!(report.head.contains("content-security-policy: sandbox allow-scripts"), "{}", report.head);
        assert!(report.body.contains("Content-Security-Policy"), "the report has a policy of its own");
    });
}

#[test]
fn the_list_holds_what_lies_in_the_folder_and_nothing_else() {
    let (folder, outside) = (Folder::new("list"), Folder::new("outside"));
    folder.file("small.ron", SMALL);
    folder.file("deep/er/other.ron", &SMALL.replace("a small one", "<b>another</b>"));
    folder.file("broken.ron", &SMALL.replace("seed: 1", "sede: 1"));
    folder.file("notes.txt", "no scenario");
    folder.file(".hidden/small.ron", SMALL);
    folder.file("1/2/3/4/5/6/7/8/9/deep.ron", SMALL);
    folder.file("long.ron", &format!("{SMALL}// {}", "x".repeat(serve::FILE_MAX as usize)));
    outside.file("secret.ron", &SMALL.replace("a small one", "a secret"));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.0.join("secret.ron"), folder.0.join("link.ron")).unwrap();
        std::os::unix::fs::symlink(&outside.0, folder.0.join("linked")).unwrap();
    }
    // A file that is asked for by a link is served: the link was followed once, by whoever started the server.
    #[cfg(unix)]
    visited(&folder.0.join("link.ron"), |server| {
        assert_eq!(server.list()[0]["about"], "a secret");
        assert!(server.list()[0]["error"].as_str().unwrap().is_empty());
    });
    visited(&folder.0, |server| {
        let list = server.list();
        let names: Vec<&str> = list.iter().map(|entry| entry["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["broken.ron", "deep/er/other.ron", "long.ron", "small.ron"]);
        assert!(list[0]["error"].as_str().unwrap().contains("`sede`"), "{}", list[0]);
        assert_eq!(list[1]["about"], "<b>another</b>");
        assert!(list[2]["error"].as_str().unwrap().contains("longer than"), "{}", list[2]);
        assert_eq!(list[3]["error"], "");
        assert!(server.get("/api/scenarios").body.contains("Not everything is shown"), "one is too deep");
        server.run("broken.ron", "", &[]).refused(422, "`sede`");
        // A file is named by its id only.
        for path in ["small.ron", "..%2f..%2fsecret.ron", "0000000000000000"] {
            server.get(&format!("/api/scenarios/{path}")).refused(404, "no such scenario");
        }
        let body = json!({ "scenario": "small.ron", "variant": null, "seed": "", "set": [] });
        server.post("/api/runs", &body).refused(404, "no such scenario");
        assert_eq!(server.get("/api/../../etc/passwd").status, 404);
    });
}

#[test]
fn requests_are_bounded() {
    let folder = Folder::new("bounds");
    folder.file("small.ron", SMALL);
    visited(&folder.0, |server| {
        let large = format!("{{\"scenario\": \"{}\"}}", "x".repeat(serve::BODY_MAX));
        assert_eq!(server.post_text("/api/runs", &large).status, 413);
        server.post_text("/api/runs", "{").refused(400, "not understood");
        let more = json!({ "scenario": "", "variant": null, "seed": "", "set": [], "out": "/tmp" });
        server.post("/api/runs", &more).refused(400, "unknown field `out`");
        server.run("small.ron", "", &["clients.nodes=1998"]).refused(422, "2000 are the most here");
        server.run("small.ron", "", &["until=2h"]).refused(422, "the longest here");
        server.run("small.ron", "", &["untill=2s"]).refused(422, "untill");
        server.run("small.ron", "-1", &[]).refused(400, "no seed");
        server.run("small.ron", "", &["seed=1"; 33]).refused(400, "at most 32 parameters");
        let body = json!({ "scenario": server.id("small.ron"), "variant": "none", "seed": "", "set": [] });
        server.post("/api/runs", &body).refused(422, "variant");
        for path in ["/api/runs/1/report", "/api/runs/1/scenario", "/api/runs/1/at/5", "/api/runs/x/report"] {
            server.get(path).refused(404, "not kept");
        }
        let id = server.run("small.ron", "", &[]).json()["id"].as_str().unwrap().to_string();
        for moment in ["6000000001", "-1", "x"] {
            server.get(&format!("/api/runs/{id}/at/{moment}")).refused(400, "within the run");
        }
        // The oldest goes when there are too many.
        for _ in 0..serve::LIVES_MAX {
            server.run("small.ron", "", &["until=2s", "faults=[]"]).json();
        }
        server.get(&format!("/api/runs/{id}/scenario")).refused(404, "not kept");
    });
    let begun = |limits: Limits, wanted: &str| {
        served(&folder.0, limits, |server| {
            let set = ["until=3600s", "clients.load.Open.Constant=2000.0"];
            server.run("small.ron", "", &set).refused(422, wanted);
        });
    };
    begun(Limits { patience: Duration::from_millis(300), ..Limits::default() }, "most that is waited for");
    served(&folder.0, Limits { patience: Duration::from_millis(10), ..Limits::default() }, |server| {
        let (host, origin) = (format!("host: {}", server.0), format!("origin: http://{}", server.0));
        let head = [
            "POST /api/runs HTTP/1.1",
            &host,
            &origin,
            "content-type: application/json",
            "content-length: 9",
        ];
        server.raw(&head, "{").refused(408, "did not come to its end");
    });
    begun(Limits { events_max: 150_000, ..Limits::default() }, "more than 150000 events");
}

#[test]
fn what_is_done_leaves_the_past_alone_and_is_saved_as_it_was_shown() {
    let folder = Folder::new("class");
    folder.file("small.ron", SMALL);
    let registry = Registry::standard();
    let fingerprint = |text: &str, seed: Option<u64>| {
        let scenario = read("saved.ron", text, &registry).unwrap();
        let plan = Plan::new(&scenario, seed.unwrap_or(scenario.seed));
        let run = play::run(&registry, &plan, play::Detail::Results, &mut |_, _, _| {}).unwrap();
        format!("{:016x}", run.fingerprint)
    };
    visited(&folder.0, |server| {
        let first = server.run("small.ron", "5", &[]).json();
        assert_eq!(first["fingerprint"], fingerprint(SMALL, Some(5)).as_str());
        assert_eq!(first["command"], format!("sim run {}/small.ron --seed 5", folder.0.display()));
        let id = first["id"].as_str().unwrap().to_string();
        let act = |revision: usize, at: u64, act: &str, nodes: &[&str], role: Option<&str>| {
            let wish = json!({ "revision": revision, "at": at, "act": act, "nodes": nodes, "role": role });
            server.post(&format!("/api/runs/{id}/interfere"), &wish)
        };
        let at = 2_512_000_000;
        act(0, 1_000, "crash", &[], Some("leader")).refused(409, "nobody is leader");
        act(0, at, "crash", &["db-4"], None).refused(400, "no node `db-4`");
        act(0, at, "crash", &["db-1", "db-1"], None).refused(400, "named twice");
        act(0, at, "crash", &[], None).refused(400, "choose whom");
        act(0, at, "cut", &["db-1"], None).refused(400, "the two nodes");
        act(0, at, "heal", &["db-1"], None).refused(400, "name no node");
        act(0, at, "wipe", &["db-1"], None).refused(400, "unknown variant `wipe`");
        act(1, at, "crash", &["db-1"], None).refused(409, "somebody else was faster");
        act(0, 5_500_000_000, "crash", &["db-1"], None).refused(409, "calm");
        act(0, 6_000_000_000, "heal", &[], None).refused(409, "before its end");

        let crashed = act(0, at, "crash", &[], Some("leader")).json();
        assert_ne!(crashed["fingerprint"], first["fingerprint"]);
        let before = |film: &Value, key: &str| -> Vec<Value> {
            let all = film[key].as_array().unwrap().iter();
            all.filter(|entry| entry[0].as_u64().unwrap() < at).cloned().collect()
        };
        assert!(before(&first, "roles").len() > 3, "the leader was elected before");
        assert_eq!(before(&first, "roles"), before(&crashed, "roles"), "the past is another one");
        let leader =
            before(&first, "roles").iter().rev().find(|change| change[2] == "leader").unwrap()[1].clone();
        let roles = crashed["roles"].as_array().unwrap();
        assert!(roles.contains(&json!([at, leader, "down", 0])), "{roles:?}");
        act(1, at, "heal", &[], None).refused(409, "done at 2.512s already");

        act(1, 3_000_000_000, "cut", &["db-2", "client-1"], None).json();
        act(2, 3_500_000_000, "pause", &["db-1"], None).json();
        act(3, 3_600_000_000, "resume", &["db-1"], None).json();
        act(4, 3_700_000_000, "isolate", &["db-3"], None).json();
        let undone = server.post(&format!("/api/runs/{id}/undo"), &json!({ "revision": 5 })).json();
        assert_eq!(undone["acts"].as_array().unwrap().len(), 4);
        act(4, 4_000_000_000, "restart", &["db-1", "db-2", "db-3"], None).json();
        let last = act(5, 5_000_000_000, "heal", &[], None).json();

        let saved = server.get(&format!("/api/runs/{id}/scenario"));
        assert!(
            saved.head.contains("content-disposition: attachment; filename=\"small-class.ron\""),
            "{}",
            saved.head
        );
        assert_eq!(fingerprint(&saved.body, None), last["fingerprint"].as_str().unwrap(), "{}", saved.body);
        assert!(
            saved.body.contains(r#"at: "2512ms""#) || saved.body.contains(r#"at: "2.512s""#),
            "{}",
            saved.body
        );
        assert!(saved.body.contains(r#"do: Crash([Role("leader")])"#), "{}", saved.body);
        let known = format!("(fingerprint {})", last["fingerprint"].as_str().unwrap());
        assert!(saved.body.contains(&known), "{}", saved.body);

        // And it goes on from there: what a class had done has its names already.
        folder.file("small-class.ron", &saved.body);
        let again = server.run("small-class.ron", "", &[]).json();
        assert_eq!(again["fingerprint"], last["fingerprint"]);
        let wish = json!({ "revision": 0, "at": 4_100_000_000_u64, "act": "crash", "nodes": ["db-2"] });
        let id = again["id"].as_str().unwrap();
        let more = server.post(&format!("/api/runs/{id}/interfere"), &wish).json();
        let names: Vec<&str> =
            more["faults"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
        assert!(names.contains(&"class-7") && names.contains(&"flap-2"), "{names:?}");
    });
}

#[test]
fn a_moment_shows_what_was_known_then() {
    let folder = Folder::new("moment");
    folder.file("small.ron", SMALL);
    visited(&folder.0, |server| {
        let film = server.run("small.ron", "", &[]).json();
        let id = film["id"].as_str().unwrap();
        let moment = server.get(&format!("/api/runs/{id}/at/1500000000")).json();
        assert!(moment["events"].as_u64() < film["events"].as_u64());
        let shows = moment["shows"].as_array().unwrap();
        assert_eq!(shows.len(), 3, "servers only");
        let leaders = shows.iter().flat_map(|server| server[1].as_array().unwrap());
        let leaders = leaders.filter(|value| value[0] == "leader").map(|value| value[1].as_str().unwrap());
        assert_eq!(leaders.filter(|leader| leader.starts_with("db-")).count(), 3, "{shows:?}");
        assert_eq!(moment["verdicts"][0]["expectation"], "linearizable");
        // No fault has struck yet, and in the calm part nobody is served yet: neither has failed, and both may still come about.
        let words = |at: u64| -> Vec<String> {
            let moment = server.get(&format!("/api/runs/{id}/at/{at}")).json();
            let verdicts = moment["verdicts"].as_array().unwrap().iter();
            verdicts.map(|verdict| format!("{}: {}", verdict["expectation"], verdict["word"])).collect()
        };
        for at in [1_500_000_000, 5_021_000_000] {
            let words = words(at);
            assert!(
                words.iter().all(|word| word.ends_with("\"held\"") || word.ends_with("\"open\"")),
                "{words:?}"
            );
        }
        assert!(words(1_500_000_000).contains(&r#""every fault bites": "open""#.to_string()));
        let part = server.get(&format!("/api/runs/{id}/report/1500000000")).body;
        assert!(part.contains("1.5s simulated"), "the report goes on after the present");
        assert!(server.get(&format!("/api/runs/{id}/report")).body.contains("6s simulated"));
    });
}

#[test]
fn lines_are_few_and_who_falls_silent_makes_room() {
    let folder = Folder::new("http-lines");
    folder.file("small.ron", SMALL);
    let patience = Duration::from_millis(500);
    let limits = Limits { lines_max: 3, patience, silence: patience, ..Limits::default() };
    served(&folder.0, limits, |server| {
        // As many as there may be have begun to ask, and do not go on.
        let mut begun: Vec<TcpStream> = (0..3)
            .map(|_| {
                let mut stream = TcpStream::connect(server.0).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                stream.write_all(b"GET / HTTP/1.1\r\nhost:").unwrap();
                stream
            })
            .collect();
        assert_eq!(server.get("/api/scenarios").status, 200);
        // It waited for one of them to be closed.
        let closed = |stream: &TcpStream| {
            stream.set_nonblocking(true).unwrap();
            let closed = stream.peek(&mut [0]).is_ok();
            stream.set_nonblocking(false).unwrap();
            closed
        };
        assert!(begun.iter().any(closed));
        for stream in &mut begun {
            let mut said = Vec::new();
            stream.read_to_end(&mut said).unwrap();
            assert!(!said.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&said));
        }
    });
}
