//! `sim serve` as a process: it says where it is, answers, and stops when asked to.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

fn sim(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sim"));
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A server, and its address.
fn served() -> (Child, BufReader<impl Read>, String) {
    let mut child = sim(&["serve", "scenarios/leader-crash.ron", "--port", "0"]).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let address =
        line.split_once("http://").and_then(|(_, rest)| rest.split_once('/')).unwrap().0.to_string();
    assert!(address.starts_with("127.0.0.1:"), "{line}");
    (child, said, address)
}

fn asked(address: &str, head: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(format!("{head} HTTP/1.1\r\nhost: {address}\r\n{body}").as_bytes()).unwrap();
    stream
}

#[cfg(unix)]
#[test]
fn it_stops_cleanly_when_asked_to_even_while_it_works() {
    #[allow(clippy::disallowed_methods)]
    let now = Instant::now;
    for signal in ["-INT", "-TERM"] {
        let (mut child, mut said, address) = served();
        // A browser keeps its line open; and somebody has begun to ask, and does not go on.
        let mut idle = asked(&address, "GET /api/scenarios", "\r\n");
        let mut status = [0; 12];
        idle.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
        let mut body = String::new();
        while !body.ends_with("\"note\":\"\"}") {
            let mut byte = [0];
            idle.read_exact(&mut byte).unwrap();
            body.push(char::from(byte[0]));
        }
        let id = body.split_once("\"id\":\"").unwrap().1.split_once('"').unwrap().0;
        let _begun = asked(&address, "POST /api/runs", "content-length: 100\r\n");
        // And a run is under way that takes long.
        let wish = format!(
            r#"{{"scenario":"{id}","variant":null,"seed":"","set":["clients.load=Open(Poisson(200000.0))"]}}"#
        );
        let rest = format!(
            "origin: http://{address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{wish}",
            wish.len()
        );
        let _under_way = asked(&address, "POST /api/runs", &rest);
        std::thread::sleep(Duration::from_millis(300));
        let since = now();
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
        assert_eq!(rest, "stopped\n");
        assert!(since.elapsed() < Duration::from_secs(8), "{signal} took {:?}", since.elapsed());
        assert!(TcpStream::connect(&address).is_err(), "somebody still listens");
    }
}

#[test]
fn it_says_what_it_cannot_serve() {
    let refused = |args: &[&str], words: &str| {
        let Output { status, stderr, .. } = sim(args).output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    };
    refused(&["serve", "nowhere"], "cannot read nowhere");
    refused(&["serve", "Cargo.toml"], "neither a folder nor a scenario file");
    refused(&["serve"], "required");
    let (mut child, _said, address) = served();
    let port = address.rsplit_once(':').unwrap().1;
    refused(&["serve", "scenarios", "--port", port], "choose another port with `--port N`");
    child.kill().unwrap();
    child.wait().unwrap();
}
