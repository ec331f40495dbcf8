//! Owing a notice: its id and its item.

use aws_lc_rs::digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::recipient::Recipient;
use super::{Account, Change, Kind, Matter, News, Owed};
use crate::booking::Booking;
use crate::dynamo::{self, Key, Write, keys};
use crate::identity::Subject;
use crate::identity::pass::{self, Carried, Nonce, Purpose};
use crate::ids::{self, BookingId, NoticeId, OrganizationId, PersonId};
use crate::personal::EmailAddress;
use crate::service::Service;
use crate::settings::Table;
use crate::slot::Slot;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

/// What every notice's item has. What it is about and what the sender adds
/// later (claim, lease, end) stand in attributes of their own.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) since: i64,
    /// The index partition; taken away when the notice is settled.
    pub(crate) owed_by: String,
    pub(crate) owed_since: i64,
}

/// What the item of a notice about a booking has besides.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChangeRow {
    pub(crate) booking: String,
    pub(crate) version: u32,
    pub(crate) event: String,
    pub(crate) slot: String,
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The index of what concerns a booking; only of a notice whose id does not
    /// follow from the booking's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) concerns: Option<String>,
}

/// What the item of a notice about an account has besides.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AccountRow {
    pub(crate) subject: String,
    pub(crate) occasion: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) about: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sealed: Option<Sealed>,
    /// The index of what concerns somebody who signs in.
    pub(crate) concerns: String,
}

/// The id of a notice about a booking: a hash of what makes it one of a kind,
/// so that owing it twice is owing it once. No address goes into it.
#[must_use]
pub fn id(
    booking: BookingId,
    kind: Kind,
    version: u32,
    person: PersonId,
    slot: Option<&Slot>,
) -> NoticeId {
    let slot = slot.map(|slot| slot.id.to_string()).unwrap_or_default();
    NoticeId::from_bytes(hash(&[
        booking.as_bytes(),
        kind.word().as_bytes(),
        &version.to_be_bytes(),
        person.as_bytes(),
        slot.as_bytes(),
    ]))
}

/// The id of a notice about an account, in the same way. `elsewhere` is one
/// that goes to another address than the one on file.
#[must_use]
pub(crate) fn account_id(
    subject: Subject,
    news: News,
    occasion: [u8; 16],
    elsewhere: bool,
) -> NoticeId {
    let subject = subject.to_string();
    let about = news.detail().about.unwrap_or_default();
    NoticeId::from_bytes(hash(&[
        subject.as_bytes(),
        news.word().as_bytes(),
        about.as_bytes(),
        &occasion,
        &[u8::from(elsewhere)],
    ]))
}

/// Sixteen bytes that stand for an occasion which has no id of its own, such as
/// a version: the same parts give the same bytes.
#[must_use]
pub fn occasion(parts: &[&[u8]]) -> [u8; 16] {
    let mut long = Vec::new();
    for part in parts {
        long.extend_from_slice(&(part.len() as u64).to_be_bytes());
        long.extend_from_slice(part);
    }
    hash(&[&long])
}

fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut cut = [0; 16];
    for (to, from) in cut.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    cut
}

/// What a change of a booking owes its participant.
#[must_use]
pub fn about(organization: OrganizationId, booking: &Booking, kind: Kind, now: Timestamp) -> Owed {
    Owed {
        id: id(booking.id, kind, booking.version, booking.person, None),
        organization,
        matter: Matter::Booking(Change {
            kind,
            booking: booking.id,
            version: booking.version,
            event: booking.event,
            slot: booking.slot,
            start: booking.start,
            end: booking.end,
        }),
        since: now,
    }
}

/// What is owed to the owner of `booking` when somebody wanted `refused` under
/// the same address.
#[must_use]
pub fn in_the_way(
    organization: OrganizationId,
    booking: &Booking,
    refused: &Slot,
    now: Timestamp,
) -> Owed {
    let kind = Kind::InTheWay;
    Owed {
        id: id(booking.id, kind, booking.version, booking.person, Some(refused)),
        organization,
        matter: Matter::Booking(Change {
            kind,
            booking: booking.id,
            version: booking.version,
            event: booking.event,
            slot: refused.id,
            start: refused.start,
            end: refused.end,
        }),
        since: now,
    }
}

/// What is owed to `subject` under the address on file when the mail is
/// written: a member's own, a participant's proven one. Where none is on file,
/// none is mailed.
///
/// `organization` is the one whose member or participant it is; for a sign-up,
/// the operator's. `occasion` tells one occasion from another: the nonce of the
/// link where the news carry one, else bytes that only this occasion has (an
/// id, or [`occasion`] of a version). Owing the same occasion twice is owing it
/// once.
#[must_use]
pub fn to_subject(
    organization: OrganizationId,
    subject: Subject,
    news: News,
    occasion: [u8; 16],
    now: Timestamp,
) -> Owed {
    Owed {
        id: account_id(subject, news, occasion, false),
        organization,
        matter: Matter::Account(Account { subject, news, occasion, to: None }),
        since: now,
    }
}

/// A new single-use link and the notice that brings it: the two writes belong
/// into one transaction. `news` is one that carries a link, such as
/// [`News::Reset`]; it is told until when the link works. [`News::SignIn`],
/// [`News::SignUp`] and [`News::ConfirmEmail`] prove the `address` that they are
/// given, and go there; the others go to the address on file.
///
/// # Errors
/// When there is no randomness or the SDK refuses to build the request.
pub fn link(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    subject: Subject,
    news: fn(Timestamp) -> News,
    address: Option<&EmailAddress>,
    now: Timestamp,
) -> Result<[Write; 2], Trouble> {
    let Some(purpose) = news(now).purpose() else {
        return Err(Trouble::unavailable("owing a link", "this news carries none"));
    };
    let carried = address.map(|address| Carried::new(address.expose()));
    let (pass, nonce) =
        pass::issue(service, organization, keys, subject, purpose, carried.as_ref(), now)?;
    let owed = with_link(organization, subject, news, nonce, now);
    Ok([pass, owe(&service.settings.tables.mail, &owed)?])
}

/// The notice that brings a link which was made by [`pass::issue`] at the same
/// moment.
#[must_use]
pub fn with_link(
    organization: OrganizationId,
    subject: Subject,
    news: fn(Timestamp) -> News,
    nonce: Nonce,
    now: Timestamp,
) -> Owed {
    let lifetime = news(now).purpose().map(Purpose::lifetime).unwrap_or_default();
    to_subject(organization, subject, news(now + lifetime), *nonce.as_bytes(), now)
}

/// What is owed to `subject` under another address than the one on file: the
/// one they had before. What proves an address carries it itself: see [`link`].
///
/// # Errors
/// When the system has no randomness to seal the address with.
pub fn to_address(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    subject: Subject,
    news: News,
    occasion: [u8; 16],
    recipient: &Recipient,
) -> Result<Owed, Trouble> {
    let now = service.clock.now();
    let id = account_id(subject, news, occasion, true);
    let key = Key::notice(organization, id);
    let place = Place { table: Table::Mail, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
    let to = Some(recipient.seal(keys, place, &*service.chance)?);
    let matter = Matter::Account(Account { subject, news, occasion, to });
    Ok(Owed { id, organization, matter, since: now })
}

/// The write that owes a notice.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn owe(table: &str, owed: &Owed) -> Result<Write, Trouble> {
    let key = Key::notice(owed.organization, owed.id);
    let since = owed.since.as_second();
    let mut item = dynamo::item(&Row {
        pk: key.pk,
        sk: key.sk,
        kind: owed.matter.word().to_owned(),
        state: "owed".to_owned(),
        since,
        owed_by: keys::owed(owed.organization, keys::owed_shard(owed.id)),
        owed_since: since,
    })?;
    item.extend(match &owed.matter {
        Matter::Booking(change) => dynamo::item(&ChangeRow {
            booking: change.booking.to_string(),
            version: change.version,
            event: change.event.to_string(),
            slot: change.slot.to_string(),
            start: change.start.as_second(),
            end: change.end.as_second(),
            concerns: (change.kind == Kind::InTheWay)
                .then(|| keys::mail_concerning(owed.organization, &change.booking.to_string())),
        })?,
        Matter::Account(account) => {
            let detail = account.news.detail();
            dynamo::item(&AccountRow {
                subject: account.subject.to_string(),
                occasion: ids::to_text(&account.occasion),
                until: detail.until.map(Timestamp::as_second),
                count: detail.count,
                about: detail.about,
                sealed: account.to.clone(),
                concerns: keys::mail_concerning(owed.organization, &account.subject.to_string()),
            })?
        }
    });
    Write::create(table, item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::MemberId;
    use crate::notice::account;
    use crate::notice::tests::now;

    #[test]
    fn the_same_occasion_is_the_same_notice_and_another_one_is_not() {
        let organization = OrganizationId::from_bytes([1; 16]);
        let ada = Subject::Member(MemberId::from_bytes([7; 16]));
        let ben = Subject::Member(MemberId::from_bytes([8; 16]));
        let one =
            |subject, news, occasion| to_subject(organization, subject, news, occasion, now()).id;
        let first = one(ada, News::PasswordChanged, [1; 16]);
        assert_eq!(first, one(ada, News::PasswordChanged, [1; 16]));
        assert_ne!(first, one(ada, News::PasswordChanged, [2; 16]));
        assert_ne!(first, one(ben, News::PasswordChanged, [1; 16]));
        assert_ne!(first, account_id(ada, News::PasswordChanged, [1; 16], true));
        let mut found: Vec<_> =
            account::tests::all().into_iter().map(|news| one(ada, news, [1; 16])).collect();
        found.sort();
        found.dedup();
        assert_eq!(found.len(), account::tests::all().len());
    }

    #[test]
    fn an_occasion_is_made_of_its_parts_and_of_where_they_end() {
        assert_eq!(occasion(&[b"a", b"bc"]), occasion(&[b"a", b"bc"]));
        assert_ne!(occasion(&[b"a", b"bc"]), occasion(&[b"ab", b"c"]));
    }
}
