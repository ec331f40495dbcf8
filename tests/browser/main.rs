//! The page tour: what visitors do, in a real Chromium, against the local
//! cloud. Each page that they pass is inspected and photographed.
//!
//! It needs Chromium with its driver (Debian's packages chromium and
//! chromium-driver) and axe-core from npm, and so has a feature of its own:
//! `cargo test --features browser --test browser`. The pictures lie in
//! target/screenshots afterwards.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as it should be"
)]

mod door;
mod guardian;
mod inspection;
mod team;
mod tour;
mod visitor;
mod webdriver;
