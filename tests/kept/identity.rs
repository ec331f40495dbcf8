//! Members, sessions, passes and callers, against the embedded engine.

mod callers;
mod members;
mod passes;
mod scene;
mod security;
mod sessions;
