//! How often one may be wrong.
//!
//! Attempts are counted for each username, whether anybody has it or not, and
//! before anything is compared. Those from a device on which the owner signed
//! in before are counted apart from those of strangers, who so can lock each
//! other out and never the owner. At the second step a device counts apart that
//! has taken it before.

mod device;
pub mod rules;
mod store;

use std::fmt;

pub use device::Device;
pub use rules::Limits;
pub use store::{Admission, Attempt, admit, clear, tally};

use crate::ids;

/// Whose attempts at a username are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bucket {
    /// Everybody's who comes without a known device.
    Strangers,
    /// Those from one known device, by its id.
    Device([u8; 16]),
    /// Those at the second step, by whoever knows the password.
    SecondStep,
    /// Those at the second step from a device that has taken it before.
    SecondStepOf([u8; 16]),
}

impl fmt::Display for Bucket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Strangers => formatter.write_str("strangers"),
            Self::Device(id) => write!(formatter, "device#{}", ids::to_text(id)),
            Self::SecondStep => formatter.write_str("second-step"),
            Self::SecondStepOf(id) => write!(formatter, "second-step#{}", ids::to_text(id)),
        }
    }
}
