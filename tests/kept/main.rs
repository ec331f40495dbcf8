//! End to end: what people and programs meet, over HTTP, against the local
//! cloud with the clock given. Test names are sentences.

mod bad_input;
mod booking;
mod crash;
mod faults;
mod fsck;
mod limits;
mod mail;
mod pages;
mod price;
mod privacy;
mod race;
mod wiring;
mod world;
