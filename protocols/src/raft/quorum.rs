//! Majorities: what is committed, and who has won.

/// What a poll has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// A majority granted its vote.
    Won,
    /// A majority can no longer be had.
    Lost,
    /// Neither yet.
    Pending,
}

/// Counts the votes of all members: granted, refused, or not heard of. Without members it is won.
pub fn poll<T>(members: &[T], vote: impl Fn(&T) -> Option<bool>) -> Election {
    let count = |wanted: Option<bool>| members.iter().filter(|member| vote(member) == wanted).count();
    let quorum = members.len() / 2 + 1;
    if members.is_empty() || count(Some(true)) >= quorum {
        Election::Won
    } else if count(Some(true)) + count(None) < quorum {
        Election::Lost
    } else {
        Election::Pending
    }
}

/// The highest index that a majority of the members has reached: "there exists an N such that a majority of
/// `matchIndex` >= N". Without members there is no bound, and the greatest index is the answer.
pub fn committed<T, I: Copy + Ord + Bounded>(members: &[T], index: impl Fn(&T) -> I) -> I {
    let quorum = members.len() / 2 + 1;
    let reached = |n: I| members.iter().filter(|member| index(member) >= n).count() >= quorum;
    members.iter().map(&index).filter(|&n| reached(n)).max().unwrap_or(I::GREATEST)
}

/// Whether a majority of the members has come so far. Asks each of them once, where [`committed`] compares them all.
pub fn reached<T>(members: &[T], so_far: impl Fn(&T) -> bool) -> bool {
    members.iter().filter(|member| so_far(member)).count() > members.len() / 2
}

/// A number with a greatest value.
pub trait Bounded {
    /// That value.
    const GREATEST: Self;
}
impl Bounded for u64 {
    const GREATEST: u64 = u64::MAX;
}
impl Bounded for usize {
    const GREATEST: usize = usize::MAX;
}
