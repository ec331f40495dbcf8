//! Keeping no longer than an organization wishes.
//!
//! [`rules`] say how long things are kept and when they are due; [`due`] finds
//! what is, by index, and judges it; [`forget`] takes one thing away with all
//! that stands around it, in one transaction, so that nothing is ever half
//! gone; [`night`] goes through all of it a page at a time, as a run; [`hold`]
//! stops it for a person or an event.

pub mod due;
pub mod forget;
pub mod hold;
pub mod night;
pub mod preview;
pub mod rules;
pub mod store;

pub use rules::{Draft, Keeping, Problem};
