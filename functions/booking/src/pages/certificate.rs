//! How far a deletion has come, and its certificate.

use askama::Template;

use super::PageHead;

/// How far a deletion has come, and its certificate.
#[derive(Debug, Clone, Template)]
#[template(path = "certificate.html")]
pub struct CertificatePage {
    /// What stands around the page: nobody's, since the organization is gone.
    pub head: PageHead,
    /// How it stands, a sentence each.
    pub lines: Vec<String>,
    /// The certificate, once there is one.
    pub proof: Option<Proof>,
}

/// A signed certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Whether it is as it was signed.
    pub holds: bool,
    /// Its text as it was signed.
    pub text: String,
    /// The MAC in base64.
    pub mac: String,
    /// What was removed: from where, and how much.
    pub removed: Vec<(String, String)>,
    /// Where traces are, which, and until when.
    pub traces: Vec<(String, String, String)>,
}
