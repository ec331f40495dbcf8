//! An organization's privacy notice.

use askama::Template;

use super::PageHead;

/// An organization's privacy notice.
#[derive(Debug, Clone, Template)]
#[template(path = "privacy.html")]
pub struct PrivacyPage {
    /// What stands around the page.
    pub head: PageHead,
    /// Its title.
    pub title: String,
    /// Since when it holds: `1 September 2026`.
    pub effective: String,
    /// Which version it is: `3`.
    pub version: String,
    /// Its text, one for each paragraph.
    pub paragraphs: Vec<String>,
    /// Who processes data for the organization, each with what for.
    pub processors: Vec<String>,
}
