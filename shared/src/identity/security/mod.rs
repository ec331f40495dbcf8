//! An organization's security settings: passwords, lockout, sessions and
//! second factors.

mod rules;
mod store;

pub use rules::{Draft, Problem, Security};
pub use store::{Change, change, changing};
