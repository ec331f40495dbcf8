//! Certificates of deletion: what is gone, from where, and when its last trace
//! expires.
//!
//! A certificate is a text (JSON, as it was signed) and a MAC over its hash by a KMS key that
//! never leaves KMS and that only the function that deletes may sign with.
//! Whoever has the certificate's link sees both, and the page checks the MAC;
//! the operator can check it with KMS's VerifyMac by hand. It holds no personal
//! data: ids, times and places.

mod key;
pub mod link;

pub use key::{CertificateKey, LABEL};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A certificate as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its text, byte for byte as it was signed.
    pub text: String,
    /// The MAC over it.
    pub mac: Vec<u8>,
}

impl Signed {
    /// The MAC as people and programs copy it: base64.
    #[must_use]
    pub fn mac_text(&self) -> String {
        data_encoding::BASE64.encode(&self.mac)
    }

    /// What its text says; `None` where that is damaged.
    #[must_use]
    pub fn read(&self) -> Option<Certificate> {
        serde_json::from_str(&self.text).ok()
    }
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The deletion's id.
    pub deletion: String,
    /// The organization's opaque id.
    pub organization: String,
    /// What was deleted: "person", "dependent" or "organization".
    pub subject: String,
    /// The id of the person or dependent, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// When the deletion was asked for or began.
    pub asked: Timestamp,
    /// When the last item was removed.
    pub done: Timestamp,
    /// How many items went, by table.
    pub removed: std::collections::BTreeMap<String, u64>,
    /// Where traces may be, and until when.
    pub traces: Vec<Trace>,
}

/// A place where a trace may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The place, such as "nightly backups".
    pub place: String,
    /// What may be there, such as "sealed fields under a key that is destroyed".
    pub what: String,
    /// When the last of it is gone; `None` where it stays, or where nobody here
    /// can say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_by: Option<Timestamp>,
}
