//! Members, sessions, passes and callers, against the embedded engine.

mod callers;
mod members;
mod passes;
pub mod scene;
mod security;
mod sessions;
