//! Deleting the organization.

use askama::Template;

use super::{Field, News, PageHead, Section};

/// What deleting the organization does, and the way to ask for it or to take
/// it back.
#[derive(Debug, Clone, Template)]
#[template(path = "erasure.html")]
pub struct ErasurePage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// Why the last attempt was refused.
    pub refusal: Option<String>,
    /// What the organization is called.
    pub name: String,
    /// What it is called in addresses: to be typed.
    pub web_name: String,
    /// What was typed.
    pub typed: Field,
    /// Where the forms are sent.
    pub action: String,
    /// What there is: `3 events and 12 members`.
    pub what: String,
    /// For how many hours it can be taken back.
    pub hours: i64,
    /// The deletion that waits, if one does.
    pub waits: Option<ErasureWaits>,
}

/// A deletion that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureWaits {
    /// When.
    pub asked: String,
    /// Until when it can be taken back.
    pub until: String,
    /// The address of its certificate, to be kept.
    pub certificate: String,
    /// Where it leads.
    pub certificate_path: String,
}
