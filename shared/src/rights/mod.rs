//! What a person may ask of an organization about themselves: to take out all
//! that is kept ([`take_out`]), and to have it corrected ([`correct`]). What is
//! deleted is in [`crate::deletion`].

mod correct;
mod file;
mod take_out;

pub use correct::correct;
pub use file::{csv, json};
pub use take_out::{
    AppointmentShape, LookShape, MailShape, OrganizationShape, PersonShape, SignInsShape,
    TakenOutShape, take_out,
};
