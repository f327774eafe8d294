//! Suspicion (§4.2): who did not answer is suspected, and declared dead unless it refutes that with a later incarnation.

use super::*;

impl Swim {
    /// A word of one's own.
    pub(super) fn declare(&mut self, about: NodeId, status: Status, ctx: &mut Ctx<Self>) {
        let Word { incarnation, .. } = self.word(about);
        let bump = u32::from(self.has(Flaw::AccuserBumps) && status == Suspect);
        let word = Word { incarnation: incarnation + bump, status };
        self.learn(News { about, word, by: ctx.me }, Source::Own, ctx);
    }

    /// The later word counts, and is passed on.
    pub(super) fn learn(&mut self, news: News, source: Source, ctx: &mut Ctx<Self>) {
        let News { about, word, by } = news;
        if about == ctx.me {
            return self.hear_of_oneself(word, ctx);
        }
        let before = self.word(about);
        if word > before || self.has(Flaw::OldIncarnation) && word != before {
            self.changes.push(Change { news, before, source });
            let accusers = if word.status == Suspect { vec![by] } else { Vec::new() };
            let since = ctx.now();
            self.others.insert(about, Other { word, since, accusers });
            self.spread(news);
            if word.status == Suspect {
                self.wait(about, ctx);
            } else if !(word.status == Alive && self.has(Flaw::IgnoredRefutation)) {
                ctx.cancel(&Expired(about));
            }
        } else if word == before && word.status == Suspect {
            self.confirm(news, ctx);
        }
    }

    /// Somebody else suspects it too: the more, the less time is left.
    fn confirm(&mut self, news: News, ctx: &mut Ctx<Self>) {
        let Suspicion::Memberlist { confirmations, .. } = self.config.suspicion else { return };
        let Some(other) = self.others.get_mut(&news.about) else { return };
        if other.accusers.len() <= confirmations as usize && !other.accusers.contains(&news.by) {
            other.accusers.push(news.by);
            self.spread(news);
            self.wait(news.about, ctx);
        }
    }

    fn wait(&self, member: NodeId, ctx: &mut Ctx<Self>) {
        let Some(other) = self.others.get(&member) else { return };
        let (confirmed, elapsed) = (other.accusers.len() as u32 - 1, ctx.now().since(other.since));
        let members = ctx.members().len() as u32;
        let left = self.config.suspicion.left(confirmed, elapsed, members, self.config.period);
        ctx.set(Expired(member), left);
    }

    /// Who is suspected, or held dead, refutes it with a later incarnation.
    fn hear_of_oneself(&mut self, word: Word, ctx: &mut Ctx<Self>) {
        // A word from an earlier life.
        self.incarnation = self.incarnation.max(word.incarnation);
        if word.status == Alive {
            return;
        }
        self.accused = self.accused.max(Some(word.incarnation));
        if word.incarnation == self.incarnation && !self.has(Flaw::SilentAccused) {
            self.incarnation += 1;
            let alive = Word { incarnation: self.incarnation, status: Alive };
            self.spread(News { about: ctx.me, word: alive, by: ctx.me });
        }
    }
}
