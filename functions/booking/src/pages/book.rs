//! The form for a chosen time.

use askama::Template;

use super::{Appointment, NearTime, PageHead};

/// The form that asks who comes.
#[derive(Debug, Clone, Template)]
#[template(path = "book.html")]
pub struct BookPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The event's name.
    pub event: String,
    /// The event's page, to choose another time.
    pub event_path: String,
    /// The time that was chosen.
    pub appointment: Appointment,
    /// Whether it can still be had.
    pub time: BookTime,
    /// Where the form goes.
    pub action: String,
    /// A fresh idempotency key.
    pub key: String,
    /// What the forms of somebody who has signed in carry.
    pub form_token: Option<String>,
    /// For whom it can be; empty where only for themselves.
    pub people: Vec<ForWhom>,
    /// What is wrong with the choice among them.
    pub people_error: Option<String>,
    /// Why the last attempt was refused, where no field is at fault.
    pub refusal: Option<String>,
    /// Who comes.
    pub name: Field,
    /// Where the confirmation goes.
    pub email: Field,
    /// A number to call; may stay empty.
    pub phone: Field,
    /// A word to the other side; may stay empty.
    pub note: Field,
    /// The privacy notice in force.
    pub privacy_path: String,
    /// Minutes to open the mailed link in, where the address must be proven first.
    pub proof_minutes: Option<u32>,
}

impl BookPage {
    /// Whether anything stops the booking, so that the summary takes the focus.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.refusal.is_some() || self.taken() || self.faults().next().is_some()
    }

    /// Whether the chosen time has gone.
    #[must_use]
    pub fn taken(&self) -> bool {
        matches!(self.time, BookTime::Taken { .. })
    }

    /// Whether the form can still end in a booking: not where the time has gone and none is near.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        !matches!(&self.time, BookTime::Taken { nearest } if nearest.is_empty())
    }

    /// Whether anything was typed.
    #[must_use]
    pub fn filled_in(&self) -> bool {
        [&self.name, &self.email, &self.phone, &self.note]
            .into_iter()
            .any(|field| !field.value.is_empty())
    }

    /// The fields at fault: each one's id, and what is wrong with which field.
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, String)> {
        [("name", &self.name), ("email", &self.email), ("phone", &self.phone), ("note", &self.note)]
            .into_iter()
            .map(|(id, field)| (id, field.error.as_ref()))
            .chain([("dependent", self.people_error.as_ref())])
            .filter_map(|(id, error)| {
                Some((id, format!("{}: {}", Self::label(id), within_a_sentence(error?))))
            })
    }

    /// What a field is called, at the field and in the summary.
    fn label(id: &str) -> &'static str {
        match id {
            "name" => "Your name",
            "email" => "Email",
            "phone" => "Phone",
            "dependent" => "Who is it for?",
            _ => "Note",
        }
    }
}

/// Somebody for whom the appointment can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForWhom {
    /// Their id; empty for who books.
    pub value: String,
    /// What they are called: `Maya Example`, `Myself`.
    pub label: String,
    /// Whether they were chosen.
    pub selected: bool,
}

/// A sentence as it goes on after a colon.
fn within_a_sentence(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Whether the chosen time can still be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookTime {
    /// It was free when the page was made.
    Free {
        /// The slot's id.
        slot: String,
    },
    /// Somebody was quicker.
    Taken {
        /// What is free near it; may be empty.
        nearest: Vec<NearTime>,
    },
}

/// What was typed into a field, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What was typed.
    pub value: String,
    /// What is wrong and what to do, in a sentence.
    pub error: Option<String>,
    /// How many characters it takes.
    pub limit: usize,
}

impl Field {
    /// A field that nobody has filled in yet.
    #[must_use]
    pub fn empty(limit: usize) -> Self {
        Self { value: String::new(), error: None, limit }
    }
}
