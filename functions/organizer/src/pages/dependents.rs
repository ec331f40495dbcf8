//! The organization's list of dependents.

use askama::Template;

use super::{Field, News, PageHead, Problem, Section};

/// Whom guardians may book for, and the form to add one.
#[derive(Debug, Clone, Template)]
#[template(path = "dependents.html")]
pub struct DependentsPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// What is wrong with what was typed.
    pub problems: Vec<Problem>,
    /// Where the forms are sent.
    pub action: String,
    /// What was looked for.
    pub find: String,
    /// What they are called.
    pub name: Field,
    /// What the organization's books call them by.
    pub identifier: Field,
    /// What only guardians know.
    pub security_value: Field,
    /// How many are on the list.
    pub listed: usize,
    /// How many of them have what was looked for.
    pub matching: usize,
    /// The first of those, by name.
    pub dependents: Vec<DependentLine>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependentLine {
    /// Their name.
    pub name: String,
    /// Their identifier.
    pub identifier: String,
    /// Where their own page is.
    pub path: String,
    /// Where removing them is sent.
    pub remove: String,
}

/// One dependent: how much is kept about them, and its deletion.
#[derive(Debug, Clone, Template)]
#[template(path = "dependent.html")]
pub struct DependentPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// Why the last attempt was refused.
    pub refusal: Option<String>,
    /// Their name; of who is off the list it is gone.
    pub name: String,
    /// Their identifier, while they are on the list.
    pub identifier: Option<String>,
    /// What is kept, and how much of it: `None` where there is nothing.
    pub kept: Vec<(&'static str, String)>,
    /// Where nothing of theirs is kept from being deleted, for who may.
    pub hold: Option<String>,
    /// What can be done.
    pub deletion: DependentDeletion,
    /// Where the list is.
    pub list_path: String,
}

/// Whether a dependent's data can be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DependentDeletion {
    /// Not by who looks.
    Withheld,
    /// A hold stands in the way.
    Held(String),
    /// It is being deleted.
    UnderWay,
    /// It can be.
    Ready {
        /// Where it is sent.
        action: String,
        /// What its button says.
        button: String,
        /// Who is told.
        told: Option<String>,
    },
}
