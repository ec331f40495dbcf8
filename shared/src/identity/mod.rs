//! Who somebody is and what they may do: members, their credentials, sessions
//! and access levels.

pub mod access;
pub mod caller;
pub mod door;
pub mod emergency;
pub mod factor;
pub mod lockout;
pub mod member;
pub mod operator;
pub mod pass;
pub mod password;
pub mod security;
pub mod session;
mod subject;
pub mod support;
pub mod team;
mod username;

pub use caller::Caller;
pub use member::Member;
pub use security::Security;
pub use session::Session;
pub use subject::Subject;
pub use username::{Username, counted, counted_address};

use jiff::Timestamp;

use crate::trouble::Trouble;

/// A moment out of the seconds that an item holds.
fn moment(seconds: i64, what: &str) -> Result<Timestamp, Trouble> {
    Timestamp::from_second(seconds).map_err(|why| Trouble::damaged(what, why))
}
