//! madsim: nodes with their own address, asynchronous tasks, endpoints that send messages with a tag. Every send and
//! every receive sleeps a little more than the network's delay, of its own accord.

use harness::{
    DELAY_NANOS, Done, Draw, FANOUT, LOSS, PHOLD_NANOS, PING_NANOS, REST_NANOS, ROUND_NANOS, TIMEOUT_NANOS,
    Task, Workload, rounds,
};
use madsim::{
    Config,
    net::Endpoint,
    runtime::{NodeHandle, Runtime},
    time::{sleep, timeout},
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

fn main() {
    harness::main("madsim 0.2.34", |task| {
        Some(match task.workload {
            Workload::Crowd => return None,
            Workload::Phold => phold(task),
            Workload::PingPong => ping(task),
            Workload::Gossip => gossip(task),
            Workload::Seeds => seeds(task),
            Workload::Timeouts => timeouts(task),
        })
    });
}

/// The tags: what wants an answer or none, and the answers.
const ASK: u64 = 1;
const ANSWER: u64 = 2;
/// When all endpoints are there. One that is not yet loses its messages.
const READY: Duration = Duration::from_millis(5);

fn runtime(seed: u64, (low, high): (u64, u64), loss: f64) -> Runtime {
    let mut config = Config::default();
    config.net.send_latency = Duration::from_nanos(low)..Duration::from_nanos(high);
    config.net.packet_loss_rate = loss;
    Runtime::with_seed_and_config(seed, config)
}

fn address(node: u64) -> SocketAddr {
    let [.., high, middle, low] = (node + 1).to_be_bytes();
    SocketAddr::from(([10, high, middle, low], 1))
}

fn node(runtime: &Runtime, index: u64) -> NodeHandle {
    runtime.create_node().ip(address(index).ip()).build()
}

async fn bind(index: u64) -> Endpoint {
    Endpoint::bind(address(index)).await.expect("the address is the node's")
}

async fn send(endpoint: &Endpoint, to: SocketAddr, tag: u64, number: u64) {
    endpoint.send_to(to, tag, &number.to_le_bytes()).await.expect("the network takes everything");
}

async fn receive(endpoint: &Endpoint, tag: u64) -> (u64, SocketAddr) {
    let mut bytes = [0; 8];
    let (_, from) = endpoint.recv_from(tag, &mut bytes).await.expect("the network stays up");
    (u64::from_le_bytes(bytes), from)
}

/// Runs until so many units are counted: it looks now and then, seldom beside what happens meanwhile.
fn run(runtime: &Runtime, units: u64, count: &Arc<AtomicU64>, glance: Duration) {
    let count = count.clone();
    runtime.block_on(async move {
        while count.load(Relaxed) < units {
            sleep(glance).await;
        }
    });
}

fn phold(task: Task) -> Done {
    let runtime = runtime(1, PHOLD_NANOS, 0.0);
    let count = Arc::new(AtomicU64::new(0));
    for index in 0..task.size {
        let count = count.clone();
        node(&runtime, index).spawn(async move {
            let endpoint = bind(index).await;
            let mut draw = Draw::new(index);
            sleep(READY).await;
            let mut hops = 0;
            loop {
                send(&endpoint, address(draw.below(task.size)), ASK, hops + 1).await;
                (hops, _) = receive(&endpoint, ASK).await;
                count.fetch_add(1, Relaxed);
            }
        });
    }
    run(&runtime, task.units, &count, Duration::from_secs(1));
    Done { units: count.load(Relaxed), check: 0 }
}

/// Answers whatever comes.
async fn serve(endpoint: &Endpoint) {
    loop {
        let (number, from) = receive(endpoint, ASK).await;
        send(endpoint, from, ANSWER, number).await;
    }
}

fn ping(task: Task) -> Done {
    let runtime = runtime(1, (PING_NANOS, PING_NANOS + 1), 0.0);
    node(&runtime, 0).spawn(async { serve(&bind(0).await).await });
    let player = node(&runtime, 1).spawn(async move {
        let endpoint = bind(1).await;
        sleep(READY).await;
        for throw in 0..task.units / 2 {
            send(&endpoint, address(0), ASK, throw).await;
            receive(&endpoint, ANSWER).await;
        }
    });
    runtime.block_on(player).expect("the player does not fail");
    Done { units: task.units / 2 * 2, check: 0 }
}

fn gossip(task: Task) -> Done {
    let runtime = runtime(1, DELAY_NANOS, LOSS);
    let heard = Arc::new(AtomicU64::new(0));
    let nodes: Vec<_> = (0..task.size)
        .map(|index| {
            let heard = heard.clone();
            node(&runtime, index).spawn(async move {
                let endpoint = Arc::new(bind(index).await);
                let seen = Arc::new(AtomicU64::new(0));
                let (listener, highest) = (endpoint.clone(), seen.clone());
                madsim::task::spawn(async move {
                    loop {
                        highest.fetch_max(receive(&listener, ASK).await.0, Relaxed);
                        heard.fetch_add(1, Relaxed);
                    }
                });
                let mut draw = Draw::new(index);
                for _ in 0..rounds(task) {
                    sleep(Duration::from_nanos(ROUND_NANOS)).await;
                    for _ in 0..FANOUT {
                        let to = address(draw.below(task.size));
                        send(&endpoint, to, ASK, seen.load(Relaxed) + 1).await;
                    }
                }
                // For the last messages.
                sleep(Duration::from_nanos(ROUND_NANOS)).await;
            })
        })
        .collect();
    runtime.block_on(async {
        for node in nodes {
            node.await.expect("nodes do not fail");
        }
    });
    Done { units: rounds(task) * FANOUT * task.size, check: heard.load(Relaxed) }
}

fn seeds(task: Task) -> Done {
    let mut served = 0;
    for seed in 0..task.units {
        served += seed_run(seed, task.size);
    }
    Done { units: task.units, check: served }
}

fn seed_run(seed: u64, seconds: u64) -> u64 {
    let runtime = runtime(seed, DELAY_NANOS, 0.0);
    let served = Arc::new(AtomicU64::new(0));
    node(&runtime, 0).spawn(async { serve(&bind(0).await).await });
    for client in [1, 2] {
        let served = served.clone();
        node(&runtime, client).spawn(async move {
            let endpoint = bind(client).await;
            sleep(READY).await;
            for number in 0.. {
                send(&endpoint, address(0), ASK, number).await;
                receive(&endpoint, ANSWER).await;
                served.fetch_add(1, Relaxed);
                sleep(Duration::from_nanos(REST_NANOS)).await;
            }
        });
    }
    // Inside, for a sleep needs the runtime around it.
    runtime.block_on(async { sleep(Duration::from_secs(seconds)).await });
    served.load(Relaxed)
}

fn timeouts(task: Task) -> Done {
    let runtime = runtime(1, DELAY_NANOS, 0.0);
    let count = Arc::new(AtomicU64::new(0));
    let given_up = Arc::new(AtomicU64::new(0));
    for index in 0..task.size {
        let (count, given_up) = (count.clone(), given_up.clone());
        node(&runtime, index).spawn(async move {
            let endpoint = Arc::new(bind(index).await);
            let server = endpoint.clone();
            madsim::task::spawn(async move { serve(&server).await });
            let mut draw = Draw::new(index);
            sleep(READY).await;
            for number in 0.. {
                let to = address(draw.below(task.size));
                let call = async {
                    send(&endpoint, to, ASK, number).await;
                    // An answer that came too late for its own call is none to this.
                    while receive(&endpoint, ANSWER).await.0 != number {}
                };
                match timeout(Duration::from_nanos(TIMEOUT_NANOS), call).await {
                    Ok(()) => count.fetch_add(2, Relaxed),
                    Err(_) => given_up.fetch_add(1, Relaxed),
                };
            }
        });
    }
    run(&runtime, task.units, &count, Duration::from_millis(10));
    Done { units: count.load(Relaxed), check: given_up.load(Relaxed) }
}
