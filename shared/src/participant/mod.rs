//! Participants: the people who book, what they have on a day and how much
//! they have at an event.

pub mod agenda;
pub mod allowance;
pub mod store;
pub mod tally;

pub use agenda::{Agenda, AgendaOf, Entry};
pub use allowance::Allowances;
pub use tally::Tally;
