//! The audit trail.

use askama::Template;

use super::{Choice, Onward, PageHead, Section};

/// A day of the audit trail.
#[derive(Debug, Clone, Template)]
#[template(path = "audit.html")]
pub struct AuditPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// Where the choice is sent.
    pub action: String,
    /// The day for the field: `2026-12-03`.
    pub day: String,
    /// The day in full.
    pub long_day: String,
    /// The zone's name for people.
    pub zone: String,
    /// Whose deeds.
    pub actors: Vec<Choice>,
    /// Which deeds.
    pub actions: Vec<Choice>,
    /// The participant whose data it is about, where one was chosen.
    pub person: Option<String>,
    /// The records, the latest first.
    pub lines: Vec<Line>,
    /// The day before and after, and where this day goes on.
    pub onward: Vec<Onward>,
}

/// One record as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `18:40:12`
    pub time: String,
    /// When, for programs.
    pub at: String,
    /// Who did it.
    pub who: String,
    /// What was done.
    pub what: String,
    /// Whom or what it is about.
    pub about: String,
    /// With what result, and what else there is to say.
    pub result: String,
}
