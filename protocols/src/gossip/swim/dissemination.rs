//! Dissemination (§4.1): news goes with pings and acks, each piece a few times.

use super::*;

impl Swim {
    /// Newer news of a member takes the place of older.
    pub(super) fn spread(&mut self, news: News) {
        self.gossip.retain(|(_, old)| old.about != news.about);
        self.gossip.insert(0, (0, news));
    }

    /// What was told least goes with a message, and what was told often enough is not told any more. What the sender holds
    /// against the receiver always goes with it.
    pub(super) fn send(&mut self, to: NodeId, what: What, ctx: &mut Ctx<Self>) {
        let against = Some(self.word(to)).filter(|word| word.status != Alive);
        let mut news: Vec<News> = Vec::new();
        news.extend(against.map(|word| News { about: to, word, by: ctx.me }));
        if !self.gossip.is_empty() {
            let limit = memberlist::retransmit_limit(self.config.retransmit, ctx.members().len() as u32);
            self.gossip.sort_by_key(|(told, _)| *told);
            for (told, piece) in self.gossip.iter_mut().take(self.config.piggyback as usize) {
                *told += 1;
                news.push(*piece);
            }
            self.gossip.retain(|(told, _)| *told < limit);
        }
        ctx.send(to, Msg { what, incarnation: self.incarnation, news });
    }
}
