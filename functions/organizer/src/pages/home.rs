//! Where the team's pages begin.

use askama::Template;

use super::{News, PageHead, Section};

/// What somebody of the team sees first: what needs them, and the events.
#[derive(Debug, Clone, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// What waits for this person.
    pub heeds: Vec<Heed>,
    /// The events of which they cover anything.
    pub events: Vec<EventLine>,
    /// Why there are none, where there are none.
    pub nothing: &'static str,
}

/// Something that waits for the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heed {
    /// What, in a sentence.
    pub text: String,
    /// What the link says.
    pub link: &'static str,
    /// Where to see to it.
    pub path: String,
}

/// An event in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    /// Its name.
    pub name: String,
    /// Its appointments.
    pub path: String,
    /// When: `Thu 3 – Sat 5 December 2026`.
    pub when: Option<String>,
    /// What of it is covered: `All teachers`, `Ms Okafor`.
    pub covered: String,
}
