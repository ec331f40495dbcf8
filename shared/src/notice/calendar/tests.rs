use jiff::SignedDuration;
use jiff::civil::date;

use super::*;
use crate::notice::tests::{booking, now};

fn appointment(zone: &str) -> Appointment {
    let booking = booking();
    Appointment {
        booking: booking.id,
        version: 2,
        stamp: now(),
        start: booking.start,
        end: booking.end,
        zone: Zone::parse(zone).unwrap(),
        summary: "Ms Okafor, Fall Conferences".into(),
        place: "Room 12, Main building".into(),
        organization: "Maple Street School".into(),
        organization_page: "https://kept.example/maple-street-school".into(),
        event_page: "https://kept.example/maple-street-school/fall-conferences".into(),
    }
}

fn addresses() -> (EmailAddress, EmailAddress) {
    let address = |text| EmailAddress::parse(text).unwrap();
    (address("appointments@kept.example"), address("canary.parent@example.org"))
}

fn unfolded(file: &str) -> Vec<String> {
    file.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
}

/// The zone's observances as a calendar reads them: when each begins, and its offset.
fn read_zone(file: &str) -> Vec<(bool, Timestamp, Offset, String)> {
    let seconds = |text: &str| {
        let number = |range| {
            text.get::<std::ops::Range<usize>>(range).map_or(0, |part| part.parse::<i32>().unwrap())
        };
        let all = number(1..3) * 3600 + number(3..5) * 60 + number(5..7);
        Offset::from_seconds(if text.starts_with('-') { -all } else { all }).unwrap()
    };
    let mut found = Vec::new();
    let (mut daylight, mut onset, mut from, mut to, mut name) =
        (false, String::new(), Offset::UTC, Offset::UTC, String::new());
    for line in unfolded(file) {
        let (key, value) = line.split_once(':').unwrap_or((&line, ""));
        match (key, value) {
            ("BEGIN", kind @ ("STANDARD" | "DAYLIGHT")) => daylight = kind == "DAYLIGHT",
            ("BEGIN", "VEVENT") => break,
            ("DTSTART", value) => onset = value.to_owned(),
            ("TZOFFSETFROM", value) => from = seconds(value),
            ("TZOFFSETTO", value) => to = seconds(value),
            ("TZNAME", value) => name = value.to_owned(),
            ("END", "STANDARD" | "DAYLIGHT") => {
                let civil = DateTime::strptime("%Y%m%dT%H%M%S", &onset).unwrap();
                found.push((daylight, from.to_timestamp(civil).unwrap(), to, name.clone()));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn an_invitation_says_what_when_where_and_replaces_the_one_before() {
    let (sender, recipient) = addresses();
    let parties = Parties { sender: &sender, recipient: &recipient };
    let lines = unfolded(&file(&appointment("America/New_York"), Method::Request(parties)));
    for line in [
        "METHOD:REQUEST",
        "UID:0c1g60o30c1g60o30c1g60o30c@kept.example",
        "SEQUENCE:1",
        "DTSTAMP:20261120T150000Z",
        "DTSTART;TZID=America/New_York:20261203T184000",
        "DTEND;TZID=America/New_York:20261203T185000",
        "SUMMARY:Ms Okafor\\, Fall Conferences",
        "LOCATION:Room 12\\, Main building",
        "ORGANIZER;CN=Maple Street School:mailto:appointments@kept.example",
        "ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT;RSVP=FALSE:mailto:canary.parent@example.org",
        "STATUS:CONFIRMED",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line} is not in {lines:#?}");
    }
}

#[test]
fn a_cancellation_is_for_the_same_appointment() {
    let (sender, recipient) = addresses();
    let parties = Parties { sender: &sender, recipient: &recipient };
    let request = unfolded(&file(&appointment("Europe/Dublin"), Method::Request(parties)));
    let cancel = unfolded(&file(&appointment("Europe/Dublin"), Method::Cancel(parties)));
    let uid = |lines: &[String]| lines.iter().find(|line| line.starts_with("UID:")).cloned();
    assert_eq!(uid(&request), uid(&cancel));
    assert!(cancel.contains(&"METHOD:CANCEL".into()));
    assert!(cancel.contains(&"STATUS:CANCELLED".into()));
}

#[test]
fn a_downloaded_file_names_no_person_and_no_file_holds_a_personal_link() {
    let (sender, recipient) = addresses();
    let parties = Parties { sender: &sender, recipient: &recipient };
    let published = file(&appointment("America/New_York"), Method::Publish);
    assert!(!published.contains("canary") && !published.contains("ATTENDEE"), "{published}");
    for method in [Method::Publish, Method::Request(parties), Method::Cancel(parties)] {
        let text = unfolded(&file(&appointment("America/New_York"), method)).join("\n");
        assert!(!text.contains("/bookings/"), "{text}");
        assert!(!text.contains("Canary Parent"), "{text}");
    }
}

#[test]
fn hostile_names_stay_inside_their_lines_and_lines_inside_75_octets() {
    let hostile = Appointment {
        summary: format!("Ms \"O\\k; a,for\u{e9} {}", "\u{8001}\u{864e} ".repeat(60)),
        place: one_line("Room\r\nATTENDEE:mailto:eve@example.org"),
        organization: one_line("School \";X=\"\r\nBEGIN:VALARM, & co"),
        ..appointment("America/New_York")
    };
    let (sender, recipient) = addresses();
    let text = file(&hostile, Method::Request(Parties { sender: &sender, recipient: &recipient }));
    assert!(text.ends_with("END:VCALENDAR\r\n"));
    for line in text.split("\r\n") {
        assert!(line.len() <= 75, "{line}");
        assert!(!line.contains(['\r', '\n']), "{line:?}");
    }
    let lines = unfolded(&text);
    assert_eq!(lines.iter().filter(|line| line.starts_with("ATTENDEE")).count(), 1);
    assert!(!lines.iter().any(|line| line.starts_with("BEGIN:VALARM")));
    let organizer = lines.iter().find(|line| line.starts_with("ORGANIZER")).unwrap();
    assert_eq!(
        organizer,
        "ORGANIZER;CN=\"School ';X=' BEGIN:VALARM, & co\":mailto:appointments@kept.example"
    );
    let summary = lines.iter().find(|line| line.starts_with("SUMMARY")).unwrap();
    assert!(
        summary.starts_with("SUMMARY:Ms \"O\\\\k\\; a\\,for\u{e9} \u{8001}\u{864e}"),
        "{summary}"
    );
}

#[test]
fn new_york_has_both_seasons_with_their_offsets() {
    let found = read_zone(&file(&appointment("America/New_York"), Method::Publish));
    let brief: Vec<(bool, String, i32, &str)> = found
        .iter()
        .map(|(daylight, onset, to, name)| {
            (*daylight, onset.to_string(), to.seconds(), name.as_str())
        })
        .collect();
    assert_eq!(
        brief,
        [
            (false, "2025-11-02T06:00:00Z".into(), -18_000, "EST"),
            (true, "2026-03-08T07:00:00Z".into(), -14_400, "EDT"),
            (false, "2026-11-01T06:00:00Z".into(), -18_000, "EST"),
        ]
    );
}

#[test]
fn in_dublin_summer_is_daylight_although_irish_law_calls_winter_the_exception() {
    let found = read_zone(&file(&appointment("Europe/Dublin"), Method::Publish));
    let brief: Vec<(bool, i32, &str)> = found
        .iter()
        .map(|(daylight, _, to, name)| (*daylight, to.seconds(), name.as_str()))
        .collect();
    assert_eq!(brief, [(false, 0, "GMT"), (true, 3_600, "IST"), (false, 0, "GMT")]);
}

#[test]
fn every_zone_is_described_as_the_database_has_it() {
    let day = |year, month| {
        Zone::parse("UTC")
            .unwrap()
            .rules()
            .to_timestamp(date(year, month, 15).at(12, 0, 0, 0))
            .unwrap()
    };
    let mut zones = 0;
    for name in jiff::tz::db().available() {
        let Ok(zone) = Zone::parse(name.as_str()) else { continue };
        zones += 1;
        for year in [2026, 2027, 2033] {
            let start = day(year, 7);
            let end = start + SignedDuration::from_mins(10);
            let text = file(&Appointment { start, end, ..appointment_in(&zone) }, Method::Publish);
            let found = read_zone(&text);
            for month in 1..=12 {
                let instant = day(year, month);
                let said = found.iter().rfind(|(_, onset, ..)| *onset <= instant);
                let (_, _, to, _) =
                    said.unwrap_or_else(|| panic!("{name:?} says nothing of {instant}"));
                assert_eq!(*to, zone.rules().to_offset(instant), "{name:?} at {instant}");
            }
        }
    }
    assert!(zones > 300, "the database has only {zones} zones");
}

fn appointment_in(zone: &Zone) -> Appointment {
    Appointment { zone: zone.clone(), ..appointment("UTC") }
}

#[test]
fn an_address_is_a_uri_in_the_file() {
    let address = EmailAddress::parse("o'brien+a%b&c@example.org").unwrap();
    assert_eq!(mailto(&address), "mailto:o'brien+a%25b%26c@example.org");
}
