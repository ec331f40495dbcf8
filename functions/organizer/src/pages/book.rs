//! Making an appointment for somebody.

use askama::Template;

use super::{DayChoice, Field, Filter, News, PageHead, Problem, Section};

/// The free times of a day that the reader may give away, or the form for the
/// one that was chosen.
#[derive(Debug, Clone, Template)]
#[template(path = "book.html")]
pub struct BookPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// The event's name.
    pub event: String,
    /// Its appointments.
    pub event_path: String,
    /// The zone's name for people.
    pub zone: String,
    /// What is chosen from.
    pub step: Step,
}

/// How far one has come.
#[derive(Debug, Clone)]
pub enum Step {
    /// A time is to be chosen.
    Choose(Box<Times>),
    /// Who comes is to be written down.
    Write(Box<BookForm>),
}

/// The free times of a day.
#[derive(Debug, Clone)]
pub struct Times {
    /// The days to choose from; none where there is only one.
    pub days: Vec<DayChoice>,
    /// Whose times to choose from; none where there is only one.
    pub filter: Option<Filter>,
    /// The day that is shown, in full; none where the event has no days.
    pub day: Option<String>,
    /// The day that is shown, for the form.
    pub date: String,
    /// Where the choice is sent.
    pub action: String,
    /// What is free, by whose it is.
    pub rows: Vec<FreeRow>,
}

/// What is free at one teacher, nurse or room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeRow {
    /// Whose: `Ms Okafor`.
    pub name: String,
    /// Where: `Room 12`.
    pub place: Option<String>,
    /// The times.
    pub times: Vec<FreeTime>,
}

/// A free time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeTime {
    /// Its id.
    pub slot: String,
    /// `18:40`
    pub time: String,
    /// What is different from the time that was wanted: `with Mr Park`.
    pub difference: Option<String>,
}

/// The form for the time that was chosen.
#[derive(Debug, Clone)]
pub struct BookForm {
    /// Where it is sent.
    pub action: String,
    /// What marks this form, so that sending it twice books once.
    pub key: String,
    /// `18:40 to 18:50, Thursday 3 December 2026, with Ms Okafor`
    pub chosen: String,
    /// The time that was chosen, while it is free.
    pub slot: Option<String>,
    /// What is free instead, once it is not.
    pub nearest: Vec<FreeTime>,
    /// Where another time is chosen.
    pub times_path: String,
    /// Why the last attempt was refused.
    pub refusal: Option<String>,
    /// What is wrong with what was typed.
    pub problems: Vec<Problem>,
    /// Who comes.
    pub name: Field,
    /// Where mail reaches them.
    pub email: Field,
    /// A telephone number.
    pub phone: Field,
    /// What else is to be known.
    pub note: Field,
}

impl BookForm {
    /// Whether there is a time to send the form with.
    fn can_go_on(&self) -> bool {
        self.slot.is_some() || !self.nearest.is_empty()
    }
}
