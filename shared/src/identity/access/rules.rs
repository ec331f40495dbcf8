//! Who may do what, where: one table for everybody.
//!
//! [`rule`] is that table. Every action has a row, and a row says where the
//! action takes place and who may do it. Adding an action without a row does
//! not compile.

use std::collections::BTreeSet;

use crate::ids::{EventId, ResourceId};

/// What a member may do within what they cover. Each level may do all that the
/// levels before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Sees appointments and reports; changes nothing.
    Viewer,
    /// Makes appointments, and blocks and unblocks times.
    Maker,
    /// Moves and cancels appointments too, and adds and removes times.
    ResourceAdministrator,
    /// Everything at their events.
    EventAdministrator,
    /// The whole account.
    Administrator,
}

impl Level {
    /// All of them, from the least.
    pub const ALL: [Self; 5] = [
        Self::Viewer,
        Self::Maker,
        Self::ResourceAdministrator,
        Self::EventAdministrator,
        Self::Administrator,
    ];

    /// Its name in items, requests and replies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Maker => "maker",
            Self::ResourceAdministrator => "resource_administrator",
            Self::EventAdministrator => "event_administrator",
            Self::Administrator => "administrator",
        }
    }

    /// Its name as people say it.
    #[must_use]
    pub const fn spoken(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Maker => "Maker",
            Self::ResourceAdministrator => "Resource administrator",
            Self::EventAdministrator => "Event administrator",
            Self::Administrator => "Administrator",
        }
    }

    /// Reads what [`Level::word`] gave; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == text)
    }
}

/// At which events and resources a member's level counts. An administrator's
/// counts everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// Everywhere, at events still to come as well.
    Everything,
    /// Only here.
    Only {
        /// These events, with all their resources.
        events: BTreeSet<EventId>,
        /// These resources of other events.
        resources: BTreeSet<(EventId, ResourceId)>,
    },
}

/// More events and resources than one member's coverage has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Choose at most {} events and resources, or everything.", Coverage::MOST)]
pub struct TooMuch;

impl Coverage {
    /// How many events and resources there is room for.
    pub const MOST: usize = 400;

    /// Covers these events and these single resources.
    ///
    /// # Errors
    /// [`TooMuch`] when there are more than [`Coverage::MOST`].
    pub fn only(
        events: impl IntoIterator<Item = EventId>,
        resources: impl IntoIterator<Item = (EventId, ResourceId)>,
    ) -> Result<Self, TooMuch> {
        let events: BTreeSet<_> = events.into_iter().collect();
        let resources: BTreeSet<_> = resources.into_iter().collect();
        if events.len() + resources.len() > Self::MOST {
            return Err(TooMuch);
        }
        Ok(Self::Only { events, resources })
    }

    /// Nothing: for somebody who is given something later.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::Only { events: BTreeSet::new(), resources: BTreeSet::new() }
    }

    /// Whether all of an event is covered.
    #[must_use]
    pub fn event(&self, event: EventId) -> bool {
        match self {
            Self::Everything => true,
            Self::Only { events, .. } => events.contains(&event),
        }
    }

    /// Whether a resource is covered, by itself or with its event.
    #[must_use]
    pub fn resource(&self, event: EventId, resource: ResourceId) -> bool {
        match self {
            Self::Everything => true,
            Self::Only { events, resources } => {
                events.contains(&event) || resources.contains(&(event, resource))
            }
        }
    }

    /// Whether anything of an event is covered: then its name may be shown.
    #[must_use]
    pub fn touches(&self, event: EventId) -> bool {
        match self {
            Self::Everything => true,
            Self::Only { events, resources } => {
                events.contains(&event) || resources.iter().any(|(at, _)| *at == event)
            }
        }
    }
}

/// As what somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Nobody has signed in.
    Nobody,
    /// A participant, who may see and change what is their own.
    Participant,
    /// A member of the organization's team.
    Member {
        /// What they may do.
        level: Level,
        /// Where.
        coverage: Coverage,
    },
    /// One of the operator's members, whom the organization has asked for help.
    Support,
    /// Whoever opened the organization with its emergency code.
    Emergency,
    /// A member of the operator's own organization, there.
    Operator(Level),
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// See appointments and who has them.
    SeeAppointments,
    /// Make an appointment for somebody.
    MakeAppointment,
    /// Block a time, or open it again.
    BlockTime,
    /// Move somebody's appointment.
    MoveAppointment,
    /// Cancel somebody's appointment.
    CancelAppointment,
    /// Add and remove times.
    ChangeSlots,
    /// Change an event and its resources.
    ChangeEvent,
    /// Read reports on the page.
    ReadReports,
    /// Take appointments or reports away as a file.
    Export,
    /// See who the members are.
    SeeMembers,
    /// Invite, change and disable members.
    ManageMembers,
    /// See and keep the list of dependents.
    ManageDependents,
    /// Change the security settings.
    ChangeSecurity,
    /// Read the audit trail.
    ReadAudit,
    /// Let one of the operator's members see data to help, or end that.
    GrantSupport,
    /// Make an emergency code, which voids the one before.
    MakeEmergencyCode,
    /// Sign that a use of the emergency code was right or wrong.
    ReviewEmergency,
    /// Say how long data is kept, stop its removal, take out and correct what
    /// is kept about somebody.
    KeepData,
    /// Delete personal data for good.
    DestroyData,
    /// Give the organization another data key.
    RotateKeys,
    /// See and change what is one's own: appointments, password, sessions.
    KeepOwn,
    /// Approve and suspend organizations.
    DecideOrganizations,
    /// Put members on the list of those who may be asked for help.
    KeepSupportList,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::SeeAppointments,
        Self::MakeAppointment,
        Self::BlockTime,
        Self::MoveAppointment,
        Self::CancelAppointment,
        Self::ChangeSlots,
        Self::ChangeEvent,
        Self::ReadReports,
        Self::Export,
        Self::SeeMembers,
        Self::ManageMembers,
        Self::ManageDependents,
        Self::ChangeSecurity,
        Self::ReadAudit,
        Self::GrantSupport,
        Self::MakeEmergencyCode,
        Self::ReviewEmergency,
        Self::KeepData,
        Self::DestroyData,
        Self::RotateKeys,
        Self::KeepOwn,
        Self::DecideOrganizations,
        Self::KeepSupportList,
    ];
}

// A new action comes before the last one, and into the list.
const _: () = assert!(Action::KeepSupportList as usize + 1 == Action::ALL.len());

/// What it is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// One resource of an event.
    Resource(EventId, ResourceId),
    /// A whole event.
    Event(EventId),
    /// The organization's account.
    Account,
    /// What is the asker's own.
    Own,
    /// The installation: all organizations.
    Installation,
}

/// Where an action takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At a resource, or at all resources of an event.
    Schedule,
    /// At an event as a whole.
    Event,
    /// In the account.
    Account,
    /// With what is one's own.
    Own,
    /// In the installation.
    Installation,
}

/// A row of the table.
struct Rule {
    place: Place,
    /// The least level of a member who may; `None` for no member.
    member: Option<Level>,
    /// The least level of a member of the operator's who may, in the operator's
    /// own organization.
    operator: Option<Level>,
    support: bool,
    emergency: bool,
    participant: bool,
}

impl Rule {
    const fn members(place: Place, least: Level) -> Self {
        Self {
            place,
            member: Some(least),
            operator: None,
            support: false,
            emergency: false,
            participant: false,
        }
    }

    /// May be read by who was let in to help, and with the emergency code.
    const fn read_by_guests(self) -> Self {
        Self { support: true, emergency: true, ..self }
    }

    /// Holds in the operator's own organization as well.
    const fn at_the_operator(self) -> Self {
        Self { operator: self.member, ..self }
    }
}

/// The table.
const fn rule(action: Action) -> Rule {
    use Level::{Administrator, EventAdministrator, Maker, ResourceAdministrator, Viewer};
    use Place::{Account, Event, Installation, Own, Schedule};
    match action {
        Action::SeeAppointments => Rule::members(Schedule, Viewer).read_by_guests(),
        Action::MakeAppointment => Rule::members(Schedule, Maker),
        Action::BlockTime => Rule::members(Schedule, Maker),
        // Moving frees the old time, which is cancelling it: a maker may not.
        Action::MoveAppointment => Rule::members(Schedule, ResourceAdministrator),
        Action::CancelAppointment => Rule::members(Schedule, ResourceAdministrator),
        Action::ChangeSlots => Rule::members(Schedule, ResourceAdministrator),
        Action::ChangeEvent => Rule::members(Event, EventAdministrator),
        Action::ReadReports => Rule::members(Schedule, Viewer).read_by_guests(),
        Action::Export => Rule::members(Schedule, Viewer),
        // Help with signing in needs to see who is there.
        Action::SeeMembers => {
            Rule { support: true, ..Rule::members(Account, Administrator).at_the_operator() }
        }
        Action::ManageMembers => Rule::members(Account, Administrator).at_the_operator(),
        Action::ManageDependents => Rule::members(Account, Administrator),
        Action::ChangeSecurity => Rule::members(Account, Administrator).at_the_operator(),
        Action::ReadAudit => Rule::members(Account, Administrator).at_the_operator(),
        Action::GrantSupport => Rule::members(Account, Administrator),
        Action::MakeEmergencyCode => Rule::members(Account, Administrator),
        Action::ReviewEmergency => Rule::members(Account, Administrator),
        Action::KeepData => Rule::members(Account, Administrator),
        Action::DestroyData => Rule::members(Account, Administrator),
        Action::RotateKeys => Rule::members(Account, Administrator).at_the_operator(),
        Action::KeepOwn => {
            Rule { participant: true, ..Rule::members(Own, Viewer).at_the_operator() }
        }
        Action::DecideOrganizations => {
            Rule { member: None, ..Rule::members(Installation, Administrator).at_the_operator() }
        }
        Action::KeepSupportList => {
            Rule { member: None, ..Rule::members(Installation, Administrator).at_the_operator() }
        }
    }
}

/// Whether somebody's role includes an action at all, wherever they may do it:
/// asked before anything is looked up.
#[must_use]
pub fn includes(role: &Role, action: Action) -> bool {
    let rule = rule(action);
    match role {
        Role::Nobody => false,
        Role::Participant => rule.participant,
        Role::Support => rule.support,
        Role::Emergency => rule.emergency,
        Role::Operator(level) => rule.operator.is_some_and(|least| *level >= least),
        Role::Member { level, .. } => rule.member.is_some_and(|least| *level >= least),
    }
}

/// Whether somebody may do this there. What the table does not allow is refused,
/// an action at a place where it does not happen as well.
#[must_use]
pub fn may(role: &Role, action: Action, target: Target) -> bool {
    if !happens_at(rule(action).place, target) || !includes(role, action) {
        return false;
    }
    match role {
        Role::Member { level, coverage } => {
            *level == Level::Administrator || covers(coverage, target)
        }
        Role::Nobody | Role::Participant | Role::Support | Role::Emergency | Role::Operator(_) => {
            true
        }
    }
}

const fn happens_at(place: Place, target: Target) -> bool {
    match target {
        Target::Resource(..) => matches!(place, Place::Schedule),
        Target::Event(_) => matches!(place, Place::Schedule | Place::Event),
        Target::Account => matches!(place, Place::Account),
        Target::Own => matches!(place, Place::Own),
        Target::Installation => matches!(place, Place::Installation),
    }
}

fn covers(coverage: &Coverage, target: Target) -> bool {
    match target {
        Target::Resource(event, resource) => coverage.resource(event, resource),
        Target::Event(event) => coverage.event(event),
        // Only the level counts where there is nothing to be divided.
        Target::Account | Target::Own | Target::Installation => true,
    }
}

#[cfg(test)]
mod tests;
