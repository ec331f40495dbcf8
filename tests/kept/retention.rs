//! Keeping no longer than an organization wishes.

pub mod deaths;
mod forgetting;
mod nights;
mod pages;
pub mod scene;
