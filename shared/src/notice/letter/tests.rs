use jiff::SignedDuration;
use jiff::civil::date;

use askama::Template;

use super::mail::{HtmlPart, TextPart};
use super::*;
use crate::booking::BookedFor;
use crate::event::{AddressProof, UnprovenLimits};
use crate::ids::{DependentId, OrganizationId, ResourceId};
use crate::notice::tests::{booking, now};
use crate::notice::{Matter, owed};
use crate::organization::{self, PolicyVersion, WebName};
use crate::personal::PersonName;
use crate::time::Zone;

struct Scene {
    organization: Organization,
    event: Event,
    resource: Resource,
    booking: Booking,
    links: Links,
    sender: EmailAddress,
}

fn scene() -> Scene {
    let booking = booking();
    Scene {
        organization: Organization {
            id: OrganizationId::from_bytes([1; 16]),
            web_name: WebName::parse("maple-street-school").unwrap(),
            name: "Maple Street School".into(),
            zone: Zone::parse("America/New_York").unwrap(),
            state: organization::State::Active,
            privacy: PolicyVersion { version: 1, effective: date(2026, 1, 1), text: String::new() },
        },
        event: Event {
            id: booking.event,
            web_name: WebName::parse("fall-conferences").unwrap(),
            name: "Fall Conferences".into(),
            place: "Main building".into(),
            description: String::new(),
            resource_word: "Teacher".into(),
            zone: Zone::parse("America/New_York").unwrap(),
            address_proof: AddressProof::After,
            opens: None,
            closes: None,
            days: vec![date(2026, 12, 3)],
            unproven: UnprovenLimits { per_address: 5, per_network: 50, per_event: 500 },
        },
        resource: Resource {
            id: ResourceId::from_bytes([4; 8]),
            name: "Ms Okafor".into(),
            place: "Room 12".into(),
        },
        booking,
        links: Links {
            manage: "https://kept.example/maple-street-school/bookings/manage-link".into(),
            confirm: "https://kept.example/maple-street-school/confirm/confirm-link".into(),
        },
        sender: EmailAddress::parse("appointments@kept.example").unwrap(),
    }
}

impl Scene {
    fn letter<T>(&self, kind: Kind, read: impl FnOnce(Letter<'_>) -> T) -> T {
        let owed = owed::about(self.organization.id, &self.booking, kind, now());
        let Matter::Booking(change) = &owed.matter else { panic!("it is about a booking") };
        read(Letter {
            notice: owed.id,
            change,
            since: owed.since,
            booking: &self.booking,
            organization: &self.organization,
            links: &self.links,
            event: &self.event,
            resources: std::slice::from_ref(&self.resource),
            public_address: "https://kept.example",
            sender: &self.sender,
        })
    }

    fn mail(&self, kind: Kind) -> String {
        String::from_utf8(self.letter(kind, |letter| letter.write(now()).unwrap()).bytes).unwrap()
    }

    fn text(&self, kind: Kind) -> String {
        self.letter(kind, |letter| TextPart { view: &letter.view() }.render().unwrap())
    }
}

fn headers(mail: &str) -> Vec<String> {
    let (head, _) = mail.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
}

#[test]
fn the_subject_says_what_and_when() {
    let scene = scene();
    for (kind, subject) in [
        (Kind::Booked, "Booked: Ms Okafor, Thu 3 Dec 18:40"),
        (Kind::Moved, "Moved: Ms Okafor, Thu 3 Dec 18:40"),
        (Kind::Cancelled, "Cancelled: Ms Okafor, Thu 3 Dec 18:40"),
        (Kind::Confirm, "Confirm: Ms Okafor, Thu 3 Dec 18:40"),
        (Kind::InTheWay, "Not booked: Thu 3 Dec 18:40, you have an appointment then"),
    ] {
        assert_eq!(scene.letter(kind, |letter| letter.view().subject), subject);
        assert!(headers(&scene.mail(kind)).contains(&format!("Subject: {subject}")));
    }
}

#[test]
fn the_text_begins_with_the_appointment_and_holds_the_link() {
    let scene = scene();
    let text = scene.text(Kind::Booked);
    assert_eq!(
        text,
        "Booked: Ms Okafor, Thursday 3 December 2026, 18:40 to 18:50 (New York time)\n\
             Fall Conferences, Maple Street School\n\
             Room 12, Main building\n\
             \n\
             The file for your calendar is attached.\n\
             \n\
             If you did not book this, please cancel it.\n\
             \n\
             Move or cancel:\n\
             https://kept.example/maple-street-school/bookings/manage-link\n\
             \n\
             Maple Street School sends you this with Kept because this address was given for an appointment at Fall Conferences.\n\
             Privacy notice: https://kept.example/maple-street-school/privacy"
    );
}

#[test]
fn a_link_that_confirms_says_until_when() {
    let mut scene = scene();
    scene.booking.state = State::Held(now() + SignedDuration::from_mins(12));
    let text = scene.text(Kind::Confirm);
    assert!(text.contains("within 15 minutes, until 10:12 (New York time)"), "{text}");
    assert!(text.contains("/maple-street-school/confirm/confirm-link"), "{text}");
    assert!(!text.contains("/bookings/"), "{text}");
}

#[test]
fn what_stands_in_the_way_is_named_with_its_own_link() {
    let text = scene().text(Kind::InTheWay);
    assert!(text.starts_with("Not booked: Thursday 3 December 2026"), "{text}");
    assert!(text.contains("Somebody, perhaps you"), "{text}");
    assert!(text.contains("Ms Okafor, Thursday 3 December 2026, 18:40"), "{text}");
    assert!(text.contains("/maple-street-school/bookings/"), "{text}");
}

#[test]
fn only_mails_about_an_appointment_carry_a_calendar_file() {
    let scene = scene();
    for (kind, method) in
        [(Kind::Booked, "REQUEST"), (Kind::Moved, "REQUEST"), (Kind::Cancelled, "CANCEL")]
    {
        let mail = scene.mail(kind);
        assert!(mail.contains(&format!("text/calendar; method={method}; charset=utf-8")), "{mail}");
        assert!(mail.contains("filename=\"appointment.ics\""), "{mail}");
    }
    for kind in [Kind::Confirm, Kind::InTheWay] {
        let mail = scene.mail(kind);
        assert!(!mail.contains("calendar") && !mail.contains(".ics"), "{mail}");
    }
}

#[test]
fn a_mail_says_who_it_is_from_and_that_no_person_wrote_it() {
    let mail = scene().mail(Kind::Booked);
    let notice =
        owed::about(OrganizationId::from_bytes([1; 16]), &booking(), Kind::Booked, now()).id;
    let found = headers(&mail);
    for header in [
        "From: \"Maple Street School via Kept\" <appointments@kept.example>".to_owned(),
        "To: \"Canary Parent\" <canary.parent@example.org>".to_owned(),
        format!("Message-ID: <{notice}@kept.example>"),
        "Date: Fri, 20 Nov 2026 15:00:00 +0000".to_owned(),
        "Auto-Submitted: auto-generated".to_owned(),
    ] {
        assert!(found.contains(&header), "{header} is not in {found:#?}");
    }
}

#[test]
fn hostile_names_cannot_add_a_header() {
    let mut scene = scene();
    scene.organization.name =
        "School\r\nBcc: eve@example.org\r\n\r\n<b>\"Quoted\", caf\u{e9}".into();
    scene.event.name = "Fall\nX-Evil: 1".into();
    scene.resource.name = "Ms O'K, \"afor\"\r\nSubject: pwned \u{202e}\u{8001}".into();
    scene.resource.place = "<script>alert(1)</script>\r\n.".into();
    scene.booking.contact.name = PersonName::parse("Eve \"x\" <all@example.org>, Bob").unwrap();
    for kind in Kind::ALL {
        let mail = scene.mail(kind);
        let found = headers(&mail);
        for name in ["from", "to", "subject", "date", "message-id", "content-type"] {
            let count = found
                .iter()
                .filter(|line| line.to_lowercase().starts_with(&format!("{name}:")))
                .count();
            assert_eq!(count, 1, "{name} in {found:#?}");
        }
        for line in &found {
            let line = line.to_lowercase();
            assert!(!line.starts_with("bcc:") && !line.starts_with("x-evil:"), "{found:#?}");
            assert!(line.is_ascii(), "{line}");
        }
        let to = found.iter().find(|line| line.starts_with("To:")).unwrap();
        assert!(to.ends_with("<canary.parent@example.org>"), "{to}");
        assert_eq!(to.matches('@').count(), 1, "{to}");
        assert!(mail.lines().all(|line| line.len() <= 998), "a line is too long for SMTP");
    }
    let html =
        scene.letter(Kind::Booked, |letter| HtmlPart { view: &letter.view() }.render().unwrap());
    assert!(!html.contains("<script>"), "{html}");
}

#[test]
fn no_subject_holds_anything_the_person_said() {
    let scene = scene();
    for kind in Kind::ALL {
        let subject = scene.letter(kind, |letter| letter.view().subject).to_lowercase();
        assert!(!subject.contains("canary") && !subject.contains('@'), "{subject}");
    }
}

#[test]
fn a_mail_about_a_dependent_s_appointment_says_for_whom_it_is_and_no_subject_does() {
    let mut scene = scene();
    scene.booking.dependent = Some(BookedFor {
        id: DependentId::from_bytes([7; 16]),
        name: PersonName::parse("Canary Child").unwrap(),
    });
    for kind in Kind::ALL {
        let text = scene.text(kind);
        assert!(text.contains("For Canary Child"), "{kind:?}: {text}");
        let subject = scene.letter(kind, |letter| letter.view().subject);
        assert!(!subject.contains("Canary"), "{kind:?}: {subject}");
        let found = headers(&scene.mail(kind));
        assert!(!found.concat().contains("Canary Child"), "{kind:?}: {found:#?}");
    }
}

#[test]
fn a_mail_written_twice_is_the_same_mail() {
    let scene = scene();
    for kind in Kind::ALL {
        assert_eq!(scene.mail(kind), scene.mail(kind));
    }
}

#[test]
fn the_mail_of_an_earlier_time_says_the_earlier_time() {
    let mut scene = scene();
    let owed = owed::about(scene.organization.id, &scene.booking, Kind::Booked, now());
    scene.booking.start += SignedDuration::from_hours(24);
    scene.booking.version = 2;
    let Matter::Booking(change) = &owed.matter else { panic!("it is about a booking") };
    let letter = Letter {
        notice: owed.id,
        change,
        since: owed.since,
        booking: &scene.booking,
        organization: &scene.organization,
        links: &scene.links,
        event: &scene.event,
        resources: std::slice::from_ref(&scene.resource),
        public_address: "https://kept.example",
        sender: &scene.sender,
    };
    assert!(letter.view().headline.concat().contains("3 December 2026, 18:40"));
    let (_, file) = letter.calendar().unwrap();
    assert!(file.contains("SEQUENCE:0") && file.contains("20261203T184000"), "{file}");
}
