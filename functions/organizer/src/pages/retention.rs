//! How long data is kept.

use askama::Template;

use super::{Choice, Field, News, PageHead, Problem, Section};

/// How long data is kept, what the coming night removes, and what is held.
#[derive(Debug, Clone, Template)]
#[template(path = "retention.html")]
pub struct RetentionPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// Why nothing was done, where no field is at fault.
    pub refusal: Option<String>,
    /// What is wrong with what was typed.
    pub problems: Vec<Problem>,
    /// Where the form is sent.
    pub action: String,
    /// The version that was read: two who save at once do not undo each other.
    pub version: String,
    /// For how many days appointments are kept; empty for ever.
    pub bookings_days: Field,
    /// What becomes of them.
    pub fate: Vec<Choice>,
    /// What is wrong with that choice.
    pub fate_error: Option<String>,
    /// For how many days people of whom nothing is heard are kept.
    pub contacts_days: Field,
    /// For how many days mails are on the list.
    pub notices_days: Field,
    /// When the coming night begins.
    pub begins: String,
    /// What it removes.
    pub tonight: Tonight,
    /// The form that places a hold.
    pub form: HoldForm,
    /// The holds that stand.
    pub holds: Vec<HoldLine>,
}

/// What the coming night removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tonight {
    /// `12 appointments of Fall conferences`
    pub lines: Vec<String>,
    /// How many of what is old enough a hold keeps.
    pub held: usize,
    /// Whether there are more than were counted.
    pub more: bool,
}

/// The form that places a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldForm {
    /// Where it is sent.
    pub action: String,
    /// What can be held.
    pub choices: Vec<Choice>,
    /// What is wrong with the choice.
    pub choice_error: Option<String>,
    /// Why.
    pub reason: Field,
}

/// A hold that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldLine {
    /// What is held, by name.
    pub name: String,
    /// `Person`, `Dependent` or `Event`.
    pub kind: &'static str,
    /// Why.
    pub reason: String,
    /// Who placed it.
    pub by: String,
    /// When.
    pub since: String,
    /// Where lifting is sent.
    pub lift: String,
    /// What is held, for the form.
    pub on: &'static str,
    /// Its id, for the form.
    pub id: String,
}
