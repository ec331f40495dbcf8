//! End to end: what people and programs meet, over HTTP, against the local
//! cloud with the clock given. Test names are sentences.
//!
//! `KEPT_DATABASE=moto` puts moto's DynamoDB in the place of the embedded engine,
//! for tests that need neither streams nor expiry nor backups: what the engine
//! takes and the service may refuse is seen there. `KEPT_MOTO` says where it lies.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails where it stands"
)]

mod account;
mod address;
mod appoint;
mod audit;
mod authenticator;
mod backups;
mod bad_input;
mod beginning;
mod booking;
mod breached;
mod crash;
mod credentials;
mod dependents;
mod documents;
mod door;
mod erasure;
mod faults;
mod fsck;
mod guardian;
mod guesses;
mod guests;
mod identity;
mod keys;
mod limits;
mod log;
mod mail;
mod mailing;
mod manage;
mod matrix;
#[path = "../moto/server.rs"]
mod moto;
mod notices;
mod pages;
mod participants;
mod people;
mod personas;
mod price;
mod privacy;
mod program;
mod race;
mod recorded;
mod restore;
mod retention;
mod rights;
mod secrets;
mod sign_in;
mod sign_up;
mod takeover;
mod wiring;
mod world;
