//! What a traced run tells of causes, packets and states, on a protocol that does what a script says.

use crate::puppet::*;
use sim_core::{
    fault::Fault,
    link::{Impairment, LinkPlan, NetworkPlan, Nic, Pipe, Transport},
    plan::{HostPlan, Plan, ServicePlan, Timers},
    prelude::*,
    rng::Chance,
    run::Run,
    sample::Delay,
    size::{Bytes, Rate},
    time::Time,
    trace::{Entry, Fate, Kind, Packet, Scope, Trace, Window},
    world::World,
};

fn trace(run: &Run) -> &Trace {
    run.trace.as_ref().unwrap()
}

/// The only input of this kind at the node that says this.
fn input<'a>(run: &'a Run, node: u32, text: &str) -> Entry<'a> {
    let mut found = trace(run).entries().filter(|e| e.node == NodeId(node) && e.text == text);
    let entry = found.next().unwrap();
    assert!(found.next().is_none(), "{text} comes twice");
    entry
}

fn packet<'a>(run: &'a Run, text: &str) -> Packet<'a> {
    trace(run).packets().find(|packet| packet.text == text).unwrap()
}

#[test]
fn an_input_names_the_event_that_sent_it_or_set_it() {
    let script = vec![
        (0, 100.ms(), vec![Send(1, 7), Set(1, 50.ms()), After(2, 60.ms())]),
        (0, 120.ms(), vec![Set(1, 90.ms())]), // moves the first alarm
        (1, 130.ms(), vec![Send(0, 8)]),
    ];
    let run = run(plan(2, constant(1.ms()), vec![]), script);
    let boots: Vec<Entry<'_>> = trace(&run).entries().take(2).collect();
    assert!(boots.iter().all(|boot| boot.kind == Kind::Boot && boot.cause.is_none()));
    let (first, second, third) =
        (input(&run, 0, "Line(0)"), input(&run, 0, "Line(1)"), input(&run, 1, "Line(2)"));
    assert_eq!(first.cause, Some(1), "the first boot set it");
    assert_eq!(input(&run, 1, "7").cause, Some(first.number));
    assert_eq!(input(&run, 0, "8").cause, Some(third.number));
    assert_eq!(input(&run, 0, "Alarm(1)").cause, Some(second.number), "who moved it set it");
    assert_eq!(input(&run, 0, "Alarm(2)").cause, Some(first.number));
    let seven = packet(&run, "7");
    assert_eq!((seven.from, seven.to, seven.bytes), (NodeId(0), NodeId(1), 8));
    assert_eq!((seven.sent, seven.reached), (Time(100_000_000), Some(Time(101_000_000))));
    assert_eq!(seven.fate, Fate::Arrived(input(&run, 1, "7").number));
    assert_eq!(input(&run, 1, "7").packet, Some(seven.id));
}

#[test]
fn what_waited_for_a_disk_or_a_processor_is_sent_by_the_event_that_asked_for_it() {
    let script = vec![
        (0, 100.ms(), vec![Write(1), Sync, Send(1, 7)]), // five milliseconds for the disk
        (0, 102.ms(), vec![Send(1, 8)]),                 // goes behind it
        (0, 200.ms(), vec![Work(20.ms()), Send(1, 9)]),
        (1, 210.ms(), vec![Send(0, 10)]), // waits while the processor is busy
    ];
    let run = run(plan(2, constant(1.ms()), vec![]), script);
    for (text, line, sent) in [("7", "Line(0)", 105), ("8", "Line(1)", 105), ("9", "Line(2)", 220)] {
        assert_eq!(input(&run, 1, text).cause, Some(input(&run, 0, line).number), "{text}");
        assert_eq!(packet(&run, text).sent, Time(sent * 1_000_000), "{text}");
    }
    let ten = packet(&run, "10");
    assert_eq!((ten.reached, ten.ended), (Some(Time(211_000_000)), Some(Time(220_000_000))));
}

#[test]
fn a_crash_forgets_what_waited_and_its_timers_are_nobodys() {
    let crash = Fault::Crash(vec![name(0)]);
    let script = vec![
        (0, 100.ms(), vec![Write(1), Sync, Send(1, 7)]),
        (0, 200.ms(), vec![Write(2), Sync, Send(1, 8)]),
    ];
    // Down from 102 ms to 150 ms: the 7 never leaves, and the script begins anew.
    let run = run(plan(2, constant(1.ms()), vec![(102.ms(), Some(48.ms()), crash)]), script);
    let sent: Vec<&str> = trace(&run).packets().map(|packet| packet.text).collect();
    assert_eq!(sent, ["7", "8"]);
    let lines: Vec<Entry<'_>> = trace(&run).entries().filter(|e| e.text == "Line(0)").collect();
    assert_eq!(packet(&run, "7").cause, lines[1].number, "the second life sent it");
    let boot = trace(&run).entries().rfind(|e| e.kind == Kind::Boot).unwrap();
    assert_eq!(lines[1].cause, Some(boot.number));
}

#[test]
fn a_timer_that_a_clock_moved_keeps_nobody_as_its_cause() {
    let by = sim_core::fault::Shift::Ahead(30.ms());
    let jump = Fault::ClockJump { of: vec![name(0)], by };
    let mut plan = plan(1, constant(1.ms()), vec![(150.ms(), Some(1.s()), jump)]);
    plan.services[0].clock.timers = Timers::Wall;
    let run = run(plan, vec![(0, 100.ms(), vec![Set(1, 100.ms())])]);
    let alarm = input(&run, 0, "Alarm(1)");
    assert_eq!((alarm.at, alarm.cause), (Time(170_000_000), None));
}

/// Everything that can become of a message.
fn stormy(seed: u64, transport: Transport) -> (Plan, Script) {
    let chance = |share| Chance::new(share).unwrap();
    let link = LinkPlan {
        loss: chance(0.05),
        duplicate: chance(0.2),
        corrupt: chance(0.1),
        transport,
        ..LinkPlan::new(Delay::Exponential(10.ms()))
    };
    let pipe = Some(Pipe { rate: Rate(2_000), queue: Bytes(60), express: Bytes(0) });
    let network = NetworkPlan { nics: vec![Nic { up: pipe, down: pipe }; 4], ..NetworkPlan::new(link) };
    let faults = vec![
        (1.s(), Some(1.s()), Fault::Split(vec![vec![name(0)], vec![name(1), name(2)]])),
        (3.s(), Some(1.s()), Fault::Crash(vec![name(1)])),
        (5.s(), Some(1.s()), Fault::Pause(vec![name(2)])),
        (6.s(), Some(1.s()), Fault::Clog { from: vec![name(0)], to: vec![name(3)] }),
        (
            7.s(),
            Some(1.s()),
            Fault::DegradeNic {
                of: vec![name(3)],
                link: Impairment { loss: chance(0.3), duplicate: chance(0.3), ..Impairment::default() },
            },
        ),
    ];
    let mut plan = Plan { seed, ..plan(4, network, faults) };
    let host = HostPlan { message: Delay::Exponential(5.ms()), queue: Some(3), ..HostPlan::default() };
    plan.services = vec![ServicePlan { host, ..plan.services.remove(0) }];
    let mut script = Vec::new();
    for number in 0..1_500u64 {
        let (from, to) = ((number % 4) as u32, (number * 7 / 4 % 3 + number + 1) as u32 % 4);
        let burst = if number % 50 == 0 { 6 } else { 1 };
        let mut acts = vec![Send(to, number); burst];
        if number % 9 == 0 {
            acts.insert(0, Sync);
        }
        script.push((from, Span(number * 6_000_000 + 1_000_000), acts));
    }
    (plan, script)
}

#[test]
fn every_packet_has_one_fate_and_they_add_up_to_what_the_network_counted() {
    let (plan, script) = stormy(3, Transport::Datagram);
    let run = run(plan, script);
    let count =
        |wanted: &dyn Fn(Packet<'_>) -> bool| trace(&run).packets().filter(|p| wanted(*p)).count() as u64;
    let became = |fate: Fate| count(&|packet| packet.fate == fate);
    let arrived = count(&|packet| matches!(packet.fate, Fate::Arrived(_)));
    let t = run.traffic;
    assert_eq!(count(&|packet| packet.copy_of.is_none()), t.sent);
    let fates = [Fate::Lost, Fate::Cut, Fate::Dead, Fate::Overflowed, Fate::Corrupted, Fate::Refused];
    assert_eq!(fates.map(became), [t.lost, t.cut, t.dead, t.overflowed, t.corrupted, t.refused]);
    assert!(fates.map(became).iter().all(|&number| number > 3), "{t:?}");
    assert_eq!((arrived, count(&|packet| packet.copy_of.is_some())), (t.delivered, t.duplicated));
    assert!(t.duplicated > 20 && arrived > 300, "{t:?}");
    for packet in trace(&run).packets() {
        if let Fate::Arrived(event) = packet.fate {
            let entry = trace(&run).entry(event).unwrap();
            assert_eq!((entry.packet, entry.cause), (Some(packet.id), Some(packet.cause)));
            assert_eq!((entry.node, entry.peer, entry.text), (packet.to, Some(packet.from), packet.text));
            assert_eq!(packet.ended, Some(entry.at));
            assert!(packet.sent <= packet.reached.unwrap() && packet.reached <= packet.ended);
        }
        let cause = trace(&run).entry(packet.cause).unwrap();
        assert!(cause.node == packet.from && cause.at <= packet.sent);
    }
}

#[test]
fn a_connection_that_ends_takes_along_what_it_was_to_carry() {
    let (plan, script) = stormy(3, Transport::Stream(Default::default()));
    let run = run(plan, script);
    let became = |fate: Fate| trace(&run).packets().filter(|packet| packet.fate == fate).count();
    assert!(became(Fate::Reset) > 0, "{:?}", run.traffic);
    assert_eq!([Fate::Lost, Fate::Cut, Fate::Corrupted, Fate::Overflowed].map(became), [0; 4]);
    assert!(trace(&run).packets().all(|packet| packet.copy_of.is_none()));
}

#[test]
fn to_look_changes_nothing() {
    for transport in [Transport::Datagram, Transport::Stream(Default::default())] {
        let (plan, script) = stormy(5, transport);
        let traced = run(plan.clone(), script.clone());
        let mut world = World::new(plan);
        world.populate::<Puppet>(Lines(script), None).unwrap();
        world.run(1_000_000);
        let untraced = world.finish();
        assert!(untraced.trace.is_none());
        assert_eq!((traced.fingerprint, traced.events), (untraced.fingerprint, untraced.events));
        assert_eq!(traced.traffic, untraced.traffic);
        assert_eq!(traced.events, trace(&traced).len() as u64, "every event is an entry");
    }
}

#[test]
fn states_are_shown_where_they_change() {
    let crash = Fault::Crash(vec![name(1)]);
    let script = vec![
        (0, 100.ms(), vec![Send(1, 7)]),
        (0, 150.ms(), vec![Set(1, 1.ms())]),
        (0, 200.ms(), vec![Send(1, 100)]),
    ];
    let run = run(plan(2, constant(1.ms()), vec![(300.ms(), None, crash)]), script);
    let of = |node| trace(&run).states().filter(move |state| state.node == NodeId(node));
    let seen: Vec<_> = of(1).map(|state| (state.after, state.role.0, state.epoch, state.values)).collect();
    let event = |text| Some(input(&run, 1, text).number);
    let crashed = trace(&run).entries().find(|entry| entry.kind == Kind::Crash).map(|entry| entry.number);
    assert_eq!(
        seen,
        [
            (Some(2), "peer", 0, vec![("got", "[]"), ("count", "0")]),
            (event("7"), "peer", 1, vec![("got", "[7]"), ("count", "1")]),
            (event("100"), "leader", 2, vec![("got", "[7, 100]"), ("count", "2")]),
            (crashed, "down", 0, vec![]),
        ]
    );
    assert_eq!(of(0).count(), 1, "what changes nothing is not shown again");
}

#[test]
fn a_scope_keeps_what_is_in_its_windows_and_says_what_went_beyond_their_budgets() {
    let (plan, script) = stormy(3, Transport::Datagram);
    let all = run(plan.clone(), script.clone());
    let part = |scope: Scope| {
        let mut world = World::new(plan.clone());
        world.populate::<Puppet>(Lines(script.clone()), None).unwrap();
        world.trace_only(scope);
        world.run(1_000_000);
        world.finish()
    };
    let window = |from: u64, until: u64, budget| Window {
        from: Time(from * 1_000_000),
        until: Time(until * 1_000_000),
        budget,
    };
    let late = trace(&all).entries().rev().nth(20).unwrap().number;
    let some = part(Scope {
        windows: vec![window(500, 900, u64::MAX), window(3_000, 3_200, u64::MAX)],
        events: vec![(late, late + 5)],
    });
    assert_eq!((some.fingerprint, trace(&some).left_out()), (all.fingerprint, 0));
    let inside =
        |at: Time| [(500, 900), (3_000, 3_200)].iter().any(|&(a, b)| (a..=b).contains(&(at.0 / 1_000_000)));
    let wanted: Vec<Entry<'_>> =
        trace(&all).entries().filter(|e| inside(e.at) || (late..=late + 5).contains(&e.number)).collect();
    assert!(wanted.len() > 50);
    assert_eq!(trace(&some).len(), wanted.len());
    for (part, whole) in trace(&some).entries().zip(&wanted) {
        assert!(part.same_input(whole));
        // Packets from outside of the windows are known all the same.
        if let Some(id) = part.packet {
            assert_eq!(part.cause, whole.cause);
            let (packet, same) = (trace(&some).packet(id), trace(&all).packet(whole.packet.unwrap()));
            assert_eq!((packet.sent, packet.reached, packet.bytes), (same.sent, same.reached, same.bytes));
        }
    }
    let few = part(Scope { windows: vec![window(500, 900, 20)], events: vec![] });
    let kept = trace(&few).len() + trace(&few).packets().len();
    assert!((20..25).contains(&kept), "{kept}");
    assert!(trace(&few).left_out() > 50);
}
