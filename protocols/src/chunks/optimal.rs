//! A plan that is as fast as any: M − 1 + ⌈log₂(N + 1)⌉ rounds, whatever the numbers of receivers N and chunks M.
//!
//! After §2.3.2 of "On cooperative content distribution and the price of barter" (Ganesan and Seshadri, ICDCS 2005); the
//! bound is that of Mundinger, Weber and Weiss (2008). With N + 1 = 2^m the nodes are the corners of a hypercube, the source
//! corner 0. In round t each exchanges with its neighbour along dimension t mod m: the source gives chunk t (the last one when
//! there are no more), every other node the newest chunk that it has. Chunk t thus goes to one corner in round t and doubles
//! until, m rounds later, everybody has it.
//!
//! For numbers in between two nodes share a corner, all but the source's as far as needed, and act as one. In each round one
//! of the two, which must have the chunk that is due, gives it outside, and the other takes what comes from outside; meanwhile
//! that other gives the first what it lacks. Each lacks at most one chunk that the other has, so one more round at the end
//! makes both whole. The rounds are nobody's to call: a node begins what it does in a round when everything has come that the
//! rounds before bring to its corner: the two there tell each other. Left out: what to do when somebody is late, slow or dead;
//! a plan has no answer to that.

use super::{push::Transfer, store::Bits};
use sim_core::prelude::*;

/// The corners, and who stands there.
struct Cube {
    nodes: usize,
    dimensions: u32,
    chunks: u32,
}

/// What a corner does in a round. Nodes are told by which of the two at the corner they are.
#[derive(Clone, Copy, Default)]
struct Round {
    /// Which one gives outside, and what.
    gives: usize,
    chunk: Option<u32>,
    /// What the other one takes from outside, if that is news.
    takes: Option<u32>,
    /// What it gives to the first meanwhile.
    within: Option<u32>,
}

impl Cube {
    fn corners(&self) -> usize {
        1 << self.dimensions
    }
    fn corner(&self, node: usize) -> usize {
        if node < self.corners() { node } else { node - self.corners() + 1 }
    }
    /// The nodes at a corner: one, or two.
    fn pair(&self, corner: usize) -> [usize; 2] {
        let second = corner + self.corners() - 1;
        [corner, if corner > 0 && second < self.nodes { second } else { corner }]
    }
    fn across(&self, corner: usize, round: u32) -> usize {
        corner ^ 1 << (round % self.dimensions)
    }

    /// The chunk that a corner gives in a round: the newest that it has. Chunk b has come there by now if all its dimensions
    /// are among those of the rounds since b, and b's own is one of them.
    fn newest(&self, corner: usize, round: u32) -> Option<u32> {
        if corner == 0 {
            return Some(round.min(self.chunks - 1));
        }
        if round < self.dimensions && corner >> round != 0 {
            return None;
        }
        let came = |&back: &u32| corner >> ((round - back) % self.dimensions) & 1 == 1;
        let back = (1..=self.dimensions.min(round)).rev().find(came)?;
        Some((round - back).min(self.chunks - 1))
    }

    /// Everything that happens at a corner, round by round.
    fn history(&self, corner: usize) -> Vec<Round> {
        let pair = self.pair(corner)[0] != self.pair(corner)[1];
        let mut have = Bits::none(self.chunks);
        // Of each of the two: the one chunk that only the other has.
        let mut lacks: [Option<u32>; 2] = [None; 2];
        let mut rounds = Vec::new();
        for round in 0..self.chunks - 1 + self.dimensions {
            let chunk = self.newest(corner, round);
            let comes = self.newest(self.across(corner, round), round);
            let takes = comes.filter(|&chunk| corner > 0 && have.add(chunk));
            let able = |who: usize| chunk.is_none() || lacks[who] != chunk;
            // Who lacks something gives outside, if it can: then it is given that.
            let gives = match (able(0) && lacks[0].is_some(), able(1)) {
                (true, _) => 0,
                (false, true) if pair => 1,
                _ => 0,
            };
            let within = lacks[gives].take();
            rounds.push(Round { gives, chunk, takes, within });
            if pair && takes.is_some() {
                lacks[gives] = takes;
            }
        }
        if pair {
            // One round more, in which each gives the other what that lacks.
            rounds.push(Round { gives: 0, chunk: lacks[1], takes: None, within: lacks[0] });
        }
        rounds
    }
}

/// Who shares its corner with node number `me` of so many.
pub fn partner(me: usize, nodes: usize) -> Option<usize> {
    let cube = Cube { nodes, dimensions: nodes.checked_ilog2()?, chunks: 0 };
    cube.pair(cube.corner(me)).into_iter().find(|other| *other != me)
}

/// What node number `me` of so many sends, in its order, where node 0 is the source.
pub fn plan(me: usize, nodes: usize, chunks: u32) -> Vec<Transfer> {
    let mut transfers = Vec::new();
    if nodes < 2 || chunks == 0 {
        return transfers;
    }
    let cube = Cube { nodes, dimensions: nodes.ilog2(), chunks };
    let corner = cube.corner(me);
    let pair = cube.pair(corner);
    let alone = pair[0] == pair[1];
    let mine = usize::from(me != pair[0]);
    let neighbours: Vec<Vec<Round>> =
        (0..cube.dimensions).map(|round| cube.history(cube.across(corner, round))).collect();
    let mut held = if me == 0 { chunks } else { 0 };
    for (number, round) in cube.history(corner).iter().enumerate() {
        let mut send = |chunk: Option<u32>, to: usize| {
            transfers.extend(chunk.map(|chunk| Transfer { needs: held, chunk, to: to as u32 }));
        };
        let last = number as u32 == chunks - 1 + cube.dimensions;
        if last && round.gives == mine {
            send(round.chunk, pair[1]);
        } else if round.gives == mine || alone {
            let there = cube.across(corner, number as u32);
            let other = neighbours[number % cube.dimensions as usize][number];
            let receiver = cube.pair(there);
            // Where two stand, the one that does not give takes.
            let receiver = if receiver[0] == receiver[1] { receiver[0] } else { receiver[1 - other.gives] };
            send(round.chunk.filter(|_| other.takes.is_some()), receiver);
        } else {
            send(round.within, pair[round.gives]);
        }
        let outside = round.takes.is_some() && (alone || round.gives != mine);
        let within = round.within.is_some() && round.gives == mine && !last;
        // What the other one at the corner takes from outside, it tells.
        held += u32::from(outside) + u32::from(within) + u32::from(round.takes.is_some() && !outside);
    }
    transfers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunks::bounds;

    /// Plays the plans round by round: everybody sends one chunk a round, if it has what the plan asks for. Returns the rounds
    /// that it takes until all have all.
    fn rounds(nodes: usize, chunks: u32) -> u64 {
        let mut plans: Vec<_> = (0..nodes).map(|me| plan(me, nodes, chunks).into_iter().peekable()).collect();
        let mut have: Vec<Bits> = (0..nodes).map(|_| Bits::none(chunks)).collect();
        have[0] = Bits::all(chunks);
        let mut told = vec![0; nodes];
        for round in 0..u64::from(4 * chunks) + 100 {
            if have.iter().all(|have| have.count() == chunks) {
                return round;
            }
            let mut sent: Vec<(usize, Transfer)> = Vec::new();
            for (me, (plan, have)) in plans.iter_mut().zip(&have).enumerate() {
                let ready = |next: &Transfer| have.count() + told[me] >= next.needs && have.has(next.chunk);
                sent.extend(plan.next_if(ready).map(|next| (me, next)));
            }
            let mut receivers = BTreeSet::new();
            for (from, Transfer { chunk, to, .. }) in sent {
                let partner = partner(to as usize, nodes).filter(|partner| *partner != from);
                partner.into_iter().for_each(|partner| told[partner] += 1);
                assert!(receivers.insert(to), "one chunk a round for node {to}, of {nodes}, {chunks} chunks");
                assert!(have[to as usize].add(chunk), "nobody is sent what it has");
            }
        }
        panic!("{nodes} nodes, {chunks} chunks: not over")
    }

    #[test]
    fn the_plan_is_as_fast_as_the_bound_for_any_number_of_receivers_and_chunks() {
        for receivers in 1..=70 {
            for chunks in [1, 2, 3, 4, 5, 7, 8, 10, 13, 20] {
                let bound = bounds::rounds(receivers, u64::from(chunks));
                assert_eq!(
                    rounds(receivers as usize + 1, chunks),
                    bound,
                    "{receivers} receivers, {chunks} chunks"
                );
            }
        }
        assert_eq!(rounds(1_001, 100), 109);
    }
}
