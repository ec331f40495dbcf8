//! The domain of Kept: scheduling, privacy and the vault.
//!
//! One folder per noun. In each, `rules.rs` decides (no input or output, no
//! AWS, no clock, no chance) and `store.rs` keeps (its items and transactions
//! in DynamoDB). This crate knows no function; functions translate requests
//! into its values and its answers into replies.

pub mod ambient;
pub mod audit;
pub mod backup;
pub mod booking;
pub mod certificate;
pub mod deletion;
pub mod dependent;
pub mod dynamo;
pub mod erasure;
pub mod event;
pub mod fsck;
pub mod identity;
pub mod ids;
pub mod ledger;
pub mod memory;
pub mod notice;
pub mod organization;
pub mod participant;
pub mod patience;
pub mod personal;
pub mod resource;
pub mod restore;
pub mod retention;
pub mod rights;
pub mod run;
pub mod service;
pub mod settings;
pub mod slot;
pub mod spoken;
pub mod time;
pub mod trouble;
pub mod vault;
pub mod web;
