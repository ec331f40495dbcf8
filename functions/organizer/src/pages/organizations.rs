//! The operator's list of organizations.

use askama::Template;

use super::{Deed, News, PageHead, Section};

/// Every organization of the installation.
#[derive(Debug, Clone, Template)]
#[template(path = "organizations.html")]
pub struct OrganizationsPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// Why the last attempt was refused.
    pub refusal: Option<String>,
    /// The organizations: those that wait first, then by name.
    pub organizations: Vec<OrganizationLine>,
}

/// An organization in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationLine {
    /// Its id, by which logs, alarms and keys name it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub web_name: String,
    /// How it stands: `Waits for approval`, `Active`, `Suspended`.
    pub state: &'static str,
    /// What can be done about it.
    pub deeds: Vec<Deed>,
}
