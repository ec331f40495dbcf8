//! For whom a participant books.

use askama::Template;

use super::{Field, PageHead};

/// The list of those for whom somebody books, and the form to add one.
#[derive(Debug, Clone, Template)]
#[template(path = "dependents.html")]
pub struct DependentsPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The organization's name.
    pub organization: String,
    /// Who is on the list, by name.
    pub dependents: Vec<DependentLine>,
    /// What has just been done.
    pub news: Option<String>,
    /// Why the last attempt was refused, where no field is at fault.
    pub refusal: Option<String>,
    /// What the organization's books call them by.
    pub identifier: Field,
    /// What only guardians know.
    pub security_value: Field,
    /// Where the form goes.
    pub action: String,
    /// What every form carries.
    pub form_token: String,
    /// What is booked.
    pub bookings_path: String,
}

impl DependentsPage {
    /// Whether anything was refused.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.refusal.is_some() || self.faults().next().is_some()
    }

    /// The fields at fault: each one's id, and what is wrong.
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [("identifier", &self.identifier), ("security_value", &self.security_value)]
            .into_iter()
            .filter_map(|(id, field)| Some((id, field.error.as_deref()?)))
    }
}

/// Somebody on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependentLine {
    /// Their name.
    pub name: String,
    /// Where the form goes that removes them.
    pub remove_action: String,
}
