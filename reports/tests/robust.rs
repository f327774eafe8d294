//! Reports of runs that nobody hopes for: empty ones, hostile ones, huge ones.

mod fixture;

use fixture::{
    at,
    gauntlet::{gauntlet, storm},
    toil::{cluster, two_workers},
};
use sim_core::{
    fault::{Fault, Schedule},
    judged::{Cell, Comparison, Judged, Latency, Restored, Row, Served, Status, Why, Window},
    protocol::{NodeId, Role},
    run::{Effect, RoleChange},
    time::{Span, Time, Units},
};

fn every_report(judged: &Judged) -> Vec<String> {
    let mut trace = Vec::new();
    reports::trace_jsonl(judged, &mut trace).expect("a vector takes everything");
    vec![
        reports::text(judged, false),
        reports::text(judged, true),
        reports::summary_json(judged),
        reports::latency_svg(judged),
        reports::availability_svg(judged),
        reports::tasks_svg(judged).unwrap_or_default(),
        reports::html(judged),
        String::from_utf8(trace).expect("JSON is text"),
    ]
}

/// Tags that are opened and not closed, in an XML document of elements and attributes only.
fn unbalanced(xml: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    for tag in xml.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name.into());
        }
    }
    open
}

#[test]
fn an_empty_run_has_reports_too() {
    for report in every_report(&fixture::empty()) {
        assert!(!report.contains("NaN"), "{report}");
        assert!(!report.contains("inf"), "{report}");
    }
    assert!(reports::html(&fixture::empty()).contains("unnamed run"));
    assert!(reports::latency_svg(&fixture::empty()).contains("nothing to show"));
}

#[test]
fn equal_runs_have_equal_reports() {
    assert_eq!(every_report(&fixture::violated(1.s())), every_report(&fixture::violated(1.s())));
}

#[test]
fn pictures_are_well_formed() {
    for judged in [
        fixture::empty(),
        fixture::violated(1.s()),
        fixture::extremes::hostile(),
        gauntlet(1.s()),
        storm(1.s()),
        two_workers(),
    ] {
        let tasks = reports::tasks_svg(&judged).unwrap_or_default();
        for svg in [reports::latency_svg(&judged), reports::availability_svg(&judged), tasks] {
            assert_eq!(unbalanced(&svg), [""; 0]);
            assert!(svg.chars().all(|c| c == '\n' || !c.is_control()), "XML forbids control characters");
        }
    }
}

#[test]
fn nothing_a_scenario_says_becomes_markup_or_moves_the_cursor() {
    let judged = fixture::extremes::hostile();
    let page = reports::html(&judged);
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (2, 2), "a script");
    assert!(!page.contains("<img"), "an image");
    assert!(!page.contains('\u{202e}'), "text that runs backwards");
    let data = embedded(&page);
    assert!(!data.contains('<'), "something that could end its element");
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert!(longest(&data) <= 1_000, "a text that was not cut: {} characters", longest(&data));
    assert!(
        page.contains("&lt;/script&gt;") || page.contains("&#60;/script&#62;"),
        "the text itself is shown"
    );
    let tasks = reports::tasks_svg(&judged).unwrap();
    for svg in [reports::latency_svg(&judged), reports::availability_svg(&judged), tasks] {
        assert!(!svg.contains("<script") && !svg.contains("<img"));
    }
    assert!(!reports::text(&judged, false).contains('\u{1b}'), "an escape sequence");
    assert!(!reports::text(&judged, true).contains("\u{1b}[2J"), "an escape sequence");
    serde_json::from_str::<serde_json::Value>(&reports::summary_json(&judged)).unwrap();
}

/// What the script of a page reads.
fn embedded(page: &str) -> &str {
    let data = page.split_once("id=\"data\">").expect("there are data").1;
    data.split_once("</script>").expect("that end").0
}

/// The characters of the longest text.
fn longest(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::String(text) => text.chars().count(),
        serde_json::Value::Array(list) => list.iter().map(longest).max().unwrap_or(0),
        serde_json::Value::Object(map) => map.values().map(longest).max().unwrap_or(0),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => 0,
    }
}

#[test]
fn the_page_fetches_nothing_and_runs_its_own_script_only() {
    let page = reports::html(&fixture::violated(1.s()));
    let policy = "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-";
    let rest = page.split_once(policy).expect("there is a policy").1;
    assert_eq!(
        rest.split_once("'; ").unwrap().1.split_once('"').unwrap().0,
        "base-uri 'none'; form-action 'none'"
    );
    for way in [
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
        "fetch(",
        "import(",
    ] {
        assert!(!page.contains(way), "{way}");
    }
    let without_namespace = page.replace("http://www.w3.org/2000/svg", "");
    for outside in ["http:", "https:", "src=", "href=", "@import", "url(http", "<link", "<iframe"] {
        assert!(!without_namespace.contains(outside), "{outside}");
    }
}

#[test]
fn a_huge_run_has_a_small_page_and_a_short_summary() {
    let judged = fixture::extremes::huge();
    let page = reports::html(&judged);
    assert!(page.len() < 3 << 20, "{} bytes", page.len());
    assert!(page.contains("… and 99,000 more faults."));
    for svg in [reports::latency_svg(&judged), reports::availability_svg(&judged)] {
        assert!(svg.len() < 256 * 1024, "{} bytes", svg.len());
    }
    assert!(reports::text(&judged, false).lines().count() <= 50);
}

#[test]
fn the_terminal_summary_fits_a_terminal() {
    for judged in [
        fixture::partition(1.s()),
        fixture::violated(1.s()),
        fixture::empty(),
        fixture::extremes::hostile(),
        fixture::extremes::huge(),
        gauntlet(1.s()),
        storm(1.s()),
        two_workers(),
        cluster(30, 15_000, 4_000),
    ] {
        let text = reports::text(&judged, false);
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
    for judged in [fixture::partition(1.s()), fixture::violated(1.s())] {
        assert!(reports::text(&judged, false).lines().count() <= 42);
    }
}

#[test]
fn extremes_of_time_do_not_panic() {
    let mut judged = fixture::partition(5.s());
    judged.run.ended = Time::MAX;
    judged.run.until = Time::MAX;
    judged.measures.latency = Latency { count: 1, max: Span::MAX, p50: Span(0), ..Latency::default() };
    judged.measures.windows = vec![
        Window { from: Time::ZERO, served: Served::default(), latency: judged.measures.latency },
        Window {
            from: Time::MAX,
            served: Served { wanted: 1, ..Served::default() },
            latency: judged.measures.latency,
        },
    ];
    judged.measures.window = Span::MAX;
    judged.run.tasks = two_workers().run.tasks;
    judged.run.tasks.tasks[0].begun = Time::MAX;
    judged.run.tasks.tasks[1].ended = Some(Time::ZERO);
    (judged.run.tasks.tasks[2].bytes, judged.run.tasks.tasks[2].local) = (u64::MAX, u64::MAX);
    every_report(&judged);
    judged.run.ended = Time(1);
    judged.measures.window = Span::ZERO;
    every_report(&judged);
}

#[test]
fn a_fault_that_bit_nothing_or_never_struck_says_so() {
    let text = reports::text(&fixture::partition(5.s()), false);
    assert!(text.contains("bit nothing: nobody was down"));
    assert!(text.contains("never struck: the run ended first"));
    let mut judged = fixture::partition(5.s());
    let mut with = |outcome| {
        judged.measures.recoveries[0].outcome = outcome;
        let entry = reports::summary_json(&judged);
        let entry: serde_json::Value = serde_json::from_str(&entry).unwrap();
        (reports::text(&judged, false) + &reports::html(&judged), entry["faults"][0]["recovery"].clone())
    };
    let (page, entry) = with(Restored::Never);
    assert!(page.contains("not back before the end"));
    assert_eq!(entry, serde_json::json!({ "outcome": "never", "after_ns": null, "why": null }));
    let (page, entry) = with(Restored::Unmeasured(Why::Late));
    assert!(page.contains("too near the end to tell if back") && page.contains(Why::Late.phrase()));
    assert_eq!((&entry["outcome"], &entry["why"]), (&"unmeasured".into(), &Why::Late.phrase().into()));
    let (page, entry) = with(Restored::Uninterrupted);
    assert!(page.contains("no downtime"));
    assert_eq!(entry["outcome"], "uninterrupted");
}

#[test]
fn every_area_of_faults_is_told_in_its_own_words() {
    let judged = gauntlet(5.s());
    let (text, page) = (reports::text(&judged, false), reports::html(&judged));
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        "slowed db-2: 310 inputs took longer",
        "cut 2 nodes off from 3: 1,204 messages dropped; quorum lost; 1 leader change; 6 role changes",
        "set the clock of db-3 off: wrong time read 42 times",
        "stalled the disk of db-4: 12 syncs hung; 9 calls in flight",
        "let bits rot on the disk of db-5: 1 record damaged; 2 nodes spared",
        "cut the power of 3 nodes: 17 records lost; 1 message dropped; quorum lost; 10 calls in flight",
        "bit nothing: no message met it",
        "bit nothing: 1 node spared",
        "freed 4 nodes",
        "never struck: the run ended first",
        "its moment never came: it waited from 30s on until no server is leader",
    ] {
        assert!(text.contains(told), "{told}\n{text}");
        assert!(page.contains(told), "{told}");
    }
    for area in ["network", "hosts", "clocks", "disks"] {
        assert!(reports::latency_svg(&judged).contains(&format!(">{area}</text>")), "{area}");
    }
    let summary: serde_json::Value = serde_json::from_str(&reports::summary_json(&judged)).unwrap();
    let faults = &summary["faults"];
    assert_eq!(faults[11]["at_ns"], serde_json::Value::Null, "its moment never came");
    assert_eq!(faults[4]["when"]["fault"], "clock ahead");
    assert_eq!(faults[9]["keep"], "quorum");
    assert_eq!(faults[5]["momentary"], true);
    assert_eq!(faults[3]["area"], "clocks");
    assert_eq!(faults[3]["effect"]["misled"], 42);
}

#[test]
fn five_hundred_faults_are_sums_on_the_terminal_and_rows_on_the_page() {
    let judged = storm(5.s());
    let text = reports::text(&judged, false);
    assert!(text.lines().count() <= 40, "{text}");
    assert!(text.contains("flap × 200 (one-way cut): db-1 ↛ the rest"), "{text}");
    assert!(text.contains("nemesis × 300 ("), "{text}");
    let page = reports::html(&judged);
    assert_eq!(page.matches("<td class=\"when\">").count(), 500);
    assert!(page.len() < 1024 * 1024, "{} bytes", page.len());
    let summary: serde_json::Value = serde_json::from_str(&reports::summary_json(&judged)).unwrap();
    assert_eq!(summary["faults"].as_array().unwrap().len(), 500);
    for svg in [reports::latency_svg(&judged), reports::availability_svg(&judged)] {
        assert!(svg.matches("class=\"band\"").count() <= 200);
        assert_eq!(unbalanced(&svg), [""; 0]);
        assert!(svg.len() < 128 * 1024, "{} bytes", svg.len());
    }
}

#[test]
fn a_fault_after_one_that_never_struck_says_which() {
    let mut judged = gauntlet(5.s());
    judged.run.faults[11].planned.when = Schedule::After("too late".into(), 1.s());
    assert!(reports::text(&judged, false).contains("never struck: too late never did"));
    judged.run.faults[11].planned.when = Schedule::At(at(30_000));
    assert!(reports::text(&judged, false).contains("never struck: the calm part of the run had begun"));
}

#[test]
fn a_leader_that_is_paused_and_resumes_is_no_new_leader() {
    let mut judged = fixture::partition(5.s());
    let facts = |judged: &Judged| {
        let summary: serde_json::Value = serde_json::from_str(&reports::summary_json(judged)).unwrap();
        (summary["run"]["leaderships"].clone(), summary["run"]["role_changes"].clone())
    };
    let before = facts(&judged);
    let mut change = |ms, node, role, epoch| {
        judged.run.roles.push(RoleChange { at: at(ms), node: NodeId(node), role, epoch });
    };
    change(10_000, 0, Role::PAUSED, 1);
    change(11_000, 0, Role("leader"), 1);
    // The old leader wakes up beside the new one, and does not know yet.
    change(20_100, 0, Role::PAUSED, 1);
    change(25_000, 0, Role("leader"), 1);
    assert_eq!(facts(&judged), before);
    assert!(reports::text(&judged, false).contains("highest epoch 4"));
    // Another epoch after a pause is another leadership; an epoch in which nobody led counts as reached.
    judged.run.roles.push(RoleChange { at: at(55_000), node: NodeId(4), role: Role::PAUSED, epoch: 4 });
    judged.run.roles.push(RoleChange { at: at(56_000), node: NodeId(4), role: Role("leader"), epoch: 5 });
    judged.run.roles.push(RoleChange { at: at(57_000), node: NodeId(1), role: Role("candidate"), epoch: 6 });
    assert_eq!(facts(&judged).0, before.0.as_u64().unwrap() + 1);
    assert!(reports::text(&judged, false).contains("highest epoch 6"));
}

#[test]
fn every_picture_shades_every_fault_and_nothing_else() {
    let judged = fixture::partition(5.s());
    let bands = |picture: &str| picture.matches("class=\"band\"").count();
    let html = reports::html(&judged);
    let pictures: Vec<usize> = html.split("<svg").skip(1).map(bands).collect();
    assert_eq!(
        pictures,
        [2, 2, 2],
        "the split, and the crash and the pause, which overlap; a heal and what came to nothing last no time"
    );
    assert_eq!((bands(&reports::availability_svg(&judged)), bands(&reports::latency_svg(&judged))), (2, 2));
    let html = reports::html(&gauntlet(5.s()));
    let pictures: Vec<usize> = html.split("<svg").skip(1).map(bands).collect();
    assert_eq!(pictures, [7, 7, 7], "three of the network, two of hosts, one of clocks, one of disks");
}

#[test]
fn a_run_without_a_verdict_is_no_pass() {
    let judged = fixture::empty();
    assert_eq!(judged.status(), Status::Vacuous);
    assert!(reports::text(&judged, false).contains("∅ unnamed: nothing was judged"));
}

#[test]
fn badges_of_faults_never_overlap() {
    let mut judged = fixture::partition(5.s());
    let cut = |i: u64| {
        fixture::fault("a rather long name", Fault::Heal, 20_000 + 250 * i, None, &[], Effect::default())
    };
    judged.run.faults = (0..40).map(cut).collect();
    let svg = reports::availability_svg(&judged);
    let number = |line: &str, key: &str| -> Option<f64> {
        line.split_once(&format!(" {key}=\""))?.1.split_once('"')?.0.parse().ok()
    };
    let badges: Vec<(f64, f64, f64)> = svg
        .lines()
        .filter(|line| line.starts_with("<g><title>"))
        .filter_map(|line| line.split_once("<rect").map(|(_, rect)| rect))
        .filter_map(|rect| Some((number(rect, "x")?, number(rect, "y")?, number(rect, "width")?)))
        .collect();
    assert!(badges.len() >= 20, "{}", badges.len());
    for (i, a) in badges.iter().enumerate() {
        for b in &badges[i + 1..] {
            assert!(a.1 != b.1 || a.0 + a.2 <= b.0 || b.0 + b.2 <= a.0, "{a:?} {b:?}");
        }
    }
}

#[test]
fn the_summary_has_what_its_documentation_promises() {
    let mut judged = fixture::recorded(fixture::violated(5.s()));
    judged.run.tasks = two_workers().run.tasks;
    let summary: serde_json::Value = serde_json::from_str(&reports::summary_json(&judged)).unwrap();
    let documentation = include_str!("../SUMMARY.md");
    let mut promised = 0;
    for path in documentation
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(path, _)| path))
    {
        promised += 1;
        let mut place = &summary;
        for key in path.split('.') {
            let (key, list) = key.strip_suffix("[]").map_or((key, false), |key| (key, true));
            place = &place[key];
            if list {
                place = &place[0];
            }
        }
        assert!(!place.is_null() || NULLABLE.contains(&path), "{path} is not there");
    }
    let mut found = 0;
    leaves(&summary, &mut found);
    assert_eq!(promised, found, "every key is documented, and every documented key exists");
    assert_eq!(summary["schema"], reports::SCHEMA);
    assert_eq!(summary["status"], Status::Failed.word());
    assert_eq!(summary["faults"][5]["struck_ns"], serde_json::Value::Null);
    assert_eq!(summary["downtimes"][0]["from_ns"], at(20_000).0);
}

const NULLABLE: [&str; 7] = [
    "run.stopped",
    "faults[].when.fault",
    "faults[].when.after_ns",
    "faults[].when.condition",
    "faults[].when.from_ns",
    "faults[].when.latest_ns",
    "faults[].recovery.why",
];

/// Counts the keys that hold no object or list of objects, looking at the first of each list.
fn leaves(value: &serde_json::Value, found: &mut usize) {
    match value {
        serde_json::Value::Object(map) => map.values().for_each(|value| leaves(value, found)),
        serde_json::Value::Array(list) if list.first().is_some_and(serde_json::Value::is_object) => {
            leaves(&list[0], found)
        }
        serde_json::Value::Array(_)
        | serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => *found += 1,
    }
}

#[test]
fn a_comparison_shows_hostile_names_and_runs_none_of_them() {
    let hostile = "</script><img src=x onerror=alert(1)>\u{1b}[31m";
    let cell = |holds, found: &str| Cell { holds, found: found.into() };
    let comparison = Comparison {
        name: hostile.into(),
        about: hostile.repeat(1_000),
        variants: vec![hostile.into(), "javascript:alert(1)".into()],
        left_out: 800,
        rows: (0..200)
            .map(|_| Row {
                subject: hostile.repeat(100),
                cells: vec![cell(Some(Status::Failed), &hostile.repeat(1_000)), cell(None, "1ms")],
            })
            .collect(),
    };
    let judged = [fixture::violated(1.s()), fixture::empty()];
    let page = reports::comparison_html(&comparison, &judged.iter().collect::<Vec<_>>());
    let tags = ["<script", "</script", "<img"].map(|tag| page.matches(tag).count());
    assert_eq!(tags, [2, 2, 0], "a tag of theirs: beside the data and our own script there is none");
    assert!(!page.contains("href=\"javascript:"), "a link of theirs");
    assert!(!page.contains('\u{1b}'));
    assert!(page.contains("800 more") && page.len() < 2 << 20, "{}", page.len());
    let text = reports::comparison_text(&comparison, false);
    assert!(!text.contains('\u{1b}'));
    assert!(text.lines().all(|line| line.chars().count() < 140));
    assert!(reports::comparison_text(&comparison, true).contains('\u{1b}'));
}

/// Nothing was read, or nothing that could be drawn, or by a service that is not there.
#[test]
fn readings_that_are_none_are_not_drawn() {
    assert_eq!(reports::gauges_svg(&fixture::partition(5.s())), None);
    let mut judged = fixture::recorded(fixture::partition(5.s()));
    let recording = judged.run.recording.as_mut().unwrap();
    for series in &mut recording.series {
        series.service = 99;
        series.each.iter_mut().flatten().for_each(|reading| *reading = f32::NAN);
        series.points.iter_mut().for_each(|point| *point = Default::default());
    }
    assert_eq!(reports::gauges_svg(&judged), None);
    judged.run.recording.as_mut().unwrap().series[0].points[3].nodes = 1;
    let svg = reports::gauges_svg(&judged).unwrap();
    assert!(!svg.contains("NaN") && svg.contains("parts held"), "{svg}");
    // What only the engine reads is not drawn: every service has that.
    judged.run.recording.as_mut().unwrap().series.remove(0);
    assert_eq!(reports::gauges_svg(&judged), None);
    judged.run.recording = Some(Default::default());
    assert_eq!(reports::gauges_svg(&judged), None);
}

/// A thousand nodes share rows, and the page stays small.
#[test]
fn readings_of_many_nodes_share_rows() {
    let mut judged = fixture::recorded(fixture::partition(5.s()));
    let recording = judged.run.recording.as_mut().unwrap();
    let each = recording.series[1].each.clone();
    let nodes = recording.series[1].nodes.clone();
    recording.series[1].each = each.into_iter().cycle().take(1_000).collect();
    recording.series[1].nodes = nodes.into_iter().cycle().take(1_000).collect();
    let svg = reports::gauges_svg(&judged).unwrap();
    assert!(svg.contains("21 neighbours a row") && svg.len() < 200_000, "{}", svg.len());
    assert!(reports::html(&judged).contains("21 neighbours a row"));
}

/// What is lost, done again, backed up and beaten, by kind.
#[test]
fn tasks_are_summed_up_by_service_and_kind() {
    let judged = two_workers();
    let [map, reduce] = &reports::task_sums(&judged.run)[..] else { panic!("two kinds") };
    assert_eq!((map.service, map.kind, map.tasks, map.finished, map.done), (1, "map", 4, 3, 4));
    assert_eq!((map.again, map.backups, map.backups_won, map.beaten), (1, 1, 1, 1));
    assert_eq!((map.lost, map.failed, map.running), (0, 1, 0));
    assert_eq!((map.bytes, map.local, map.crossed()), (321_000_000, 144_000_000, 177_000_000));
    assert_eq!((map.median, map.longest), (1.s(), 2.s()));
    assert_eq!((reduce.kind, reduce.tasks, reduce.finished, reduce.done), ("reduce", 2, 1, 1));
    assert_eq!((reduce.again, reduce.backups, reduce.lost, reduce.running), (1, 0, 1, 1));
    assert_eq!((reduce.bytes, reduce.crossed()), (52_000_000, 28_000_000));
    assert_eq!((reduce.median, reduce.longest), (2_250.ms(), 2_250.ms()));
    let summary: serde_json::Value = serde_json::from_str(&reports::summary_json(&judged)).unwrap();
    let page = reports::html(&judged);
    assert!(page.contains("aria-label=\"Chart: What nodes worked on\""), "the picture is on the page");
    assert!(
        page.contains("<th scope=\"row\">map</th><td>worker</td><td class=\"n\">3 of 4</td>"),
        "the table too"
    );
    let map = &summary["tasks"]["list"][0];
    assert_eq!(
        (&map["service"], &map["kind"], &map["backups_won"]),
        (&"worker".into(), &"map".into(), &1.into())
    );
    assert_eq!((&map["crossed_bytes"], &map["median_ns"]), (&177_000_000.into(), &1_000_000_000.into()));
}

/// The same kind of work on two services is told apart.
#[test]
fn tasks_of_two_services_have_a_line_each() {
    let mut judged = two_workers();
    judged.run.tasks.tasks[0].node = NodeId(0);
    assert_eq!(reports::task_sums(&judged.run).len(), 3);
    let text = reports::text(&judged, false);
    assert!(text.contains("tasks       master: 0 of 1 map · "), "{text}");
    assert!(text.contains("            worker: 3 of 4 map · "), "{text}");
    // A node that no service has: nobody's.
    judged.run.tasks.tasks[0].node = NodeId(99);
    assert_eq!(reports::task_sums(&judged.run).len(), 2);
    assert!(reports::tasks_svg(&judged).is_some());
}

#[test]
fn who_worked_on_nothing_has_no_timeline() {
    let judged = fixture::partition(5.s());
    assert_eq!(reports::tasks_svg(&judged), None);
    assert_eq!(reports::task_sums(&judged.run), []);
    assert!(!reports::html(&judged).contains("<h2>What nodes worked on"));
    assert!(!reports::text(&judged, false).contains("tasks"));
    assert!(!reports::summary_json(&judged).contains("\"tasks\""));
}

/// One in each way: what becomes of a task is to be seen without colour, and only where there is such a one.
#[test]
fn what_became_of_a_task_is_told_by_its_shape() {
    let (mut judged, told) =
        (two_workers(), ["done again", "backup", "another was faster", "lost", "failed"]);
    let svg = reports::tasks_svg(&judged).unwrap();
    for entry in told.iter().chain(&["map", "reduce", "node down", "processor slow"]) {
        assert!(svg.contains(&format!(">{entry}</text>")), "{entry}");
    }
    assert!(
        svg.contains(
            "worker-2: map 1 of job 1, as a backup, 2s–3s (1s): done; 25\u{a0}% of 64MB on the spot"
        )
    );
    assert!(svg.contains("worker-1: reduce 2 of job 1, 7.5s–10s (2.5s): still at it"));
    // Two rows on both lanes, as two tasks were at work at once: the bars of worker-2 begin at two heights.
    let heights: std::collections::BTreeSet<&str> = svg
        .lines()
        .filter(|line| line.contains("<title>worker-2: "))
        .map(|line| line.split(" y=\"").nth(1).unwrap().split('"').next().unwrap())
        .collect();
    assert_eq!(heights.len(), 3, "two rows, and the hollow bar is a pixel smaller: {heights:?}");
    judged.run.tasks.tasks.truncate(3);
    judged.run.tasks.tasks.remove(0);
    let svg = reports::tasks_svg(&judged).unwrap();
    assert!(told.iter().all(|entry| !svg.contains(&format!(">{entry}</text>"))));
}

/// Twenty thousand tasks, on few nodes and on many.
#[test]
fn the_timeline_of_very_many_tasks_is_bounded_and_says_what_it_leaves_out() {
    for (nodes, note) in [
        (30, "tasks so short that neighbours share a bar"),
        (1_800, "60 of 1,800 nodes that had tasks: the 20 with most that was lost"),
    ] {
        let judged = cluster(nodes, 15_000, 4_000);
        let svg = reports::tasks_svg(&judged).unwrap();
        assert!(svg.contains(note) && svg.len() < 1 << 20, "{nodes} nodes: {} bytes", svg.len());
        assert!(reports::html(&judged).len() < 3 << 20);
    }
    let mut judged = fixture::extremes::huge();
    judged.run.tasks.untold = 7;
    let svg = reports::tasks_svg(&judged).unwrap();
    assert!(svg.len() < 1 << 20, "{} bytes", svg.len());
    assert!(svg.contains("7 tasks not shown: they began after the 200,000 that are kept"));
    let odd = "of them were lost, given up or done more than once";
    assert!(svg.contains(odd), "what is hidden is counted");
    // Nine at once on one node are one more than there are rows.
    judged = two_workers();
    let task = judged.run.tasks.tasks[0].clone();
    judged.run.tasks.tasks = vec![task; 9];
    assert!(reports::tasks_svg(&judged).unwrap().contains("1 task not shown: more than 8 at once"));
}
