use protocols::{client::{self, Client}, kv::{self, Kv}, raft::{self, Raft}, workload::KeyChoice};
use sim_core::{fault::*, network::*, plan::*, prelude::*, rng::Chance, sample::Delay, world::World, time::Time, run::Run};

fn plan(seed: u64) -> Plan {
    Plan {
        seed, until: Time(60_000_000_000),
        services: vec![
            ServicePlan { name: "db".into(), prefix: "db".into(), nodes: 5, sync: Delay::Constant(1.ms()), clock: ClockPlan::default(), clients: false },
            ServicePlan { name: "clients".into(), prefix: "client".into(), nodes: 10, sync: Delay::Constant(0.ms()), clock: ClockPlan::default(), clients: true },
        ],
        network: NetworkPlan { default: LinkPlan { delay: Delay::LogNormal { median: 1.ms(), p99: 8.ms() }, loss: Chance::new(0.001).unwrap() }, links: vec![] },
        faults: vec![PlannedFault { name: "split".into(), at: Time(20_000_000_000), lasts: Some(20.s()), fault: Fault::Split(vec![vec![Pick::Role("leader".into()), Pick::Random(1), Pick::RandomOf("clients".into(), 4)], vec![Pick::Rest]]), say: String::new() }],
    }
}
fn go(seed: u64) -> Run {
    let mut w = World::new(plan(seed));
    w.populate::<Raft<Kv>>(raft::Config::default(), None).unwrap();
    w.populate::<Client<Kv>>(client::Config {
        servers: (NodeId(0), 5), clients: (NodeId(5), 10), load: client::Load::Poisson(50.ms()), mix: kv::Mix { get: 0.5, put: 0.4, cas: 0.1 },
        keys: KeyChoice::Uniform(100), timeout: 1.s(), attempts: 3, backoff: 20.ms(), route: client::Route::Sticky, start: Span::ZERO }, Some("db")).unwrap();
    w.run(u64::MAX);
    w.finish()
}
#[test]
fn smoke() {
    let t = std::time::Instant::now();
    let r = go(7);
    eprintln!("{:?} events {} fp {:x} {:?}", t.elapsed(), r.events, r.fingerprint, r.traffic);
    eprintln!("{:#?}\n{:#?}", r.faults, r.properties);
    eprintln!("{:?}", r.violations);
    let ops = r.histories[0].operations();
    eprintln!("ops {} done {} roles {:?}", ops.len(), ops.iter().filter(|o| o.done.is_some()).count(), r.roles.iter().map(|r| (r.at, r.node.0, r.role.0, r.epoch)).take(20).collect::<Vec<_>>());
    let mut lat: Vec<_> = ops.iter().filter_map(|o| o.latency()).collect(); lat.sort();
    eprintln!("p50 {} p99 {}", lat[lat.len()/2], lat[lat.len()*99/100]);
    assert_eq!(r.fingerprint, go(7).fingerprint);
}
