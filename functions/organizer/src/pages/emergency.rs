//! The emergency code and its uses.

use askama::Template;

use super::{News, PageHead, Reads, Section};

/// Making a code, and reviewing what was done with one.
#[derive(Debug, Clone, Template)]
#[template(path = "emergency.html")]
pub struct EmergencyPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// Why the last attempt was refused.
    pub refusal: Option<String>,
    /// Where making a code is sent.
    pub action: String,
    /// Since when there is a code, if there is one.
    pub made: Option<String>,
    /// What was done with codes, the latest first.
    pub uses: Vec<Use>,
}

/// One use of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// When.
    pub when: String,
    /// What whoever used it said.
    pub reason: String,
    /// What was read.
    pub reads: Reads,
    /// Who signed the review, and when.
    pub signed: Option<String>,
    /// Where ending it is sent, while what it opened still stands open.
    pub end_action: Option<String>,
    /// Where signing is sent, for whoever may.
    pub sign_action: Option<String>,
    /// Why the reader may not sign.
    pub not_you: Option<&'static str>,
}

/// A new code: shown once, to be printed.
#[derive(Debug, Clone, Template)]
#[template(path = "code.html")]
pub struct CodePage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// The code in groups.
    pub code: String,
    /// Where it is typed in.
    pub address: String,
    /// When it was made.
    pub made: String,
    /// Where to go on.
    pub back: String,
}
