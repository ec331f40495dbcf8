//! What an organization keeps about somebody, and what they can do about it.

use askama::Template;

use super::{Field, PageHead};

/// What is kept about who has signed in, in short.
#[derive(Debug, Clone, Template)]
#[template(path = "your-data.html")]
pub struct YourDataPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The organization's name.
    pub organization: String,
    /// What has just been done.
    pub news: Option<String>,
    /// Why the last attempt was refused, where no field is at fault.
    pub refusal: Option<String>,
    /// What is kept: each line what, and how much of it.
    pub kept: Vec<(&'static str, String)>,
    /// All of it as a file for programs.
    pub json_path: String,
    /// All of it as a file for people.
    pub csv_path: String,
    /// Correcting it; none where no appointment lies ahead.
    pub correct: Option<CorrectForm>,
    /// Deleting it.
    pub delete: Deletion,
    /// What every form carries.
    pub form_token: String,
    /// What is booked.
    pub bookings_path: String,
}

/// The form that corrects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectForm {
    /// Where it goes.
    pub action: String,
    /// On how many appointments: `1 appointment`.
    pub on: String,
    /// Their name.
    pub name: Field,
    /// Their telephone number.
    pub phone: Field,
}

/// What can be done to delete everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deletion {
    /// It can be done.
    Ready {
        /// Where the form goes.
        action: String,
        /// What its button says.
        button: String,
    },
    /// Who asks must show once more that it is them.
    Unsure {
        /// Where a link is asked for.
        link_action: String,
        /// The address that it is mailed to, where it is known.
        email: String,
        /// Where those go who have a password or passkey.
        confirm_path: Option<String>,
    },
    /// It cannot be done now, and why.
    Held(String),
}

impl YourDataPage {
    /// The fields at fault: each one's id, and what is wrong.
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fields = self.correct.iter();
        let fields = fields.flat_map(|form| [("name", &form.name), ("phone", &form.phone)]);
        fields.filter_map(|(id, field)| Some((id, field.error.as_deref()?)))
    }

    /// Whether anything was refused.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.refusal.is_some() || self.faults().next().is_some()
    }
}

/// Everything is being deleted.
#[derive(Debug, Clone, Template)]
#[template(path = "data-deleted.html")]
pub struct DataDeletedPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The organization's name.
    pub organization: String,
    /// How many appointments are cancelled by it: `2 appointments`.
    pub cancelled: Option<String>,
    /// The whole address of the certificate, to be kept.
    pub certificate: String,
    /// Where it is on this site.
    pub certificate_path: String,
    /// The organization's own page.
    pub organization_path: String,
}
