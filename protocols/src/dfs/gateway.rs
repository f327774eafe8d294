//! How a request is served, by whatever node it comes to.

use super::{Content, Dfs, Flaw, Msg::*, Name, Ret, Timer::*, Version};
use sim_core::prelude::*;

/// A request in progress.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ask {
    ticket: Ticket,
    name: Name,
    /// What is to be written; `None` for a read. Its version is the number of the request.
    content: Option<Content>,
    /// What stands, and who has it and was not asked yet.
    version: Version,
    left: Vec<NodeId>,
    tries: u32,
    again: Alarm,
}

/// So often a request is tried again before it is given up. Nobody is told: it may have succeeded.
const TRIES: u32 = 20;

impl Dfs {
    /// A request comes.
    pub(super) fn ask(&mut self, ticket: Ticket, name: Name, content: Option<Content>, ctx: &mut Ctx<Self>) {
        // What is written never changes, so a copy of what stands is as good as any.
        let known = self.standing.get(&name).copied();
        let any = || self.copies.range((name, 0)..).next().filter(|((of, _), _)| *of == name);
        let known =
            known.or_else(|| any().map(|((_, version), _)| *version).filter(|_| self.has(Flaw::AnyCopy)));
        if let Some(found) = known.and_then(|version| self.copy(name, version, ctx)) {
            return ctx.answer(ticket, Answer::Ok(answer(content.is_some(), found)));
        }
        let number = self.next;
        self.next += 1;
        let again = ctx.after(self.config.retry, Again(number));
        let ask = Ask { ticket, name, content, version: 0, left: Vec::new(), tries: 0, again };
        consult(number, &ask, ctx);
        self.asks.insert(number, ask);
    }

    /// Nothing has come of it for long enough.
    pub(super) fn again(&mut self, number: u64, ctx: &mut Ctx<Self>) {
        let Some(ask) = self.asks.get_mut(&number) else { return };
        ask.tries += 1;
        if ask.tries > TRIES {
            self.asks.remove(&number);
            return;
        }
        ask.again = ctx.after(self.config.retry, Again(number));
        consult(number, ask, ctx);
    }

    /// Nothing stands yet: what is to be written goes there.
    pub(super) fn write(&mut self, number: u64, mut to: Vec<NodeId>, ctx: &mut Ctx<Self>) {
        let Some(ask) = self.asks.get(&number) else { return };
        let Some(content) = ask.content.clone().filter(|_| !to.is_empty()) else { return };
        let first = to.remove(0);
        ctx.send(first, Push(ask.name, number, content, to, Some(ctx.me)));
    }

    /// What was written is on all disks.
    pub(super) fn stored(&mut self, number: u64, ctx: &mut Ctx<Self>) {
        let Some(ask) = self.asks.get(&number) else { return };
        let Some(content) = ask.content.clone() else { return };
        ctx.send(Dfs::master(ctx), Commit(number, ask.name, number, content.bytes));
        if self.has(Flaw::EarlyAnswer) {
            self.finish(number, content, ctx);
        }
    }

    /// The master says what stands.
    pub(super) fn found(
        &mut self,
        number: u64,
        name: Name,
        found: Option<(Version, Vec<NodeId>)>,
        ctx: &mut Ctx<Self>,
    ) {
        if let Some((version, _)) = found {
            self.standing.insert(name, version);
        }
        let Some(ask) = self.asks.get_mut(&number) else { return };
        match found {
            None if ask.content.is_none() => {
                let Some(ask) = self.asks.remove(&number) else { return };
                ctx.stop(ask.again);
                ctx.answer(ask.ticket, Answer::Ok(Ret::Found(None)));
            }
            None => {}
            Some((version, _)) if version == number => {
                if let Some(content) = ask.content.clone() {
                    self.finish(number, content, ctx);
                }
            }
            Some((version, at)) => {
                (ask.version, ask.left) = (version, at);
                match self.copy(name, version, ctx) {
                    Some(content) => self.finish(number, content, ctx),
                    None => self.fetch(number, ctx),
                }
            }
        }
    }

    /// A server answers.
    pub(super) fn took(&mut self, number: u64, content: Option<Content>, ctx: &mut Ctx<Self>) {
        match content {
            Some(content) => self.finish(number, content, ctx),
            None => self.fetch(number, ctx),
        }
    }

    /// Asks the next of those who have it; when all were asked, the request waits until it is tried again.
    fn fetch(&mut self, number: u64, ctx: &mut Ctx<Self>) {
        let Some(ask) = self.asks.get_mut(&number).filter(|ask| !ask.left.is_empty()) else { return };
        let from = ask.left.remove(0);
        ctx.send(from, Fetch(number, ask.name, ask.version));
    }

    fn finish(&mut self, number: u64, content: Content, ctx: &mut Ctx<Self>) {
        let Some(ask) = self.asks.remove(&number) else { return };
        ctx.stop(ask.again);
        ctx.answer(ask.ticket, Answer::Ok(answer(ask.content.is_some(), content)));
    }
}

fn consult(number: u64, ask: &Ask, ctx: &mut Ctx<Dfs>) {
    let question = if ask.content.is_some() { Target(number, ask.name) } else { Where(number, ask.name) };
    ctx.send(Dfs::master(ctx), question);
}

fn answer(written: bool, content: Content) -> Ret {
    if written { Ret::Stands(content) } else { Ret::Found(Some(content)) }
}
