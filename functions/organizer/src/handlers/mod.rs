//! The routes, by what the team does.

pub(crate) mod appointments;
pub(crate) mod audit;
pub(crate) mod backups;
pub(crate) mod book;
mod coverage;
pub(crate) mod dependent;
pub(crate) mod dependents;
pub(crate) mod emergency;
pub(crate) mod erasure;
pub(crate) mod holds;
pub(crate) mod home;
pub(crate) mod keys;
pub(crate) mod member;
pub(crate) mod members;
pub(crate) mod names;
pub(crate) mod operator;
pub(crate) mod person;
mod reads;
pub(crate) mod retention;
mod scope;
pub(crate) mod security;
pub(crate) mod support;
