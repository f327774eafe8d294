//! What must hold of flooding, and what should happen at least once.

use super::Flood;
use crate::gossip::{
    database::Update,
    judge,
    spread::{self, Ghost, News, Spreads},
};
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<Flood>] = &[
    Property::always("only what was written is known", When::News, spread::written),
    Property::always("newer updates stay", When::News, spread::newer_stay),
    Property::always("what others hear is durable", When::News, spread::durable),
    Property::always("updates are passed on once", When::News, passed_on_once),
    Property::always("updates soon reach everybody", When::EveryEvent, spread::soon_everywhere),
    Property::sometimes("everybody knows", When::News, spread::everybody_knows),
    Property::sometimes("told again", When::EveryEvent, |_, view, changed| {
        let again = |node: &Flood| node.unacked.iter().any(|unacked| unacked.retries > 0);
        Judgement::happened(view.state(changed).is_some_and(again))
    }),
];

/// Who passes an update on has just learned it, or begun it.
fn passed_on_once(_: &Ghost, view: &View<'_, Flood>, changed: NodeId) -> Judgement {
    let news = view.state(changed).map_or(&[][..], Flood::news);
    let passed = news.iter().filter_map(|news| match news {
        News::Passed(update) => Some(update),
        News::Began(_) | News::Learned(..) | News::Lost(_) => None,
    });
    let new = |update: &Update| {
        news.iter().any(|news| match news {
            News::Began(begun) => begun == update,
            News::Learned(learned, ..) => learned == update,
            News::Passed(_) | News::Lost(_) => false,
        })
    };
    judge(passed, |update| {
        (!new(update)).then(|| format!("node {} passed on {update:?}, which it knew", changed.0))
    })
}
