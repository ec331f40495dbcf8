//! Who somebody is and what they may do: members, their credentials, sessions
//! and access levels.

pub mod factor;
pub mod lockout;
pub mod password;
mod subject;

pub use subject::Subject;
