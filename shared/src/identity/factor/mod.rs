//! What one has besides a password, or in its place: an app that shows
//! one-time codes, passkeys, and recovery codes for the day both are lost.
//!
//! [`codes`] and [`recovery`] decide, [`passkey`] leads the ceremonies that
//! browsers and authenticators hold, [`store`] keeps.

pub mod codes;
pub mod passkey;
pub mod picture;
pub mod recovery;
pub mod store;

pub use codes::{Codes, Refused, Secret};
pub use passkey::{Begun, Passkey, PasskeyError};
pub use recovery::RecoveryCodes;
pub use store::{Factors, has_second_factor, list};
