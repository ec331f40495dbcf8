//! The local cloud: every function of Kept in one process, wired from
//! template.yaml, with the services around them spoken to by the real clients.
//!
//! | part | stands for |
//! |---|---|
//! | [`template`] | the one truth that everything here is wired from |
//! | `engine`, `front` | DynamoDB, and a front that makes it fail in tests |
//! | `backups` | DynamoDB's backups, restores and recovery to a point in time |
//! | `keys` | KMS |
//! | [`mailbox`] | SES |
//! | `gateway` | API Gateway |
//! | `streams`, `bus`, `schedules` | what wakes functions by itself |
//! | `functions` | Lambda |
//! | [`clock`] | time, which a tester can move |
//! | `pages` | `/_local`: a look behind the scenes |
//!
//! [`stack`] is for looking at a stack on AWS with the same commands. None of this
//! code is in a deployed function.

mod account;
mod backups;
mod bus;
mod clients;
pub mod clock;
mod cloud;
pub mod demonstration;
pub mod description;
mod engine;
mod error;
pub mod faults;
mod files;
mod front;
mod functions;
mod gateway;
mod keys;
pub mod mailbox;
mod options;
mod pages;
pub mod pattern;
pub mod restore;
mod schedules;
pub mod stack;
mod streams;
pub mod template;
pub mod transformer;

pub use cloud::LocalCloud;
pub use error::StartError;
pub use gateway::{Match, Routes};
pub use options::{Options, Storage, Wakes};
pub use schedules::Firing;
pub use streams::{DeadLetter, Standing};
