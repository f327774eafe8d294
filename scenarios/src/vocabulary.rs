//! Every fault, pick and knob with an example: what `sim list faults` prints and the README shows. The tests read every
//! example with the reader of scenario files, and ask that reader for everything that it knows: nothing is missing here,
//! and nothing is here that it does not read.

#[cfg(test)]
mod tests;

/// A part of the table.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// What its examples are.
    pub title: &'static str,
    /// Where in a scenario they stand.
    pub place: &'static str,
    /// Example and meaning, one after the other.
    pub entries: &'static [(&'static str, &'static str)],
}

/// The whole vocabulary, in the order in which people look for it.
pub const SECTIONS: &[Section] =
    &[FAULTS, GRAY, MOMENTS, CONDITIONS, PICKS, NEMESIS, NODES, LINKS, DELAYS, TOPOLOGY, EXPECT];

/// The table in Markdown.
pub fn markdown() -> String {
    let part = |Section { title, place, entries }: &Section| {
        let row = |(example, meaning): &(&str, &str)| format!("| `{example}` | {meaning} |\n");
        let rows: String = entries.iter().map(row).collect();
        format!("**{title}**: {place}\n\n| write | for |\n|---|---|\n{rows}")
    };
    SECTIONS.iter().map(part).collect::<Vec<_>>().join("\n")
}

/// The table for a terminal.
pub fn text() -> String {
    let part = |Section { title, place, entries }: &Section| {
        let rows: String = entries.iter().map(|(example, meaning)| row(example, meaning)).collect();
        format!("{title}: {}\n\n{rows}", place)
    };
    SECTIONS.iter().map(part).collect::<Vec<_>>().join("\n")
}

/// Where meanings begin, and where lines end.
const MEANING: usize = 50;
const LINE: usize = 120;

/// An example, and beside it what it means; below it, where it is too long.
fn row(example: &str, meaning: &str) -> String {
    let indent = " ".repeat(MEANING);
    let mut text = format!("  {example}");
    if text.chars().count() + 2 > MEANING {
        text += &format!("\n{indent}");
    } else {
        text = format!("{text:MEANING$}");
    }
    let mut column = MEANING;
    for word in meaning.split(' ') {
        let len = word.chars().count();
        if column > MEANING && column + 1 + len > LINE {
            text += &format!("\n{indent}");
            column = MEANING;
        } else if column > MEANING {
            text.push(' ');
            column += 1;
        }
        text += word;
        column += len;
    }
    text + "\n"
}

const FAULTS: Section = Section {
    title: "Faults",
    place: r#"`faults: [(at: "20s", lasts: "5s", do: …)]`"#,
    entries: &[
        (
            r#"Split([[Role("leader"), Random(1)], [Rest]])"#,
            "cuts the network between groups; who is in no group reaches everybody",
        ),
        (r#"OneWay(from: [Rest], to: [Role("leader")])"#, "cuts one direction only"),
        (r#"Isolate([RandomOf("db", 2)])"#, "cuts each of these off from everybody"),
        (r#"Halves([Service("db")])"#, "cuts these into two halves, drawn by the seed"),
        (r#"Bridge([Service("db")])"#, "two halves that only one node still reaches both of"),
        (r#"MinorityThird([Service("db")])"#, "cuts fewer than a third of these off from the rest of them"),
        (r#"MajoritiesRing([Service("db")])"#, "everybody sees a majority, and no two see the same"),
        (r#"Clog(from: [Role("leader")], to: [Rest])"#, "holds messages back, and releases them at the end"),
        (
            r#"Lose(from: [Role("leader")], to: [RandomOf("db", 1)], messages: 2)"#,
            "loses the next so many messages, and is over then",
        ),
        (
            r#"Degrade(from: [Service("db")], to: [Service("clients")], link: (loss: 0.2))"#,
            "makes links worse, in any way that a link can be bad (below)",
        ),
        (
            r#"DegradeNic(of: [Role("leader")], link: (delay: Exponential("20ms")))"#,
            "makes everything worse that these nodes send and receive",
        ),
        (
            r#"Ranks(of: [Service("db")], step: "20ms")"#,
            "what these send arrives as ever, a step later, two steps later, …, in an order drawn by the seed: who is first is always first",
        ),
        ("Heal", "ends every fault of the network"),
        (
            r#"Crash([Role("leader")])"#,
            "kills processes; what was synced remains, and perhaps part of what was not",
        ),
        ("PowerLoss([All])", "a crash after which nothing remains that was not synced; peers are not told"),
        (r#"Wipe([RandomOf("db", 1)])"#, "kills processes and erases their disks"),
        ("Restart([All])", "boots what is down"),
        (r#"Pause([Role("leader")])"#, "freezes processes: a garbage collection, SIGSTOP"),
        ("Resume([All])", "lets frozen processes go on"),
        (
            r#"Slow(of: [Role("leader")], factor: 10.0)"#,
            "what takes processor time takes so many times as long",
        ),
        (
            r#"ClockJump(of: [Role("leader")], by: Behind("5s"))"#,
            "sets clocks `Ahead` or `Behind`; back at the end",
        ),
        (r#"ClockDrift(of: [RandomOf("db", 1)], by: 0.01)"#, "clocks gain, or lose, this share of the time"),
        (
            r#"ClockStrobe(of: [Service("db")], by: Ahead("200ms"), every: "50ms")"#,
            "sets clocks off and right again, over and over",
        ),
        ("ClockReset([All])", "sets clocks right and ends their faults"),
        (r#"DiskSlow(of: [Role("leader")], factor: 50.0)"#, "writes and syncs take so many times as long"),
        (r#"DiskStall([Role("leader")])"#, "no sync is over before the fault is"),
        (
            r#"DiskFull([RandomOf("db", 1)])"#,
            "the next sync that writes fails, and the process stops until there is room",
        ),
        (
            r#"BitRot(of: [RandomOf("db", 1)], records: 3)"#,
            "damages synced records; a checksum tells at the next boot",
        ),
        (r#"Gray(LossyNic, [Role("leader")])"#, "a ready-made gray failure (below)"),
        (r#"End("split")"#, "ends the fault of this name"),
    ],
};

const GRAY: Section = Section {
    title: "Gray failures",
    place: r#"`do: Gray(…, [Role("leader")])`"#,
    entries: &[
        ("LossyNic", "loses one message in twenty, both ways"),
        ("LimpingNic", "has fallen back to one megabit a second"),
        ("JitteryNic", "adds 10 ms or more to half of all messages, and 200 ms or more to one in a hundred"),
        ("DeafNic", "sends and does not receive"),
        ("MuteNic", "receives and does not send"),
        ("SlowDisk", "a disk that takes fifty times as long"),
        ("SlowCpu", "a processor that takes ten times as long"),
    ],
};

const MOMENTS: Section = Section {
    title: "When",
    place: "keys of a fault; one of the first five says when it strikes",
    entries: &[
        (r#"at: "20s""#, "at this moment"),
        (r#"between: ("10s", "20s")"#, "at a moment in between, drawn by the seed"),
        (r#"every: "5s""#, "again and again; `from` and `to` say from when to when"),
        (r#"after: ("first", "5s")"#, "so long after another fault has struck"),
        (r#"when: RoleTaken("leader", 2)"#, "as soon as this comes true (below)"),
        (r#"from: "10s""#, "with `every` and `when`: not before this"),
        (r#"to: "40s""#, "with `every`: before this"),
        (r#"latest: "12s""#, "with `when`: then, if it has not come true"),
        (r#"lasts: "5s""#, "ends by itself after so long"),
        (r#"rolling: "3s""#, "hits the nodes of its picks one after another, so far apart"),
        (
            "keep: Quorum",
            "spares nodes so that a majority of every service is up, whole, and in no other fault's hands; a cut between groups that would leave none is not made, and one from clients is no harm to a service; default `Nothing`",
        ),
        (r#"name: "cut""#, "what reports and expectations call it"),
        (r#"say: "the leader is alone""#, "a sentence for the reader of the report"),
    ],
};

const CONDITIONS: Section = Section {
    title: "Conditions",
    place: "`when: …`",
    entries: &[
        (r#"Role("leader")"#, "some server has this role"),
        (r#"NoRole("leader")"#, "no server has it"),
        (r#"RoleTaken("leader", 2)"#, "it was taken so many times in the run"),
        ("Epoch(5)", "some server's term, epoch or ballot is at least this"),
        ("Answered(1000)", "so many calls of clients were answered with a result"),
        (r#"Shows("commit", 100)"#, "a server shows, under this label, a number of at least this"),
        (r#"RoleChange("db")"#, "a node of this service takes another role"),
        (r#"Unsynced("db")"#, "one has written what a crash may lose: it is not synced"),
        (r#"Handled("db", 30)"#, "they have handled so many inputs, from when the fault begins to wait"),
    ],
};

const PICKS: Section = Section {
    title: "Picks",
    place: "`do: Crash([…])`",
    entries: &[
        (r#"Node("db-1")"#, "this node"),
        (r#"Service("db")"#, "every node of this service; `clients` are one too"),
        (r#"Role("leader")"#, "every server that has this role when the fault strikes"),
        (r#"Zone("us-east-1a")"#, "every node in this zone"),
        (r#"Region("us-east-1")"#, "every node in this region"),
        ("Random(2)", "so many servers that are up, drawn by the seed"),
        (r#"RandomOf("db", 2)"#, "so many nodes of this service, drawn likewise"),
        (r#"TriggerOf("db")"#, "the node of this service at which `when` came true; else as `RandomOf`"),
        (r#"Minority("db")"#, "as many as are no majority: 2 of 5"),
        (r#"MinorityWith("db", "leader")"#, "a minority that whoever has this role belongs to"),
        (r#"MinorityWithout("db", "leader")"#, "a minority of those who do not have it"),
        (r#"Majority("db")"#, "the smallest majority: 3 of 5"),
        (r#"MajorityWith("db", "leader")"#, "a majority that whoever has this role belongs to"),
        (r#"MajorityWithout("db", "leader")"#, "a majority of those who do not have it"),
        ("All", "every server; clients are none"),
        ("Everybody", "every node, clients included, even who is named beside it"),
        ("Rest", "everybody whom this fault does not name otherwise, clients included"),
    ],
};

const NEMESIS: Section = Section {
    title: "Generators",
    place: r#"`nemesis: [(of: "db", …)]`: faults drawn by the seed before the run, each written into `plan.ron`"#,
    entries: &[
        (r#"name: "nemesis""#, "what its faults are called, followed by a number"),
        (r#"of: "db""#, "a mixture of ready-made faults for this service"),
        (
            r#"kinds: [(weight: 2.0, do: Crash([RandomOf("db", 1)])), (do: Halves([Service("db")]))]"#,
            "in place of `of`: which faults, and how often in proportion",
        ),
        (r#"gap: Exponential("3s")"#, "from one strike to the next"),
        (r#"gap_min: "500ms""#, "but at least this"),
        (r#"dwell: Uniform("1s", "4s")"#, "how long each lasts"),
        (r#"dwell_min: "500ms""#, "but at least this"),
        (r#"from: "5s""#, "the first strikes after this"),
        (r#"to: "50s""#, "the last is over by this"),
        ("at_once: 1", "so many in force at the same time, at most"),
        ("keep: Quorum", "the budget: as `keep` of a fault; default `Nothing`"),
        (
            "aim: 0.5",
            r#"with this probability a strike waits, for another gap at most, until a role changes, something is written that is not synced, or a few inputs were handled; `RandomOf("db", 1)` is then the node where that happened"#,
        ),
        ("swarm: 0.5", "each seed has each kind with this probability only (swarm testing)"),
    ],
};

const NODES: Section = Section {
    title: "Nodes",
    place: "keys of a service; `nic` and `zones` of `clients` too",
    entries: &[
        (r#"run: "raft""#, "the protocol"),
        ("nodes: 5", "how many; they are called `db-1` to `db-5`"),
        (
            r#"calls: "store""#,
            "the service that they call, if their protocol calls one; it stands before this one",
        ),
        (
            r#"beside: "files""#,
            "the service, before this one, on whose machines its nodes run: what they say to one another stays there, and `nic` and `zones` are said there; faults are aimed at nodes: name those of both",
        ),
        ("with: (reads: Lease)", "what the protocol is told; `sim list` shows its defaults"),
        (
            r#"host: (cores: 2, message: Constant("20us"), request: Exponential("100us"), queue: 1000)"#,
            "processor time of inputs, and a bounded run queue",
        ),
        (
            r#"disk: (sync: Uniform("500us", "2ms"), write: Constant("10us"), damage: Stop)"#,
            "a sync, what each record adds to it; a process that finds damage stops, or cuts it off (`Truncate`)",
        ),
        (
            r#"clock: (offset: "10ms", drift: 0.0001, timers: Monotonic)"#,
            "how wrong clocks are at most; whether timers follow when a clock is set (`Wall`)",
        ),
        (
            r#"nic: (up: (rate: "1Gbit/s"), down: (rate: "100MB/s", queue: "256KB", express: "1KB"))"#,
            "what all transfers of a node share; messages of at most `express` pass between the packets of larger ones",
        ),
        (r#"zones: ["us-east-1a", "us-east-1b"]"#, "where its nodes stand, in turn; names from `topology`"),
    ],
};

const LINKS: Section = Section {
    title: "Links",
    place: "keys of `network`, of each of its `links`, and of a fault's `link`",
    entries: &[
        (r#"delay: LogNormal(median: "1ms", p99: "8ms")"#, "from sending to arrival (below)"),
        ("loss: 0.001", "the probability that a message is lost"),
        (
            r#"bursts: (slot: "10ms", enter: 0.01, leave: 0.25, loss: 0.9)"#,
            "loss in bursts, after Gilbert and Elliott",
        ),
        ("duplicate: 0.01", "the probability that a message arrives twice"),
        (r#"reorder: (chance: 0.05, by: Exponential("20ms"))"#, "messages held back now and then"),
        ("corrupt: 0.001", "the probability that a message is damaged, and dropped by its receiver"),
        (
            r#"bandwidth: (rate: "10Mbit/s", queue: "64KB", express: "1KB")"#,
            "in `links` and a fault's `link`: a bottleneck that these messages share",
        ),
        (
            r#"transport: Stream(rto_min: "200ms", rto_max: "120s", syn_retries: 6, retries: 15)"#,
            "in `network` and `links`: connections, in order, sent again when lost; these are the defaults of `Stream()`, and without it all is `Datagram`",
        ),
        (
            r#"nic: (up: (rate: "1Gbit/s"))"#,
            "in `network`: how nodes are attached, where their service does not say",
        ),
        (
            r#"links: [(from: "db", to: "clients", delay: Constant("5ms"))]"#,
            "in `network`: exceptions by direction, from service or node to service or node",
        ),
    ],
};

const DELAYS: Section = Section {
    title: "Delays",
    place: "wherever a length of time is random",
    entries: &[
        (r#"Constant("1ms")"#, "always the same"),
        (r#"Uniform("1ms", "10ms")"#, "every length between the two is equally likely"),
        (
            r#"Normal(mean: "5ms", sd: "1ms")"#,
            "a bell without what would be below 0: drawn again, as it were",
        ),
        (
            r#"LogNormal(median: "1ms", p99: "8ms")"#,
            "a typical value and a long tail: the usual shape of networks",
        ),
        (r#"Exponential("5ms")"#, "memoryless, with this mean"),
        (r#"Pareto(min: "1ms", shape: 2.5)"#, "a heavy tail"),
        (r#"Empirical(["1ms", "1ms", "40ms"])"#, "one of these, each equally likely"),
        (r#"Mixture([(0.99, Constant("1ms")), (0.01, Exponential("80ms"))])"#, "one of these, by weight"),
    ],
};

const TOPOLOGY: Section = Section {
    title: "Topology",
    place: "keys of `topology`",
    entries: &[
        (
            r#"regions: { "us-east-1": ["us-east-1a", "us-east-1b"], "eu-west-1": ["eu-west-1a"] }"#,
            "regions and their zones; round trips are built in between those of AWS, as cloudping.co measured them in April 2022: af-south-1, ap-east-1, ap-northeast-1, ap-northeast-2, ap-northeast-3, ap-south-1, ap-southeast-1, ap-southeast-2, ca-central-1, eu-central-1, eu-north-1, eu-south-1, eu-west-1, eu-west-2, eu-west-3, me-south-1, sa-east-1, us-east-1, us-east-2, us-west-1, us-west-2",
        ),
        (
            r#"links: [(between: ("us-east-1", "eu-west-1"), rtt: "80ms")]"#,
            "round trips that are not built in, or are others",
        ),
        (r#"zones: "1ms""#, "the round trip between zones of a region"),
        (r#"hosts: "200us""#, "the round trip within a zone"),
        ("jitter: 0.2", "by how much the 99th percentile of a delay is above its median"),
    ],
};

const EXPECT: Section = Section {
    title: "Expectations",
    place: "`expect: […]`",
    entries: &[
        (
            "Linearizable",
            "what clients saw could have been seen of a service that does one operation at a time",
        ),
        (
            "Violates(Linearizable)",
            r#"a claim that is wanted to fail: `Linearizable`, `Always("…")`, `Sessions(…)`, `NoLostWrites(…)` or `Converges(…)`"#,
        ),
        (r#"Always("election safety")"#, "a property of a protocol holds throughout"),
        (r#"Sometimes("leader changed")"#, "a property of a protocol comes true at least once"),
        (r#"Never("leader changed")"#, "it does not, in this run"),
        (
            r#"Reached(what: "leader changed", within: "5s", not_before: "1s")"#,
            "such a property comes true for the first time so soon after the start, and not sooner",
        ),
        (
            r#"Times(what: "leader changed", at_least: 1, at_most: 3)"#,
            "it comes true so often, `at_least` or `at_most`, or in between",
        ),
        (
            r#"Availability(at_least: 0.99, during: "split", clients: ["client-1"], kind: "get")"#,
            "the share of operations served within their deadline is `at_least` or `at_most` this, or in between; of those \
             that were wanted during a fault, by these clients, or of this `kind`, if such are named",
        ),
        (
            r#"Latency(percentile: 99.0, at_most: "50ms", kind: "get")"#,
            "so many per cent of the answers took `at_least` or `at_most` this; `during`, `clients` and `kind` as above",
        ),
        ("Messages(at_most: 100000)", "so many messages were sent, `at_least` or `at_most`"),
        (
            "MessagesPerOperation(at_most: 12.0)",
            "the same (`at_least`, `at_most`), for each operation that was answered",
        ),
        (
            r#"Recovers(from: "split", within: "2s")"#,
            "operations are served again so soon after a fault strikes",
        ),
        (
            r#"Downtime(at_most: "1s")"#,
            "the longest stretch in which nobody was served, `at_least` or `at_most` so long",
        ),
        (
            r#"Effect(of: "split", what: LeaderChanges, at_least: 1)"#,
            "what a fault did, `at_least` or `at_most` so much: `Dropped`, `Delayed`, `Duplicated`, `Corrupted`, `Failed`, `Misled`, `Records`, `Nodes`, `Spared`, `RoleChanges`, `LeaderChanges`",
        ),
        (r#"QuorumLost("split")"#, "while it was in force, some service had no node that reached a majority"),
        (r#"QuorumKept("split")"#, "every service had one throughout"),
        (
            r#"Staleness(percentile: 99.0, at_most: "50ms", during: "split", clients: ["client-1"])"#,
            "how old what was read was, `at_least` or `at_most`: the time since a write that the read missed was \
             acknowledged; without a percentile of the stalest read",
        ),
        (
            "StaleReads(at_most: 0.01)",
            "the share of reads that were stale at all, `at_least` or `at_most` so much; `during` and `clients` as above",
        ),
        (
            "Sessions([ReadYourWrites, MonotonicReads])",
            "each client sees its own past; also `MonotonicWrites` and `WritesFollowReads`",
        ),
        (
            r#"NoLostWrites(within: "2s")"#,
            "when the faults are over and the calm part has begun, so long after the last write of a key its reads find every \
             acknowledged write, or a newer one; counters show every acknowledged update once, and sets what was added and cannot \
             have been removed",
        ),
        (r#"Converges(within: "2s")"#, "such reads find the same at every server"),
    ],
};
