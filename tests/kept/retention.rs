//! Keeping no longer than an organization wishes.

mod deaths;
mod forgetting;
mod nights;
mod pages;
mod scene;
