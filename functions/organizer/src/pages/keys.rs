//! The organization's keys.

use askama::Template;

use super::{News, PageHead, Section};

/// Which keys there are, and what can be done about them.
#[derive(Debug, Clone, Template)]
#[template(path = "keys.html")]
pub struct KeysPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// Why the last attempt was refused.
    pub refusal: Option<String>,
    /// The keys, the newest first.
    pub keys: Vec<KeyLine>,
    /// How far sealing anew has come, while it goes on.
    pub under_way: Option<String>,
    /// Where asking for a KMS key of the organization's own is sent, where it
    /// may be asked for.
    pub own_action: Option<String>,
    /// Where making another key is sent.
    pub rotate_action: String,
    /// Where making every link void is sent.
    pub revoke_action: String,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLine {
    /// Its version.
    pub version: u8,
    /// What it is used for, in a sentence.
    pub standing: String,
}
