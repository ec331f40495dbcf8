//! The appointments of an event.

use askama::Template;

use super::{Choice, News, PageHead, Section};

/// The appointments of one day of an event, as far as the reader covers them.
#[derive(Debug, Clone, Template)]
#[template(path = "event.html")]
pub struct EventPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// The event's name.
    pub name: String,
    /// Where, if that was said.
    pub place: Option<String>,
    /// The zone's name for people.
    pub zone: String,
    /// The days to choose from; none where there is only one.
    pub days: Vec<DayChoice>,
    /// Whose appointments to choose from; none where there is only one.
    pub filter: Option<Filter>,
    /// The day that is shown, in full; none where the event has no days.
    pub day: Option<String>,
    /// How many appointments are shown, in words.
    pub count: String,
    /// The appointments, by whose they are.
    pub sheets: Vec<Sheet>,
    /// Where one is made, for who may.
    pub book: Option<String>,
}

/// A day to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayChoice {
    /// `Thu 3 Dec`
    pub text: String,
    /// Its page.
    pub path: String,
    /// Whether it is shown.
    pub current: bool,
}

/// The choice of whose appointments are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What the organization calls them: `Teacher`.
    pub label: String,
    /// Where the choice is sent.
    pub action: String,
    /// The day that is shown, so that the choice keeps it.
    pub day: String,
    /// What can be chosen.
    pub choices: Vec<Choice>,
}

/// One teacher's, nurse's or room's day: a sheet of paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The id of its heading on the page.
    pub id: String,
    /// Whose: `Ms Okafor`.
    pub name: String,
    /// Where: `Room 12`.
    pub place: Option<String>,
    /// The page with this sheet alone.
    pub path: String,
    /// What is booked, in the order of time.
    pub appointments: Vec<Appointment>,
    /// What was booked by somebody whose data is gone, in the order of time.
    pub gone: Vec<Gone>,
}

/// One appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// When it begins: `18:40`.
    pub time: String,
    /// When it ends: `18:50`.
    pub until: String,
    /// When it begins, for programs: RFC 3339.
    pub start: String,
    /// Who comes, or who booked for a dependent.
    pub person: String,
    /// For whom it is, where that is not who booked.
    pub dependent: Option<String>,
    /// The page about who comes, where there is more to see.
    pub path: Option<String>,
    /// Where mail reaches them.
    pub email: String,
    /// A telephone number.
    pub phone: Option<String>,
    /// What they wrote.
    pub note: Option<String>,
    /// Whether the address has yet to be proven.
    pub held: bool,
}

/// A time that is taken by somebody whose data is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// When it begins: `18:40`.
    pub time: String,
    /// When it ends: `18:50`.
    pub until: String,
    /// When it begins, for programs: RFC 3339.
    pub start: String,
    /// Why nobody is named, in a sentence.
    pub why: &'static str,
}
