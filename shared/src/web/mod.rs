//! The web's side of every function: requests in, replies out.
//!
//! A request becomes an [`Incoming`]; a reply is a value that becomes a page
//! for a browser and JSON for a program. Statuses stand in one table, in
//! [`failure`].

pub mod answer;
pub mod assets;
pub mod cookie;
pub mod failure;
pub mod incoming;
pub mod page;
pub mod refusal;
pub mod reply;

pub use answer::{Answer, boxed};
pub use cookie::{Cookie, Cookies};
pub use failure::{Fault, FieldProblem, Kind};
pub use incoming::Incoming;
pub use refusal::Reader;
pub use reply::Reply;
