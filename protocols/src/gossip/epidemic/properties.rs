//! What must hold of epidemics, and what should happen at least once.

use super::{Epidemic, Loses};
use crate::gossip::{
    judge,
    spread::{self, By, Ghost, News},
};
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<Epidemic>] = &[
    Property::always("only what was written is known", When::News, spread::written),
    Property::always("newer updates stay", When::News, spread::newer_stay),
    Property::always("what others hear is durable", When::News, spread::durable),
    Property::always("interest is lost for a reason", When::News, lost_for_a_reason),
    Property::always("updates soon reach everybody", When::EveryEvent, spread::soon_everywhere),
    Property::sometimes("everybody knows", When::News, spread::everybody_knows),
    Property::sometimes("a rumour left a site out", When::News, |ghost: &Ghost, view, _| {
        Judgement::times(ghost.left_out(view.nodes.len()))
    }),
    Property::sometimes("anti-entropy found something", When::News, |_, view, changed| {
        let found = |news: &News| matches!(news, News::Learned(_, _, By::AntiEntropy));
        Judgement::happened(view.state(changed).is_some_and(|site| site.news.iter().any(found)))
    }),
];

/// §1.4: after k contacts in a row that count, or with some probability after one.
fn lost_for_a_reason(_: &Ghost, view: &View<'_, Epidemic>, changed: NodeId) -> Judgement {
    let Some(site) = view.state(changed) else { return Judgement::Idle };
    let needed = match site.config.rumours.map(|rumours| rumours.loses) {
        Some(Loses::Counter(k)) => k,
        Some(Loses::Coin(_)) => 1,
        Some(Loses::Never) | None => u32::MAX,
    };
    judge(site.news.iter().filter(|news| matches!(news, News::Lost(_))), |news| match news {
        News::Lost(useless) if *useless < needed => Some(format!(
            "node {} lost interest after {useless} contacts in a row that counted, not {needed}",
            changed.0
        )),
        News::Lost(_) | News::Learned(..) | News::Began(_) | News::Passed(_) => None,
    })
}
