//! Election on a ring. After "An improved algorithm for decentralized extrema-finding in circular configurations of
//! processes" (Chang and Roberts, CACM 22(5), 1979); that who has not begun is drawn in by the messages of others, and that
//! the winner announces itself, as in §15.3 of "Distributed Systems" (Coulouris et al., 5th edition, 2011).
//!
//! Every node has a number that no other has, and speaks to its successor only. It sends its own number; it passes on those
//! that are greater, and swallows those that are smaller. A number that comes back to its owner has passed everybody: it is the
//! greatest, and its owner leads. If all n nodes begin this takes 2n − 1 messages at best, n(n+1)/2 at worst and
//! n·(1 + 1/2 + … + 1/n) on average over all orders; and n more to announce it.
//!
//! The paper's processes do not fail, and its channels lose nothing and keep the order (as those of §3.3 of "Distributed
//! Algorithms", Lynch, 1996). Here they do not, and this is what is added. The number is on the disk before anybody hears
//! of it, so that whoever comes back is who it was. A node that boots again begins an election, for it has forgotten who leads;
//! and one that has taken part, and has heard of no leader for a while, begins anew. All messages may be lost, late and
//! doubled: nobody but the greatest is ever elected, though a number that comes late may set off one more election of the same
//! node. The price is that a ring with a gap elects nobody, and that a leader that is down stays the leader. Left out: closing
//! the gap, for which somebody would have to know who is dead; and nodes that lose their disks. Such a node draws another
//! number, and then a message with the old one has nobody to end at: it goes round until it is lost, and an old announcement
//! is believed again each time.

mod config;
mod properties;

use Msg::*;
use Timer::*;
pub use config::{Begins, Config, Flaw, Order};
pub use properties::Ghost;
use sim_core::prelude::*;

/// What is said, to the successor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// This number is as great as any that it has passed.
    Election(u64),
    /// The owner of this number leads.
    Elected(u64),
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// It is time to begin, or to begin anew.
    Begin,
}

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct Ring {
    number: u64,
    successor: NodeId,
    /// It has sent or passed on a number, and has heard of no leader since.
    participant: bool,
    /// The number of the leader, as far as it knows.
    leader: Option<u64>,
    config: Config,
}

impl Protocol for Ring {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    /// Its number.
    type Disk = Cell<Option<u64>>;
    type Serves = Never;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = properties::CLAIMS;
    const ROLES: &'static [Role] = &[Role::LEADER, Role("follower"), Role("undecided")];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let (index, count) = (ctx.index(ctx.me) as u64, ctx.members().len() as u64);
        let known = ctx.disk.get().filter(|_| config.flaw != Some(Flaw::ForgottenNumber));
        let number = known.unwrap_or_else(|| match config.order {
            Order::Random if config.flaw == Some(Flaw::SharedNumbers) => ctx.rng.below(4 * count),
            // Different, because they leave different remainders.
            Order::Random => ctx.rng.below(1 << 32) * count + index,
            Order::Ascending => index + 1,
            Order::Descending => count - index,
        });
        let again = ctx.disk.get().is_some();
        ctx.disk.set(Some(number));
        if config.flaw != Some(Flaw::UnsyncedNumber) {
            ctx.sync();
        }
        if again || config.begins == Begins::All || index == 0 {
            ctx.set(Begin, config.start);
        }
        let next = (index as usize + 1) % count as usize;
        let successor = ctx.members().nth(next).expect("a ring goes on with its first node");
        Ring { number, successor, participant: false, leader: None, config: config.clone() }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Timeout(Begin) if self.participant && self.has(Flaw::ImpatientLeader) => self.lead(ctx),
            Timeout(Begin) => self.begin(ctx),

            // Greater: passed on.
            Deliver(_, Election(number)) if number > self.number => self.pass(number, ctx),
            // Smaller: swallowed, and answered with a greater one if none has gone by.
            Deliver(_, Election(number)) if number < self.number => {
                if self.has(Flaw::PassSmaller) {
                    self.pass(number, ctx);
                } else if !self.participant {
                    self.begin(ctx);
                }
            }
            // Its own: it has passed everybody. Once is enough: the network may have made copies.
            Deliver(_, Election(_)) => {
                if self.participant {
                    self.lead(ctx);
                }
            }
            Deliver(_, Elected(number)) => self.follow(number, ctx),

            Request(_, never) | Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        Self::ROLES[self.leader.map_or(2, |leader| usize::from(leader != self.number))]
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        let leader = self.leader.map_or_else(|| "unknown".to_string(), |number| number.to_string());
        vec![("number", self.number.to_string()), ("leader", leader)]
    }
}

impl Ring {
    fn begin(&mut self, ctx: &mut Ctx<Self>) {
        self.take_part(ctx);
        ctx.send(self.successor, Election(self.number));
    }

    fn pass(&mut self, number: u64, ctx: &mut Ctx<Self>) {
        if self.has(Flaw::EagerFollower) {
            self.leader = Some(number);
        }
        self.take_part(ctx);
        ctx.send(self.successor, Election(number));
    }

    fn take_part(&mut self, ctx: &mut Ctx<Self>) {
        self.participant = true;
        ctx.set(Begin, self.config.patience.0..self.config.patience.1);
    }

    fn lead(&mut self, ctx: &mut Ctx<Self>) {
        self.decide(self.number, ctx);
        ctx.send(self.successor, Elected(self.number));
    }

    fn follow(&mut self, number: u64, ctx: &mut Ctx<Self>) {
        self.decide(number, ctx);
        // The announcement has been everywhere once it is back at the leader.
        if number != self.number {
            ctx.send(self.successor, Elected(number));
        }
    }

    fn decide(&mut self, leader: u64, ctx: &mut Ctx<Self>) {
        (self.participant, self.leader) = (false, Some(leader));
        ctx.cancel(&Begin);
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        9
    }
}
