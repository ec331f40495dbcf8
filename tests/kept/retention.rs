//! Keeping no longer than an organization wishes.

mod forgetting;
mod scene;
