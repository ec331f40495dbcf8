//! Backups, for the operator.

use askama::Template;

use super::{News, PageHead, Section};

/// How the nights' backups went, and what came of trying them out.
#[derive(Debug, Clone, Template)]
#[template(path = "backups.html")]
pub struct BackupsPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// Why the last attempt was refused.
    pub refusal: Option<String>,
    /// What there is reason to worry about.
    pub heeds: Vec<String>,
    /// Since when the newest backup is there, if there is any.
    pub taken: Option<String>,
    /// Of when the newest backup is that was tried out and found right.
    pub proven: Option<String>,
    /// Where taking one now is sent.
    pub take_action: String,
    /// Where trying one out now is sent.
    pub drill_action: String,
    /// The zone of the times.
    pub zone: String,
    /// The nights, the newest first.
    pub nights: Vec<NightLine>,
    /// The drills, the newest first.
    pub drills: Vec<DrillLine>,
}

/// A night.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NightLine {
    /// Since when its backups are there, or its day.
    pub when: String,
    /// Whether somebody asked for it.
    pub by_hand: bool,
    /// How it stands.
    pub state: String,
    /// Whether nothing stands in its way.
    pub well: bool,
    /// How large its backups are, once they are there.
    pub size: Option<String>,
    /// How many items they hold.
    pub items: Option<u64>,
    /// What came of the round of the keys.
    pub keys: String,
    /// How many older backups it removed.
    pub removed: Option<u64>,
    /// What stood in the way.
    pub hitch: Option<String>,
}

/// A drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillLine {
    /// When it was begun.
    pub when: String,
    /// Whose night's backup was tried out.
    pub of: Option<String>,
    /// How it stands.
    pub state: &'static str,
    /// How long it took.
    pub took: Option<String>,
    /// What was looked at.
    pub looked_at: String,
    /// What was not as it should be: the first of it.
    pub found: Vec<String>,
    /// How much more there was.
    pub further: u64,
    /// What stands in the way.
    pub hitch: Option<String>,
}
