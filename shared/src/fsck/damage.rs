//! What can be damaged, and what would repair it.

use std::fmt;

use jiff::civil::Date;

use super::subject::Table;
use crate::dynamo::Key;
use crate::ids::{BookingId, DependentId, EventId, MemberId, OrganizationId, ResourceId};

/// One kind of damage, with ids and numbers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// An item under a key that nothing writes.
    #[error("no kind of item has such a key")]
    UnknownItem,
    /// An item whose attributes are missing or wrong.
    #[error("it does not read as what its key says")]
    Unreadable,
    /// An item whose content says another key than it lies under.
    #[error("its content belongs under another key")]
    Misplaced,
    /// A sealed map that was altered, moved or sealed under another key.
    #[error("its sealed map does not open under its own key and place")]
    Unopened,
    /// An item whose organization is not there.
    #[error("its organization {0} does not exist")]
    NoOrganization(OrganizationId),
    /// An organization without a data key.
    #[error("the organization has no data key")]
    NoKey,
    /// An organization whose data key cannot be used.
    #[error("the organization's data key does not unwrap")]
    BrokenKey,
    /// An organization that its web name does not lead to.
    #[error("the organization's web name does not lead to it")]
    NoName,
    /// A web name that leads to no organization of that name.
    #[error("the web name leads to {0}, which is no organization of this name")]
    StrayName(OrganizationId),
    /// A booking under the wrong person.
    #[error("the booking's person does not follow from its address")]
    WrongPerson,
    /// A participant or dependent whose blind index does not match.
    #[error("the blind index does not follow from the sealed value")]
    WrongIndex,
    /// A booking in a slot that is not there.
    #[error("the booking's slot does not exist")]
    NoSlot,
    /// A booking whose slot has other times.
    #[error("the booking's slot has another start or end")]
    OtherTimes,
    /// A held booking that its slot does not hold.
    #[error("the slot does not hold the seat for this booking")]
    NoHold,
    /// A booking that an agenda lacks.
    #[error("the person's agenda of {0} lacks the booking")]
    NotInAgenda(Date),
    /// A booking that its dependent's agenda lacks.
    #[error("the dependent's agenda of {0} lacks the booking")]
    NotInDependentAgenda(Date),
    /// A booking or an attachment of a dependent who never was.
    #[error("it is about the dependent {0}, who does not exist")]
    NoDependent(DependentId),
    /// A dependent whom their identifier does not lead to.
    #[error("the dependent's identifier does not lead to them")]
    NoIdentifier,
    /// An identifier that leads to nobody who has it.
    #[error("the identifier leads to {0}, who does not have it")]
    StrayIdentifier(DependentId),
    /// A booking whose person has no tally at the event.
    #[error("the person has no tally at the booking's event")]
    NoTally,
    /// A booking whose latest change is announced to nobody.
    #[error("there is no notice of the booking's latest version")]
    NoNotice,
    /// More seats taken than there are.
    #[error("{taken} seats are taken of {capacity}")]
    OverCapacity {
        /// Seats taken.
        taken: u32,
        /// Seats there are.
        capacity: u32,
    },
    /// A slot whose taken seats are not its bookings and holds.
    #[error("the seats taken are {0:+} against the slot's bookings and holds")]
    Miscounted(i64),
    /// A booking that stands, and a seat that says its person is gone.
    #[error("the booking stands, and there is a seat that says its person is gone")]
    TwiceSeated,
    /// A hold of no booking that waits for it.
    #[error("it holds a seat for {0}, which is not held here until then")]
    StrayHold(BookingId),
    /// An agenda out of order.
    #[error("the agenda is not in the order of time")]
    Unsorted,
    /// Two appointments of one person at the same time.
    #[error("{0} and {1} overlap")]
    Overlap(BookingId, BookingId),
    /// An agenda's entry of no booking that stands.
    #[error("the agenda names {0}, which is no standing booking of or for this person")]
    StrayEntry(BookingId),
    /// An agenda's entry that says something else than its booking.
    #[error("the agenda says another day, time or event than {0} itself")]
    OtherEntry(BookingId),
    /// A tally that does not match the agendas.
    #[error("the tally says {live} bookings, the agendas have {counted}")]
    WrongTally {
        /// What the tally says.
        live: u32,
        /// What the agendas have.
        counted: u32,
    },
    /// A slot or a booking of an event that is not there.
    #[error("its event {0} does not exist")]
    NoEvent(EventId),
    /// A slot or a booking of a resource that is not there.
    #[error("its resource {0} does not exist")]
    NoResource(ResourceId),
    /// A member whom their username does not lead to.
    #[error("the member's username does not lead to them")]
    NoUsername,
    /// A username that leads to nobody who has it.
    #[error("the username leads to {0}, who does not have it")]
    StrayUsername(MemberId),
    /// An administrator who can sign in, and none are counted.
    #[error("the organization's administrators are not counted")]
    NoAdministrators,
    /// A count of administrators that is not their number.
    #[error("{said} administrators are counted, {counted} can sign in")]
    WrongAdministrators {
        /// What the count says.
        said: u32,
        /// How many members are administrators and can sign in.
        counted: u32,
    },
    /// A notice about a booking that is not there.
    #[error("the notice is about {0}, which does not exist")]
    StrayNotice(BookingId),
    /// A notice about a version that its booking has not reached.
    #[error("the notice is about version {version}, the booking has {reached}")]
    EarlyNotice {
        /// The notice's version.
        version: u32,
        /// The booking's version.
        reached: u32,
    },
    /// A notice that is owed and not in the index, or settled and still in it.
    #[error("the notice's place in the index of what is owed does not match its state")]
    WrongStanding,
}

/// Who mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// A rule can.
    Rule,
    /// Somebody must look, decide or bring what is missing.
    Person,
}

impl Damage {
    /// The table of repairs: each kind's word, who mends it, and what is done about
    /// it and which side is the truth. Bookings are the truth across tables; a
    /// sealed map is truer than what lies open beside it, because it cannot be
    /// altered unseen.
    const fn table(&self) -> (&'static str, By, &'static str) {
        match self {
            Self::UnknownItem => (
                "unknown_item",
                By::Person,
                "Nothing refers to it. Keep a copy, find out who wrote it, delete it.",
            ),
            Self::Unreadable => (
                "unreadable",
                By::Person,
                "Take the item from the newest backup in which it reads.",
            ),
            Self::Misplaced => (
                "misplaced",
                By::Person,
                "The key is the truth. A slot: write the day and start that its key says. A notice: delete it; its booking's own notices are checked from the booking.",
            ),
            Self::Unopened => (
                "unopened",
                By::Person,
                "Take the sealed map from the newest backup in which it opens; the rest of the item stays.",
            ),
            Self::NoOrganization(_) => (
                "no_organization",
                By::Person,
                "If the organization was erased, erase what is left of it; otherwise restore the organization's item.",
            ),
            Self::NoKey => (
                "no_key",
                By::Person,
                "Restore the wrapped key by point-in-time recovery within its seven days. Without it nothing sealed can be opened again.",
            ),
            Self::BrokenKey => (
                "broken_key",
                By::Person,
                "Restore the wrapped key by point-in-time recovery within its seven days; see that the KMS key is enabled.",
            ),
            Self::NoName => (
                "no_name",
                By::Rule,
                "The organization is the truth: write the registry's entry of its web name.",
            ),
            Self::StrayName(_) => (
                "stray_name",
                By::Person,
                "The organization is the truth: delete the registry's entry.",
            ),
            Self::WrongPerson => (
                "wrong_person",
                By::Person,
                "The sealed address is the truth: write the person that follows from it, and check again for agenda and tally.",
            ),
            Self::WrongIndex => (
                "wrong_index",
                By::Person,
                "The sealed value is the truth: write the index that follows from it.",
            ),
            Self::NoSlot => (
                "no_slot",
                By::Rule,
                "The booking is the truth: write its slot, with the seats of those in it as taken and as capacity.",
            ),
            Self::OtherTimes => (
                "other_times",
                By::Person,
                "The booking is what the person was promised: write its start and end to the slot, or move the booking properly.",
            ),
            Self::NoHold => (
                "no_hold",
                By::Rule,
                "Where its seat is taken, it was confirmed: book it. Else write its hold to the slot, or let it lapse once its time is over.",
            ),
            Self::NotInAgenda(_) => (
                "not_in_agenda",
                By::Rule,
                "The booking is the truth: write its entry, and tell the person again what stands. If it overlaps another, a person must decide.",
            ),
            Self::NotInDependentAgenda(_) => (
                "not_in_dependent_agenda",
                By::Rule,
                "The booking is the truth: write its entry, and tell the person again what stands. If it overlaps another, a person must decide.",
            ),
            Self::NoDependent(_) => (
                "no_dependent",
                By::Person,
                "A booking: restore the dependent from the newest backup that has them. An attachment: delete it.",
            ),
            Self::NoIdentifier => (
                "no_identifier",
                By::Person,
                "The dependent is the truth: write their identifier, unless it leads to another one; then a person must decide whose it is.",
            ),
            Self::StrayIdentifier(_) => (
                "stray_identifier",
                By::Person,
                "The dependents are the truth: delete the identifier, and check again.",
            ),
            Self::NoTally => (
                "no_tally",
                By::Rule,
                "The agendas are the truth: write the tally with as many as the person has at the event.",
            ),
            Self::NoNotice => (
                "no_notice",
                By::Rule,
                "The booking is the truth: owe the notice of its latest version, if it lies ahead.",
            ),
            Self::OverCapacity { .. } => (
                "over_capacity",
                By::Rule,
                "Whoever booked first keeps the place: cancel the later booking and owe its notice.",
            ),
            Self::Miscounted(_) => (
                "miscounted",
                By::Rule,
                "Count those that stand, and tell them again if they were not counted. A seat beyond them stays taken as one whose person is gone, and the administrators are told.",
            ),
            Self::TwiceSeated => {
                ("twice_seated", By::Rule, "The booking is the truth: take the seat away.")
            }
            Self::StrayHold(_) => (
                "stray_hold",
                By::Rule,
                "The booking is the truth: write its own time to the hold, or take the hold away, with its seat unless that is a booking's.",
            ),
            Self::Unsorted => {
                ("unsorted", By::Rule, "Write the entries in the order of their start.")
            }
            Self::Overlap(..) => (
                "overlap",
                By::Person,
                "Both bookings stand: a person must ask which is to be moved.",
            ),
            Self::StrayEntry(_) => (
                "stray_entry",
                By::Rule,
                "Take the entry away. Where the booking is gone, its time stays taken and the administrators are told; where it was held, it was confirmed.",
            ),
            Self::OtherEntry(_) => (
                "other_entry",
                By::Rule,
                "The booking is the truth: write its times and event to the entries of its days, and tell the person again.",
            ),
            Self::WrongTally { .. } => (
                "wrong_tally",
                By::Rule,
                "The agendas are the truth. A tally of more tells of a booking that is gone: the person and the administrators are told.",
            ),
            Self::NoEvent(_) => (
                "no_event",
                By::Person,
                "Restore the event from the newest backup that has it. Only where nobody has booked may its slots be deleted instead.",
            ),
            Self::NoResource(_) => (
                "no_resource",
                By::Person,
                "Restore the resource from the newest backup that has it. Only where nobody has booked may its slots be deleted instead.",
            ),
            Self::NoUsername => (
                "no_username",
                By::Person,
                "The member is the truth: write their username, unless it leads to another one; then a person must decide whose it is.",
            ),
            Self::StrayUsername(_) => (
                "stray_username",
                By::Person,
                "The members are the truth: delete the username, and check again.",
            ),
            Self::NoAdministrators => (
                "no_administrators",
                By::Person,
                "The members are the truth: write the number of administrators who can sign in.",
            ),
            Self::WrongAdministrators { .. } => (
                "wrong_administrators",
                By::Person,
                "The members are the truth: write the number of administrators who can sign in.",
            ),
            Self::StrayNotice(_) => (
                "stray_notice",
                By::Rule,
                "The booking is gone: its time stays taken as a seat whose person is gone, and the administrators are told. A notice that promised nothing is taken away.",
            ),
            Self::EarlyNotice { .. } => (
                "early_notice",
                By::Rule,
                "The notice proves that its change was made: finish it. Where another has the place, tell the person again what stands, under a version beyond it.",
            ),
            Self::WrongStanding => (
                "wrong_standing",
                By::Rule,
                "The notice's state is the truth: write its index attributes, or take them away.",
            ),
        }
    }

    /// One word for the kind.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        self.table().0
    }

    /// Whether a rule can mend it, which [`super::repair`] does.
    #[must_use]
    pub const fn is_by_rule(&self) -> bool {
        matches!(self.table().1, By::Rule)
    }

    /// What would be done about it, in words.
    #[must_use]
    pub const fn repair(&self) -> &'static str {
        self.table().2
    }
}

/// Damage to one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which table.
    pub table: Table,
    /// Under which key.
    pub key: Key,
    /// What is damaged.
    pub damage: Damage,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, key, damage } = self;
        let (word, by, repair) = damage.table();
        match damage {
            Damage::UnknownItem => {
                write!(formatter, "{table} {} / {}", plain(&key.pk), plain(&key.sk))?;
            }
            _ => write!(formatter, "{table} {key}")?,
        }
        let who = match by {
            By::Rule => "by rule",
            By::Person => "by a person",
        };
        write!(formatter, "\n  {word}: {damage}.\n  Repair, {who}: {repair}")
    }
}

/// A key that nothing of ours wrote may hold anything: only the parts that are
/// ids, numbers or our own words are shown.
fn plain(part_of_key: &str) -> String {
    let known = [
        "operator",
        "organization",
        "event",
        "resource",
        "slot",
        "booking",
        "seat",
        "participant",
        "agenda",
        "tally",
        "dependents",
        "dependent",
        "identifier",
        "notice",
        "key",
        "member",
        "username",
        "administrators",
    ];
    let shown = |part: &str| {
        let id = BookingId::parse(part).is_some() || ResourceId::parse(part).is_some();
        let number = part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if id || number || known.contains(&part) { part.to_owned() } else { "[...]".to_owned() }
    };
    part_of_key.split('#').map(shown).collect::<Vec<_>>().join("#")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_where_and_what_and_how_it_is_repaired() {
        let booking = BookingId::from_bytes([1; 16]);
        let key = Key::booking(OrganizationId::from_bytes([2; 16]), booking);
        let finding = Finding { table: Table::Schedule, key, damage: Damage::StrayHold(booking) };
        let said = finding.to_string();
        assert!(
            said.contains(&booking.to_string()) && said.contains("Repair, by rule: The booking"),
            "{said}"
        );
    }

    #[test]
    fn the_key_of_an_unknown_item_is_shown_without_what_somebody_may_have_written_there() {
        let organization = OrganizationId::from_bytes([2; 16]);
        let key =
            Key { pk: format!("{organization}#canary@example.org"), sk: "booking#Canary".into() };
        let finding = Finding { table: Table::Schedule, key, damage: Damage::UnknownItem };
        let said = finding.to_string();
        assert!(
            said.contains(&organization.to_string()) && said.contains("booking#[...]"),
            "{said}"
        );
        assert!(!said.to_lowercase().contains("canary"), "{said}");
    }
}
