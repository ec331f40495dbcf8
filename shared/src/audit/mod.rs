//! The audit trail: who did or saw what, when, with what result.
//!
//! A record is written in the transaction of what it records, or at once by
//! itself, under a fresh id, and never changed. It holds ids and keyed hashes
//! only; names are joined when somebody who may reads it ([`read`]). A sealer
//! puts what was written into checkpoints ([`checkpoint`]), so that whoever
//! changes, removes or adds a record later is found out ([`verify`]).

pub mod checkpoint;
mod item;
pub mod leaf;
pub mod read;
mod tail;
pub mod verify;
mod words;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::dynamo::{self, Key, Write};
use crate::ids::{
    BookingId, DependentId, EmergencyId, EventId, MemberId, OrganizationId, PersonId, RecordId,
    SignUpId, SupportGrantId,
};
use crate::service::Service;
use crate::trouble::Trouble;

pub use words::{Action, Factor, Outcome, Word};

/// How long records are kept: six years, as 45 CFR 164.316(b)(2)(i) asks.
pub const KEPT: SignedDuration = SignedDuration::from_hours(6 * 366 * 24);

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A visitor who gave this person's address.
    Visitor(PersonId),
    /// Somebody with the link of this person's booking.
    LinkHolder(PersonId),
    /// A participant who has signed in.
    Participant(PersonId),
    /// A member of the organization's team.
    Member(MemberId),
    /// One of the operator's people, whom the organization let in to help.
    Support {
        /// Who.
        member: MemberId,
        /// By which permission.
        grant: SupportGrantId,
    },
    /// Somebody with the emergency code.
    Emergency(EmergencyId),
    /// The service itself.
    Service,
    /// A member of the operator's, in an organization's own trail.
    Operator(MemberId),
    /// Nobody yet: an attempt under a username of this keyed hash.
    Nobody([u8; 16]),
}

/// Somebody who was let in for a while and whose every read is shown to the
/// organization: their accesses are found by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guest {
    /// Who helps, by the permission.
    Support(SupportGrantId),
    /// Who used the emergency code, by that use.
    Emergency(EmergencyId),
}

impl Guest {
    /// The id of the permission or the use.
    #[must_use]
    pub fn id(self) -> String {
        match self {
            Self::Support(grant) => grant.to_string(),
            Self::Emergency(emergency) => emergency.to_string(),
        }
    }
}

impl Actor {
    /// The guest that somebody is; `None` of everybody else.
    #[must_use]
    pub const fn guest(self) -> Option<Guest> {
        match self {
            Self::Support { grant, .. } => Some(Guest::Support(grant)),
            Self::Emergency(emergency) => Some(Guest::Emergency(emergency)),
            Self::Visitor(_)
            | Self::LinkHolder(_)
            | Self::Participant(_)
            | Self::Member(_)
            | Self::Service
            | Self::Operator(_)
            | Self::Nobody(_) => None,
        }
    }
}

/// Whom or what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The organization as a whole.
    Organization,
    /// A participant.
    Person(PersonId),
    /// An event: of a list, everybody who has something there.
    Event(EventId),
    /// A booking of an event.
    Booking(EventId, BookingId),
    /// A dependent.
    Dependent(DependentId),
    /// A member of the organization's team.
    Member(MemberId),
    /// Who asked for an organization.
    SignUp(SignUpId),
    /// A permission to help.
    Grant(SupportGrantId),
    /// A use of the emergency code.
    Emergency(EmergencyId),
}

/// What else a record may say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct More {
    /// By what means somebody proved who they are, or which was changed.
    pub factor: Option<Factor>,
    /// Which settings were changed; never what to.
    pub fields: Vec<Word>,
    /// What kind of page, report or file was shown.
    pub page: Option<Word>,
    /// How many people's data, sessions or the like.
    pub count: Option<u32>,
    /// The keyed hash of what was searched for.
    pub query: Option<[u8; 16]>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// Whom or what it is about.
    pub about: About,
    /// With what result.
    pub result: Outcome,
    /// From which network: a keyed hash.
    pub network: Option<[u8; 16]>,
    /// In which request: a keyed hash of API Gateway's id.
    pub request: Option<[u8; 16]>,
    /// What else there is to say.
    pub more: More,
}

impl Record {
    /// Something that happened, with nothing more to say.
    #[must_use]
    pub fn of(actor: Actor, action: Action, about: About) -> Self {
        Self {
            actor,
            action,
            about,
            result: Outcome::Done,
            network: None,
            request: None,
            more: More::default(),
        }
    }

    /// The same with this result.
    #[must_use]
    pub const fn with(mut self, result: Outcome) -> Self {
        self.result = result;
        self
    }

    /// The same from this network.
    #[must_use]
    pub const fn from_network(mut self, network: Option<[u8; 16]>) -> Self {
        self.network = network;
        self
    }
}

/// The UTC day of a moment: records lie by it.
#[must_use]
pub fn day_of(moment: Timestamp) -> jiff::civil::Date {
    TimeZone::UTC.to_datetime(moment).date()
}

/// The write of a record, for the transaction of what it records.
///
/// # Errors
/// When there is no randomness or the SDK refuses to build the request.
pub fn record(
    service: &Service,
    organization: OrganizationId,
    record: &Record,
    now: Timestamp,
) -> Result<Write, Trouble> {
    Write::create(&service.settings.tables.audit, fresh(service, organization, record, now)?)
}

/// Writes a record at once, by itself.
///
/// # Errors
/// When it is not certain that the record is written: then what it was to
/// record must not happen.
pub async fn write(
    service: &Service,
    organization: OrganizationId,
    record: &Record,
    now: Timestamp,
) -> Result<(), Trouble> {
    let item = fresh(service, organization, record, now)?;
    let put = service
        .dynamo
        .put_item()
        .table_name(&service.settings.tables.audit)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)");
    match put.send().await {
        Ok(_) => Ok(()),
        // The id is fresh: only our own first attempt, whose answer was lost and
        // which the client repeated, can have used it.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
        {
            Ok(())
        }
        Err(error) => Err(Trouble::unavailable("writing an audit record", error)),
    }
}

fn fresh(
    service: &Service,
    organization: OrganizationId,
    record: &Record,
    now: Timestamp,
) -> Result<dynamo::Item, Trouble> {
    let id = RecordId::fresh(now, &*service.chance)?;
    let key = Key::audit(organization, day_of(now), id);
    item::write(organization, key, record, now)
}
