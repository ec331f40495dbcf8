//! Pages as visitors meet them, for tests to look at.

use askama::Template as _;

use shared::web::page::PersonHead;

use super::*;

/// A teacher's name with markup in it.
pub(crate) const MARKUP: &str = "<script>alert(\"x\")</script> & 'Sons'";

/// Every page in every state, rendered, by name.
pub(crate) fn rendered() -> Vec<(&'static str, String)> {
    let pages: Vec<(&'static str, askama::Result<String>)> = vec![
        ("front", FrontPage { head: PageHead::new(None) }.render()),
        ("organization", organization(true).render()),
        ("organization-empty", organization(false).render()),
        ("event", event(conference(60, 18, None)).render()),
        ("event-one-teacher", event(conference(60, 18, Some(7))).render()),
        ("event-clinic", event(clinic()).render()),
        ("event-all-taken", event(all_taken(None)).render()),
        ("event-one-teacher-taken", event(all_taken(Some(7))).render()),
        ("event-continues", event(continues()).render()),
        ("event-not-yet", event(EventState::NotYetOpen { opens: "Monday 2 November 2026, 19:00".into() }).render()),
        ("event-closed", event(EventState::Closed { closed: Some("Wednesday 2 December 2026, 12:00".into()) }).render()),
        ("event-no-times", event(EventState::NoTimes).render()),
        ("book", book().render()),
        ("book-errors", book_errors().render()),
        ("book-for-somebody", book_for_somebody(None).render()),
        ("book-for-nobody-known", book_for_somebody(Some("Please choose somebody whom you have added to your list, and sign in first.")).render()),
        ("bookings", bookings(vec![line(), line()], vec![line()]).render()),
        ("bookings-none", bookings(Vec::new(), Vec::new()).render()),
        ("bookings-signed-out", bookings_signed_out().render()),
        ("dependents", dependents(&["Maya Example", "Leo Example"]).render()),
        ("dependents-none", dependents(&[]).render()),
        ("dependents-wrong", DependentsPage { refusal: Some("Nobody has both this identifier and this security value.".into()), ..dependents(&["Maya Example"]) }.render()),
        ("dependents-too-short", DependentsPage { security_value: typed("", Some("This is too short: at least 4 characters."), 64), ..dependents(&[]) }.render()),
        ("your-data", your_data(Deletion::Ready { action: format!("{ORGANIZATION}/your-data/delete"), button: "Delete everything, and cancel 2 appointments".into() }).render()),
        ("your-data-unsure", your_data(Deletion::Unsure { link_action: format!("{ORGANIZATION}/sign-in/link"), email: "maria@example.org".into(), confirm_path: Some(format!("{ORGANIZATION}/account/confirm")) }).render()),
        ("your-data-wrong", your_data_wrong().render()),
        ("your-data-nothing-ahead", YourDataPage { correct: None, ..your_data_wrong() }.render()),
        ("data-deleted", data_deleted().render()),
        ("book-taken", book_taken(near()).render()),
        ("book-taken-none-near", book_taken(Vec::new()).render()),
        ("book-refused", BookPage { refusal: Some("You already have an appointment at this time. We have mailed you what stands in the way.".into()), ..book() }.render()),
        ("book-long-names", book_long_names().render()),
        ("pending", PendingPage { head: head(), appointment: appointment(), minutes: 15, event_path: EVENT.into() }.render()),
        ("confirm", confirm(ConfirmState::Held { action: format!("{ORGANIZATION}/confirm/{LINK}"), until: Some("18:15".into()) }).render()),
        ("confirm-already", confirm(ConfirmState::Confirmed { booking_path: booking_path() }).render()),
        ("confirm-lapsed", confirm(ConfirmState::Lapsed { event_path: EVENT.into() }).render()),
        ("booking", booking(booked(), None).render()),
        ("booking-new", booking(booked(), Some(BookingNews::Booked)).render()),
        ("booking-moved", booking(booked(), Some(BookingNews::Moved)).render()),
        ("booking-cancelled", booking(BookingState::Cancelled, Some(BookingNews::Cancelled)).render()),
        ("booking-past", booking(BookingState::Past, None).render()),
        ("booking-refused", BookingPage { refusal: Some("It is too late to cancel here. Please call the school.".into()), ..booking(booked(), None) }.render()),
        ("move", moving(None).render()),
        ("move-taken", moving(Some(Missed { wanted: appointment(), nearest: near() })).render()),
        ("move-nothing", MovePage { times: None, ..moving(None) }.render()),
        ("privacy", privacy().render()),
        ("certificate-waiting", certificate(None).render()),
        ("certificate", certificate(Some(true)).render()),
        ("certificate-altered", certificate(Some(false)).render()),
        ("not-found", message(Message::NotFound, None).render()),
        ("too-many", message(Message::TooManyRequests { minutes: 7 }, Some(head())).render()),
        ("busy", message(Message::Busy { sent: false }, Some(head())).render()),
        ("busy-sent", message(Message::Busy { sent: true }, Some(head())).render()),
        ("bad-request", message(Message::BadRequest { reasons: vec!["The day must look like 2026-12-03.".into(), "There is no such teacher.".into()] }, Some(head())).render()),
        ("refused", message(Message::Refused { reason: "Please send the form from this site.".into() }, None).render()),
        ("method", message(Message::MethodNotAllowed, Some(head())).render()),
    ];
    pages.into_iter().map(|(name, html)| (name, html.unwrap())).collect()
}

const ORGANIZATION: &str = "/maple-street-school";
const EVENT: &str = "/maple-street-school/fall-conferences";
const LINK: &str = "k3v9pQ2mS7wX0dYt4bLr8A";

fn booking_path() -> String {
    format!("{ORGANIZATION}/bookings/{LINK}")
}

/// The school's head.
pub(crate) fn head() -> PageHead {
    PageHead::new(Some(OrganizationHead {
        name: "Maple Street School".into(),
        path: ORGANIZATION.into(),
        privacy_path: Some(format!("{ORGANIZATION}/privacy")),
    }))
    .with_banner(Some(
        "This is a demonstration on your own machine. Nobody gets mail from it.".into(),
    ))
}

fn appointment() -> Appointment {
    Appointment {
        resource_word: "Teacher".into(),
        resource: "Ms Okafor".into(),
        day: "Thursday 3 December 2026".into(),
        time: "18:40".into(),
        until: "18:50".into(),
        zone: "New York time".into(),
        place: Some("Room 12".into()),
        start: "2026-12-03T18:40:00-05:00".into(),
        zone_id: "America/New_York".into(),
    }
}

fn organization(offers: bool) -> OrganizationPage {
    let event = |name: &str, when: Option<&str>, place: Option<&str>, state: &str, open: bool| {
        OrganizationEvent {
            name: name.into(),
            path: EVENT.into(),
            when: when.map(Into::into),
            place: place.map(Into::into),
            state: state.into(),
            open,
        }
    };
    let events = vec![
        event(
            "Fall conferences",
            Some("Thu 3 – Sat 5 December 2026"),
            Some("Main building"),
            "Open for booking",
            true,
        ),
        event(
            "Flu clinic",
            Some("Mon 7 December 2026"),
            Some("Nurse’s office, ground floor"),
            "Open for booking",
            true,
        ),
        event(
            "Spring conferences",
            Some("Tue 9 – Thu 11 March 2027"),
            None,
            "Opens on Mon 1 February, 19:00",
            false,
        ),
        event("Uniform fitting", None, Some("Gym"), "No times yet", false),
        event("Vision screening", Some("Fri 2 October 2026"), Some("Library"), "Closed", false),
    ];
    OrganizationPage {
        head: head(),
        name: "Maple Street School".into(),
        events: if offers { events } else { Vec::new() },
        bookings_path: format!("{ORGANIZATION}/bookings"),
    }
}

const NAMES: [&str; 20] = [
    "Adeyemi",
    "Alvarez",
    "Brandt",
    "Castellanos",
    "Chen",
    "Dubois",
    "Eriksen",
    "Okafor",
    "Fitzgerald",
    "Goldstein",
    "Haddad",
    "Ivanova",
    "Johansson",
    "Kowalczyk",
    "Lindqvist",
    "Mbeki",
    "Nakamura",
    "O’Brien",
    "Papadopoulos-Featherstonehaugh",
    "Quispe",
];

fn days(current: usize) -> Vec<DayChoice> {
    [
        ("Thu 3 Dec", "Many free", true),
        ("Fri 4 Dec", "42 free", true),
        ("Sat 5 Dec", "All taken", false),
    ]
    .iter()
    .enumerate()
    .map(|(index, (label, note, free))| DayChoice {
        path: format!("{EVENT}?day=2026-12-0{}", index + 3),
        label: (*label).into(),
        note: (*note).into(),
        free: *free,
        current: index == current,
    })
    .collect()
}

fn teacher(index: usize) -> String {
    let title = ["Ms", "Mr", "Dr"][index % 3];
    let suffix =
        if index < 20 { String::new() } else { format!(" {}", ["", "B.", "C."][index / 20]) };
    format!("{title} {}{suffix}", NAMES[index % 20])
}

fn filter(teachers: usize, chosen: Option<usize>) -> Filter {
    Filter {
        action: EVENT.into(),
        day: "2026-12-03".into(),
        word: "Teacher".into(),
        all: "All teachers".into(),
        all_path: format!("{EVENT}?day=2026-12-03"),
        choices: (0..teachers)
            .map(|index| FilterChoice {
                value: format!("t{index}"),
                label: teacher(index),
                selected: chosen == Some(index),
            })
            .collect(),
    }
}

/// An evening of conferences; about a third of the times is taken.
pub(crate) fn conference(teachers: usize, each: usize, chosen: Option<usize>) -> EventState {
    let resources = (0..teachers)
        .filter(|index| chosen.is_none_or(|chosen| chosen == *index))
        .map(|index| {
            let open: Vec<OpenTime> = (0..each)
                .filter(|time| (index * 7 + time * 5) % 11 > index % 9)
                .map(|time| {
                    let minutes = 16 * 60 + time * 10 + time / 9 * 20;
                    OpenTime {
                        slot: format!("0199c7f2{index:04}7c3e9d{time:02}"),
                        time: format!("{:02}:{:02}", minutes / 60, minutes % 60),
                        left: None,
                    }
                })
                .collect();
            ResourceTimes {
                name: teacher(index),
                place: Some(format!("Room {}", index + 3)),
                path: chosen.is_none().then(|| format!("{EVENT}?day=2026-12-03&resource=t{index}")),
                free: open.len(),
                taken: each - open.len(),
                open,
            }
        })
        .collect();
    EventState::Open(Box::new(Times {
        day: "Thursday 3 December 2026".into(),
        short_day: "Thursday 3 December".into(),
        days: days(0),
        filter: Some(filter(teachers, chosen)),
        resources,
        next: None,
        choosing: Choosing::Follows { book_path: "fall-conferences/book".into() },
    }))
}

fn continues() -> EventState {
    let EventState::Open(mut times) = conference(60, 18, None) else {
        return EventState::NoTimes;
    };
    times.resources.truncate(20);
    for resource in &mut times.resources {
        resource.open.truncate(6);
    }
    times.next = Some(format!("{EVENT}?day=2026-12-03&after=t19"));
    EventState::Open(times)
}

fn clinic() -> EventState {
    let open: Vec<OpenTime> = (0..24)
        .filter(|time| time % 5 != 2)
        .map(|time| OpenTime {
            slot: format!("0199c7f2a4b17c3e9d{time:02}"),
            time: format!("{:02}:{:02}", 8 + time / 6, time % 6 * 10),
            left: [Some(1), Some(2), None, None, None][time % 5],
        })
        .collect();
    EventState::Open(Box::new(Times {
        day: "Monday 7 December 2026".into(),
        short_day: "Monday 7 December".into(),
        days: vec![DayChoice {
            path: EVENT.into(),
            label: "Mon 7 Dec".into(),
            note: "19 free".into(),
            free: true,
            current: true,
        }],
        filter: None,
        resources: vec![ResourceTimes {
            name: "Nurse Kelly".into(),
            place: Some("Nurse’s office".into()),
            path: None,
            free: open.len(),
            taken: 24 - open.len(),
            open,
        }],
        next: None,
        choosing: Choosing::Follows { book_path: "flu-clinic/book".into() },
    }))
}

fn all_taken(chosen: Option<usize>) -> EventState {
    let EventState::Open(mut times) = conference(60, 18, chosen) else {
        return EventState::NoTimes;
    };
    for resource in &mut times.resources {
        resource.open.clear();
        resource.free = 0;
        resource.taken = 18;
    }
    times.days = days(2);
    times.day = "Saturday 5 December 2026".into();
    times.short_day = "Saturday 5 December".into();
    EventState::Open(times)
}

fn event(state: EventState) -> EventPage {
    EventPage {
        head: head(),
        name: "Fall conferences".into(),
        place: Some("Main building".into()),
        description: vec!["Ten minutes with each teacher. Please come five minutes early; if you cannot come, cancel so that another family can have the time.".into()],
        zone: "New York time".into(),
        zone_id: "America/New_York".into(),
        state,
    }
}

/// The form as it first appears.
pub(crate) fn book() -> BookPage {
    BookPage {
        head: head(),
        event: "Fall conferences".into(),
        event_path: format!("{EVENT}?day=2026-12-03"),
        appointment: appointment(),
        time: BookTime::Free { slot: "0199c7f2a4b17c3e9d".into() },
        action: format!("{EVENT}/bookings"),
        key: "mHkq0XvB2nR7sT4wZ9yLcA".into(),
        form_token: None,
        people: Vec::new(),
        people_error: None,
        refusal: None,
        name: Field::empty(100),
        email: Field::empty(254),
        phone: Field::empty(32),
        note: Field::empty(500),
        privacy_path: format!("{ORGANIZATION}/privacy"),
        proof_minutes: Some(15),
    }
}

fn typed(value: &str, error: Option<&str>, limit: usize) -> Field {
    Field { value: value.into(), error: error.map(Into::into), limit }
}

fn book_errors() -> BookPage {
    BookPage {
        name: typed("", Some("Write your name, so that the teacher knows who comes."), 100),
        email: typed(
            "ann@example",
            Some("This email address is not complete. It should look like ann@example.com."),
            254,
        ),
        phone: typed("555 0100", None, 32),
        note: typed("We need a\nstep-free entrance.", None, 500),
        ..book()
    }
}

fn person() -> PersonHead {
    PersonHead {
        name: "ann@example.com".into(),
        manage_path: None,
        account_path: Some(format!("{ORGANIZATION}/account")),
        sign_out_path: format!("{ORGANIZATION}/sign-out"),
        session_path: format!("{ORGANIZATION}/session"),
        form_token: "0123456789abcdefghijklmnop".into(),
        seconds_left: 900,
    }
}

fn book_for_somebody(error: Option<&str>) -> BookPage {
    let choice = |value: &str, label: &str, selected| ForWhom {
        value: value.into(),
        label: label.into(),
        selected,
    };
    BookPage {
        head: head().of_person(Some(person())),
        form_token: Some(person().form_token),
        people: vec![
            choice("", "Myself", false),
            choice("0199c7f2a4b17c3e9d", "Maya Example", true),
        ],
        people_error: error.map(Into::into),
        proof_minutes: None,
        ..book()
    }
}

fn line() -> BookedLine {
    BookedLine {
        path: booking_path(),
        event: "Fall conferences".into(),
        appointment: appointment(),
        who: "Maya Example (booked by Ann Example)".into(),
    }
}

fn bookings(coming: Vec<BookedLine>, past: Vec<BookedLine>) -> BookingsPage {
    BookingsPage {
        head: head().of_person(Some(person())),
        path: format!("{ORGANIZATION}/bookings"),
        state: BookingsState::SignedIn {
            coming,
            past,
            dependents_path: format!("{ORGANIZATION}/dependents"),
            your_data_path: format!("{ORGANIZATION}/your-data"),
            organization_path: ORGANIZATION.into(),
        },
    }
}

fn bookings_signed_out() -> BookingsPage {
    BookingsPage {
        head: head(),
        state: BookingsState::SignedOut {
            action: format!("{ORGANIZATION}/sign-in/link"),
            sign_in_path: format!("{ORGANIZATION}/sign-in"),
        },
        ..bookings(Vec::new(), Vec::new())
    }
}

fn your_data(delete: Deletion) -> YourDataPage {
    YourDataPage {
        head: head().of_person(Some(person())),
        organization: "Maple Street School".into(),
        news: None,
        refusal: None,
        kept: vec![
            ("Email", "maria@example.org".into()),
            ("Appointments to come", "2".into()),
            ("Password", "None".into()),
        ],
        json_path: format!("{ORGANIZATION}/your-data/file.json"),
        csv_path: format!("{ORGANIZATION}/your-data/file.csv"),
        correct: Some(CorrectForm {
            action: format!("{ORGANIZATION}/your-data"),
            on: "2 appointments".into(),
            name: Field { value: "Maria Lopez".into(), error: None, limit: 100 },
            phone: Field { value: String::new(), error: None, limit: 30 },
        }),
        delete,
        form_token: "0123456789".into(),
        bookings_path: format!("{ORGANIZATION}/bookings"),
    }
}

fn your_data_wrong() -> YourDataPage {
    let page = your_data(Deletion::Held("This data is under a legal hold.".into()));
    let name = Field {
        value: String::new(),
        error: Some("Please type something here.".into()),
        limit: 100,
    };
    YourDataPage { correct: page.correct.clone().map(|form| CorrectForm { name, ..form }), ..page }
}

fn data_deleted() -> DataDeletedPage {
    DataDeletedPage {
        head: head(),
        organization: "Maple Street School".into(),
        cancelled: Some("2 appointments".into()),
        certificate: "https://kept.example/certificates/0199c7f2a4b17c3e9d".into(),
        certificate_path: "/certificates/0199c7f2a4b17c3e9d".into(),
        organization_path: ORGANIZATION.into(),
    }
}

fn dependents(names: &[&str]) -> DependentsPage {
    DependentsPage {
        head: head().of_person(Some(person())),
        organization: "Maple Street School".into(),
        dependents: names
            .iter()
            .map(|name| DependentLine {
                name: (*name).into(),
                remove_action: format!("{ORGANIZATION}/dependents/0199c7f2a4b17c3e9d/remove"),
            })
            .collect(),
        news: None,
        refusal: None,
        identifier: Field::empty(64),
        security_value: Field::empty(64),
        action: format!("{ORGANIZATION}/dependents"),
        form_token: person().form_token,
        bookings_path: format!("{ORGANIZATION}/bookings"),
    }
}

fn near() -> Vec<NearTime> {
    [("18:20", None), ("18:40", Some("Mr Alvarez")), ("18:50", None)]
        .iter()
        .enumerate()
        .map(|(index, (time, difference))| NearTime {
            slot: format!("0199c7f2a4b17c3e{index}"),
            time: (*time).into(),
            difference: difference.map(Into::into),
        })
        .collect()
}

fn book_taken(nearest: Vec<NearTime>) -> BookPage {
    BookPage {
        time: BookTime::Taken { nearest },
        name: typed("Ann Example", None, 100),
        email: typed("ann@example.com", None, 254),
        ..book()
    }
}

fn book_long_names() -> BookPage {
    BookPage {
        head: PageHead::new(Some(OrganizationHead {
            name: "The Very Reverend Bartholomew Featherstonehaugh-Cholmondeley Memorial Academy and Sixth Form College".into(),
            path: ORGANIZATION.into(),
            privacy_path: Some(format!("{ORGANIZATION}/privacy")),
        })),
        event: "Individualelternsprechnachmittagsterminvergabe Herbst".into(),
        appointment: Appointment {
            resource: "Prof. Dr. Wolfeschlegelsteinhausenbergerdorff-Papadopoulos".into(),
            place: Some("Donaudampfschifffahrtsgesellschaftskapitänsgebäude, third floor, room behind the library".into()),
            zone: "Argentina (Buenos Aires) time".into(),
            ..appointment()
        },
        ..book()
    }
}

fn confirm(state: ConfirmState) -> ConfirmPage {
    ConfirmPage { head: head(), appointment: appointment(), state }
}

fn booked() -> BookingState {
    BookingState::Booked {
        move_path: Some(format!("{}/move", booking_path())),
        cancel_action: Some(format!("{}/cancel", booking_path())),
        calendar_path: format!("{}/calendar.ics", booking_path()),
    }
}

fn booking(state: BookingState, news: Option<BookingNews>) -> BookingPage {
    BookingPage {
        head: head(),
        event: "Fall conferences".into(),
        event_path: EVENT.into(),
        appointment: appointment(),
        person: "Ann Example".into(),
        note: Some("We need a\nstep-free entrance.".into()),
        state,
        news,
        refusal: None,
        bookings_path: format!("{ORGANIZATION}/bookings"),
    }
}

/// The booking of somebody whose name holds markup.
pub(crate) fn booking_of_markup() -> BookingPage {
    BookingPage {
        person: MARKUP.into(),
        note: Some(MARKUP.into()),
        appointment: Appointment {
            resource: MARKUP.into(),
            place: Some(MARKUP.into()),
            ..appointment()
        },
        ..booking(booked(), None)
    }
}

fn moving(taken: Option<Missed>) -> MovePage {
    let times = match conference(60, 18, None) {
        EventState::Open(times) => Some(Box::new(Times {
            choosing: Choosing::Sends { action: format!("{}/move", booking_path()) },
            ..*times
        })),
        _ => None,
    };
    MovePage {
        head: head(),
        appointment: appointment(),
        booking_path: booking_path(),
        action: format!("{}/move", booking_path()),
        taken,
        refusal: None,
        times,
    }
}

fn privacy() -> PrivacyPage {
    PrivacyPage {
        head: head(),
        title: "Privacy notice".into(),
        effective: "1 September 2026".into(),
        version: "3".into(),
        paragraphs: vec![
            "We ask for your name and email address so that a teacher can meet you, and to tell you when something changes. A phone number and a note are up to you.".into(),
            "Only the school’s staff who arrange conferences see your appointment. We do not sell it, share it or use it for anything else.".into(),
            "We delete appointments a year after the conference. You can ask for that at any time: office@maple.example.".into(),
        ],
        processors: vec!["Amazon Web Services keeps the data, in the region us-east-1.".into()],
    }
}

fn certificate(holds: Option<bool>) -> CertificatePage {
    CertificatePage {
        head: PageHead::new(None),
        lines: vec![
            "The deletion of an organization was asked for on 30 November 2026, 12:00 UTC.".into(),
        ],
        proof: holds.map(|holds| Proof {
            holds,
            text: "{ \"deletion\": \"0123456789\" }".into(),
            mac: "MDEyMzQ1Njc4OQ==".into(),
            removed: vec![("Schedule".into(), "1,204".into())],
            traces: vec![(
                "Nightly backups".into(),
                "What people said, sealed".into(),
                "7 January 2027".into(),
            )],
        }),
    }
}

fn message(message: Message, head: Option<PageHead>) -> MessagePage {
    MessagePage { head: head.unwrap_or_else(|| PageHead::new(None)), message, back: None }
}
