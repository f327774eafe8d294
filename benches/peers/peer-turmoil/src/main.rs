//! turmoil: every host is a tokio runtime of its own, and the hosts talk by datagrams. Time goes in ticks, by default of
//! one millisecond, and in every tick every host runs and every pair of hosts is looked at: so only small worlds. The
//! delay is drawn from an exponential distribution, cut off at the highest.

use harness::{
    DELAY_NANOS, Done, Draw, FANOUT, LOSS, PHOLD_NANOS, PING_NANOS, REST_NANOS, ROUND_NANOS, TIMEOUT_NANOS,
    Task, Workload, rounds,
};
use std::{
    cell::{Cell, RefCell},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
    time::Duration,
};
use tokio::time::{sleep, timeout};
use turmoil::{Builder, Sim, net::UdpSocket};

fn main() {
    harness::main("turmoil 0.7.2", |task| {
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

const PORT: u16 = 9000;
/// When all sockets are there.
const READY: Duration = Duration::from_millis(5);

fn builder(seed: u64, (low, high): (u64, u64)) -> Builder {
    let mut builder = Builder::new();
    builder
        .rng_seed(seed)
        .min_message_latency(Duration::from_nanos(low))
        .max_message_latency(Duration::from_nanos(high))
        .simulation_duration(Duration::from_secs(1 << 40))
        // A full socket drops what comes.
        .udp_capacity(1 << 16);
    builder
}

/// The hosts, by number. They are known only when all have been added.
type Addresses = Rc<RefCell<Vec<SocketAddr>>>;

fn name(index: u64) -> String {
    format!("host{index}")
}

fn look_up(sim: &Sim, count: u64, addresses: &Addresses) {
    addresses.borrow_mut().extend((0..count).map(|index| SocketAddr::new(sim.lookup(name(index)), PORT)));
}

fn anyone(addresses: &Addresses, draw: &mut Draw) -> SocketAddr {
    let addresses = addresses.borrow();
    addresses[draw.below(addresses.len() as u64) as usize]
}

async fn bind(port: u16) -> io::Result<UdpSocket> {
    UdpSocket::bind((IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)).await
}

async fn send(socket: &UdpSocket, to: SocketAddr, number: u64) -> io::Result<()> {
    socket.send_to(&number.to_le_bytes(), to).await.map(|_| ())
}

async fn receive(socket: &UdpSocket) -> io::Result<(u64, SocketAddr)> {
    let mut bytes = [0; 8];
    let (_, from) = socket.recv_from(&mut bytes).await?;
    Ok((u64::from_le_bytes(bytes), from))
}

/// Answers whatever comes.
async fn serve() -> turmoil::Result {
    let socket = bind(PORT).await?;
    loop {
        let (number, from) = receive(&socket).await?;
        send(&socket, from, number).await?;
    }
}

/// Runs until so many units are counted.
fn run(sim: &mut Sim, units: u64, count: &Cell<u64>) {
    while count.get() < units {
        sim.step().expect("hosts do not fail");
    }
}

fn add(count: &Cell<u64>, more: u64) {
    count.set(count.get() + more);
}

fn phold(task: Task) -> Done {
    let mut sim = builder(1, PHOLD_NANOS).build();
    let (count, addresses) = (Rc::new(Cell::new(0)), Addresses::default());
    for index in 0..task.size {
        let (count, addresses) = (count.clone(), addresses.clone());
        sim.client(name(index), async move {
            let socket = bind(PORT).await?;
            let mut draw = Draw::new(index);
            sleep(READY).await;
            let mut hops = 0;
            loop {
                send(&socket, anyone(&addresses, &mut draw), hops + 1).await?;
                (hops, _) = receive(&socket).await?;
                add(&count, 1);
            }
        });
    }
    look_up(&sim, task.size, &addresses);
    run(&mut sim, task.units, &count);
    Done { units: count.get(), check: sim.elapsed().as_nanos() as u64 }
}

fn ping(task: Task) -> Done {
    let mut sim = builder(1, (PING_NANOS, PING_NANOS)).build();
    sim.host("server", serve);
    sim.client("player", async move {
        let socket = bind(PORT).await?;
        let server = SocketAddr::new(turmoil::lookup("server"), PORT);
        for throw in 0..task.units / 2 {
            send(&socket, server, throw).await?;
            receive(&socket).await?;
        }
        Ok(())
    });
    sim.run().expect("hosts do not fail");
    Done { units: task.units / 2 * 2, check: sim.elapsed().as_nanos() as u64 }
}

fn gossip(task: Task) -> Done {
    // A link that fails loses the message, and is repaired with the next.
    let mut sim = builder(1, DELAY_NANOS).fail_rate(LOSS).repair_rate(1.0).build();
    let (heard, addresses) = (Rc::new(Cell::new(0)), Addresses::default());
    for index in 0..task.size {
        let (heard, addresses) = (heard.clone(), addresses.clone());
        sim.client(name(index), async move {
            let socket = Rc::new(bind(PORT).await?);
            let seen = Rc::new(Cell::new(0));
            let (ear, highest) = (socket.clone(), seen.clone());
            let listener = tokio::task::spawn_local(async move {
                while let Ok((number, _)) = receive(&ear).await {
                    highest.set(number.max(highest.get()));
                    add(&heard, 1);
                }
            });
            let mut draw = Draw::new(index);
            for _ in 0..rounds(task) {
                sleep(Duration::from_nanos(ROUND_NANOS)).await;
                for _ in 0..FANOUT {
                    send(&socket, anyone(&addresses, &mut draw), seen.get() + 1).await?;
                }
            }
            // For the last messages.
            sleep(Duration::from_nanos(ROUND_NANOS)).await;
            listener.abort();
            Ok(())
        });
    }
    look_up(&sim, task.size, &addresses);
    sim.run().expect("hosts do not fail");
    Done { units: rounds(task) * FANOUT * task.size, check: heard.get() }
}

fn seeds(task: Task) -> Done {
    let mut served = 0;
    for seed in 0..task.units {
        served += seed_run(seed, task.size);
    }
    Done { units: task.units, check: served }
}

fn seed_run(seed: u64, seconds: u64) -> u64 {
    let mut sim = builder(seed, DELAY_NANOS).build();
    let served = Rc::new(Cell::new(0));
    sim.host("server", serve);
    for client in ["client1", "client2"] {
        let served = served.clone();
        sim.client(client, async move {
            let socket = bind(PORT).await?;
            let server = SocketAddr::new(turmoil::lookup("server"), PORT);
            for number in 0.. {
                send(&socket, server, number).await?;
                receive(&socket).await?;
                add(&served, 1);
                sleep(Duration::from_nanos(REST_NANOS)).await;
            }
            Ok(())
        });
    }
    while sim.elapsed() < Duration::from_secs(seconds) {
        sim.step().expect("hosts do not fail");
    }
    served.get()
}

fn timeouts(task: Task) -> Done {
    let mut sim = builder(1, DELAY_NANOS).build();
    let (count, given_up) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let addresses = Addresses::default();
    for index in 0..task.size {
        let (count, given_up, addresses) = (count.clone(), given_up.clone(), addresses.clone());
        sim.client(name(index), async move {
            tokio::task::spawn_local(serve());
            let socket = bind(PORT + 1).await?;
            let mut draw = Draw::new(index);
            sleep(READY).await;
            for number in 0.. {
                let to = anyone(&addresses, &mut draw);
                let call = async {
                    send(&socket, to, number).await?;
                    // An answer that came too late for its own call is none to this.
                    while receive(&socket).await?.0 != number {}
                    io::Result::Ok(())
                };
                match timeout(Duration::from_nanos(TIMEOUT_NANOS), call).await {
                    Ok(result) => result.map(|()| add(&count, 2))?,
                    Err(_) => add(&given_up, 1),
                }
            }
            Ok(())
        });
    }
    look_up(&sim, task.size, &addresses);
    run(&mut sim, task.units, &count);
    Done { units: count.get(), check: given_up.get() }
}
