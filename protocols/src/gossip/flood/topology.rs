//! Who is whose neighbour: a function of the positions, so that nobody stores it.

use crate::gossip::permutation::Permutation;
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// A graph of nodes, which are counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Topology {
    /// Rows as long as the square root of the number of nodes, rounded up; the last may be shorter.
    #[default]
    Grid,
    /// Each has a predecessor and a successor, but for the ends.
    Line,
    /// A line whose ends are joined.
    Ring,
    /// Each has so many children; the first node is the root.
    Tree(u32),
    /// All are neighbours of all.
    Total,
    /// So many neighbours for each, an even number: as many rings as half of that, each through all nodes in a random order of its
    /// own. Such graphs are random regular ones, as good as surely (Kim and Wormald, "Random matchings which induce Hamilton
    /// cycles", 2001). Where two rings share a link its ends have one neighbour less.
    Regular(u32),
}

impl Topology {
    /// The neighbours of a node of so many, in ascending order. `layout` gives random streams by number, the same for all nodes.
    pub fn neighbours(self, node: usize, count: usize, layout: impl Fn(u64) -> Rng) -> Vec<usize> {
        let mut all: Vec<usize> = match self {
            Topology::Grid => {
                let width = (1..).find(|width| width * width >= count).expect("some square is as large");
                let row = |other: &usize| other / width == node / width;
                let beside = [node.wrapping_sub(1), node + 1].into_iter().filter(row);
                beside.chain([node.wrapping_sub(width), node + width]).collect()
            }
            Topology::Line => vec![node.wrapping_sub(1), node + 1],
            Topology::Ring => vec![(node + count - 1) % count, (node + 1) % count],
            Topology::Tree(arity) => {
                let (arity, parent) = (arity as usize, node.checked_sub(1));
                let children = arity * node + 1..=arity * node + arity;
                parent.map(|before| before / arity).into_iter().chain(children).collect()
            }
            Topology::Total => (0..count).collect(),
            Topology::Regular(degree) => {
                let ring = |number| {
                    let order = Permutation::new(count as u64, &mut layout(number));
                    let (place, count) = (order.place(node as u64), count as u64);
                    [(place + count - 1) % count, (place + 1) % count].map(|place| order.at(place) as usize)
                };
                (0..u64::from(degree / 2)).flat_map(ring).collect()
            }
        };
        all.retain(|&other| other < count && other != node);
        all.sort_unstable();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::rng::{Keys, Purpose};

    fn graph(topology: Topology, count: usize) -> Vec<Vec<usize>> {
        let layout = |which| Keys::new(1).stream(Purpose::Layout, 0, which);
        (0..count).map(|node| topology.neighbours(node, count, layout)).collect()
    }

    #[test]
    fn all_graphs_are_connected_and_each_is_its_neighbours_neighbour() {
        let all = [
            Topology::Grid,
            Topology::Line,
            Topology::Ring,
            Topology::Tree(2),
            Topology::Tree(4),
            Topology::Total,
            Topology::Regular(4),
        ];
        for topology in all {
            for count in [1, 2, 3, 5, 24, 25, 100] {
                let graph = graph(topology, count);
                for (node, neighbours) in graph.iter().enumerate() {
                    assert!(
                        neighbours.iter().all(|&other| graph[other].contains(&node)),
                        "{topology:?} {count}"
                    );
                }
                let (mut seen, mut next) = (BTreeSet::from([0]), vec![0]);
                while let Some(node) = next.pop() {
                    next.extend(graph[node].iter().filter(|other| seen.insert(**other)));
                }
                assert_eq!(seen.len(), count, "{topology:?}");
            }
        }
    }

    #[test]
    fn random_graphs_are_regular_but_for_shared_links() {
        let graph = graph(Topology::Regular(4), 10_000);
        let links: usize = graph.iter().map(Vec::len).sum();
        assert!((39_950..=40_000).contains(&links), "{links}");
        assert!(graph.iter().all(|neighbours| (2..=4).contains(&neighbours.len())));
    }
}
