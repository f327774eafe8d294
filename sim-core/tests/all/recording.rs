//! What a recording reads off the nodes and their interfaces, and that nobody notices it.

use crate::puppet::*;
use sim_core::{
    fault::{Fault, Pick},
    gauge::{Recording, Series},
    link::{NetworkPlan, Nic, Pipe},
    prelude::*,
    run::Run,
    size::{Bytes, Rate},
    time::Time,
};

/// Both interfaces take a second for a message of the puppets, which has eight bytes.
fn slow(nodes: usize) -> NetworkPlan {
    let pipe = Pipe { rate: Rate(8), queue: Bytes(1_000), express: Bytes(0) };
    let nic = Nic { up: Some(pipe), down: Some(pipe) };
    NetworkPlan { nics: vec![nic; nodes], ..constant(Span::ZERO) }
}

fn recorded(
    nodes: u32,
    network: NetworkPlan,
    faults: Vec<(Span, Option<Span>, Fault)>,
    script: Script,
) -> Run {
    let mut world = world(plan(nodes, network, faults), script);
    world.record(20);
    world.run(1_000_000);
    world.finish()
}

fn series<'a>(recording: &'a Recording, name: &str) -> &'a Series {
    recording.series.iter().find(|series| series.name == name).unwrap()
}

/// The readings of one node, sample by sample, half a second apart.
fn of(series: &Series, node: usize) -> Vec<f32> {
    series.each[node].clone()
}

#[test]
fn an_interface_is_busy_while_bits_pass_and_not_when_they_are_handed_over() {
    // Three messages at once, to two nodes: the uplink is busy for three seconds, the downlinks for two and for one.
    let script = vec![(0, 1.s(), vec![Send(1, 7), Send(2, 7), Send(1, 7)])];
    let run = recorded(3, slow(3), vec![], script);
    let recording = run.recording.unwrap();
    assert_eq!(recording.moments.len(), 20);
    assert_eq!((recording.moments[0], recording.moments[19]), (Time(500_000_000), Time(10_000_000_000)));
    let busy = |name, node: usize| -> Vec<usize> {
        let readings = of(series(&recording, name), node);
        assert!(readings.iter().all(|share| [0.0, 100.0].contains(share)), "{readings:?}");
        (0..20).filter(|&i| readings[i] == 100.0).collect()
    };
    assert_eq!(busy("uplink use", 0), [2, 3, 4, 5, 6, 7]);
    assert_eq!(busy("uplink use", 1), [0; 0]);
    assert_eq!(busy("downlink use", 1), [2, 3, 6, 7]);
    assert_eq!(busy("downlink use", 2), [4, 5]);
    // Handing over is done in a moment: three messages of eight bytes within half a second.
    assert_eq!(of(series(&recording, "bytes sent"), 0)[..4], [0.0, 48.0, 0.0, 0.0]);
    assert_eq!(of(series(&recording, "messages sent"), 0)[..4], [0.0, 6.0, 0.0, 0.0]);
}

#[test]
fn goals_are_reached_and_stay_so_when_a_node_is_down() {
    let script = vec![(0, 1.s(), vec![Send(1, 7), Send(1, 7), Send(1, 7), Send(2, 7)])];
    let crash = (6.s(), None, Fault::Crash(vec![Pick::Node("p-2".into())]));
    let run = recorded(3, constant(1.ms()), vec![crash], script);
    let recording = run.recording.unwrap();
    let got = series(&recording, "got");
    let point = |index: usize| {
        (got.points[index].nodes, got.points[index].max, got.points[index].aiming, got.points[index].done)
    };
    assert_eq!(point(0), (3, 0.0, 0, 0));
    assert_eq!(point(4), (3, 3.0, 2, 1));
    assert_eq!(point(19), (2, 1.0, 2, 1), "what it got is not forgotten with it");
    assert!(of(got, 1)[19].is_nan());
    assert_eq!((got.goal, got.unit, got.own), (3.0, "messages", false));
    assert_eq!(got.bounds.iter().map(|bound| bound.at).collect::<Vec<_>>(), [Time(3_000_000_000)]);
    assert!(recording.series.iter().all(|series| series.name != "uplink use"), "nobody's uplink is limited");
}

#[test]
fn large_services_are_told_by_a_few_figures() {
    let run = recorded(50_000, constant(1.ms()), vec![], vec![(0, 1.s(), vec![Send(3, 7), Send(4, 7)])]);
    let recording = run.recording.unwrap();
    let got = series(&recording, "got");
    assert!(got.nodes.is_empty() && got.each.is_empty());
    // Every third one is read.
    assert_eq!((got.points[19].nodes, got.points[19].max, got.points[19].median), (16_667, 1.0, 0.0));
}

#[test]
fn who_is_recorded_does_what_it_would_do_anyway() {
    let everybody: Vec<Do> = (0..6).map(|to| Send(to, 9)).collect();
    let script: Script = (0..6)
        .flat_map(|node| [100, 100, 900, 2_500].map(|ms: u64| (node, ms.ms(), everybody.clone())))
        .collect();
    let lossy = || {
        let mut network = constant(1.ms());
        network.default.loss = sim_core::rng::Chance::new(0.3).unwrap();
        network
    };
    let cut = || vec![(2.s(), Some(1.s()), Fault::Isolate(vec![Pick::Node("p-1".into())]))];
    for network in [lossy(), slow(6), constant(1.ms())] {
        let plain = run(plan(6, network.clone(), cut()), script.clone());
        let recorded = recorded(6, network, cut(), script.clone());
        assert_eq!(plain.recording, None);
        assert_eq!(
            (plain.fingerprint, plain.events, plain.traffic),
            (recorded.fingerprint, recorded.events, recorded.traffic)
        );
    }
}
