//! Chance: the shares are right, and one mishap leaves the draws of the others alone.

use super::*;
use crate::link::{Bursts, Reorder, Transport};

const MANY: u64 = 200_000;

/// What becomes of many messages on one link, one each millisecond.
fn fates(link: &LinkPlan, seed: u64) -> Vec<Fate> {
    let mut net = Net::new(&only(link.clone()), seed, 2);
    let send = |ms: u64| net.network.send(A, B, 100, Time::ZERO + ms.ms(), &mut net.books);
    (0..MANY).map(send).collect()
}

fn lossy(loss: Chance) -> LinkPlan {
    LinkPlan { loss, ..LinkPlan::new(Delay::LogNormal { median: 1.ms(), p99: 8.ms() }) }
}

/// Whether nothing of it arrives.
fn lost(fate: &Fate) -> bool {
    matches!(fate, Fate::Lost(_))
}

/// ENG3.
#[test]
fn independent_loss_takes_its_share() {
    for (seed, (n, d)) in [(1, 100), (1, 10), (1, 2), (1, 10)].into_iter().enumerate() {
        let fates = fates(&lossy(Chance::ratio(n, d)), seed as u64);
        let count = fates.iter().filter(|fate| lost(fate)).count();
        assert_share(count as u64, MANY, n as f64 / d as f64);
    }
}

fn bursty(enter: f64, leave: f64) -> Bursts {
    Bursts {
        slot: 1.ms(),
        enter: Chance::new(enter).unwrap(),
        leave: Chance::new(leave).unwrap(),
        loss: Chance::ALWAYS,
    }
}

/// ENG4, and the same beyond enter + leave = 1, where a bad slot makes the next one less likely to be bad.
#[test]
fn bursts_take_their_share_and_have_their_length() {
    for (enter, leave) in [(0.05, 0.25), (0.7, 0.9), (0.4, 0.6), (1.0, 0.5), (0.3, 1.0)] {
        let link = LinkPlan { bursts: Some(bursty(enter, leave)), ..instant() };
        let mut net = Net::new(&only(link), 7, 5);
        let (mut gone, mut bursts) = (0u64, 0u64);
        for to in nodes(1..5) {
            let mut bad = false;
            for slot in 0..500_000 {
                let before = bad;
                bad = lost(&net.network.send(A, to, 1, Time::ZERO + slot.ms(), &mut net.books));
                gone += u64::from(bad);
                bursts += u64::from(bad && !before);
            }
        }
        let (share, length) = (gone as f64 / 2e6, gone as f64 / bursts as f64);
        assert!((share - enter / (enter + leave)).abs() <= 0.003, "a share of {share} at {enter} {leave}");
        assert!((length - 1.0 / leave).abs() <= 0.05, "bursts of {length} at {enter} {leave}");
        assert_eq!(net.books.traffic.lost, gone);
    }
}

/// The definition, coin by coin: a good slot turns bad below `enter`, a bad one stays bad below 1 - `leave`.
#[test]
fn looking_back_gives_what_going_forward_from_slot_to_slot_would() {
    for (enter, leave) in [(0.05, 0.25), (0.7, 0.9), (0.002, 0.001), (0.999, 0.998), (1.0, 1.0), (0.5, 0.5)] {
        let chain = super::super::bursts::Chain::new(&bursty(enter, leave), 9);
        let go = |from: NodeId, slot: u64| {
            let below = if chain.bad(from, B, slot - 1) { 1.0 - leave } else { enter };
            assert_eq!(
                chain.bad(from, B, slot),
                chain.coin(from, B, slot) < below,
                "slot {slot} at {enter} {leave}"
            );
        };
        (1..400).for_each(|slot| go(A, slot));
        // Where looking back begins anew, it must not be seen; but for a link that turns around in every slot.
        for from in nodes(0..20) {
            (98_300..98_310).filter(|&slot| slot != 98_304 || enter < 1.0).for_each(|slot| go(from, slot));
        }
    }
}

#[test]
fn a_link_begins_as_bad_as_it_goes_on_and_no_two_are_bad_together() {
    let chain = super::super::bursts::Chain::new(&bursty(0.05, 0.25), 9);
    let links = 40_000;
    for slot in [0, 1, 1_000_000_000] {
        let bad = |n: u32| chain.bad(NodeId(n), NodeId(n + 1), slot);
        let back = |n: u32| chain.bad(NodeId(n + 1), NodeId(n), slot);
        assert_share((0..links).filter(|&n| bad(n)).count() as u64, u64::from(links), 1.0 / 6.0);
        assert_share(
            (0..links).filter(|&n| bad(n) && bad(n + 1)).count() as u64,
            u64::from(links),
            1.0 / 36.0,
        );
        assert_share((0..links).filter(|&n| bad(n) && back(n)).count() as u64, u64::from(links), 1.0 / 36.0);
    }
}

#[test]
fn a_burst_may_let_some_messages_through() {
    let bursts = Bursts { loss: Chance::ratio(1, 2), ..bursty(0.3, 0.6) };
    let fates = fates(&LinkPlan { bursts: Some(bursts), ..instant() }, 3);
    let share = fates.iter().filter(|fate| lost(fate)).count() as f64 / MANY as f64;
    assert_near(share, 1.0 / 6.0, 0.02);
}

fn reordering() -> Option<Reorder> {
    Some(Reorder { chance: Chance::ratio(1, 20), by: Delay::Uniform(50.ms(), 60.ms()) })
}

/// Every mishap by itself and all together, beside the same link without it.
#[test]
fn mishaps_take_their_shares_and_re_deal_neither_loss_nor_delay() {
    let link = lossy(Chance::ratio(1, 10));
    let plain = fates(&link, 5);
    let survivors = plain.iter().filter(|fate| !lost(fate)).count() as u64;

    let doubled = fates(&LinkPlan { duplicate: Chance::ratio(1, 30), ..link.clone() }, 5);
    let mut twice = 0;
    for (plain, fate) in plain.iter().zip(&doubled) {
        match (plain, fate) {
            (Fate::Once(plain), Fate::Twice(Ok(original), Ok(copy))) => {
                assert_eq!(plain, original);
                assert_ne!(plain, copy, "a copy has a delay of its own");
                twice += 1;
            }
            (plain, fate) => assert_eq!(plain, fate),
        }
    }
    assert_share(twice, survivors, 1.0 / 30.0);

    let reordered = fates(&LinkPlan { reorder: reordering(), ..link.clone() }, 5);
    let mut late = 0;
    for (plain, fate) in plain.iter().zip(&reordered).filter(|(plain, fate)| plain != fate) {
        let (Fate::Once(plain), Fate::Once(fate)) = (plain, fate) else {
            panic!("{plain:?} became {fate:?}")
        };
        assert!((50.ms()..60.ms()).contains(&fate.at.since(plain.at)));
        late += 1;
    }
    assert_share(late, survivors, 1.0 / 20.0);

    let damaged = fates(&LinkPlan { corrupt: Chance::ratio(1, 40), ..link.clone() }, 5);
    let differ: Vec<_> = plain.iter().zip(&damaged).filter(|(plain, fate)| plain != fate).collect();
    assert!(differ.iter().all(|(_, fate)| lost(fate)), "a damaged message does not arrive");
    assert_share(differ.len() as u64, survivors, 1.0 / 40.0);

    let bursts = fates(&LinkPlan { bursts: Some(bursty(0.05, 0.25)), ..link.clone() }, 5);
    let differ: Vec<_> = plain.iter().zip(&bursts).filter(|(plain, fate)| plain != fate).collect();
    assert!(differ.iter().all(|(_, fate)| lost(fate)));
    assert_near(differ.len() as f64, survivors as f64 / 6.0, 0.03);

    let all = LinkPlan {
        duplicate: Chance::ratio(1, 30),
        reorder: reordering(),
        corrupt: Chance::ratio(1, 40),
        bursts: Some(bursty(0.05, 0.25)),
        ..link
    };
    let mut expected = 0u64;
    for (index, fate) in fates(&all, 5).into_iter().enumerate() {
        let whole = !lost(&damaged[index]) && !lost(&bursts[index]);
        if whole {
            let (Fate::Once(first) | Fate::Twice(Ok(first), _)) = fate else {
                panic!("number {index} is lost")
            };
            assert_eq!(Fate::Once(first), reordered[index]);
            expected += 1;
        } else if lost(&bursts[index]) {
            assert!(lost(&fate));
        }
    }
    assert!(expected > MANY / 2);
}

#[test]
fn each_copy_may_be_damaged_and_every_loss_is_counted_once() {
    let link = LinkPlan {
        duplicate: Chance::ratio(1, 2),
        corrupt: Chance::ratio(1, 2),
        loss: Chance::ratio(1, 10),
        ..instant()
    };
    let mut net = Net::new(&only(link), 4, 2);
    (0..MANY).for_each(|ms| _ = net.send(A, B, 100, Time::ZERO + ms.ms()));
    net.run();
    net.assert_all_accounted_for();
    let t = net.books.traffic;
    assert_share(t.lost, MANY, 0.1);
    assert_share(t.duplicated, MANY - t.lost, 0.5);
    assert_share(t.corrupted, MANY - t.lost + t.duplicated, 0.5);
    let both_arrive = net.arrived.windows(2).filter(|pair| pair[0].0 == pair[1].0).count();
    assert_share(both_arrive as u64, t.duplicated, 0.25);
}

#[test]
fn messages_at_one_moment_have_fates_of_their_own() {
    let mut net =
        Net::new(&only(LinkPlan { duplicate: Chance::ratio(1, 2), ..lossy(Chance::ratio(1, 2)) }), 4, 3);
    let fates: Vec<Fate> =
        (0..2_000).map(|_| net.network.send(A, B, 100, Time::ZERO, &mut net.books)).collect();
    let count = |wanted: fn(&Fate) -> bool| fates.iter().filter(|fate| wanted(fate)).count() as u64;
    assert_share(count(lost), 2_000, 0.5);
    assert_share(count(|fate| matches!(fate, Fate::Twice(..))), 2_000, 0.25);
    // What goes elsewhere at the same moment changes nothing.
    let mut other =
        Net::new(&only(LinkPlan { duplicate: Chance::ratio(1, 2), ..lossy(Chance::ratio(1, 2)) }), 4, 3);
    for fate in &fates {
        other.network.send(A, C, 100, Time::ZERO, &mut other.books);
        other.network.send(C, B, 100, Time::ZERO, &mut other.books);
        assert_eq!(other.network.send(A, B, 100, Time::ZERO, &mut other.books), *fate);
    }
}

/// ENG6: a call is sent again every 300 ms (or after twice as long each time) until an answer has come.
#[test]
fn a_call_with_retries_takes_as_long_as_the_geometric_sums_say() {
    const CALLS: u32 = 400_000;
    for (doubling, expected) in [(1, 0.1704), (2, 0.1919)] {
        let link = LinkPlan { loss: Chance::ratio(1, 10), ..LinkPlan::new(Delay::Constant(50.ms())) };
        let mut net = Net::new(&only(link), 6, 2);
        let mut total = Span::ZERO;
        let mut start = Time::ZERO;
        for _ in 0..CALLS {
            let (mut at, mut wait) = (start, 300.ms());
            let done = loop {
                if let Fate::Once(there) = net.network.send(A, B, 100, at, &mut net.books)
                    && let Fate::Once(back) = net.network.send(B, A, 100, there.at, &mut net.books)
                {
                    break back.at;
                }
                (at, wait) = (at + wait, wait * doubling);
            };
            total = total + done.since(start);
            start = done + 1.ms();
        }
        assert_near(total.as_secs() / f64::from(CALLS), expected, 0.015);
    }
}

/// ENG7: sent until acknowledged, where one in five is lost there and one in ten back.
#[test]
fn at_least_once_delivers_and_attempts_as_often_as_the_geometric_sums_say() {
    const MESSAGES: u32 = 200_000;
    let loss = |n, d| LinkPlan { loss: Chance::ratio(n, d), ..LinkPlan::new(Delay::Constant(1.ms())) };
    let back = LinkException { from: vec![B], to: vec![A], link: loss(1, 10), pipe: None };
    let mut net = Net::new(&NetworkPlan { links: vec![back], ..only(loss(1, 5)) }, 6, 2);
    let (mut attempts, mut deliveries, mut at) = (0u32, 0u32, Time::ZERO);
    for _ in 0..MESSAGES {
        let mut acknowledged = false;
        while !acknowledged {
            at += 10.ms();
            attempts += 1;
            if let Fate::Once(there) = net.network.send(A, B, 100, at, &mut net.books) {
                deliveries += 1;
                acknowledged = !lost(&net.network.send(B, A, 10, there.at, &mut net.books));
            }
        }
    }
    assert_near(f64::from(deliveries) / f64::from(MESSAGES), 1.1111, 0.01);
    assert_near(f64::from(attempts) / f64::from(MESSAGES), 1.3889, 0.01);
}

#[test]
fn the_last_exception_that_names_a_link_says_all_about_it() {
    let constant = |ms: u64| LinkPlan::new(Delay::Constant(ms.ms()));
    let stream = StreamPlan::default();
    let connected = LinkPlan { transport: Transport::Stream(stream), ..constant(2) };
    let pipe = Some(Pipe { rate: Rate(1_000), queue: Bytes(0), express: Bytes(0) });
    let exception = |from, to, link, pipe| LinkException { from, to, link, pipe };
    let links = vec![
        exception(vec![A, B], vec![B, C], connected, pipe),
        exception(vec![A], vec![C, D], constant(3), None),
    ];
    let mut net = Net::new(&NetworkPlan { links, ..only(constant(1)) }, 1, 4);
    for (from, to, ms, streams) in [
        (A, B, 1_002, true), // a second for a thousand bytes
        (A, C, 3, false),
        (A, D, 3, false),
        (B, A, 1, false),
        (C, D, 1, false),
        (B, B, 2, true), // a link to oneself is one too, but has no pipe
    ] {
        let number = net.send(from, to, 1_000, Time::ZERO);
        net.run();
        assert_eq!(net.arrival(number), Some(Time::ZERO + ms.ms()), "{from:?} to {to:?}");
        assert_eq!(net.network.stream(from, to), streams.then_some(&stream));
    }
    assert_eq!(Net::new(&only(constant(1)), 1, 4).network.stream(A, B), None);
}
