//! What each report looks like, byte by byte: a change of any of them is seen, and wanted, or a mistake.
//!
//! `BLESS=1 cargo test -p reports` rewrites the files in `tests/golden`.

mod fixture;

use fixture::gauntlet;
use sim_core::time::Units;
use std::path::Path;

/// Compares with the file of that name, or rewrites it.
fn golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    #[allow(clippy::disallowed_methods)] // a switch for people at a keyboard, not an input of any report
    let bless = std::env::var("BLESS").is_ok();
    if bless {
        std::fs::write(&path, found).expect("the folder of goldens can be written");
        return;
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    let line = wanted.lines().zip(found.lines()).position(|(a, b)| a != b);
    let line = line.unwrap_or(wanted.lines().count().min(found.lines().count()));
    assert!(
        wanted == found,
        "{name} differs from line {}:\n  golden: {:?}\n  now:    {:?}\nif that is wanted: BLESS=1 cargo test -p reports",
        line + 1,
        wanted.lines().nth(line),
        found.lines().nth(line)
    );
}

/// The page without its style, pictures, data and script, which have goldens and eyes of their own.
fn structure(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    let parts = [
        ("'sha256-", "'"),
        ("<style>", "</style>"),
        ("<svg", "</svg>"),
        ("<svg", "</svg>"),
        ("<svg", "</svg>"),
        ("id=\"data\">", "</script>"),
        ("<script>", "</script>"),
    ];
    for (open, close) in parts {
        let from =
            rest.find(open).expect("the page has a policy, a style, three pictures, data and a script");
        out.push_str(&rest[..from]);
        rest = &rest[from + open.len()..];
        let until = rest.find(close).expect("what opens is closed");
        out.push_str(&format!("{open}…{close}"));
        rest = &rest[until + close.len()..];
    }
    out + rest
}

#[test]
fn the_terminal_summary_of_a_partition() {
    golden("partition.txt", &reports::text(&fixture::partition(5.s()), false));
}

#[test]
fn the_terminal_summary_of_a_violation_in_colour() {
    golden("violated.ansi", &reports::text(&fixture::violated(5.s()), true));
}

#[test]
fn the_terminal_summary_of_faults_of_every_area() {
    golden("gauntlet.txt", &reports::text(&gauntlet::gauntlet(5.s()), false));
}

#[test]
fn the_terminal_summary_of_five_hundred_faults() {
    golden("storm.ansi", &reports::text(&gauntlet::storm(5.s()), true));
}

#[test]
fn the_terminal_summary_of_nothing() {
    golden("empty.txt", &reports::text(&fixture::empty(), false));
}

#[test]
fn the_summary_for_machines() {
    golden("violated.json", &reports::summary_json(&fixture::violated(20.s())));
}

#[test]
fn the_charts() {
    let judged = fixture::partition(5.s());
    golden("availability.svg", &reports::availability_svg(&judged));
    golden("latency.svg", &reports::latency_svg(&judged));
}

#[test]
fn the_charts_of_what_was_read_off_the_nodes() {
    let judged = fixture::recorded(fixture::partition(5.s()));
    golden("readings.svg", &reports::gauges_svg(&judged).expect("something was read"));
    let text = reports::text(&judged, false);
    let said = text.lines().find(|line| line.starts_with("readings")).unwrap_or_default();
    assert!(
        said.contains("parts held: 5 of 5 at 10 parts by 30s; not before 15s, 3 rounds <of somebody>"),
        "{text}"
    );
}

#[test]
fn the_timeline_of_tasks() {
    let judged = fixture::toil::two_workers();
    golden("tasks.svg", &reports::tasks_svg(&judged).expect("there were tasks"));
    golden("tasks.txt", &reports::text(&judged, false));
}

#[test]
fn the_page() {
    golden("violated.html", &structure(&reports::html(&fixture::violated(5.s()))));
}

#[test]
fn the_faults_of_every_area_for_machines_and_on_the_page() {
    let judged = gauntlet::gauntlet(60.s());
    golden("gauntlet.json", &reports::summary_json(&judged));
    golden("gauntlet.html", &structure(&reports::html(&judged)));
    golden("gauntlet.svg", &reports::availability_svg(&judged));
}

#[test]
fn the_trace() {
    let mut judged = fixture::partition(5.s());
    judged.run.trace = Some(fixture::traced("Append { term: 3, entries: \"…\" }"));
    let mut lines = Vec::new();
    reports::trace_jsonl(&judged, &mut lines).unwrap();
    golden("trace.jsonl", &String::from_utf8(lines).unwrap());
}

#[test]
fn the_trace_for_viewers_of_others() {
    let mut judged = fixture::partition(5.s());
    judged.run.trace = Some(fixture::traced("Append { term: 3, entries: \"…\" }\n<b>"));
    let written = |format: reports::Format| {
        let mut bytes = Vec::new();
        format.write(&judged, &mut bytes).unwrap();
        bytes
    };
    golden("perfetto.json", &String::from_utf8(written(reports::Format::Perfetto)).unwrap());
    golden("shiviz.log", &String::from_utf8(written(reports::Format::Shiviz)).unwrap());
    let capture = written(reports::Format::Pcapng);
    let rows = capture
        .chunks(16)
        .map(|row| row.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "));
    golden("pcapng.txt", &(rows.collect::<Vec<_>>().join("\n") + "\n"));
}
