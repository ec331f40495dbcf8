//! What a restore needs besides DynamoDB: to see what came back, and to let go
//! again of what was deleted since.
//!
//! [`compare`] holds restored tables against those that people work with, item
//! by item. [`reapply`] applies the ledger: what was deleted after the backup was
//! taken is in it, and must not come back. Then [`crate::fsck::repair`] mends
//! what the backup holds only a part of.
//!
//! [`night`] brings the tables of one night back, and [`course`] does all of it in
//! its order. Restored tables are reached
//! through a service [`over`](crate::service::Service::over) their names:
//! everything else, keys and ledger above all, is today's.

pub mod compare;
pub mod course;
mod facts;
pub mod night;
pub mod reapply;
mod trail;
