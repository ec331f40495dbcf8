//! Notices as mails: subject, text, HTML, calendar file, put together as MIME.
//!
//! The subject and the names in headers come from the organization, never from
//! the person: subjects are shown on locked screens and kept in logs of mail
//! systems. A mail written twice from the same notice is the same but for its
//! date.

mod account;
mod mail;

use jiff::Timestamp;

pub use account::AccountLetter;
pub use mail::Mail;
use mail::{Button, Envelope, View};

use super::calendar::{self, Appointment, Method, Moment, Parties};
use super::recipient::Recipient;
use super::{Change, Kind, one_line, place};
use crate::booking::rules::HOLD;
use crate::booking::{Booking, State};
use crate::event::Event;
use crate::ids::NoticeId;
use crate::organization::Organization;
use crate::personal::EmailAddress;
use crate::resource::Resource;
use crate::time::short_day;
use crate::trouble::Trouble;
use crate::vault::{LinkPurpose, OrganizationKeys};

/// What a mail about a booking is written from.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The notice.
    pub notice: NoticeId,
    /// The change it is about.
    pub change: &'a Change,
    /// Since when it is owed.
    pub since: Timestamp,
    /// The booking as it is now.
    pub booking: &'a Booking,
    /// The organization that offers the appointment.
    pub organization: &'a Organization,
    /// What the person may follow.
    pub links: &'a Links,
    /// The event.
    pub event: &'a Event,
    /// Its resources.
    pub resources: &'a [Resource],
    /// Where people reach the service.
    pub public_address: &'a str,
    /// From which address the mail comes.
    pub sender: &'a EmailAddress,
}

/// The personal links of a booking. They cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Links {
    manage: String,
    confirm: String,
}

impl Links {
    /// Derives the links of a booking.
    #[must_use]
    pub fn new(
        public_address: &str,
        organization: &Organization,
        keys: &OrganizationKeys,
        booking: &Booking,
    ) -> Self {
        let page = format!("{public_address}/{}", organization.web_name);
        let link = |purpose| keys.link(purpose, booking.id, booking.link_version);
        Self {
            manage: format!("{page}/bookings/{}", link(LinkPurpose::Manage)),
            confirm: format!("{page}/confirm/{}", link(LinkPurpose::Confirm)),
        }
    }
}

impl std::fmt::Debug for Links {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[links]")
    }
}

impl Letter<'_> {
    /// Writes the mail, dated `now`.
    ///
    /// # Errors
    /// [`Trouble::Damaged`] when an address cannot stand in a header.
    pub fn write(&self, now: Timestamp) -> Result<Mail, Trouble> {
        let contact = &self.booking.contact;
        let envelope = Envelope {
            notice: self.notice,
            organization: &self.organization.name,
            sender: self.sender,
            recipient: &Recipient {
                name: Some(contact.name.clone()),
                email: contact.email.clone(),
            },
        };
        mail::write(self.view(), envelope, self.calendar(), now)
    }

    fn calendar(&self) -> Option<(&'static str, String)> {
        let parties = Parties { sender: self.sender, recipient: &self.booking.contact.email };
        let method = match self.change.kind {
            Kind::Booked | Kind::Moved => Method::Request(parties),
            Kind::Cancelled => Method::Cancel(parties),
            Kind::Confirm | Kind::InTheWay => return None,
        };
        let moment = Moment {
            booking: self.change.booking,
            version: self.change.version,
            start: self.change.start,
            end: self.change.end,
            stamp: self.since,
        };
        let resource = self.resource(self.change.slot.resource);
        let appointment =
            Appointment::new(self.public_address, self.organization, self.event, resource, moment);
        Some((method.name(), calendar::file(&appointment, method)))
    }

    fn resource(&self, id: crate::ids::ResourceId) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.id == id)
    }

    /// What people call the appointment: its resource, or its event where the
    /// resource has no name.
    fn name(&self, resource: Option<&Resource>) -> String {
        resource
            .map(|resource| one_line(&resource.name))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| one_line(&self.event.name))
    }

    /// For whom the appointment is, where that is not who gets the mail.
    fn whom(&self) -> Option<String> {
        let dependent = self.booking.dependent.as_ref()?;
        Some(format!("For {}", one_line(dependent.name.expose())))
    }

    fn view(&self) -> View {
        let zone = &self.event.zone;
        let when = |start, end| format!("{} ({})", zone.span(start, end), zone.spoken());
        let briefly = |start| format!("{} {}", short_day(zone.day(start)), zone.clock(start));
        let (organization, event) = (one_line(&self.organization.name), one_line(&self.event.name));
        let organization_page = format!("{}/{}", self.public_address, self.organization.web_name);
        let event_page = format!("{organization_page}/{}", self.event.web_name);
        let manage = self.links.manage.clone();
        let resource = self.resource(self.change.slot.resource);
        let what = self.name(resource);
        let mut details = vec![format!("{event}, {organization}"), place(self.event, resource)];
        details.extend(self.whom());
        let booked = format!(
            "{organization} sends you this with Kept because this address was given for an appointment at {event}."
        );
        let not_you = "If you did not book this, please cancel it.".to_owned();
        let file = "The file for your calendar is attached.".to_owned();
        let (word, paragraphs, button, link) = match self.change.kind {
            Kind::Booked => ("Booked", vec![file, not_you], "Move or cancel", manage),
            Kind::Moved => (
                "Moved",
                vec!["This time replaces the earlier one.".to_owned(), file],
                "Move or cancel",
                manage,
            ),
            Kind::Cancelled => (
                "Cancelled",
                vec!["The attached file takes it out of your calendar.".to_owned()],
                "Book another time",
                event_page,
            ),
            Kind::Confirm => (
                "Confirm",
                self.confirm_within(),
                "Confirm this appointment",
                self.links.confirm.clone(),
            ),
            Kind::InTheWay => {
                details.clear();
                ("Not booked", self.in_the_way(), "Move or cancel the earlier one", manage)
            }
        };
        let (start, end) = (self.change.start, self.change.end);
        let (subject, what) = match self.change.kind {
            Kind::InTheWay => (
                format!("Not booked: {}, you have an appointment then", briefly(start)),
                String::new(),
            ),
            _ => (format!("{word}: {}, {}", mail::short(&what), briefly(start)), what),
        };
        View {
            subject,
            word,
            headline: seen(vec![what, when(start, end)]),
            details: seen(details),
            paragraphs,
            button: Some(Button { label: button, link }),
            reason: booked,
            privacy: format!("{organization_page}/privacy"),
        }
    }

    fn confirm_within(&self) -> Vec<String> {
        let zone = &self.event.zone;
        let until = match self.booking.state {
            State::Held(until) => until,
            _ => self.since + HOLD,
        };
        vec![
            format!(
                "Please confirm within {} minutes, until {} ({}). Until then the time is held for you; after that it is free for others.",
                HOLD.as_mins(),
                zone.clock(until),
                zone.spoken(),
            ),
            "If you did not ask for this, you need do nothing.".to_owned(),
        ]
    }

    fn in_the_way(&self) -> Vec<String> {
        let zone = &self.event.zone;
        let resource = self.resource(self.booking.slot.resource);
        let place = place(self.event, resource);
        let place = if place.is_empty() { String::new() } else { format!(", {place}") };
        vec![
            "Somebody, perhaps you, asked for this time with your address. It was not booked, because you have an appointment then:".to_owned(),
            format!(
                "{}, {} ({}){place}",
                self.name(resource),
                zone.span(self.booking.start, self.booking.end),
                zone.spoken(),
            ) + &self.whom().map(|whom| format!(". {whom}")).unwrap_or_default(),
            "If you would rather have the other time, move or cancel this appointment first. If it was not you, you need do nothing.".to_owned(),
        ]
    }
}

fn seen(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests;
