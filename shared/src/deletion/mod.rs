//! Deletion of one person: all that an organization keeps about a participant,
//! or about a dependent.
//!
//! Asking for it ([`ask()`]) writes, in one transaction, the entry in the ledger,
//! the audit record and a run; from then on it cannot be forgotten half done.
//! The run ([`course`]) takes the bookings away one by one, each with all that
//! stands around it, then what else there is of the person, and looks once more
//! when nobody who had begun before can still be writing. At its end stands a
//! certificate. What is meant is what was there when it was asked for: whoever
//! books again afterwards is somebody new. [`rules`] say what that means.
//!
//! A dependent is off the organization's list with the wish: nobody books for
//! them any more, and all that bears their id is meant. What lies ahead for them
//! is cancelled and stays its guardian's, who is told, without the dependent.

pub mod ask;
mod cancelling;
pub mod course;
mod left;
pub mod rules;
mod under_way;

pub use ask::{Asked, Failure, Look, Wish, ask, look, look_at};
pub use course::{State, step};
pub use rules::Whom;
