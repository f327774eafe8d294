//! What a distributed file system promises: files that are written once, chunk by chunk.

use crate::{
    text::Text,
    workload::{Shares, Workload},
};
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// The specification: a chunk has the content that was written to it first, for ever, and whoever writes to it later is told
/// that content. So it does no harm to write again what may have been written already.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Files {}

/// A chunk, by its file and its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The file.
    pub file: File,
    /// Which chunk of it, from 0.
    pub chunk: u32,
}

/// A file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// One that was there from the beginning, and what it says.
    Text(Text),
    /// What a job has made, by the job's number.
    Output(u64),
    /// One that a client writes.
    Key(u64),
}

/// What is in a chunk. A small text stands for a large one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Content {
    /// What it says.
    pub text: String,
    /// So many bytes it has on wires and disks.
    pub bytes: u64,
}

/// What may be asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Writes a chunk, unless it is written.
    Create(Name, Content),
    /// Reads a chunk.
    Read(Name),
    /// Where the chunks of a text are.
    Locate(Text),
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// The chunk has this content, whoever wrote it.
    Stands(Content),
    /// What it has, if it was written.
    Found(Option<Content>),
    /// By chunk, in order: its size, and the nodes that have it. Nothing if there is no such text. This is a hint, and no part
    /// of what is promised: clients do not ask for it, and nobody checks it.
    Places(Vec<Place>),
}

/// Where a chunk is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// How large it is.
    pub bytes: u64,
    /// Who has it.
    pub nodes: Vec<NodeId>,
}

impl Spec for Files {
    type Op = Op;
    type Ret = Ret;
    type State = BTreeMap<Name, Content>;

    fn apply(files: &mut Self::State, op: &Op) -> Ret {
        match op {
            Op::Create(name, content) => {
                Ret::Stands(files.entry(*name).or_insert_with(|| content.clone()).clone())
            }
            Op::Read(name) => Ret::Found(files.get(name).cloned()),
            Op::Locate(_) => Ret::Places(Vec::new()),
        }
    }

    fn key(op: &Op) -> u64 {
        match op {
            Op::Create(Name { file: File::Key(key), .. }, _)
            | Op::Read(Name { file: File::Key(key), .. }) => *key,
            Op::Create(..) | Op::Read(_) | Op::Locate(_) => u64::MAX,
        }
    }

    fn is_read(op: &Op) -> bool {
        match op {
            Op::Create(..) => false,
            Op::Read(_) | Op::Locate(_) => true,
        }
    }

    fn kind(op: &Op) -> &'static str {
        match op {
            Op::Create(..) => "create",
            Op::Read(_) => "read",
            Op::Locate(_) => "locate",
        }
    }
}

impl Message for Name {
    fn bytes(&self) -> u64 {
        16
    }
}
impl Message for Content {
    fn bytes(&self) -> u64 {
        4 + self.bytes
    }
}
impl Message for Op {
    fn bytes(&self) -> u64 {
        match self {
            Op::Create(name, content) => name.bytes() + content.bytes(),
            Op::Read(name) => name.bytes(),
            Op::Locate(text) => text.bytes(),
        }
    }
}
impl Message for Ret {
    fn bytes(&self) -> u64 {
        match self {
            Ret::Stands(content) => content.bytes(),
            Ret::Found(content) => content.bytes(),
            Ret::Places(places) => places.iter().map(|place| 8 + 4 * place.nodes.len() as u64).sum(),
        }
    }
}

/// The most bytes of a chunk.
pub(super) const CHUNK_MAX: u64 = 1 << 40;

/// Shares of the kinds of operation, and how large what clients write is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mix {
    /// Writes of a chunk that may be written already.
    pub create: f64,
    /// Reads.
    pub read: f64,
    /// The size of what is written.
    pub size: sim_core::size::Bytes,
}

impl Default for Mix {
    fn default() -> Mix {
        Mix { create: 0.5, read: 0.5, size: sim_core::size::Bytes(1_000_000) }
    }
}

impl Mix {
    fn shares(&self) -> Shares<2> {
        Shares([("create", self.create), ("read", self.read)])
    }
}

impl Workload for Files {
    type Mix = Mix;
    type Memory = ();
    const MIX: &'static str = "create and read: a share each; size, of what is written";

    fn check(mix: &Mix) -> Result<(), String> {
        mix.shares().check("operation")?;
        match mix.size.0 {
            1..=CHUNK_MAX => Ok(()),
            _ => Err(format!("`size`: {} are no chunk; `1MB` would do", mix.size)),
        }
    }
    fn draw(mix: &Mix, key: u64, fresh: u64, (): &(), rng: &mut Rng) -> Op {
        let name = Name { file: File::Key(key), chunk: 0 };
        match mix.shares().draw(rng) {
            "create" => Op::Create(name, Content { text: fresh.to_string(), bytes: mix.size.0 }),
            _ => Op::Read(name),
        }
    }
    fn learn((): &mut (), _: &Op, _: &Ret) {}
}
