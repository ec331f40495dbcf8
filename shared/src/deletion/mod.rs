//! Deletion of one person: all that an organization keeps about a participant.
//!
//! Asking for it ([`ask`]) writes, in one transaction, the entry in the ledger,
//! the audit record and a run; from then on it cannot be forgotten half done.
//! The run ([`course`]) takes the bookings away one by one, each with all that
//! stands around it, then what else there is of the person, and looks once more
//! when nobody who had begun before can still be writing. At its end stands a
//! certificate. What is meant is what was there when it was asked for: whoever
//! books again afterwards is somebody new. [`rules`] say what that means.

pub mod ask;
pub mod course;
pub mod rules;

pub use ask::{Asked, Failure, Look, Wish, look, person};
pub use course::{State, step};
