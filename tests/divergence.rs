//! `verify` must find a protocol that is not deterministic. This program is such a simulator: called with arguments it is
//! the command line of `sim` with a protocol that waits as long as its process number says; called without, it is the
//! test, and runs itself.

use sim::core::prelude::*;
use sim::protocols::{catalog::Settings, kv::Kv};
use std::process::{Command, ExitCode};

#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Nothing {}

impl Settings for Nothing {
    fn check(&self, _: u32) -> Result<(), (&'static str, String)> {
        Ok(())
    }
}

#[derive(Clone, Debug, Hash)]
struct Restless;

#[derive(Clone, Debug, PartialEq, Hash)]
struct Tick;

impl Protocol for Restless {
    type Config = Nothing;
    type Msg = u64;
    type Timer = Tick;
    type Disk = ();
    type Serves = Kv;
    type Calls = Never;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start(_: &Nothing, ctx: &mut Ctx<'_, Self>) -> Self {
        // What no protocol may do: look at the world outside.
        ctx.set(Tick, 10.ms() + Span(u64::from(std::process::id())));
        Restless
    }
    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<'_, Self>) {
        match input {
            Timeout(Tick) => ctx.broadcast(7),
            Request(ticket, _) => ctx.answer(ticket, Answer::Refused),
            Deliver(..) | Response(..) => {}
        }
    }
    fn role(&self) -> Role {
        Role::PEER
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

const SCENARIO: &str = r#"(
    about: "two nodes that look at the world outside",
    seed: 1,
    until: "1s",
    services: { "odd": (run: "restless", nodes: 2, with: ()) },
    network: (delay: Constant("1ms")),
    expect: [Linearizable],
    vacuous: Allow,
)"#;

fn main() -> ExitCode {
    if std::env::args().len() > 1
        && std::env::args().nth(1).is_some_and(|a| a == "verify" || a == "fingerprint")
    {
        let mut registry = sim::Registry::empty();
        registry.add::<Restless>("restless", "waits as long as its process number says");
        return sim::main(&registry);
    }
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("restless-{}.ron", std::process::id()));
    std::fs::write(&file, SCENARIO).expect("the target folder can be written");
    let program = std::env::current_exe().expect("this program has a name");
    let output = Command::new(program).arg("verify").arg(&file).output().expect("this program starts again");
    let _ = std::fs::remove_file(&file);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("NOT the same run"), "{text}");
    // Two boots come first and are the same; the third event is the first timer, at a moment of its own.
    assert!(text.contains("first diverging event, number 3:"), "{text}");
    assert!(text.contains("timeout"), "{text}");
    println!("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
    ExitCode::SUCCESS
}
