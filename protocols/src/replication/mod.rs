//! Replication: the same data at several places. Reading order: [`primary_backup`] (one decides, the others follow),
//! [`chain`] (the same in a line, so that each does less), [`multi_leader`] (everybody decides, and conflicts are what it
//! costs).

pub mod chain;
pub mod multi_leader;
pub mod primary_backup;
