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
    bytes: u64,
    left: Vec<NodeId>,
    /// Where it was sent, if it was.
    to: Vec<NodeId>,
    tries: u32,
    again: Alarm,
}

/// So often a request is tried again before it is given up. Nobody is told: it may have succeeded.
const TRIES: u32 = 6;

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
        let bytes = content.as_ref().map_or(0, |content| content.bytes);
        let retry = if content.is_some() { &self.writing } else { &self.reading };
        let again = ctx.after(retry.after(bytes, 0), Again(number));
        let (left, to) = (Vec::new(), Vec::new());
        let ask = Ask { ticket, name, content, version: 0, bytes, left, to, tries: 0, again };
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
        let retry = if ask.content.is_some() { &self.writing } else { &self.reading };
        ask.again = ctx.after(retry.after(ask.bytes, ask.tries), Again(number));
        consult(number, ask, ctx);
    }

    /// Nothing stands yet: what is to be written goes there.
    pub(super) fn write(&mut self, number: u64, mut to: Vec<NodeId>, ctx: &mut Ctx<Self>) {
        let Some(ask) = self.asks.get_mut(&number) else { return };
        let Some(content) = ask.content.clone().filter(|_| !to.is_empty()) else { return };
        ask.to.clone_from(&to);
        let (first, back) = (to.remove(0), (ctx.me, ctx.now()));
        ctx.send(first, Push(ask.name, number, content, to, Some(back)));
    }

    /// What was written is on all disks.
    pub(super) fn stored(&mut self, number: u64, since: Time, ctx: &mut Ctx<Self>) {
        self.writing.sample(ctx.now().since(since));
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
        found: Option<(Version, u64, Vec<NodeId>)>,
        ctx: &mut Ctx<Self>,
    ) {
        if let Some((version, ..)) = found {
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
            Some((version, ..)) if version == number => {
                if let Some(content) = ask.content.clone() {
                    self.finish(number, content, ctx);
                }
            }
            Some((version, bytes, at)) => {
                (ask.version, ask.bytes, ask.left) = (version, bytes, at);
                match self.copy(name, version, ctx) {
                    Some(content) => self.finish(number, content, ctx),
                    None => self.fetch(number, ctx),
                }
            }
        }
    }

    /// A server answers.
    pub(super) fn took(&mut self, number: u64, content: Option<Content>, since: Time, ctx: &mut Ctx<Self>) {
        match content {
            Some(content) => {
                self.reading.sample(ctx.now().since(since));
                self.finish(number, content, ctx);
            }
            None => self.fetch(number, ctx),
        }
    }

    /// Asks the next of those who have it; when all were asked, the request waits until it is tried again.
    fn fetch(&mut self, number: u64, ctx: &mut Ctx<Self>) {
        let Some(ask) = self.asks.get_mut(&number).filter(|ask| !ask.left.is_empty()) else { return };
        let from = ask.left.remove(0);
        let fetch = Fetch(number, ask.name, ask.version, ctx.now());
        ctx.send(from, fetch);
        // Only now is it known how much is to come.
        ctx.stop(ask.again);
        ask.again = ctx.after(self.reading.after(ask.bytes, ask.tries), Again(number));
    }

    fn finish(&mut self, number: u64, content: Content, ctx: &mut Ctx<Self>) {
        let Some(ask) = self.asks.remove(&number) else { return };
        ctx.stop(ask.again);
        ctx.answer(ask.ticket, Answer::Ok(answer(ask.content.is_some(), content)));
    }
}

fn consult(number: u64, ask: &Ask, ctx: &mut Ctx<Dfs>) {
    let question = match ask.content {
        // What may be on its way to servers that are there is sent to others only when that was tried twice.
        Some(_) if ask.tries == 1 => Target(number, ask.name, ask.to.clone()),
        Some(_) => Target(number, ask.name, Vec::new()),
        None => Where(number, ask.name),
    };
    ctx.send(Dfs::master(ctx), question);
}

fn answer(written: bool, content: Content) -> Ret {
    if written { Ret::Stands(content) } else { Ret::Found(Some(content)) }
}
