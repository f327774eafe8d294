//! A scenario in which everything is said that can be said of a world and of what goes wrong in it.

mod common;

use common::{Zoo, golden};
use ron::ser::PrettyConfig;
use scenarios::{
    format::{Claim, Expectation, Figure, Scenario, When, options, parse},
    read::read,
    write::write,
};
use serde::{Serialize, de::DeserializeOwned};
use sim_core::{
    check::register::Guarantee,
    fault::{Condition, Fault, Gray, Keep, Pick, Shift},
    link::Transport,
    plan::{Damage, Timers},
    sample::Delay,
    stream::StreamPlan,
};
use std::fmt::Debug;

fn everything() -> Scenario {
    let text = include_str!("format/everything.ron");
    read("everything.ron", text, &Zoo).unwrap_or_else(|found| panic!("{found}"))
}

/// Each of these patterns is met, and there is none beside them: whoever adds a variant adds it to the file.
macro_rules! all_met {
    ($values:expr, $($pattern:pat),+ $(,)?) => {{
        let met: Vec<&str> = $values
            .into_iter()
            .map(|value| match value { $($pattern => stringify!($pattern)),+ })
            .collect();
        for pattern in [$(stringify!($pattern)),+] {
            assert!(met.contains(&pattern), "the file has no {pattern}");
        }
    }};
}

#[test]
fn everything_is_written_as_it_was_read() {
    let scenario = everything();
    let written = write(&scenario);
    golden("everything-written.ron", &written);
    let again = read("written.ron", &written, &Zoo).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(again, scenario);
    assert_eq!(write(&again), written);
}

#[test]
fn every_moment_fault_and_pick_is_there() {
    let scenario = everything();
    let whens = || scenario.faults.iter().map(|timed| &timed.when);
    all_met!(whens(), When::At(_), When::Between(..), When::Every { .. }, When::After(..), When::When { .. });
    let conditions = whens().filter_map(|when| match when {
        When::When { condition, .. } => Some(condition),
        When::At(_) | When::Between(..) | When::Every { .. } | When::After(..) => None,
    });
    all_met!(
        conditions,
        Condition::Role(_),
        Condition::NoRole(_),
        Condition::RoleTaken(..),
        Condition::Epoch(_),
        Condition::Answered(_),
        Condition::Shows(..),
        Condition::RoleChange(_),
        Condition::Unsynced(_),
        Condition::Handled(..),
    );
    all_met!(scenario.faults.iter().map(|timed| timed.keep), Keep::Nothing, Keep::Quorum);
    let faults = || scenario.faults.iter().map(|timed| &timed.fault);
    all_met!(
        faults(),
        Fault::Split(_),
        Fault::OneWay { .. },
        Fault::Isolate(_),
        Fault::Halves(_),
        Fault::Bridge(_),
        Fault::MinorityThird(_),
        Fault::MajoritiesRing(_),
        Fault::Clog { .. },
        Fault::Lose { .. },
        Fault::Degrade { .. },
        Fault::DegradeNic { .. },
        Fault::Ranks { .. },
        Fault::Heal,
        Fault::Crash(_),
        Fault::PowerLoss(_),
        Fault::Wipe(_),
        Fault::Restart(_),
        Fault::Pause(_),
        Fault::Resume(_),
        Fault::Slow { .. },
        Fault::ClockJump { .. },
        Fault::ClockDrift { .. },
        Fault::ClockStrobe { .. },
        Fault::ClockReset(_),
        Fault::DiskSlow { .. },
        Fault::DiskStall(_),
        Fault::DiskFull(_),
        Fault::BitRot { .. },
        Fault::Gray(..),
        Fault::End(_),
    );
    let grays = faults().filter_map(|fault| if let Fault::Gray(gray, _) = fault { Some(gray) } else { None });
    all_met!(
        grays,
        Gray::LossyNic,
        Gray::LimpingNic,
        Gray::JitteryNic,
        Gray::DeafNic,
        Gray::MuteNic,
        Gray::SlowDisk,
        Gray::SlowCpu,
    );
    let shifts = faults().filter_map(|fault| {
        if let Fault::ClockJump { by, .. } | Fault::ClockStrobe { by, .. } = fault { Some(by) } else { None }
    });
    all_met!(shifts, Shift::Ahead(_), Shift::Behind(_));
    all_met!(
        faults().flat_map(Fault::picks).flatten(),
        Pick::Node(_),
        Pick::Service(_),
        Pick::Role(_),
        Pick::Zone(_),
        Pick::Region(_),
        Pick::Random(_),
        Pick::RandomOf(..),
        Pick::TriggerOf(_),
        Pick::Minority(_),
        Pick::MinorityWith(..),
        Pick::MinorityWithout(..),
        Pick::Majority(_),
        Pick::MajorityWith(..),
        Pick::MajorityWithout(..),
        Pick::All,
        Pick::Everybody,
        Pick::Rest,
    );
}

#[test]
fn every_delay_host_link_and_expectation_is_there() {
    let scenario = everything();
    let hosts = scenario.services.iter().map(|service| &service.host);
    let mut delays: Vec<&Delay> = hosts.flat_map(|host| [&host.message, &host.request]).collect();
    delays.extend(scenario.services.iter().flat_map(|service| [&service.disk.sync, &service.disk.write]));
    delays.push(&scenario.network.default.delay);
    delays.extend(scenario.network.links.iter().filter_map(|link| link.delay.as_ref()));
    let parts: Vec<&Delay> = delays
        .iter()
        .filter_map(|delay| if let Delay::Mixture(parts) = delay { Some(parts) } else { None })
        .flat_map(|parts| parts.iter().map(|(_, delay)| delay))
        .collect();
    delays.extend(parts);
    all_met!(
        delays,
        Delay::Constant(_),
        Delay::Uniform(..),
        Delay::Exponential(_),
        Delay::LogNormal { .. },
        Delay::Normal { .. },
        Delay::Pareto { .. },
        Delay::Empirical(_),
        Delay::Mixture(_),
    );
    all_met!(scenario.services.iter().map(|s| s.disk.damage), Damage::Stop, Damage::Truncate);
    all_met!(scenario.services.iter().map(|s| s.clock.timers), Timers::Monotonic, Timers::Wall);
    let transports = scenario.network.links.iter().filter_map(|link| link.transport.as_ref());
    all_met!(
        transports.chain([&scenario.network.default.transport]),
        Transport::Datagram,
        Transport::Stream(_),
    );
    // One scenario cannot expect this and its opposite.
    let never = Expectation::Never("leader changed".into());
    let expect = scenario.expect.iter().chain([&Expectation::Linearizable, &never]);
    all_met!(
        expect,
        Expectation::Linearizable,
        Expectation::Violates(Claim::Linearizable),
        Expectation::Violates(Claim::Always(_)),
        Expectation::Violates(Claim::Sessions(_)),
        Expectation::Violates(Claim::NoLostWrites { .. }),
        Expectation::Violates(Claim::Converges { .. }),
        Expectation::Always(_),
        Expectation::Sometimes(_),
        Expectation::Reached { .. },
        Expectation::Times { .. },
        Expectation::Never(_),
        Expectation::Messages { .. },
        Expectation::MessagesPerOperation { .. },
        Expectation::Availability { .. },
        Expectation::Latency { .. },
        Expectation::Effect { .. },
        Expectation::QuorumLost(_),
        Expectation::QuorumKept(_),
        Expectation::Recovers { .. },
        Expectation::Downtime { .. },
        Expectation::Staleness { .. },
        Expectation::StaleReads { .. },
        Expectation::Sessions(_),
        Expectation::NoLostWrites { .. },
        Expectation::Converges { .. },
    );
    let guarantees = scenario.expect.iter().filter_map(|expectation| {
        if let Expectation::Sessions(guarantees) = expectation { Some(guarantees) } else { None }
    });
    all_met!(
        guarantees.flatten(),
        Guarantee::ReadYourWrites,
        Guarantee::MonotonicReads,
        Guarantee::MonotonicWrites,
        Guarantee::WritesFollowReads,
    );
    let figures = scenario.expect.iter().filter_map(|expectation| {
        if let Expectation::Effect { what, .. } = expectation { Some(what) } else { None }
    });
    all_met!(
        figures,
        Figure::Dropped,
        Figure::Delayed,
        Figure::Duplicated,
        Figure::Corrupted,
        Figure::Failed,
        Figure::Misled,
        Figure::Records,
        Figure::Nodes,
        Figure::Spared,
        Figure::LeaderChanges,
        Figure::RoleChanges,
    );
}

/// `ron` and this crate read the same value from what `ron` wrote, tightly or with room.
fn agree<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let tight = options().to_string(value).expect("it can be written");
    let roomy = options().to_string_pretty(value, PrettyConfig::default()).expect("it can be written");
    for text in [tight, roomy] {
        assert_eq!(&options().from_str::<T>(&text).expect("what `ron` wrote, it reads"), value);
        assert_eq!(&parse::<T>(&text).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}")), value);
    }
}

#[test]
fn every_value_reads_here_as_it_does_in_ron() {
    let scenario = everything();
    for timed in &scenario.faults {
        agree(&timed.fault);
        agree(&timed.fault.plain());
        if let When::When { condition, .. } = &timed.when {
            agree(condition);
        }
    }
    scenario.expect.iter().for_each(agree);
    for link in &scenario.network.links {
        link.transport.iter().for_each(agree);
        link.delay.iter().for_each(agree);
        link.bursts.iter().for_each(agree);
        link.reorder.iter().for_each(agree);
        link.bandwidth.iter().for_each(agree);
    }
    for service in &scenario.services {
        agree(&service.host);
        agree(&service.disk);
        agree(&service.clock);
        agree(&service.nic);
    }
    let plain: Transport = parse("Stream()").expect("all has defaults");
    assert_eq!(plain, Transport::Stream(StreamPlan::default()));
    assert_eq!(parse::<Transport>("Stream(())").expect("the inner parentheses may stay"), plain);
    assert_eq!(options().from_str::<Transport>("Stream()").expect("ron agrees"), plain);
}
