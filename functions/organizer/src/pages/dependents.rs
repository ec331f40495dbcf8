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
    /// Where removing them is sent.
    pub remove: String,
}
