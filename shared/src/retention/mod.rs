//! Keeping no longer than an organization wishes.
//!
//! [`forget`] takes one thing away with all that stands around it, in one
//! transaction, so that nothing is ever half gone.

pub mod forget;
pub mod rules;
