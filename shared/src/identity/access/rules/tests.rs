use super::*;

const HERE: EventId = EventId::from_bytes([1; 16]);
const ELSEWHERE: EventId = EventId::from_bytes([2; 16]);
const ROOM: ResourceId = ResourceId::from_bytes([1; 8]);
const OTHER_ROOM: ResourceId = ResourceId::from_bytes([2; 8]);

/// Who may do what where it happens, for somebody who covers everything. The
/// columns: viewer, maker, resource administrator, event administrator,
/// administrator; support, emergency; participant, nobody; the operator's
/// members from viewer to administrator.
const TABLE: [(Action, Target, &str); 27] = [
    (Action::SeeAppointments, Target::Resource(HERE, ROOM), "VMREA SE -- -----"),
    (Action::SeeAppointments, Target::Event(HERE), "VMREA SE -- -----"),
    (Action::MakeAppointment, Target::Resource(HERE, ROOM), "-MREA -- -- -----"),
    (Action::BlockTime, Target::Resource(HERE, ROOM), "-MREA -- -- -----"),
    (Action::MoveAppointment, Target::Resource(HERE, ROOM), "--REA -- -- -----"),
    (Action::CancelAppointment, Target::Resource(HERE, ROOM), "--REA -- -- -----"),
    (Action::ChangeSlots, Target::Resource(HERE, ROOM), "--REA -- -- -----"),
    (Action::ChangeSlots, Target::Event(HERE), "--REA -- -- -----"),
    (Action::ChangeEvent, Target::Event(HERE), "---EA -- -- -----"),
    (Action::ReadReports, Target::Resource(HERE, ROOM), "VMREA SE -- -----"),
    (Action::ReadReports, Target::Event(HERE), "VMREA SE -- -----"),
    (Action::Export, Target::Resource(HERE, ROOM), "VMREA -- -- -----"),
    (Action::Export, Target::Event(HERE), "VMREA -- -- -----"),
    (Action::SeeMembers, Target::Account, "----A S- -- ----A"),
    (Action::ManageMembers, Target::Account, "----A -- -- ----A"),
    (Action::ManageDependents, Target::Account, "----A -- -- -----"),
    (Action::ChangeSecurity, Target::Account, "----A -- -- ----A"),
    (Action::ReadAudit, Target::Account, "----A -- -- ----A"),
    (Action::GrantSupport, Target::Account, "----A -- -- -----"),
    (Action::MakeEmergencyCode, Target::Account, "----A -- -- -----"),
    (Action::ReviewEmergency, Target::Account, "----A -- -- -----"),
    (Action::KeepData, Target::Account, "----A -- -- -----"),
    (Action::DestroyData, Target::Account, "----A -- -- -----"),
    (Action::RotateKeys, Target::Account, "----A -- -- ----A"),
    (Action::KeepOwn, Target::Own, "VMREA -- P- VMREA"),
    (Action::DecideOrganizations, Target::Installation, "----- -- -- ----A"),
    (Action::KeepSupportList, Target::Installation, "----- -- -- ----A"),
];

fn member(level: Level, coverage: Coverage) -> Role {
    Role::Member { level, coverage }
}

fn columns() -> Vec<(Option<Role>, char)> {
    let letters = ['V', 'M', 'R', 'E', 'A'];
    let levels = || Level::ALL.into_iter().zip(letters);
    let space = || (None, ' ');
    let mut columns: Vec<_> = levels()
        .map(|(level, letter)| (Some(member(level, Coverage::Everything)), letter))
        .collect();
    columns.push(space());
    columns.extend([(Some(Role::Support), 'S'), (Some(Role::Emergency), 'E'), space()]);
    columns.extend([(Some(Role::Participant), 'P'), (Some(Role::Nobody), 'N'), space()]);
    columns.extend(levels().map(|(level, letter)| (Some(Role::Operator(level)), letter)));
    columns
}

#[test]
fn each_level_may_do_what_the_table_says_and_nothing_else() {
    for (action, target, expected) in TABLE {
        let found: String = columns()
            .into_iter()
            .map(|(role, letter)| match role {
                None => ' ',
                Some(role) if may(&role, action, target) => letter,
                Some(_) => '-',
            })
            .collect();
        assert_eq!(found, expected, "{action:?} at {target:?}");
    }
    for action in Action::ALL {
        assert!(TABLE.iter().any(|(listed, ..)| *listed == action), "{action:?} has no row");
    }
}

#[test]
fn an_action_is_refused_where_it_does_not_happen() {
    let targets = [
        Target::Resource(HERE, ROOM),
        Target::Event(HERE),
        Target::Account,
        Target::Own,
        Target::Installation,
    ];
    let everybody: Vec<Role> = columns().into_iter().filter_map(|(role, _)| role).collect();
    let kind = std::mem::discriminant::<Target>;
    for action in Action::ALL {
        for target in targets {
            let listed = TABLE.iter().any(|(of, at, _)| *of == action && kind(at) == kind(&target));
            let schedule = matches!(target, Target::Resource(..) | Target::Event(_))
                && TABLE.iter().any(|(of, at, _)| *of == action && kind(at) == kind(&targets[0]));
            if !listed && !schedule {
                assert!(everybody.iter().all(|role| !may(role, action, target)), "{action:?}");
            }
        }
    }
}

#[test]
fn a_level_counts_only_at_what_is_covered() {
    let event = Coverage::only([HERE], []).unwrap();
    let room = Coverage::only([], [(HERE, ROOM)]).unwrap();
    let may_change = |coverage: &Coverage, target| {
        may(&member(Level::EventAdministrator, coverage.clone()), Action::ChangeSlots, target)
    };
    assert!(may_change(&event, Target::Event(HERE)));
    assert!(may_change(&event, Target::Resource(HERE, OTHER_ROOM)));
    assert!(!may_change(&event, Target::Event(ELSEWHERE)));
    assert!(may_change(&room, Target::Resource(HERE, ROOM)));
    assert!(!may_change(&room, Target::Resource(HERE, OTHER_ROOM)));
    // The same room at another event is another matter.
    assert!(!may_change(&room, Target::Resource(ELSEWHERE, ROOM)));
    assert!(!may_change(&room, Target::Event(HERE)));
    assert!(!may(
        &member(Level::EventAdministrator, room),
        Action::ChangeEvent,
        Target::Event(HERE)
    ));
    assert!(!may_change(&Coverage::nothing(), Target::Resource(HERE, ROOM)));
}

#[test]
fn an_administrator_covers_the_whole_account() {
    let administrator = member(Level::Administrator, Coverage::nothing());
    assert!(may(&administrator, Action::ChangeEvent, Target::Event(ELSEWHERE)));
    assert!(may(&administrator, Action::ManageMembers, Target::Account));
}

#[test]
fn an_event_is_touched_by_one_of_its_resources() {
    let room = Coverage::only([], [(HERE, ROOM)]).unwrap();
    assert!(room.touches(HERE) && !room.event(HERE) && !room.touches(ELSEWHERE));
    let many = (0..=u16::try_from(Coverage::MOST).unwrap()).map(|number| {
        let [high, low] = number.to_be_bytes();
        (HERE, ResourceId::from_bytes([0, 0, 0, 0, 0, 0, high, low]))
    });
    assert_eq!(Coverage::only([], many), Err(TooMuch));
}

#[test]
fn what_a_role_includes_is_what_it_may_do_somewhere() {
    for (role, _) in columns() {
        let Some(role) = role else { continue };
        for action in Action::ALL {
            let somewhere =
                TABLE.iter().any(|(of, target, _)| *of == action && may(&role, action, *target));
            assert_eq!(includes(&role, action), somewhere, "{role:?} {action:?}");
        }
    }
    // Coverage is asked when it is known of what.
    let nowhere = member(Level::Viewer, Coverage::nothing());
    assert!(includes(&nowhere, Action::SeeAppointments));
    assert!(!includes(&nowhere, Action::CancelAppointment));
}

#[test]
fn a_levels_word_is_read_back() {
    for level in Level::ALL {
        assert_eq!(Level::parse(level.word()), Some(level));
    }
    assert_eq!(Level::parse("owner"), None);
}
