//! Letting somebody of the operator's see data to help.

use askama::Template;

use super::{Choice, Field, News, PageHead, Problem, Reads, Section};

/// Who may help, who did, and what they read.
#[derive(Debug, Clone, Template)]
#[template(path = "support.html")]
pub struct SupportPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// What is wrong with what was typed.
    pub problems: Vec<Problem>,
    /// Where the form is sent.
    pub action: String,
    /// The persons whom the operator has put on its list.
    pub supporters: Vec<Choice>,
    /// What is wrong with the choice of a person.
    pub supporter_error: Option<String>,
    /// Why help is needed.
    pub reason: Field,
    /// For how long.
    pub hours: Vec<Choice>,
    /// What is wrong with the time.
    pub hours_error: Option<String>,
    /// Permissions, those that still hold first.
    pub grants: Vec<GrantLine>,
}

/// One permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantLine {
    /// Who was let in.
    pub supporter: String,
    /// Who let them in.
    pub by: String,
    /// Why.
    pub reason: String,
    /// From when until when.
    pub span: String,
    /// How it stands: `Can read now`, `Ended`, `Withdrawn` or the like.
    pub state: &'static str,
    /// Where withdrawing is sent, while it holds.
    pub withdraw: Option<String>,
    /// Every read under it.
    pub reads: Reads,
}
