//! Erasing an organization: asked for, waited for, and then for good.
//!
//! An administrator asks; for 72 hours any administrator can take it back, and
//! everything works as before. Then a run ([`crate::run`]) does it. First one
//! transaction writes the ledger's entry, makes the organization one that
//! exists to nobody, and frees its registry entry while its name stays taken
//! ([`name`]). Then its keys go, and with them everything that was sealed, in
//! backups too. Then its items, table by table ([`Sweep`]); and once more after
//! a while, until nothing is found. Audit records stay: ids and keyed hashes
//! whose key is gone. In the end a certificate is signed that says where
//! traces are and until when; it is kept in the ledger.

mod ask;
mod begin;
mod course;
pub mod name;
mod planned;
mod progress;
pub mod rules;
mod sweep;

pub use ask::{Asked, Refusal, ask, take_back};
pub use course::{Course, Stage, step};
pub(crate) use planned::read;
pub use planned::{Planned, find};
pub use progress::{Standing, standing};
pub use sweep::{Sweep, sweep};
