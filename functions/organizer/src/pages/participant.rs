//! One participant: what they have booked and who has looked.

use askama::Template;

use super::{News, Onward, PageHead, Section};

/// A participant's appointments within what the reader covers, and who saw
/// their data.
#[derive(Debug, Clone, Template)]
#[template(path = "participant.html")]
pub struct ParticipantPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// Why the last attempt was refused.
    pub refusal: Option<String>,
    /// What they call themselves.
    pub name: String,
    /// Where mail reaches them.
    pub email: String,
    /// A telephone number.
    pub phone: Option<String>,
    /// What lies ahead.
    pub coming: Vec<Visit>,
    /// What is over or was cancelled.
    pub past: Vec<Visit>,
    /// Where nothing of theirs is kept from being deleted; for administrators.
    pub hold: Option<String>,
    /// What can be done with their data; for administrators.
    pub rights: Option<Rights>,
    /// Who saw their data; for administrators.
    pub looks: Option<Looks>,
}

/// What can be done with a person's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// All of it as a file for people.
    pub csv_path: String,
    /// All of it as a file for programs.
    pub json_path: String,
    /// Where a correction goes.
    pub correct_action: String,
    /// Where the deletion goes.
    pub delete_action: String,
    /// What its button says.
    pub delete_button: String,
}

/// A person's data is being deleted.
#[derive(Debug, Clone, Template)]
#[template(path = "deleted.html")]
pub struct DeletedPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// Whether it is a dependent's: then their guardians are told.
    pub dependent: bool,
    /// How many appointments are cancelled by it: `2 appointments`.
    pub cancelled: Option<String>,
    /// The whole address of the certificate, to be kept.
    pub certificate: String,
    /// Where it is on this site.
    pub certificate_path: String,
}

/// One appointment of theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// At which event.
    pub event: String,
    /// With whom.
    pub with: String,
    /// `Thursday 3 December 2026`
    pub day: String,
    /// `18:40`
    pub time: String,
    /// `18:50`
    pub until: String,
    /// The zone's name for people.
    pub zone: String,
    /// When it begins, for programs.
    pub start: String,
    /// Under which name it was booked.
    pub name: String,
    /// For whom it is, where that is somebody else.
    pub dependent: Option<String>,
    /// What they wrote.
    pub note: Option<String>,
    /// How it stands, where that is not plain: `Cancelled`.
    pub state: Option<&'static str>,
    /// Where cancelling is sent, for whoever may.
    pub cancel_action: Option<String>,
}

/// Who looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looks {
    /// Each look, the latest first: when, who, on which page.
    pub lines: Vec<(String, String, String)>,
    /// Where the list goes on.
    pub onward: Option<Onward>,
}
