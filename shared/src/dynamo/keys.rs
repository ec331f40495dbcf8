//! Every key of every item, in one place.
//!
//! A partition key begins with the id of the organization it belongs to, so
//! that permissions can hold a request to one organization. The registry of
//! organizations belongs to the operator, the reserved organization.
//!
//! | table | pk | sk | what |
//! |---|---|---|---|
//! | Schedule | `operator` | `organization#{web name}` | which id a web name stands for |
//! | Schedule | `operator` | `retired-name#{blind index}` | a web name that an erased organization had |
//! | Schedule | `{organization}` | `organization` | the organization |
//! | Schedule | `{organization}` | `erasure` | that it is going to be erased, and when |
//! | Schedule | `{organization}` | `canary` | what the organization's key opens every night |
//! | Schedule | `{organization}` | `event#{event}` | an event |
//! | Schedule | `{organization}` | `retention` | how long the organization keeps things |
//! | Schedule | `{organization}#holds` | `hold#{person, dependent or event}#{id}` | a legal hold that stands |
//! | Schedule | `{organization}#{event}` | `resource#{resource}` | a resource |
//! | Schedule | `{organization}#{event}#{day}#{shard}` | `slot#{resource}#{minute}` | a slot |
//! | Schedule | `{organization}#{booking}` | `booking` | a booking |
//! | Schedule | `{organization}#{booking}` | `seat` | a booking's seat whose person is gone |
//! | Schedule | `{organization}#{person}` | `participant` | a participant who has proven an address |
//! | Schedule | `{organization}#{person}` | `agenda#{UTC day}` | what a person has on a day |
//! | Schedule | `{organization}#{person}` | `tally#{event}` | how much a person has at an event |
//! | Schedule | `{organization}#dependents` | `dependent#{dependent}` | a dependent |
//! | Schedule | `{organization}#{dependent}` | `agenda#{UTC day}` | what a dependent has on a day |
//! | Schedule | `{organization}#identifier#{blind index}` | `identifier` | which dependent an identifier names now |
//! | Schedule | `{organization}#{person}` | `dependent#{dependent}` | a dependent whom a participant has attached |
//! | Schedule | `{organization}#{person or dependent}` | `deletion` | the deletion of their data that is under way |
//! | Schedule, index `concerning` | `{organization}#{dependent}` | start, or since when | what is booked for a dependent, and who has attached them |
//! | Schedule, index `ending` | `{organization}#{ending, seats or contacts}#{shard}` | when it ended | the bookings, seats and participants that retention will ask about |
//! | Identity | `{organization}` | `security` | the organization's security settings |
//! | Identity | `{organization}` | `member#{member}` | a member |
//! | Identity | `{organization}` | `administrators` | how many administrators can sign in |
//! | Identity | `{organization}` | `support#{member}` | what one of the operator's members may see to help |
//! | Identity | `{organization}` | `former-support#{grant}` | a support grant that a later one has replaced |
//! | Identity | `{organization}` | `emergency` | the emergency code, hashed |
//! | Identity | `{organization}` | `review#{emergency}` | a use of that code and its review |
//! | Identity | `{organization}#username#{blind index}` | `username` | which member a username names |
//! | Identity | `{organization}#{subject}` | `password` | a hashed password |
//! | Identity | `{organization}#{subject}` | `codes` | the secret of one-time codes, and recovery codes |
//! | Identity | `{organization}#{subject}` | `passkey#{blind index}` | a passkey |
//! | Session | `{organization}#{subject}` | `session#{hash of the token}` | a session |
//! | Session | `{organization}#{subject}` | `pass#{purpose}` | a single-use link that was sent |
//! | Session | `{organization}#tries#{blind index}` | `strangers`, `device#{id}`, `second-step`, `second-step#{id}` | attempts at one username |
//! | Session | `{organization}#ceremony#{id}` | `ceremony` | a passkey ceremony that has begun |
//! | Session | `{organization}#{sign-up}` | `sign-up` | who asked for an organization, until they confirm |
//! | Session | `{organization}#allowance#{kind}#{of}` | `{window}` | what of an allowance is spent |
//! | Mail | `{organization}#{notice}` | `notice` | a notice owed or sent |
//! | Mail, index `settled` | `{organization}#settled#{shard}` | since when | the notices that are settled |
//! | Mail, index `concerning` | `{organization}#{booking or subject}` | since when | the notices whose ids do not follow from a booking |
//! | Audit | `{organization}#{UTC day}#{shard}` | `{record}` | an audit record |
//! | Audit | `{organization}#checkpoints` | `{number}` | a checkpoint over the records since the one before |
//! | Audit | `{organization}#checkpoint#{number}` | `part#{part}` | what a checkpoint covers |
//! | Audit, index `about` | `{organization}#{person or event}` | `{record}` | the records of accesses to their data |
//! | Audit, index `guest` | `{organization}#{support grant or emergency}` | `{record}` | the records of what a guest saw |
//! | OrgKeys | `{organization}` | `key#{version}` | a wrapped data key |
//! | Ledger | `{organization}` | `deletion#{deletion}` | what was deleted or erased |
//! | Run | `{organization}` | `run#{kind}#{run}` | a piece of long work |
//! | Run, index `open` | `operator#open#{kind}` | since when | the work of that kind that has not ended |

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::civil::Date;

use super::Item;
use crate::identity::Subject;
use crate::ids::{
    self, BookingId, DeletionId, DependentId, EmergencyId, EventId, MemberId, NoticeId,
    OrganizationId, PersonId, RecordId, ResourceId, RunId, SignUpId, SupportGrantId,
};
use crate::participant::AgendaOf;
use crate::retention::hold::On;
use crate::slot::SlotId;

/// Slots of one event day lie in this many partitions, by resource.
pub const SLOT_SHARDS: u8 = 4;
/// Audit records of one day lie in this many partitions.
const AUDIT_SHARDS: u8 = 4;
/// What retention will ask about lies in this many partitions of the index.
pub const ENDING_SHARDS: u8 = 8;
/// Notices that are still owed lie in this many partitions of the index.
pub const OWED_SHARDS: u8 = 4;

/// Where an item lies in its table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} / {}", self.pk, self.sk)
    }
}

impl Key {
    /// The key of an item that was read; `None` when it has none.
    #[must_use]
    pub fn of(item: &Item) -> Option<Self> {
        let part = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        Some(Self { pk: part("pk")?, sk: part("sk")? })
    }

    /// The key as DynamoDB wants it.
    #[must_use]
    pub fn to_item(&self) -> Item {
        Item::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }

    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// Which organization a web name stands for.
    #[must_use]
    pub fn web_name(web_name: &str) -> Self {
        Self::new(registry(), format!("organization#{web_name}"))
    }

    /// An organization.
    #[must_use]
    pub fn organization(organization: OrganizationId) -> Self {
        Self::new(organization.to_string(), "organization")
    }

    /// A web name that an erased organization had, by the name's blind index
    /// under the operator's key.
    #[must_use]
    pub fn retired_name(name: [u8; 16]) -> Self {
        Self::new(registry(), format!("retired-name#{}", ids::to_text(&name)))
    }

    /// That an organization is going to be erased, and when.
    #[must_use]
    pub fn erasure(organization: OrganizationId) -> Self {
        Self::new(organization.to_string(), "erasure")
    }

    /// What an organization's key must open every night.
    #[must_use]
    pub fn canary(organization: OrganizationId) -> Self {
        Self::new(organization.to_string(), "canary")
    }

    /// An event.
    #[must_use]
    pub fn event(organization: OrganizationId, event: EventId) -> Self {
        Self::new(organization.to_string(), format!("event#{event}"))
    }

    /// How long an organization keeps things.
    #[must_use]
    pub fn retention(organization: OrganizationId) -> Self {
        Self::new(organization.to_string(), "retention")
    }

    /// A legal hold.
    #[must_use]
    pub fn hold(organization: OrganizationId, on: On) -> Self {
        Self::new(holds(organization), format!("hold#{}#{}", on.word(), on.id()))
    }

    /// A resource.
    #[must_use]
    pub fn resource(organization: OrganizationId, event: EventId, resource: ResourceId) -> Self {
        Self::new(resources(organization, event), format!("resource#{resource}"))
    }

    /// A slot.
    #[must_use]
    pub fn slot(organization: OrganizationId, event: EventId, slot: SlotId) -> Self {
        let shard = slot_shard(slot.resource);
        Self::new(
            slots(organization, event, slot.day, shard),
            format!("slot#{}#{:010}", slot.resource, slot.minute()),
        )
    }

    /// A booking.
    #[must_use]
    pub fn booking(organization: OrganizationId, booking: BookingId) -> Self {
        Self::new(format!("{organization}#{booking}"), "booking")
    }

    /// A booking's seat whose person is gone.
    #[must_use]
    pub fn seat(organization: OrganizationId, booking: BookingId) -> Self {
        Self::new(format!("{organization}#{booking}"), "seat")
    }

    /// A participant.
    #[must_use]
    pub fn participant(organization: OrganizationId, person: PersonId) -> Self {
        Self::new(format!("{organization}#{person}"), "participant")
    }

    /// What a participant or a dependent has on a UTC day.
    #[must_use]
    pub fn agenda(organization: OrganizationId, of: impl Into<AgendaOf>, day: Date) -> Self {
        Self::new(format!("{organization}#{}", of.into()), format!("agenda#{day}"))
    }

    /// How much a person has at an event.
    #[must_use]
    pub fn tally(organization: OrganizationId, person: PersonId, event: EventId) -> Self {
        Self::new(format!("{organization}#{person}"), format!("tally#{event}"))
    }

    /// A dependent.
    #[must_use]
    pub fn dependent(organization: OrganizationId, dependent: DependentId) -> Self {
        Self::new(dependents(organization), format!("dependent#{dependent}"))
    }

    /// Which dependent an identifier names now, by the identifier's blind index.
    #[must_use]
    pub fn identifier(organization: OrganizationId, identifier: [u8; 16]) -> Self {
        let identifier = ids::to_text(&identifier);
        Self::new(format!("{organization}#identifier#{identifier}"), "identifier")
    }

    /// A dependent whom a participant has attached.
    #[must_use]
    pub fn attached(
        organization: OrganizationId,
        person: PersonId,
        dependent: DependentId,
    ) -> Self {
        Self::new(format!("{organization}#{person}"), format!("dependent#{dependent}"))
    }

    /// The deletion of a participant's or a dependent's data that is under way.
    #[must_use]
    pub fn under_way(organization: OrganizationId, of: impl Into<AgendaOf>) -> Self {
        Self::new(format!("{organization}#{}", of.into()), "deletion")
    }

    /// An organization's security settings.
    #[must_use]
    pub fn security(organization: OrganizationId) -> Self {
        Self::new(organization.to_string(), "security")
    }

    /// A member.
    #[must_use]
    pub fn member(organization: OrganizationId, member: MemberId) -> Self {
        Self::new(organization.to_string(), format!("member#{member}"))
    }

    /// How many of an organization's administrators can sign in.
    #[must_use]
    pub fn administrators(organization: OrganizationId) -> Self {
        Self::new(organization.to_string(), "administrators")
    }

    /// What one of the operator's members may see to help an organization.
    #[must_use]
    pub fn support(organization: OrganizationId, member: MemberId) -> Self {
        Self::new(organization.to_string(), format!("support#{member}"))
    }

    /// A support grant that a later one for the same person has replaced.
    #[must_use]
    pub fn former_support(organization: OrganizationId, grant: SupportGrantId) -> Self {
        Self::new(organization.to_string(), format!("former-support#{grant}"))
    }

    /// An organization's emergency code.
    #[must_use]
    pub fn emergency(organization: OrganizationId) -> Self {
        Self::new(organization.to_string(), "emergency")
    }

    /// A use of the emergency code.
    #[must_use]
    pub fn review(organization: OrganizationId, emergency: EmergencyId) -> Self {
        Self::new(organization.to_string(), format!("review#{emergency}"))
    }

    /// Which member a username names, by the username's blind index.
    #[must_use]
    pub fn username(organization: OrganizationId, username: [u8; 16]) -> Self {
        let username = ids::to_text(&username);
        Self::new(format!("{organization}#username#{username}"), "username")
    }

    /// Somebody's hashed password.
    #[must_use]
    pub fn password(organization: OrganizationId, subject: Subject) -> Self {
        Self::new(of_subject(organization, subject), "password")
    }

    /// Somebody's secret of one-time codes and their recovery codes.
    #[must_use]
    pub fn codes(organization: OrganizationId, subject: Subject) -> Self {
        Self::new(of_subject(organization, subject), "codes")
    }

    /// One of somebody's passkeys, by the blind index of its credential id.
    #[must_use]
    pub fn passkey(organization: OrganizationId, subject: Subject, passkey: [u8; 16]) -> Self {
        let passkey = ids::to_text(&passkey);
        Self::new(of_subject(organization, subject), format!("passkey#{passkey}"))
    }

    /// One of somebody's sessions, by the hash of its token.
    #[must_use]
    pub fn session(organization: OrganizationId, subject: Subject, token: [u8; 16]) -> Self {
        let token = ids::to_text(&token);
        Self::new(of_subject(organization, subject), format!("session#{token}"))
    }

    /// The single-use link of one purpose that was sent to somebody last.
    #[must_use]
    pub fn pass(organization: OrganizationId, subject: Subject, purpose: &str) -> Self {
        Self::new(of_subject(organization, subject), format!("pass#{purpose}"))
    }

    /// Failed attempts at one username, by its blind index: those of strangers,
    /// or those from one known device.
    #[must_use]
    pub fn tries(organization: OrganizationId, username: [u8; 16], bucket: &str) -> Self {
        let username = ids::to_text(&username);
        Self::new(format!("{organization}#tries#{username}"), bucket)
    }

    /// A passkey ceremony that has begun.
    #[must_use]
    pub fn ceremony(organization: OrganizationId, id: [u8; 16]) -> Self {
        Self::new(format!("{organization}#ceremony#{}", ids::to_text(&id)), "ceremony")
    }

    /// Who asked for an organization.
    #[must_use]
    pub fn sign_up(operator: OrganizationId, sign_up: SignUpId) -> Self {
        Self::new(format!("{operator}#{sign_up}"), "sign-up")
    }

    /// A notice.
    #[must_use]
    pub fn notice(organization: OrganizationId, notice: NoticeId) -> Self {
        Self::new(format!("{organization}#{notice}"), "notice")
    }

    /// An audit record of a UTC day.
    #[must_use]
    pub fn audit(organization: OrganizationId, day: Date, record: RecordId) -> Self {
        let shard = record.as_bytes().last().map_or(0, |byte| byte % AUDIT_SHARDS);
        Self::new(format!("{organization}#{day}#{shard}"), record.to_string())
    }

    /// A checkpoint over an organization's audit records. Numbers begin with 1.
    #[must_use]
    pub fn checkpoint(organization: OrganizationId, number: u64) -> Self {
        Self::new(checkpoints(organization), format!("{number:012}"))
    }

    /// What was deleted or erased once.
    #[must_use]
    pub fn deletion(organization: OrganizationId, deletion: DeletionId) -> Self {
        Self::new(organization.to_string(), format!("deletion#{deletion}"))
    }

    /// A piece of long work.
    #[must_use]
    pub fn run(organization: OrganizationId, kind: &str, run: RunId) -> Self {
        Self::new(organization.to_string(), format!("run#{kind}#{run}"))
    }

    /// A part of what a checkpoint covers.
    #[must_use]
    pub fn checkpoint_part(organization: OrganizationId, number: u64, part: usize) -> Self {
        Self::new(checkpoint_parts(organization, number), format!("part#{part:04}"))
    }
}

/// The partitions of a UTC day's audit records.
#[must_use]
pub fn audit_day(organization: OrganizationId, day: Date) -> [String; AUDIT_SHARDS as usize] {
    std::array::from_fn(|shard| format!("{organization}#{day}#{shard}"))
}

/// The index partition of the accesses that were about something with this id.
#[must_use]
pub fn audit_about(organization: OrganizationId, id: &str) -> String {
    format!("{organization}#{id}")
}

/// The index partition of what a guest saw, by the id of what let them in.
#[must_use]
pub fn audit_guest(organization: OrganizationId, id: &str) -> String {
    format!("{organization}#{id}")
}

/// The partition of an organization's checkpoints.
#[must_use]
pub fn checkpoints(organization: OrganizationId) -> String {
    format!("{organization}#checkpoints")
}

/// The partition of what a checkpoint covers.
#[must_use]
pub fn checkpoint_parts(organization: OrganizationId, number: u64) -> String {
    format!("{organization}#checkpoint#{number:012}")
}

/// The partition of what a participant has.
#[must_use]
pub fn of_person(organization: OrganizationId, person: PersonId) -> String {
    format!("{organization}#{person}")
}

/// The partition of what a participant or a dependent has.
#[must_use]
pub fn of(organization: OrganizationId, whose: impl Into<AgendaOf>) -> String {
    format!("{organization}#{}", whose.into())
}

/// The partition of what a dependent has.
#[must_use]
pub fn of_dependent(organization: OrganizationId, dependent: DependentId) -> String {
    format!("{organization}#{dependent}")
}

/// The partition of what belongs to somebody who can sign in.
#[must_use]
pub fn of_subject(organization: OrganizationId, subject: Subject) -> String {
    format!("{organization}#{subject}")
}

/// The partition of an organization's dependents: they are listed together,
/// and are read far more often than written.
#[must_use]
pub fn dependents(organization: OrganizationId) -> String {
    format!("{organization}#dependents")
}

/// The partition that lists the organizations.
#[must_use]
pub fn registry() -> String {
    "operator".to_owned()
}

/// The index partition of what is booked on an event day: it sorts by slot,
/// and so by resource and time.
#[must_use]
pub fn booked(organization: OrganizationId, event: EventId, day: Date) -> String {
    format!("{organization}#{event}#{day}")
}

/// The index partition of what a participant has booked, whatever became of it:
/// it sorts by start.
#[must_use]
pub fn owned(organization: OrganizationId, person: PersonId) -> String {
    format!("{organization}#{person}")
}

/// The index partition of what is booked for a dependent, whatever became of
/// it, by start; and of who has attached them, by since when.
#[must_use]
pub fn concerning(organization: OrganizationId, dependent: DependentId) -> String {
    format!("{organization}#{dependent}")
}

/// The index partition of what retention will ask about: it sorts by when it
/// ended.
#[must_use]
pub fn ending(organization: OrganizationId, shard: u8) -> String {
    format!("{organization}#ending#{shard}")
}

/// The partition of the same index for seats that were somebody's: where these
/// stay for ever, no night goes through them.
#[must_use]
pub fn seats_ending(organization: OrganizationId, shard: u8) -> String {
    format!("{organization}#seats#{shard}")
}

/// The partition of the same index for participants: it sorts by when something
/// was last heard of them.
#[must_use]
pub fn contacts_ending(organization: OrganizationId, shard: u8) -> String {
    format!("{organization}#contacts#{shard}")
}

/// The partition of what is spent of an allowance.
#[must_use]
pub fn allowance(organization: OrganizationId, kind: &str, of: &str) -> String {
    format!("{organization}#allowance#{kind}#{of}")
}

/// The partition of an organization's legal holds.
#[must_use]
pub fn holds(organization: OrganizationId) -> String {
    format!("{organization}#holds")
}

/// The shard of an item in the index of what retention will ask about, by the
/// last byte of its id.
#[must_use]
pub fn ending_shard(id: &[u8; 16]) -> u8 {
    id[15] % ENDING_SHARDS
}

/// The index partition of the work of a kind that has not ended. It is the
/// operator's, so that whoever moves it on finds that of all organizations.
#[must_use]
pub fn open_runs(kind: &str) -> String {
    format!("{}#open#{kind}", registry())
}

/// What the sort keys of an organization's runs of a kind begin with.
#[must_use]
pub fn runs(kind: &str) -> String {
    format!("run#{kind}#")
}

/// The partition of an event's resources.
#[must_use]
pub fn resources(organization: OrganizationId, event: EventId) -> String {
    format!("{organization}#{event}")
}

/// A partition of an event day's slots.
#[must_use]
pub fn slots(organization: OrganizationId, event: EventId, day: Date, shard: u8) -> String {
    format!("{organization}#{event}#{day}#{shard}")
}

/// The shard in which a resource's slots lie.
#[must_use]
pub fn slot_shard(resource: ResourceId) -> u8 {
    resource.as_bytes().iter().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte))
        % SLOT_SHARDS
}

/// The index partition of an organization's notices that are still owed.
#[must_use]
pub fn owed(organization: OrganizationId, shard: u8) -> String {
    format!("{organization}#owed#{shard}")
}

/// The index partition of an organization's notices that are settled, by the
/// same shards.
#[must_use]
pub fn settled(organization: OrganizationId, shard: u8) -> String {
    format!("{organization}#settled#{shard}")
}

/// The index partition of the notices about this booking or to this subject
/// whose ids follow from nothing that is kept.
#[must_use]
pub fn mail_concerning(organization: OrganizationId, id: &str) -> String {
    format!("{organization}#{id}")
}

/// The shard of a notice in the index of what is owed.
#[must_use]
pub fn owed_shard(notice: NoticeId) -> u8 {
    notice.as_bytes().first().map_or(0, |byte| byte % OWED_SHARDS)
}
