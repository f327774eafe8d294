//! The plans: who sends which chunk to whom, and in which order.

use super::{Config, Strategy};
use crate::chunks::optimal;
use sim_core::prelude::*;

/// One step of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transfer {
    /// It is begun when so many chunks have come.
    pub needs: u32,
    /// Which chunk.
    pub chunk: u32,
    /// To which node of the service.
    pub to: u32,
}

impl Config {
    /// What a node sends, in order.
    pub(super) fn plan(&self, me: u32, nodes: u32) -> Vec<Transfer> {
        let chunks = 0..self.chunks;
        let all = |chunk: u32, to: u32| Transfer { needs: 0, chunk, to };
        match self.plan {
            Strategy::ClientServer | Strategy::Senders(_) if me >= self.sources() => Vec::new(),
            Strategy::ClientServer | Strategy::Senders(_) => {
                let mine = (self.sources()..nodes).skip(me as usize).step_by(self.sources() as usize);
                mine.flat_map(|to| chunks.clone().map(move |chunk| all(chunk, to))).collect()
            }
            Strategy::Chain | Strategy::Tree(_) => {
                let children = if let Strategy::Tree(children) = self.plan { children } else { 1 };
                let first = u64::from(me) * u64::from(children) + 1;
                let mine =
                    first.min(nodes.into()) as u32..(first + u64::from(children)).min(nodes.into()) as u32;
                chunks.flat_map(|chunk| mine.clone().map(move |to| all(chunk, to))).collect()
            }
            Strategy::Optimal => optimal::plan(me as usize, nodes as usize, self.chunks),
        }
    }

    /// Who shares its corner of an optimal plan.
    pub(super) fn partner(&self, me: u32, nodes: u32) -> Option<u32> {
        let partner = || optimal::partner(me as usize, nodes as usize);
        partner().filter(|_| self.plan == Strategy::Optimal).map(|partner| partner as u32)
    }
}
