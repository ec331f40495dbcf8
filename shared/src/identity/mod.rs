//! Who somebody is and what they may do: members, their credentials, sessions
//! and access levels.

mod subject;

pub use subject::Subject;
