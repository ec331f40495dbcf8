//! Appointments as calendar files (RFC 5545, and RFC 5546 for invitations).
//!
//! The file holds what the appointment is and nothing of the person but, in an
//! invitation, the address it was sent to, by which calendars recognise their
//! owner. It holds no personal link: calendars are shared with families and
//! colleagues and copied to other providers, and whoever has the link can move
//! and cancel. The mail, which reaches one person, has it.
//!
//! Escaping and folding of lines is the library's; it has no component for time
//! zones and would date its components by the machine's clock, so the
//! components are put together here.

use icalendar::Property;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use super::one_line;
use crate::event::Event;
use crate::ids::BookingId;
use crate::organization::Organization;
use crate::personal::EmailAddress;
use crate::resource::Resource;
use crate::time::Zone;

/// What a calendar file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// Which booking: with the host, the file's stable id.
    pub booking: BookingId,
    /// The booking's version: each replaces the one before.
    pub version: u32,
    /// When this was so.
    pub stamp: Timestamp,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// In which zone its times are said.
    pub zone: Zone,
    /// With whom and what for.
    pub summary: String,
    /// Where.
    pub place: String,
    /// Who offers it.
    pub organization: String,
    /// The organization's public page.
    pub organization_page: String,
    /// The event's public page.
    pub event_page: String,
}

/// What the file is for.
#[derive(Debug, Clone, Copy)]
pub enum Method<'a> {
    /// To be downloaded and kept.
    Publish,
    /// An invitation, or an update of one.
    Request(Parties<'a>),
    /// Takes the appointment out of the calendar.
    Cancel(Parties<'a>),
}

/// Between whom an invitation passes.
#[derive(Debug, Clone, Copy)]
pub struct Parties<'a> {
    /// From which address it comes.
    pub sender: &'a EmailAddress,
    /// To which address it goes.
    pub recipient: &'a EmailAddress,
}

impl Method<'_> {
    /// The method's name, which the mail's content type repeats.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Request(_) => "REQUEST",
            Self::Cancel(_) => "CANCEL",
        }
    }
}

/// Which booking, in which version, when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The booking.
    pub booking: BookingId,
    /// Its version.
    pub version: u32,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// When this was so.
    pub stamp: Timestamp,
}

impl Appointment {
    /// The appointment at `moment` of an event with one of its resources.
    #[must_use]
    pub fn new(
        public_address: &str,
        organization: &Organization,
        event: &Event,
        resource: Option<&Resource>,
        moment: Moment,
    ) -> Self {
        let event_name = one_line(&event.name);
        let organization_page = format!("{public_address}/{}", organization.web_name);
        Self {
            booking: moment.booking,
            version: moment.version,
            stamp: moment.stamp,
            start: moment.start,
            end: moment.end,
            zone: event.zone.clone(),
            summary: match resource.map(|resource| one_line(&resource.name)) {
                Some(name) if !name.is_empty() => format!("{name}, {event_name}"),
                _ => event_name,
            },
            place: super::place(event, resource),
            organization: one_line(&organization.name),
            event_page: format!("{organization_page}/{}", event.web_name),
            organization_page,
        }
    }
}

/// The calendar file of an appointment.
#[must_use]
pub fn file(appointment: &Appointment, method: Method<'_>) -> String {
    let mut file = Lines::default();
    file.begin("VCALENDAR");
    file.add("VERSION", "2.0");
    file.add("PRODID", "-//Kept//Kept//EN");
    file.add("CALSCALE", "GREGORIAN");
    file.add("METHOD", method.name());
    zone(&mut file, appointment);
    file.begin("VEVENT");
    file.add("UID", &uid(appointment));
    file.add("SEQUENCE", &appointment.version.saturating_sub(1).to_string());
    file.add("DTSTAMP", &appointment.stamp.strftime("%Y%m%dT%H%M%SZ").to_string());
    for (name, instant) in [("DTSTART", appointment.start), ("DTEND", appointment.end)] {
        let civil = appointment.zone.rules().to_datetime(instant);
        file.push(Property::new(name, local(civil)).add_parameter("TZID", appointment.zone.name()));
    }
    file.add("SUMMARY", &appointment.summary);
    if !appointment.place.is_empty() {
        file.add("LOCATION", &appointment.place);
    }
    file.add("DESCRIPTION", &description(appointment, method));
    file.add("URL", &appointment.event_page);
    parties(&mut file, appointment, method);
    let cancelled = matches!(method, Method::Cancel(_));
    file.add("STATUS", if cancelled { "CANCELLED" } else { "CONFIRMED" });
    file.add("TRANSP", "OPAQUE");
    // Whoever may see the calendar sees that the time is taken, and no more,
    // until its owner says otherwise.
    file.add("CLASS", "PRIVATE");
    file.end("VEVENT");
    file.end("VCALENDAR");
    file.text
}

fn uid(appointment: &Appointment) -> String {
    let page = appointment.organization_page.as_str();
    let host = page.split_once("://").map_or(page, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or(host);
    format!("{}@{host}", appointment.booking)
}

fn description(appointment: &Appointment, method: Method<'_>) -> String {
    let how = match method {
        Method::Cancel(_) => "This appointment is cancelled.",
        Method::Publish | Method::Request(_) => {
            "To move or cancel it, use the link in the mail about this appointment."
        }
    };
    format!("{}\n{how}", appointment.organization)
}

fn parties(file: &mut Lines, appointment: &Appointment, method: Method<'_>) {
    let organizer = |address: String| {
        // The library quotes a parameter but leaves quotation marks inside it.
        let name = appointment.organization.replace('"', "'");
        Property::new("ORGANIZER", address).add_parameter("CN", &name).done()
    };
    match method {
        Method::Publish => file.push(&mut organizer(appointment.organization_page.clone())),
        Method::Request(parties) | Method::Cancel(parties) => {
            file.push(&mut organizer(mailto(parties.sender)));
            // Who booked has agreed: no calendar needs to ask, or to answer to
            // an address that nobody reads.
            file.push(
                Property::new("ATTENDEE", mailto(parties.recipient))
                    .add_parameter("CUTYPE", "INDIVIDUAL")
                    .add_parameter("ROLE", "REQ-PARTICIPANT")
                    .add_parameter("PARTSTAT", "ACCEPTED")
                    .add_parameter("RSVP", "FALSE"),
            );
        }
    }
}

/// An address as a URI (RFC 6068): what has a meaning in URIs is escaped.
fn mailto(address: &EmailAddress) -> String {
    let mut uri = String::from("mailto:");
    for byte in address.expose().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$'()*+@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

/// A stretch of time with one offset, from the moment a clock change began it.
struct Observance {
    /// The civil time of the change, by the offset before it.
    onset: DateTime,
    from: Offset,
    to: Offset,
    name: String,
    daylight: bool,
}

fn zone(file: &mut Lines, appointment: &Appointment) {
    file.begin("VTIMEZONE");
    file.add("TZID", appointment.zone.name());
    for observance in observances(appointment.zone.rules(), appointment.start, appointment.end) {
        let kind = if observance.daylight { "DAYLIGHT" } else { "STANDARD" };
        file.begin(kind);
        file.add("DTSTART", &local(observance.onset));
        file.add("TZOFFSETFROM", &offset(observance.from));
        file.add("TZOFFSETTO", &offset(observance.to));
        file.add("TZNAME", &observance.name);
        file.end(kind);
    }
    file.end("VTIMEZONE");
}

/// What a zone observes in the years of an appointment, beginning with what it
/// observed when the first of them began.
fn observances(zone: &TimeZone, start: Timestamp, end: Timestamp) -> Vec<Observance> {
    let new_year = |year: i16, or: Timestamp| {
        let date = Date::new(year, 1, 1).ok();
        date.and_then(|date| zone.to_timestamp(date.at(0, 0, 0, 0)).ok()).unwrap_or(or)
    };
    let first = new_year(zone.to_datetime(start).year(), Timestamp::MIN);
    let past = new_year(zone.to_datetime(end).year().saturating_add(1), Timestamp::MAX);
    let recent = |instant: &Timestamp| *instant >= Timestamp::UNIX_EPOCH;
    let mut observances = Vec::new();
    match zone.preceding(first).map(|change| change.timestamp()).next().filter(recent) {
        Some(change) => observances.push(observance(zone, change)),
        None => {
            let info = zone.to_offset_info(first);
            observances.push(Observance {
                onset: Date::constant(1970, 1, 1).at(0, 0, 0, 0),
                from: info.offset(),
                to: info.offset(),
                name: info.abbreviation().to_owned(),
                daylight: info.dst().is_dst(),
            });
        }
    }
    let before = first.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(first);
    let changes = zone.following(before).map(|change| change.timestamp());
    observances.extend(changes.take_while(|at| *at < past).map(|at| observance(zone, at)));
    observances
}

fn observance(zone: &TimeZone, at: Timestamp) -> Observance {
    let after = zone.to_offset_info(at);
    let eve = at.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(at);
    let before = zone.to_offset_info(eve);
    // In Ireland, by law, winter time is the exception; in Morocco the month of
    // fasting is. Calendars know only summer time that is ahead: so where a
    // season begins or ends, the one that is ahead is called daylight.
    let daylight = if before.dst() == after.dst() {
        after.dst().is_dst()
    } else {
        after.offset() > before.offset()
    };
    Observance {
        onset: before.offset().to_datetime(at),
        from: before.offset(),
        to: after.offset(),
        name: after.abbreviation().to_owned(),
        daylight,
    }
}

fn local(civil: DateTime) -> String {
    civil.strftime("%Y%m%dT%H%M%S").to_string()
}

fn offset(offset: Offset) -> String {
    let seconds = offset.seconds();
    let (sign, all) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60);
    if rest == 0 {
        format!("{sign}{hours:02}{minutes:02}")
    } else {
        format!("{sign}{hours:02}{minutes:02}{rest:02}")
    }
}

/// The file's lines, escaped and folded by the library.
#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn begin(&mut self, component: &str) {
        self.add("BEGIN", component);
    }

    fn end(&mut self, component: &str) {
        self.add("END", component);
    }

    fn add(&mut self, name: &str, value: &str) {
        self.push(&mut Property::new(name, value));
    }

    fn push(&mut self, property: &mut Property) {
        // Writing to a string cannot fail; the library's signature says it might.
        let line: Result<String, std::fmt::Error> = property.done().try_into();
        self.text.push_str(&line.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
