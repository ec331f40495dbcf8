//! Notices as mails: subject, text, HTML, calendar file, put together as MIME.
//!
//! The subject and the names in headers come from the organization, never from
//! the person: subjects are shown on locked screens and kept in logs of mail
//! systems. A mail written twice from the same notice is the same but for its
//! date.

use askama::Template;
use jiff::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use super::calendar::{self, Appointment, Method, Moment, Parties};
use super::{Kind, Owed, one_line, place};
use crate::booking::rules::HOLD;
use crate::booking::{Booking, State};
use crate::event::Event;
use crate::organization::Organization;
use crate::personal::EmailAddress;
use crate::resource::Resource;
use crate::time::short_day;
use crate::trouble::Trouble;
use crate::vault::{LinkPurpose, OrganizationKeys};

/// What a mail is written from.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// What is owed.
    pub owed: &'a Owed,
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

/// A mail, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub recipient: EmailAddress,
    /// Headers and parts, as they go out.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Mail({} bytes)", self.bytes.len())
    }
}

/// What the templates show.
struct View {
    subject: String,
    word: &'static str,
    what: String,
    when: String,
    details: Vec<String>,
    paragraphs: Vec<String>,
    button: &'static str,
    link: String,
    reason: String,
    privacy: String,
}

#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct TextPart<'a> {
    view: &'a View,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct HtmlPart<'a> {
    view: &'a View,
}

/// Names are shortened to this many characters in a subject.
const LONGEST_NAME: usize = 60;

impl Letter<'_> {
    /// Writes the mail, dated `now`.
    ///
    /// # Errors
    /// [`Trouble::Damaged`] when an address cannot stand in a header.
    pub fn write(&self, now: Timestamp) -> Result<Mail, Trouble> {
        let view = self.view();
        let notice = self.owed.id;
        let unfit = |why: &dyn std::fmt::Display| {
            Trouble::damaged(format!("the mail of notice {notice}"), why)
        };
        let sender = address(self.sender).map_err(|why| unfit(&why))?;
        let recipient = address(&self.booking.contact.email).map_err(|why| unfit(&why))?;
        // Words alone: brackets would make mail programs show, and filters see,
        // an encoded name.
        let from = format!("{} via Kept", one_line(&self.organization.name));
        let id = format!("<{notice}@{}>", sender.domain());
        let date = std::time::SystemTime::try_from(now).map_err(|why| unfit(&why))?;
        let text = TextPart { view: &view }.render().map_err(|why| unfit(&why))?;
        let html = HtmlPart { view: &view }.render().map_err(|why| unfit(&why))?;
        let message = Message::builder()
            .from(Mailbox::new(Some(from), sender))
            .to(Mailbox::new(Some(self.booking.contact.name.expose().to_owned()), recipient))
            .subject(view.subject)
            .message_id(Some(id))
            .date(date)
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        // The boundaries come from the notice, so that nothing is left to chance.
        let either = MultiPart::alternative()
            .boundary(format!("kept-{notice}-either"))
            .singlepart(SinglePart::plain(text))
            .singlepart(SinglePart::html(html));
        let body = match self.calendar() {
            None => either,
            Some((name, file)) => {
                let kind = |text: &str| ContentType::parse(text).map_err(|why| unfit(&why));
                let invitation = kind(&format!("text/calendar; method={name}; charset=utf-8"))?;
                let either = either
                    .singlepart(SinglePart::builder().content_type(invitation).body(file.clone()));
                // Another type than the invitation's, so that no calendar takes
                // one appointment for two.
                let attachment = Attachment::new("appointment.ics".to_owned())
                    .body(file, kind("application/ics; charset=utf-8")?);
                MultiPart::mixed()
                    .boundary(format!("kept-{notice}-mixed"))
                    .multipart(either)
                    .singlepart(attachment)
            }
        };
        let message = message.multipart(body).map_err(|why| unfit(&why))?;
        Ok(Mail { recipient: self.booking.contact.email.clone(), bytes: message.formatted() })
    }

    fn calendar(&self) -> Option<(&'static str, String)> {
        let parties = Parties { sender: self.sender, recipient: &self.booking.contact.email };
        let method = match self.owed.kind {
            Kind::Booked | Kind::Moved => Method::Request(parties),
            Kind::Cancelled => Method::Cancel(parties),
            Kind::Confirm | Kind::InTheWay => return None,
        };
        let moment = Moment {
            booking: self.owed.booking,
            version: self.owed.version,
            start: self.owed.start,
            end: self.owed.end,
            stamp: self.owed.since,
        };
        let resource = self.resource(self.owed.slot.resource);
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

    fn view(&self) -> View {
        let zone = &self.event.zone;
        let when = |start, end| format!("{} ({})", zone.span(start, end), zone.spoken());
        let briefly = |start| format!("{} {}", short_day(zone.day(start)), zone.clock(start));
        let (organization, event) = (one_line(&self.organization.name), one_line(&self.event.name));
        let organization_page = format!("{}/{}", self.public_address, self.organization.web_name);
        let event_page = format!("{organization_page}/{}", self.event.web_name);
        let manage = self.links.manage.clone();
        let resource = self.resource(self.owed.slot.resource);
        let what = self.name(resource);
        let mut details = vec![format!("{event}, {organization}"), place(self.event, resource)];
        let booked = format!(
            "{organization} sends you this with Kept because this address was given for an appointment at {event}."
        );
        let not_you = "If you did not book this, please cancel it.".to_owned();
        let file = "The file for your calendar is attached.".to_owned();
        let (word, paragraphs, button, link) = match self.owed.kind {
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
        let (start, end) = (self.owed.start, self.owed.end);
        let (subject, what) = match self.owed.kind {
            Kind::InTheWay => (
                format!("Not booked: {}, you have an appointment then", briefly(start)),
                String::new(),
            ),
            _ => {
                let short: String = what.chars().take(LONGEST_NAME).collect();
                (format!("{word}: {short}, {}", briefly(start)), what)
            }
        };
        View {
            subject,
            word,
            what,
            when: when(start, end),
            details: details.into_iter().filter(|detail| !detail.is_empty()).collect(),
            paragraphs,
            button,
            link,
            reason: booked,
            privacy: format!("{organization_page}/privacy"),
        }
    }

    fn confirm_within(&self) -> Vec<String> {
        let zone = &self.event.zone;
        let until = match self.booking.state {
            State::Held(until) => until,
            _ => self.owed.since + HOLD,
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
            ),
            "If you would rather have the other time, move or cancel this appointment first. If it was not you, you need do nothing.".to_owned(),
        ]
    }
}

fn address(email: &EmailAddress) -> Result<Address, lettre::address::AddressError> {
    email.expose().parse()
}

#[cfg(test)]
mod tests;
