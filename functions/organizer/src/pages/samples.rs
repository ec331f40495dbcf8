//! Pages as the team meets them, for tests to look at.

use askama::Template as _;

use super::*;

/// A name with markup in it.
pub(crate) const MARKUP: &str = "<script>alert(\"x\")</script> & 'Sons'";

/// Every page in every state, rendered, by name.
pub(crate) fn rendered() -> Vec<(&'static str, String)> {
    let pages: Vec<(&'static str, askama::Result<String>)> = vec![
        ("home", home().render()),
        (
            "home-nothing",
            HomePage { heeds: Vec::new(), events: Vec::new(), news: None, ..home() }.render(),
        ),
        ("event", event().render()),
        ("event-empty", EventPage { sheets: Vec::new(), ..event() }.render()),
        (
            "event-no-days",
            EventPage { day: None, days: Vec::new(), filter: None, sheets: Vec::new(), ..event() }
                .render(),
        ),
        ("book", book(Step::Choose(Box::new(times()))).render()),
        (
            "book-nothing",
            book(Step::Choose(Box::new(Times { rows: Vec::new(), day: None, ..times() }))).render(),
        ),
        ("book-form", book(Step::Write(Box::new(form()))).render()),
        (
            "book-wrong",
            book(Step::Write(Box::new(BookForm {
                problems: vec![Problem { id: "phone".into(), text: "Phone: use digits.".into() }],
                phone: Field { value: "none".into(), error: Some("Use digits.".into()) },
                name: Field::holding(MARKUP),
                ..form()
            })))
            .render(),
        ),
        (
            "book-taken",
            book(Step::Write(Box::new(BookForm {
                slot: None,
                nearest: times().rows.remove(0).times,
                refusal: Some("This time was just taken.".into()),
                ..form()
            })))
            .render(),
        ),
        ("book-full", book(Step::Write(Box::new(BookForm { slot: None, ..form() }))).render()),
        ("participant", participant().render()),
        (
            "participant-viewer",
            ParticipantPage { looks: None, rights: None, ..participant() }.render(),
        ),
        ("participant-markup", ParticipantPage { name: MARKUP.into(), ..participant() }.render()),
        ("deleted", deleted().render()),
        ("deleted-dependent", DeletedPage { dependent: true, ..deleted() }.render()),
        ("members", members(Vec::new()).render()),
        (
            "members-wrong",
            members(vec![Problem {
                id: "email".into(),
                text: "Email: this address is not complete.".into(),
            }])
            .render(),
        ),
        ("members-seen-only", MembersPage { invite: None, ..members(Vec::new()) }.render()),
        ("member", member().render()),
        ("security", security().render()),
        (
            "security-wrong",
            SecurityPage {
                problems: vec![Problem {
                    id: "failures".into(),
                    text: "Attempts before an account is locked: choose 3 to 20 attempts.".into(),
                }],
                failures: Field {
                    value: "101".into(),
                    error: Some("Choose 3 to 20 attempts.".into()),
                },
                breached_check: true,
                ..security()
            }
            .render(),
        ),
        ("audit", audit().render()),
        ("audit-empty", AuditPage { lines: Vec::new(), onward: Vec::new(), ..audit() }.render()),
        ("dependents", dependents(2).render()),
        ("dependents-none", dependents(0).render()),
        ("dependent", dependent().render()),
        (
            "dependent-held",
            DependentPage {
                deletion: DependentDeletion::Held("This data is under a legal hold.".into()),
                identifier: None,
                ..dependent()
            }
            .render(),
        ),
        (
            "dependent-going",
            DependentPage { deletion: DependentDeletion::UnderWay, hold: None, ..dependent() }
                .render(),
        ),
        (
            "dependent-seen-only",
            DependentPage { deletion: DependentDeletion::Withheld, hold: None, ..dependent() }
                .render(),
        ),
        ("dependent-markup", DependentPage { name: MARKUP.into(), ..dependent() }.render()),
        ("retention", retention().render()),
        (
            "retention-nothing",
            RetentionPage {
                problems: Vec::new(),
                tonight: Tonight { lines: Vec::new(), held: 0, more: false },
                holds: Vec::new(),
                form: HoldForm { choices: Vec::new(), ..retention().form },
                ..retention()
            }
            .render(),
        ),
        ("support", support().render()),
        (
            "support-nobody",
            SupportPage {
                supporters: Vec::new(),
                grants: Vec::new(),
                problems: Vec::new(),
                ..support()
            }
            .render(),
        ),
        ("emergency", emergency().render()),
        ("erasure", erasure(None).render()),
        (
            "erasure-wrong",
            ErasurePage {
                typed: Field {
                    value: "maple".into(),
                    error: Some("Type the organization’s name in addresses.".into()),
                },
                ..erasure(None)
            }
            .render(),
        ),
        (
            "erasure-waits",
            erasure(Some(ErasureWaits {
                asked: "Monday 30 November 2026, 07:00".into(),
                until: "Thursday 3 December 2026, 07:00".into(),
                certificate: "https://kept.example/certificates/0123456789".into(),
                certificate_path: "/certificates/0123456789".into(),
            }))
            .render(),
        ),
        ("emergency-never", EmergencyPage { made: None, uses: Vec::new(), ..emergency() }.render()),
        ("emergency-code", code().render()),
        ("keys", keys().render()),
        ("organizations", organizations().render()),
        ("backups", backups().render()),
        (
            "backups-none",
            BackupsPage {
                heeds: Vec::new(),
                taken: None,
                proven: None,
                nights: Vec::new(),
                drills: Vec::new(),
                ..backups()
            }
            .render(),
        ),
    ];
    pages.into_iter().map(|(name, html)| (name, html.unwrap())).collect()
}

/// One page by its name.
pub(crate) fn page(name: &str) -> String {
    rendered().into_iter().find(|(page, _)| *page == name).unwrap().1
}

fn head() -> PageHead {
    PageHead::new(Some(OrganizationHead {
        name: "Maple Street School".into(),
        path: "/maple-street-school".into(),
        privacy_path: Some("/maple-street-school/privacy".into()),
    }))
    .of_person(Some(PersonHead {
        name: "Robin Adeyemi".into(),
        manage_path: Some("/maple-street-school/manage".into()),
        account_path: Some("/maple-street-school/account".into()),
        sign_out_path: "/maple-street-school/sign-out".into(),
        session_path: "/maple-street-school/session".into(),
        form_token: "t0ken".into(),
        seconds_left: 900,
    }))
}

fn manage(rest: &str) -> String {
    format!("/maple-street-school/manage{rest}")
}

fn sections() -> Vec<Section> {
    let section = |text, rest, current| Section { text, path: manage(rest), current };
    vec![
        section("Appointments", "", true),
        section("Members", "/members", false),
        section("Keeping data", "/retention", false),
        section("Security", "/security", false),
        section("Audit trail", "/audit", false),
        section("Support", "/support", false),
        section("Emergency code", "/emergency", false),
    ]
}

fn home() -> HomePage {
    HomePage {
        head: head(),
        sections: sections(),
        news: Some(News { text: "The appointment is cancelled.".into(), undo: None }),
        heeds: vec![Heed {
            text: "The emergency code was used on Thursday 3 December 2026, 18:40.".into(),
            link: "Review it",
            path: manage("/emergency"),
        }],
        events: vec![EventLine {
            name: "Fall conferences".into(),
            path: manage("/events/fall-conferences"),
            when: Some("Thu 3 – Sat 5 December 2026".into()),
            covered: "Ms Okafor".into(),
        }],
        nothing: "Nothing is assigned to you yet. An administrator can change that.",
    }
}

fn event() -> EventPage {
    let appointment = |time: &str, until: &str, person: &str, held: bool| Appointment {
        time: time.into(),
        until: until.into(),
        start: format!("2026-12-03T{time}:00-05:00"),
        person: person.into(),
        dependent: (!held).then(|| "Maya Lopez".into()),
        path: (!held).then(|| manage("/participants/0123456789abcdefghjkmnpqrs")),
        email: "maria@example.org".into(),
        phone: (!held).then(|| "+1 555 0100".into()),
        note: (!held).then(|| "We come by bus.\nPerhaps a little late.".into()),
        held,
    };
    let sheet = |id: &str, name: &str| Sheet {
        id: id.into(),
        name: name.into(),
        place: Some("Room 12".into()),
        path: manage("/events/fall-conferences?day=2026-12-03&resource=1"),
        appointments: vec![
            appointment("17:00", "17:10", "Maria Lopez", false),
            appointment("17:10", "17:20", MARKUP, true),
        ],
        gone: vec![Gone {
            time: "17:20".into(),
            until: "17:30".into(),
            start: "2026-12-03T17:20:00-05:00".into(),
            why: "This person’s data was deleted.",
        }],
    };
    EventPage {
        head: head(),
        sections: sections(),
        news: None,
        name: "Fall conferences".into(),
        place: Some("Main building".into()),
        zone: "New York time".into(),
        days: vec![
            DayChoice {
                text: "Thu 3 Dec".into(),
                path: manage("/events/fall-conferences?day=2026-12-03"),
                current: true,
            },
            DayChoice {
                text: "Fri 4 Dec".into(),
                path: manage("/events/fall-conferences?day=2026-12-04"),
                current: false,
            },
        ],
        filter: Some(Filter {
            label: "Teacher".into(),
            action: manage("/events/fall-conferences"),
            day: "2026-12-03".into(),
            choices: vec![
                Choice { value: String::new(), text: "All".into(), chosen: true },
                Choice { value: "1".into(), text: "Ms Okafor".into(), chosen: false },
            ],
        }),
        day: Some("Thursday 3 December 2026".into()),
        count: "4 appointments.".into(),
        sheets: vec![sheet("r1", "Ms Okafor"), sheet("r2", "Mr Park")],
        book: Some(manage("/events/fall-conferences/book?day=2026-12-03")),
    }
}

fn book(step: Step) -> BookPage {
    BookPage {
        head: head(),
        sections: sections(),
        news: None,
        event: "Fall conferences".into(),
        event_path: manage("/events/fall-conferences?day=2026-12-03"),
        zone: "New York time".into(),
        step,
    }
}

fn times() -> Times {
    let time = |time: &str, difference: Option<&str>| FreeTime {
        slot: format!("2026-12-03-1-{}", time.replace(':', "")),
        time: time.into(),
        difference: difference.map(str::to_owned),
    };
    Times {
        days: event().days,
        filter: event().filter,
        day: event().day,
        date: "2026-12-03".into(),
        action: manage("/events/fall-conferences/book"),
        rows: vec![FreeRow {
            name: "Ms Okafor".into(),
            place: Some("Room 12".into()),
            times: vec![time("17:20", None), time("17:30", Some("with Mr Park"))],
        }],
    }
}

fn form() -> BookForm {
    BookForm {
        action: manage("/events/fall-conferences/book"),
        key: "k3y".into(),
        chosen: "17:20 to 17:30, Thursday 3 December 2026, with Ms Okafor".into(),
        slot: Some("2026-12-03-1-1720".into()),
        nearest: Vec::new(),
        times_path: manage("/events/fall-conferences/book?day=2026-12-03"),
        refusal: None,
        problems: Vec::new(),
        name: Field::default(),
        email: Field::default(),
        phone: Field::default(),
        note: Field::default(),
    }
}

fn participant() -> ParticipantPage {
    let visit = |state, cancel_action| super::Visit {
        event: "Fall conferences".into(),
        with: "Ms Okafor".into(),
        day: "Thursday 3 December 2026".into(),
        time: "18:40".into(),
        until: "18:50".into(),
        zone: "New York time".into(),
        start: "2026-12-03T18:40:00-05:00".into(),
        name: "Maria Lopez".into(),
        dependent: Some("Maya Lopez".into()),
        note: Some("We come by bus.".into()),
        state,
        cancel_action,
    };
    ParticipantPage {
        head: head(),
        sections: sections(),
        news: None,
        refusal: None,
        name: "Maria Lopez".into(),
        email: "maria@example.org".into(),
        phone: None,
        coming: vec![
            visit(None, Some(manage("/bookings/0123456789abcdefghjkmnpqrs/cancel"))),
            visit(Some("Not yet confirmed"), None),
        ],
        past: vec![visit(Some("Cancelled"), None), visit(Some("Over"), None)],
        hold: Some(manage("/retention?on=person&id=0123456789abcdefghjkmnpqrs#holds")),
        rights: Some(Rights {
            csv_path: manage("/participants/0123456789abcdefghjkmnpqrs/file.csv"),
            json_path: manage("/participants/0123456789abcdefghjkmnpqrs/file.json"),
            correct_action: manage("/participants/0123456789abcdefghjkmnpqrs/correct"),
            delete_action: manage("/participants/0123456789abcdefghjkmnpqrs/delete"),
            delete_button: "Delete everything, and cancel 2 appointments".into(),
        }),
        looks: Some(Looks {
            lines: vec![(
                "Thursday 3 December 2026, 17:02".into(),
                "Robin Adeyemi".into(),
                "Appointments of Fall conferences".into(),
            )],
            onward: None,
        }),
    }
}

fn deleted() -> DeletedPage {
    DeletedPage {
        head: head(),
        sections: sections(),
        dependent: false,
        cancelled: Some("2 appointments".into()),
        certificate: "https://kept.example/certificates/0199c7f2a4b17c3e9d".into(),
        certificate_path: "/certificates/0199c7f2a4b17c3e9d".into(),
    }
}

fn access() -> Access {
    let tick =
        |name: &str, text: &str, ticked| Tick { name: name.into(), text: text.into(), ticked };
    Access {
        levels: vec![
            Choice {
                value: "viewer".into(),
                text: "Viewer: sees appointments".into(),
                chosen: true,
            },
            Choice {
                value: "administrator".into(),
                text: "Administrator: everything".into(),
                chosen: false,
            },
        ],
        everything: false,
        groups: vec![TickGroup {
            event: tick("event-1", "Fall conferences", false),
            resources: vec![
                tick("resource-1-1", "Ms Okafor", true),
                tick("resource-1-2", MARKUP, false),
            ],
            ticked: 1,
        }],
        error: None,
    }
}

fn line(name: &str, state: &'static str) -> MemberLine {
    MemberLine {
        name: name.into(),
        path: Some(manage("/members/0123456789abcdefghjkmnpqrs")),
        username: "okafor@example.org".into(),
        email: "okafor@example.org".into(),
        level: "Viewer",
        covered: "Ms Okafor".into(),
        state,
        supporter: false,
    }
}

fn members(problems: Vec<Problem>) -> MembersPage {
    let wrong = !problems.is_empty();
    let error = wrong.then(|| "This address is not complete.".to_owned());
    MembersPage {
        head: head(),
        sections: sections(),
        news: Some(News {
            text: "Ms Okafor can no longer sign in.".into(),
            undo: Some(Undo {
                action: manage("/members/0123456789abcdefghjkmnpqrs/enable"),
                text: "Undo".into(),
            }),
        }),
        problems,
        members: vec![line("Ms Okafor", "Active"), line(MARKUP, "Invited")],
        invite: Some(Invite {
            action: manage("/members"),
            open: wrong,
            name: Field::holding("Ann Example"),
            email: Field { value: "ann@example".into(), error },
            username: Field::default(),
            access: access(),
        }),
    }
}

fn member() -> MemberPage {
    MemberPage {
        head: head(),
        sections: sections(),
        news: None,
        problems: Vec::new(),
        member: line("Ms Okafor", "Active"),
        since: "Monday 30 November 2026".into(),
        members_path: manage("/members"),
        trail_path: Some(manage("/audit?actor=0123456789abcdefghjkmnpqrs")),
        access: Some((manage("/members/0123456789abcdefghjkmnpqrs/access"), access())),
        deeds: vec![Deed {
            explained: "They are signed out everywhere and cannot sign in until you let them in again.",
            action: manage("/members/0123456789abcdefghjkmnpqrs/disable"),
            button: "Do not let Ms Okafor in any more".into(),
            harm: true,
            fields: Vec::new(),
        }],
        hint: Some("They are the last administrator."),
    }
}

fn keys() -> KeysPage {
    let line = |version, standing: &str| KeyLine { version, standing: standing.into() };
    KeysPage {
        head: head(),
        sections: sections(),
        news: None,
        refusal: None,
        keys: vec![
            line(2, "In use now."),
            line(1, "Opens what was sealed before; nothing new is sealed under it."),
        ],
        under_way: Some("412 records are sealed anew so far.".into()),
        own_action: Some(manage("/keys/own")),
        rotate_action: manage("/keys/rotate"),
        revoke_action: manage("/keys/revoke-links"),
    }
}

fn security() -> SecurityPage {
    SecurityPage {
        head: head(),
        sections: sections(),
        news: None,
        problems: Vec::new(),
        refusal: None,
        action: manage("/security"),
        version: "3".into(),
        shortest_password: Field::holding("15"),
        shortest_password_with_factor: Field::holding("8"),
        composition: false,
        password_days: Field::holding("0"),
        breached_check: false,
        failures: Field::holding("10"),
        first_lock_minutes: Field::holding("15"),
        idle_minutes: Field::holding("15"),
        session_hours: Field::holding("12"),
        keys_path: manage("/keys"),
        factor_from: vec![Choice { value: "none".into(), text: "Nobody".into(), chosen: true }],
        erasure: Some(manage("/erasure")),
    }
}

fn audit() -> AuditPage {
    AuditPage {
        head: head(),
        sections: sections(),
        action: manage("/audit"),
        day: "2026-12-03".into(),
        long_day: "Thursday 3 December 2026".into(),
        zone: "New York time".into(),
        actors: vec![Choice { value: String::new(), text: "Everybody".into(), chosen: true }],
        actions: vec![Choice { value: String::new(), text: "Everything".into(), chosen: true }],
        person: Some("0123456789abcdefghjkmnpqrs".into()),
        lines: vec![Line {
            time: "17:02:11".into(),
            at: "2026-12-03T17:02:11-05:00".into(),
            who: "A former member".into(),
            what: "Saw personal data".into(),
            about: "Fall conferences".into(),
            result: "Appointments, 4 people".into(),
        }],
        onward: vec![Onward {
            text: "The day before".into(),
            path: manage("/audit?day=2026-12-02"),
        }],
    }
}

fn dependent() -> DependentPage {
    DependentPage {
        head: head(),
        sections: sections(),
        refusal: None,
        name: "Maya Example".into(),
        identifier: Some("MS-1042".into()),
        kept: vec![
            ("Appointments to come", "2".into()),
            ("Appointments that are over or cancelled", "None".into()),
            ("Guardians who have attached them", "1".into()),
        ],
        hold: Some(manage("/retention?on=dependent&id=0123456789abcdefghjkmnpqrs#holds")),
        deletion: DependentDeletion::Ready {
            action: manage("/dependents/0123456789abcdefghjkmnpqrs/delete"),
            button: "Delete everything, and cancel 2 appointments".into(),
            told: Some("Who booked the appointments to come gets mails.".into()),
        },
        list_path: manage("/dependents"),
    }
}

fn dependents(listed: usize) -> DependentsPage {
    DependentsPage {
        head: head(),
        sections: sections(),
        news: None,
        problems: vec![Problem { id: "identifier".into(), text: "Identifier: taken.".into() }],
        action: manage("/dependents"),
        find: String::new(),
        name: Field::holding("Maya Example"),
        identifier: Field { value: "MS-1042".into(), error: Some("Taken.".into()) },
        security_value: Field::default(),
        listed,
        matching: listed,
        dependents: (0..listed)
            .map(|number| DependentLine {
                name: format!("Maya Example {number}"),
                identifier: format!("MS-{number}"),
                path: manage("/dependents/0123456789abcdefghjkmnpqrs"),
                remove: manage("/dependents/0123456789abcdefghjkmnpqrs/remove"),
            })
            .collect(),
    }
}

fn listed(id: u8, lines: Vec<(String, String)>, earlier: Option<&str>) -> Reads {
    let earlier = earlier.map(|query| manage(&format!("/support{query}")));
    Reads::Listed { id: id.to_string(), lines, later: None, earlier }
}

fn retention() -> RetentionPage {
    RetentionPage {
        head: head(),
        sections: sections(),
        news: None,
        refusal: None,
        problems: vec![Problem {
            id: "bookings_days".into(),
            text: "Appointments: choose 0 to 3650 days, or keep it for ever.".into(),
        }],
        action: manage("/retention"),
        version: "1".into(),
        bookings_days: Field {
            value: "4000".into(),
            error: Some("Choose 0 to 3650 days, or keep it for ever.".into()),
        },
        fate: vec![Choice { value: "removed".into(), text: "It is removed".into(), chosen: true }],
        fate_error: None,
        contacts_days: Field::default(),
        notices_days: Field::holding("400"),
        begins: "Friday 4 December 2026, 03:00 (New York time)".into(),
        tonight: Tonight {
            lines: vec!["12 appointments of Fall conferences".into(), "1 mail of the list".into()],
            held: 2,
            more: true,
        },
        form: HoldForm {
            action: manage("/holds"),
            choices: vec![Choice {
                value: "event 0123456789abcdefghjkmnpqrs".into(),
                text: "Fall conferences".into(),
                chosen: true,
            }],
            choice_error: None,
            reason: Field::default(),
        },
        holds: vec![HoldLine {
            name: "Mo Visser".into(),
            kind: "Person",
            reason: "A dispute about 3 December.".into(),
            by: "Robin Adeyemi".into(),
            since: "Thursday 3 December 2026, 18:40".into(),
            lift: manage("/holds/lift"),
            on: "person",
            id: "0123456789abcdefghjkmnpqrs".into(),
        }],
    }
}

fn support() -> SupportPage {
    let grant = |state, withdraw, reads| GrantLine {
        supporter: "Sam Taylor".into(),
        by: "Robin Adeyemi".into(),
        reason: "The list of Ms Okafor is empty.".into(),
        span: "Thursday 3 December 2026, 17:00 to 19:00".into(),
        state,
        withdraw,
        reads,
    };
    let read = ("17:02".to_owned(), "Appointments of Fall conferences, 4 people".to_owned());
    SupportPage {
        head: head(),
        sections: sections(),
        news: None,
        problems: vec![Problem { id: "reason".into(), text: "Why: write a sentence.".into() }],
        action: manage("/support"),
        supporters: vec![Choice { value: "1".into(), text: "Sam Taylor".into(), chosen: true }],
        supporter_error: None,
        reason: Field { value: String::new(), error: Some("Write a sentence.".into()) },
        hours: vec![Choice { value: "1".into(), text: "An hour".into(), chosen: true }],
        hours_error: None,
        grants: vec![
            grant(
                "Can read now",
                Some(manage("/support/0123456789abcdefghjkmnpqrs/withdraw")),
                listed(1, vec![read.clone()], None),
            ),
            grant("Withdrawn", None, listed(2, Vec::new(), None)),
            grant("Ended", None, listed(3, vec![read], Some("?of=1&before=2#1"))),
            grant("Ended", None, Reads::Elsewhere(manage("/support?of=1#1"))),
        ],
    }
}

fn erasure(waits: Option<ErasureWaits>) -> ErasurePage {
    ErasurePage {
        head: head(),
        sections: sections(),
        news: None,
        refusal: None,
        name: "Maple Street School".into(),
        web_name: "maple-street-school".into(),
        typed: Field::default(),
        action: manage("/erasure"),
        what: "3 events and 12 members of the team".into(),
        hours: 72,
        waits,
    }
}

fn emergency() -> EmergencyPage {
    let used = |id, signed, sign_action: Option<String>, not_you| Use {
        end_action: sign_action.as_ref().map(|action| action.replace("/sign", "/end")),
        when: "Thursday 3 December 2026, 18:40".into(),
        reason: "The school office burned.".into(),
        reads: listed(
            id,
            vec![("18:41".into(), "Appointments of Fall conferences, 4 people".into())],
            None,
        ),
        signed,
        sign_action,
        not_you,
    };
    EmergencyPage {
        head: head(),
        sections: sections(),
        news: None,
        refusal: None,
        action: manage("/emergency"),
        made: Some("Monday 30 November 2026".into()),
        uses: vec![
            used(1, None, Some(manage("/emergency/0123456789abcdefghjkmnpqrs/sign")), None),
            used(2, None, None, Some("You made this code: another administrator signs.")),
            used(
                3,
                Some("Robin Adeyemi signed on Friday 4 December 2026, 08:10.".into()),
                None,
                None,
            ),
        ],
    }
}

fn code() -> CodePage {
    CodePage {
        head: head(),
        sections: sections(),
        code: "0123 4567 89ab cdef ghjk mnpq rstv wxyz".into(),
        address: "kept.example/maple-street-school/emergency".into(),
        made: "Monday 30 November 2026".into(),
        back: manage("/emergency"),
    }
}

fn backups() -> BackupsPage {
    let night = NightLine {
        when: "Thursday 3 December 2026, 02:05".into(),
        by_hand: false,
        state: "Complete".into(),
        well: true,
        size: Some("12.3 MB".into()),
        items: Some(20_411),
        keys: "All 12 work".into(),
        removed: Some(4),
        hitch: None,
    };
    let drill = DrillLine {
        when: "Sunday 29 November 2026, 04:00".into(),
        of: Some("Sunday 29 November 2026".into()),
        state: "Everything was as it should be",
        took: Some("1 hour 5 minutes".into()),
        looked_at: "211 bookings, 2400 slots".into(),
        found: Vec::new(),
        further: 0,
        hitch: None,
    };
    BackupsPage {
        head: head(),
        sections: sections(),
        news: None,
        refusal: Some("A backup is being tried out already.".into()),
        heeds: vec!["The newest backup is older than 26 hours.".into()],
        taken: Some(night.when.clone()),
        proven: Some(drill.when.clone()),
        take_action: "/operator/manage/backups".into(),
        drill_action: "/operator/manage/backups/drill".into(),
        zone: "UTC".into(),
        nights: vec![
            NightLine {
                by_hand: true,
                state: "Under way: 2 of 4 tables".into(),
                well: false,
                size: None,
                items: None,
                removed: None,
                hitch: Some(MARKUP.into()),
                ..night.clone()
            },
            night,
        ],
        drills: vec![
            DrillLine {
                state: "Something was not as it should be",
                found: vec![MARKUP.into()],
                further: 3,
                hitch: Some(MARKUP.into()),
                ..drill.clone()
            },
            drill,
        ],
    }
}

fn organizations() -> OrganizationsPage {
    OrganizationsPage {
        head: head(),
        sections: sections(),
        news: None,
        refusal: None,
        organizations: vec![OrganizationLine {
            id: "0123456789abcdefghjkmnpqrs".into(),
            name: MARKUP.into(),
            web_name: "maple-street-school".into(),
            state: "Waits for approval",
            deeds: vec![Deed {
                explained: "It can be reached from then on.",
                action: "/operator/manage/organizations/0123456789abcdefghjkmnpqrs/approve".into(),
                button: "Approve it".into(),
                harm: false,
                fields: Vec::new(),
            }],
        }],
    }
}
