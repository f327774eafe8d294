//! moonpool-sim: asynchronous tasks that talk over TCP, here with its chaos switched off. Its documentation runs tests by
//! `SimulationBuilder`, which costs three times as much for what it observes; here `SimWorld` and `Executor`, which that
//! is made of, are driven directly. The network's delay is that of writing.

use futures::io::{AsyncReadExt, AsyncWriteExt};
use harness::{DELAY_NANOS, Done, Draw, PING_NANOS, REST_NANOS, TIMEOUT_NANOS, Task, Workload};
use moonpool_sim::{
    ChaosConfiguration, LatencyDistribution, NetworkConfiguration, NetworkProvider, SimNetworkProvider,
    SimWorld, TcpListenerTrait, TimeProvider,
    executor::{self, Executor},
};
use std::{
    future::poll_fn,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};

fn main() {
    harness::main("moonpool-sim 0.8.0", |task| match task.workload {
        Workload::PingPong => Some(ping(task)),
        Workload::Seeds => Some(seeds(task)),
        Workload::Timeouts => Some(timeouts(task)),
        // Over TCP a message waits for those before it, so delays are not independent, and a node that may send to any
        // other would hold a connection to each.
        Workload::Phold | Workload::Crowd => None,
        // And nothing is lost.
        Workload::Gossip => None,
    });
}

fn world(seed: u64, (low, high): (u64, u64)) -> SimWorld {
    let uniform = |low, high| LatencyDistribution::Uniform {
        start: Duration::from_nanos(low),
        end: Duration::from_nanos(high),
    };
    let least = || uniform(1_000, 1_000);
    let configuration = NetworkConfiguration {
        bind_latency: least(),
        accept_latency: least(),
        connect_latency: least(),
        read_latency: least(),
        write_latency: uniform(low, high),
        chaos: ChaosConfiguration::disabled(),
    };
    SimWorld::new_with_network_config_and_seed(configuration, seed)
}

/// Lets the other tasks run.
async fn give_way() {
    let mut given = false;
    poll_fn(|context| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs the tasks and the world in turn until `done`.
async fn run(world: &mut SimWorld, done: impl Fn(&SimWorld) -> bool) {
    while !done(world) {
        if world.pending_event_count() > 0 {
            world.step();
        }
        give_way().await;
    }
}

fn address(node: u64) -> String {
    format!("10.0.{}.{}:1", node / 200, node % 200 + 1)
}

/// Answers whatever comes, on any number of connections.
async fn serve(network: SimNetworkProvider, node: u64) -> io::Result<()> {
    let listener = network.bind(&address(node)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        executor::spawn("connection", async move {
            let mut bytes = [0; 8];
            while stream.read_exact(&mut bytes).await.is_ok() {
                if stream.write_all(&bytes).await.is_err() {
                    break;
                }
            }
        });
    }
}

/// Asks and waits for the answer.
async fn call(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin), number: u64) -> io::Result<()> {
    stream.write_all(&number.to_le_bytes()).await?;
    let mut bytes = [0; 8];
    stream.read_exact(&mut bytes).await
}

fn ping(task: Task) -> Done {
    let mut world = world(1, (PING_NANOS, PING_NANOS));
    let network = world.network_provider();
    Executor::new(1).block_on(async {
        executor::spawn("server", serve(network.clone(), 0));
        let player = executor::spawn("player", async move {
            let mut stream = network.connect(&address(0)).await?;
            for throw in 0..task.units / 2 {
                call(&mut stream, throw).await?;
            }
            io::Result::Ok(())
        });
        run(&mut world, |_| player.is_finished()).await;
    });
    Done { units: task.units / 2 * 2, check: world.current_time().as_nanos() as u64 }
}

fn seeds(task: Task) -> Done {
    let mut served = 0;
    for seed in 0..task.units {
        served += seed_run(seed, task.size);
    }
    Done { units: task.units, check: served }
}

fn seed_run(seed: u64, seconds: u64) -> u64 {
    let mut world = world(seed, DELAY_NANOS);
    let network = world.network_provider();
    let served = Arc::new(AtomicU64::new(0));
    Executor::new(seed).block_on(async {
        executor::spawn("server", serve(network.clone(), 0));
        for client in [1, 2] {
            let (network, time, served) = (network.clone(), world.time_provider(), served.clone());
            executor::spawn("client", async move {
                // One after the other: of two that connect at once, one is forgotten.
                time.sleep(Duration::from_millis(client)).await.map_err(io::Error::other)?;
                let mut stream = network.connect(&address(0)).await?;
                for number in 0.. {
                    call(&mut stream, number).await?;
                    served.fetch_add(1, Relaxed);
                    time.sleep(Duration::from_nanos(REST_NANOS)).await.map_err(io::Error::other)?;
                }
                io::Result::Ok(())
            });
        }
        let end = Duration::from_secs(seconds);
        run(&mut world, |world| world.current_time() >= end).await;
    });
    served.load(Relaxed)
}

fn timeouts(task: Task) -> Done {
    let mut world = world(1, DELAY_NANOS);
    let network = world.network_provider();
    let (count, given_up) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    Executor::new(1).block_on(async {
        for node in 0..task.size {
            executor::spawn("server", serve(network.clone(), node));
            let (network, time) = (network.clone(), world.time_provider());
            let (count, given_up) = (count.clone(), given_up.clone());
            executor::spawn("caller", async move {
                time.sleep(Duration::from_millis(node + 1)).await.map_err(io::Error::other)?;
                let mut streams = Vec::new();
                for server in 0..task.size {
                    streams.push(network.connect(&address(server)).await?);
                }
                let mut draw = Draw::new(node);
                for number in 0.. {
                    let stream = &mut streams[draw.below(task.size) as usize];
                    match time.timeout(Duration::from_nanos(TIMEOUT_NANOS), call(stream, number)).await {
                        Ok(result) => result.map(|()| count.fetch_add(2, Relaxed))?,
                        Err(_) => given_up.fetch_add(1, Relaxed),
                    };
                }
                io::Result::Ok(())
            });
        }
        run(&mut world, |_| count.load(Relaxed) >= task.units).await;
    });
    Done { units: count.load(Relaxed), check: given_up.load(Relaxed) }
}
