//! The linearizability checker on recorded histories: our own small ones in `tests/histories`, and those that other
//! checkers (porcupine, knossos) are tested with, wherever the corpora lie beside the repository.

use serde_json::Value;
use sim_core::{
    check::linearizability::{Budget, Finding, Resource, Verdict, Witness, linearizable},
    history::{Call, History, Outcome},
    protocol::NodeId,
    spec::{Message, Spec},
    time::Time,
};
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// Registers with compare-and-set, by key; without value at the start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Registers {}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct RegisterOp {
    key: u64,
    action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Action {
    Get,
    Put(i64),
    Cas(i64, i64),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum RegisterRet {
    Value(Option<i64>),
    Done,
    Swapped(bool),
}

impl Message for RegisterOp {
    fn bytes(&self) -> u64 {
        24
    }
}
impl Message for RegisterRet {
    fn bytes(&self) -> u64 {
        9
    }
}
impl Spec for Registers {
    type Op = RegisterOp;
    type Ret = RegisterRet;
    type State = Option<i64>;
    fn apply(state: &mut Option<i64>, op: &RegisterOp) -> RegisterRet {
        match op.action {
            Action::Get => RegisterRet::Value(*state),
            Action::Put(value) => {
                *state = Some(value);
                RegisterRet::Done
            }
            Action::Cas(from, to) => {
                let swaps = *state == Some(from);
                if swaps {
                    *state = Some(to);
                }
                RegisterRet::Swapped(swaps)
            }
        }
    }
    fn key(op: &RegisterOp) -> u64 {
        op.key
    }
    fn is_read(op: &RegisterOp) -> bool {
        op.action == Action::Get
    }
    fn kind(_: &RegisterOp) -> &'static str {
        "register"
    }
}

/// Strings by key; empty at the start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Strings {}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum StringOp {
    Get(u64),
    Put(u64, String),
    Append(u64, String),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Text(String);

impl Message for StringOp {
    fn bytes(&self) -> u64 {
        16
    }
}
impl Message for Text {
    fn bytes(&self) -> u64 {
        self.0.len() as u64
    }
}
impl Spec for Strings {
    type Op = StringOp;
    type Ret = Text;
    type State = String;
    fn apply(state: &mut String, op: &StringOp) -> Text {
        match op {
            StringOp::Get(_) => return Text(state.clone()),
            StringOp::Put(_, value) => state.clone_from(value),
            StringOp::Append(_, value) => state.push_str(value),
        }
        Text(String::new())
    }
    fn key(op: &StringOp) -> u64 {
        match op {
            StringOp::Get(key) | StringOp::Put(key, _) | StringOp::Append(key, _) => *key,
        }
    }
    fn is_read(op: &StringOp) -> bool {
        matches!(op, StringOp::Get(_))
    }
    fn kind(_: &StringOp) -> &'static str {
        "string"
    }
}

/// A history from a log: the moments are the numbers of its lines.
struct Recorder<S: Spec> {
    history: History<S>,
    /// The open call of each process.
    open: BTreeMap<String, usize>,
}

impl<S: Spec> Recorder<S> {
    fn new() -> Self {
        Recorder { history: History::default(), open: BTreeMap::new() }
    }

    fn invoke(&mut self, process: &str, op: S::Op, line: usize) {
        let called = Time(line as u64);
        let client = NodeId(process.parse().expect("a process is a number"));
        let call = Call {
            client,
            server: NodeId(0),
            operation: 0,
            op,
            intended: called,
            called,
            outcome: Outcome::Unknown,
        };
        let before = self.open.insert(process.to_owned(), self.history.calls.len());
        assert_eq!(before, None, "process {process} waits for an answer in line {line}");
        self.history.calls.push(call);
    }

    /// The end of the open call of `process`; unless it is unknown, `outcome` is told what was asked, and when.
    fn complete(
        &mut self,
        process: &str,
        line: usize,
        outcome: impl FnOnce(&S::Op, Time) -> Outcome<S::Ret>,
    ) {
        let index = self
            .open
            .remove(process)
            .unwrap_or_else(|| panic!("process {process} asked nothing: line {line}"));
        let call = &mut self.history.calls[index];
        call.outcome = outcome(&call.op, Time(line as u64));
    }
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is not a number"))
}

fn optional(text: &str) -> Option<i64> {
    (text != "nil").then(|| number(text))
}

fn action(name: &str, value: &str) -> Action {
    match name {
        ":read" => Action::Get,
        ":write" => Action::Put(number(value)),
        ":cas" => {
            let inner = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).expect("[from to]");
            let (from, to) = inner.split_once(' ').expect("two numbers");
            Action::Cas(number(from), number(to))
        }
        _ => panic!("no such function: {name}"),
    }
}

/// What an answered call returned, when its log line says that it went well.
fn success(op: &RegisterOp, value: &str) -> RegisterRet {
    match op.action {
        Action::Get => RegisterRet::Value(optional(value)),
        Action::Put(_) => RegisterRet::Done,
        Action::Cas(..) => RegisterRet::Swapped(true),
    }
}

/// Jepsen's log of etcd: `INFO  jepsen.util - <process> <:invoke|:ok|:fail|:info> <function> <value>`. A failed swap
/// says that the value was another; whatever timed out may have happened.
fn parse_etcd(text: &str) -> History<Registers> {
    let mut recorder = Recorder::new();
    for (line, content) in text.lines().enumerate() {
        let Some(content) = content.strip_prefix("INFO  jepsen.util - ") else {
            panic!("line {line} is not an event: {content}");
        };
        let fields: Vec<&str> = content.split('\t').map(str::trim).collect();
        let [process, kind, function, value] = fields[..] else {
            panic!("line {line}: four fields expected: {content}")
        };
        match (kind, function, value) {
            (":invoke", _, value) => {
                recorder.invoke(process, RegisterOp { key: 0, action: action(function, value) }, line)
            }
            (":ok", _, value) => {
                recorder.complete(process, line, |op, at| Outcome::Ok(success(op, value), at))
            }
            (":info", _, ":timed-out") | (":fail", ":read", ":timed-out") => {
                recorder.complete(process, line, |_, _| Outcome::Unknown);
            }
            (":fail", ":cas", _) => {
                recorder.complete(process, line, |_, at| Outcome::Ok(RegisterRet::Swapped(false), at));
            }
            _ => panic!("line {line}: not known: {content}"),
        }
    }
    recorder.history
}

/// The value of `:name` in an EDN map without maps inside, and without commas in strings.
fn field<'t>(map: &'t str, name: &str) -> &'t str {
    let inner = map.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let mut pairs =
        inner.unwrap_or_else(|| panic!("not a map: {map}")).split(", ").map(|pair| pair.split_once(' '));
    let found = pairs.find_map(|pair| pair.filter(|(key, _)| *key == name));
    found.unwrap_or_else(|| panic!("no {name} in {map}")).1
}

fn quoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or_else(|| panic!("not a string: {text}"))
}

/// Knossos: a vector of maps. `:fail` did not happen, `:info` may have.
fn parse_knossos(text: &str) -> History<Registers> {
    let mut recorder = Recorder::new();
    let inner = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).expect("a vector");
    for (line, map) in inner.lines().map(str::trim).enumerate() {
        let (process, value) = (field(map, ":process"), field(map, ":value"));
        match field(map, ":type") {
            ":invoke" => {
                recorder.invoke(
                    process,
                    RegisterOp { key: 0, action: action(field(map, ":f"), value) },
                    line,
                );
            }
            ":ok" => recorder.complete(process, line, |op, at| Outcome::Ok(success(op, value), at)),
            ":fail" => recorder.complete(process, line, |_, at| Outcome::Refused(at)),
            ":info" => recorder.complete(process, line, |_, _| Outcome::Unknown),
            other => panic!("line {line}: no such type: {other}"),
        }
    }
    recorder.history
}

/// Porcupine's map of strings: a map per line; every call is answered.
fn parse_strings(text: &str) -> History<Strings> {
    let mut recorder = Recorder::new();
    for (line, map) in text.lines().enumerate() {
        let (process, value) = (field(map, ":process"), field(map, ":value"));
        let key = quoted(field(map, ":key")).parse().expect("keys are numbers");
        match (field(map, ":type"), field(map, ":f")) {
            (":invoke", ":get") => recorder.invoke(process, StringOp::Get(key), line),
            (":invoke", ":put") => {
                recorder.invoke(process, StringOp::Put(key, quoted(value).to_owned()), line)
            }
            (":invoke", ":append") => {
                recorder.invoke(process, StringOp::Append(key, quoted(value).to_owned()), line)
            }
            (":ok", ":get") => {
                recorder.complete(process, line, |_, at| Outcome::Ok(Text(quoted(value).to_owned()), at));
            }
            (":ok", ":put" | ":append") => {
                recorder.complete(process, line, |_, at| Outcome::Ok(Text(String::new()), at));
            }
            other => panic!("line {line}: no such event: {other:?}"),
        }
    }
    recorder.history
}

/// A history of our own: `<client> get|put <n>|cas <n> <n> [key <n>] -> ok|?|refused|<n> [<called> <returned>]`.
fn parse_own(text: &str) -> History<Registers> {
    let lines = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    History { calls: lines.map(parse_own_call).collect(), ..History::default() }
}

fn parse_own_call(line: &str) -> Call<Registers> {
    let (asked, told) = line.split_once(" -> ").expect("an arrow");
    let (asked, key) = asked.split_once(" key ").unwrap_or((asked, "0"));
    let asked: Vec<&str> = asked.split(' ').collect();
    let action = match asked[1..] {
        ["get"] => Action::Get,
        ["put", value] => Action::Put(number(value)),
        ["cas", from, to] => Action::Cas(number(from), number(to)),
        _ => panic!("not an operation: {line}"),
    };
    let (ret, times) =
        told.strip_suffix(']').and_then(|told| told.split_once(" [")).expect("times in brackets");
    let times: Vec<u64> = times.split(' ').map(|time| time.parse().expect("a time")).collect();
    let outcome = match (ret, &action) {
        ("?", _) => Outcome::Unknown,
        ("refused", _) => Outcome::Refused(Time(times[1])),
        ("ok", Action::Put(_)) => Outcome::Ok(RegisterRet::Done, Time(times[1])),
        ("nil", Action::Get) => Outcome::Ok(RegisterRet::Value(None), Time(times[1])),
        (value, Action::Get) => Outcome::Ok(RegisterRet::Value(Some(number(value))), Time(times[1])),
        (value, Action::Cas(..)) => Outcome::Ok(RegisterRet::Swapped(number(value) == 1), Time(times[1])),
        (_, Action::Put(_)) => panic!("not an answer: {line}"),
    };
    let (called, client) = (Time(times[0]), NodeId(asked[0].parse().expect("a client")));
    let op = RegisterOp { key: key.parse().expect("a key"), action };
    Call { client, server: NodeId(0), operation: 0, op, intended: called, called, outcome }
}

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    // Straight to standard error: what `println!` says in a test that passes is never seen.
    let _ = writeln!(std::io::stderr(), "skipped: there is no {}", path.display());
    None
}

fn verdicts(path: &Path) -> BTreeMap<String, Value> {
    let text = fs::read_to_string(path).expect("verdicts can be read");
    let mut json: Value = serde_json::from_str(&text).expect("verdicts are JSON");
    serde_json::from_value(json["data"].take()).expect("a verdict per history")
}

/// Panics without a verdict; checks that a violation's core is one too.
fn is_linearizable<S: Spec>(name: &str, history: &History<S>) -> bool {
    let Verdict { finding, counts } = linearizable(history, Budget::default());
    match finding {
        Finding::Linearizable => true,
        Finding::Unknown(shortage) => panic!("{name}: {shortage:?} with {counts:?}"),
        Finding::Violated(witness) => {
            println!("{name}: {counts:?}\n{}", witness.lines.join("\n"));
            let core = only(history, &witness.core);
            assert!(witness.core.contains(&witness.call), "{name}");
            assert!(matches!(linearizable(&core, Budget::default()).finding, Finding::Violated(_)), "{name}");
            assert!(!witness.possible.is_empty(), "{name}");
            false
        }
    }
}

fn only<S: Spec>(history: &History<S>, calls: &[usize]) -> History<S> {
    History { calls: calls.iter().map(|&index| history.calls[index].clone()).collect(), ..History::default() }
}

fn violation(history: &History<Registers>) -> Box<Witness> {
    match linearizable(history, Budget::default()).finding {
        Finding::Violated(witness) => witness,
        Finding::Linearizable => panic!("linearizable"),
        Finding::Unknown(shortage) => panic!("{shortage:?}"),
    }
}

#[test]
fn etcd_histories_have_the_verdicts_of_porcupine() {
    let (Some(logs), Some(oracle)) =
        (shared("corpora/porcupine/jepsen"), shared("oracles/porcupine_verdicts.json"))
    else {
        return;
    };
    let mut checked = 0;
    for (name, verdict) in verdicts(&oracle) {
        let history = parse_etcd(&fs::read_to_string(logs.join(&name)).expect("a log per verdict"));
        assert_eq!(is_linearizable(&name, &history), verdict.as_bool().expect("yes or no"), "{name}");
        checked += 1;
    }
    assert_eq!(checked, 50);
}

#[test]
fn maps_of_strings_have_the_verdicts_of_porcupine() {
    let (Some(logs), Some(oracle)) =
        (shared("corpora/porcupine/kv"), shared("oracles/porcupine_kv_verdicts.json"))
    else {
        return;
    };
    let mut checked = 0;
    for (name, verdict) in verdicts(&oracle) {
        let history =
            parse_strings(&fs::read_to_string(logs.join(format!("{name}.txt"))).expect("a log per verdict"));
        assert_eq!(is_linearizable(&name, &history), verdict.as_bool().expect("yes or no"), "{name}");
        checked += 1;
    }
    assert_eq!(checked, 4);
}

#[test]
fn registers_under_memory_stress_have_the_verdicts_of_knossos() {
    let (Some(logs), Some(oracle)) = (shared("corpora/knossos"), shared("oracles/knossos_verdicts.json"))
    else {
        return;
    };
    let mut checked = 0;
    for (name, verdict) in verdicts(&oracle) {
        let file = logs.join(name.rsplit('/').next().expect("a file name"));
        if !file.exists() {
            continue;
        }
        let history = parse_knossos(&fs::read_to_string(&file).expect("a history"));
        assert_eq!(
            is_linearizable(&name, &history),
            verdict["init_nil"].as_bool().expect("yes or no"),
            "{name}"
        );
        checked += 1;
    }
    assert_eq!(checked, 50);
}

#[test]
fn own_histories_have_the_verdicts_they_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").path()).collect();
    files.sort();
    let (mut good, mut bad) = (0, 0);
    for path in files {
        let text = fs::read_to_string(&path).expect("a history");
        let name = path.display().to_string();
        let named = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let history = parse_own(&text);
        match named("verdict:").expect("a verdict") {
            "linearizable" => {
                assert!(is_linearizable(&name, &history), "{name}");
                good += 1;
            }
            "violated" => {
                assert!(!is_linearizable(&name, &history), "{name}");
                let witness = violation(&history);
                let core: Vec<String> = witness.core.iter().map(usize::to_string).collect();
                assert_eq!(Some(witness.call.to_string().as_str()), named("unexplained:"), "{name}");
                assert_eq!(Some(core.join(" ").as_str()), named("core:"), "{name}");
                bad += 1;
            }
            other => panic!("{name}: no such verdict: {other}"),
        }
    }
    assert!(good >= 3);
    assert!(bad >= 3);
}

#[test]
fn a_witness_says_what_a_person_needs() {
    let history = parse_own(include_str!("histories/stale-read.txt"));
    let expected = "\
key 0: nothing explains the answer to
  call 4, client-4: RegisterOp { key: 0, action: Get } -> Value(Some(1)) [40ns .. 50ns]
just before it, at 50ns, the state could only be
  Some(2), made by call 1
these alone cannot be ordered
  call 0, client-1: RegisterOp { key: 0, action: Put(1) } -> Done [0s .. 10ns]
  call 1, client-2: RegisterOp { key: 0, action: Put(2) } -> Done [20ns .. 30ns]
  call 4, client-4: RegisterOp { key: 0, action: Get } -> Value(Some(1)) [40ns .. 50ns]";
    assert_eq!(violation(&history).lines.join("\n"), expected);
}

/// A generator of numbers, to be the same for ever (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ word >> 31) % end
    }
}

/// What `clients` do one after another, half of it reads, each at a random moment of its call. Of the writes, all of
/// different values, `lost` in a hundred get no answer, and of these half happen, some of them late.
fn invent(calls: u64, clients: u64, keys: u64, lost: u64) -> History<Registers> {
    let numbers = &mut Numbers(calls + keys);
    let mut free: Vec<u64> = (0..clients).collect();
    let mut planned = Vec::new();
    for index in 0..calls {
        let client = (0..clients).min_by_key(|&client| free[client as usize]).expect("clients");
        let called = free[client as usize];
        let returned = called + 10 + numbers.below(1000);
        free[client as usize] = returned + 1 + numbers.below(20);
        let is_write = numbers.below(2) == 0;
        let is_lost = is_write && numbers.below(100) < lost;
        let late = if is_lost { numbers.below(10_000) } else { 0 };
        let moment = called + numbers.below(returned - called + 1) + late;
        let action = if is_write { Action::Put(index as i64) } else { Action::Get };
        planned.push((
            moment,
            called,
            returned,
            is_lost,
            RegisterOp { key: numbers.below(keys), action },
            client as u32,
        ));
    }
    planned.sort_by_key(|plan| plan.0);
    let mut states = vec![None; keys as usize];
    let mut history = History::default();
    for (_, called, returned, is_lost, op, client) in planned {
        let (state, called, client) = (&mut states[op.key as usize], Time(called), NodeId(client));
        let outcome = match is_lost {
            false => Outcome::Ok(Registers::apply(state, &op), Time(returned)),
            true => {
                if numbers.below(2) == 0 {
                    Registers::apply(state, &op);
                }
                Outcome::Unknown
            }
        };
        history.calls.push(Call {
            client,
            server: NodeId(0),
            operation: 0,
            op,
            intended: called,
            called,
            outcome,
        });
    }
    history.calls.sort_by_key(|call| call.called);
    history
}

/// Makes a late read of key 0 return what one fifty reads earlier did. Returns its index.
fn make_stale(history: &mut History<Registers>) -> usize {
    let is_read = |call: &Call<Registers>| call.op == RegisterOp { key: 0, action: Action::Get };
    let reads: Vec<usize> =
        (0..history.calls.len()).filter(|&index| is_read(&history.calls[index])).collect();
    let [old, .., late] = reads[reads.len() - 60..reads.len() - 9] else { unreachable!("more than two") };
    let Outcome::Ok(ret, _) = history.calls[old].outcome.clone() else { panic!("every read is answered") };
    let Outcome::Ok(fresh, at) = history.calls[late].outcome.clone() else {
        panic!("every read is answered")
    };
    assert_ne!(ret, fresh);
    history.calls[late].outcome = Outcome::Ok(ret, at);
    late
}

#[test]
fn long_histories_are_decided_good_and_bad() {
    for (calls, clients, keys, lost) in [(20_000, 10, 1, 0), (5_000, 10, 1, 6), (100_000, 100, 100, 1)] {
        let mut history = invent(calls, clients, keys, lost);
        let verdict = linearizable(&history, Budget::default());
        assert_eq!(verdict.finding, Finding::Linearizable);
        println!("{:?}", verdict.counts);
        let stale = make_stale(&mut history);
        let witness = violation(&history);
        assert_eq!(witness.call, stale);
        assert!(witness.core.len() <= 6, "{}", witness.lines.join("\n"));
        assert!(matches!(
            linearizable(&only(&history, &witness.core), Budget::default()).finding,
            Finding::Violated(_)
        ));
    }
}

#[test]
fn out_of_budget_is_no_verdict() {
    let history = invent(2_000, 10, 1, 10);
    let all = linearizable(&history, Budget::default());
    assert_eq!(all.finding, Finding::Linearizable);
    let less = linearizable(&history, Budget { steps: all.counts.steps / 2, ..Budget::default() });
    assert!(matches!(less.finding, Finding::Unknown(shortage) if shortage.of == Resource::Steps), "{less:?}");
    let less = linearizable(&history, Budget { words: 1_000, ..Budget::default() });
    assert!(matches!(less.finding, Finding::Unknown(shortage) if shortage.of == Resource::Words), "{less:?}");
}

#[test]
fn a_hard_key_does_not_hide_a_violation_of_another() {
    let mut history = invent(2_000, 10, 1, 10);
    let bad = parse_own("0 put 1 key 1 -> ok [0 10]\n0 get key 1 -> 2 [20 30]");
    history.calls.extend(bad.calls);
    let verdict = linearizable(&history, Budget { steps: 1_000, ..Budget::default() });
    assert_eq!(verdict.counts.keys_undecided, 1);
    assert!(matches!(verdict.finding, Finding::Violated(witness) if witness.key == 1));
}

/// Many unanswered writes on one key and a read of another, with next to no budget: said so, and no more spent than given.
#[test]
fn a_budget_that_is_spent_is_spent_and_not_more() {
    use protocols::kv::{Kv, Op, Ret};
    let call = |op, at: u64, outcome| sim_core::history::Call::<Kv> {
        client: NodeId(0),
        server: NodeId(1),
        operation: 0,
        op,
        intended: Time(at),
        called: Time(at),
        outcome,
    };
    let mut calls: Vec<_> = (0..100).map(|i| call(Op::Put(1, i), i, Outcome::Unknown)).collect();
    calls.push(call(Op::Get(2), 200, Outcome::Ok(Ret::Value(None), Time(201))));
    for steps in [0, 1, 10, 99, 100, 101, 1000] {
        let budget = Budget { steps, ..Budget::default() };
        let verdict = linearizable(&History { calls: calls.clone(), ..History::default() }, budget);
        assert!(verdict.counts.steps <= steps, "{steps}: {:?}", verdict.counts);
        assert!(!matches!(verdict.finding, Finding::Violated(_)));
    }
}
