//! How the deletion of a person goes on: a run, a step at a time.
//!
//! Each step looks for what is left, writes down what of it goes, and only then
//! removes it one by one; so a step that is taken again, because its process
//! died, still knows what it had removed, and the certificate says how much.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rules;
use crate::audit::{self, About, Action, Actor, More, Record};
use crate::booking::store::{ParticipantRow, outlines};
use crate::certificate::{Certificate, CertificateKey};
use crate::dependent::AttachedRow;
use crate::dynamo::{self, Item, Key, Write, keys};
use crate::identity::Subject;
use crate::ids::{BookingId, DeletionId, OrganizationId, PersonId};
use crate::ledger::{self, Entry, Fate, Forgotten};
use crate::notice::store as notices;
use crate::participant::{agenda, tally};
use crate::retention::forget;
use crate::run::{Claim, Progress};
use crate::service::Service;
use crate::trouble::Trouble;

/// Things that one step removes: what a process that dies has to look at again.
const PAGE: usize = 25;

/// How far a deletion has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    person: String,
    /// Whether bookings leave a seat.
    seats: bool,
    /// The partition of attempts at their username, of which their address is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tries: Option<String>,
    /// Whether it is the last look, when nobody can still be writing.
    last: bool,
    /// What the step under way removes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pending: Vec<Thing>,
    /// How much was removed, by sort.
    #[serde(default)]
    removed: BTreeMap<String, u64>,
}

/// Something that is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Thing {
    what: What,
    pk: String,
    sk: String,
}

/// What sort of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    /// A booking, and the seat is free.
    Booking,
    /// A booking in whose place a seat stays that was somebody's.
    BookingLeavingSeat,
    /// Something else in the Schedule table.
    Own,
    /// A password, codes or a passkey.
    Credential,
    /// A session, a link or attempts.
    Session,
    /// A mail about their account.
    Mail,
}

impl What {
    /// How the certificate calls it.
    const fn word(self) -> &'static str {
        match self {
            Self::Booking | Self::BookingLeavingSeat => "Schedule: appointments",
            Self::Own => "Schedule: other items",
            Self::Credential => "Identity",
            Self::Session => "Session",
            Self::Mail => "Mail: about the account",
        }
    }
}

/// What became of a thing.
enum Became {
    Gone,
    /// It was not there.
    Nothing,
    /// Somebody uses it by now: it came later, and is not meant.
    Kept,
}

impl State {
    pub(super) fn new(person: PersonId, fate: Fate, tries: Option<String>) -> Self {
        Self {
            person: person.to_string(),
            seats: fate == Fate::Seats,
            tries,
            last: false,
            pending: Vec::new(),
            removed: BTreeMap::new(),
        }
    }
}

/// Takes a step of a deletion and saves it. A step that failed may be taken
/// again.
///
/// # Errors
/// When DynamoDB or KMS fails, or somebody else has the run by now.
pub async fn step(
    service: &Service,
    certificates: &CertificateKey,
    claim: &mut Claim<State>,
) -> Result<Progress, Trouble> {
    let state = &claim.run.state;
    let deletion = Deletion {
        service,
        organization: claim.run.which.organization,
        id: DeletionId::from_bytes(*claim.run.which.id.as_bytes()),
        person: PersonId::parse(&state.person)
            .ok_or_else(|| Trouble::damaged("a deletion", "the person"))?,
        fate: if state.seats { Fate::Seats } else { Fate::Removed },
        asked: claim.run.begun,
    };
    if !state.pending.is_empty() {
        // Whoever wrote it down is gone: what is not there was removed by them.
        return deletion.remove(claim, true).await;
    }
    let mut found = deletion.bookings().await?;
    if found.is_empty() {
        found = deletion.others(state.tries.as_deref()).await?;
    }
    if !found.is_empty() {
        found.truncate(PAGE);
        claim.run.state.pending = found;
        claim.save(service, service.clock.now()).await?;
        return deletion.remove(claim, false).await;
    }
    if state.last {
        return deletion.conclude(certificates, &state.removed).await;
    }
    if !rules::is_quiet(deletion.asked, service.clock.now()) {
        return Ok(Progress::Later);
    }
    claim.run.state.last = true;
    Ok(Progress::More)
}

struct Deletion<'a> {
    service: &'a Service,
    organization: OrganizationId,
    id: DeletionId,
    person: PersonId,
    fate: Fate,
    asked: Timestamp,
}

impl Deletion<'_> {
    /// The bookings that are left: those still to come first.
    async fn bookings(&self) -> Result<Vec<Thing>, Trouble> {
        let mut found = outlines(self.service, self.organization, self.person).await?;
        found.retain(|booking| rules::is_meant(booking.made, self.asked));
        found.sort_by_key(|booking| std::cmp::Reverse(booking.outline.start));
        let thing = |booking: crate::booking::store::Owned| {
            let Key { pk, sk } = Key::booking(self.organization, booking.id);
            let what = match rules::becomes(self.fate, booking.outline.start, self.asked) {
                Fate::Removed => What::Booking,
                Fate::Seats => What::BookingLeavingSeat,
            };
            Thing { what, pk, sk }
        };
        Ok(found.into_iter().map(thing).collect())
    }

    /// All else that is left of them.
    async fn others(&self, tries: Option<&str>) -> Result<Vec<Thing>, Trouble> {
        let Self { service, organization, person, .. } = *self;
        let tables = &service.settings.tables;
        let own = keys::of_person(organization, person);
        let subject = Subject::Participant(person);
        let of_subject = keys::of_subject(organization, subject);
        let dynamo = &service.dynamo;
        let (own, credentials, sessions) = tokio::try_join!(
            dynamo::query(dynamo, &tables.schedule, &own, "", true),
            dynamo::query(dynamo, &tables.identity, &of_subject, "", true),
            dynamo::query(dynamo, &tables.session, &of_subject, "", true),
        )?;
        let mut found = Vec::new();
        let mut add = |what: What, items: &[Item]| {
            let meant = items.iter().filter(|item| self.meant(item)).filter_map(Key::of);
            found.extend(meant.map(|Key { pk, sk }| Thing { what, pk, sk }));
        };
        let own: Vec<Item> = own.into_iter().filter(|item| !is_used(item)).collect();
        add(What::Own, &own);
        add(What::Credential, &credentials);
        add(What::Session, &sessions);
        if let Some(tries) = tries {
            add(What::Session, &dynamo::query(dynamo, &tables.session, tries, "", true).await?);
        }
        let concerns = keys::mail_concerning(organization, &subject.to_string());
        for chunk in notices::concerning(service, concerns).await?.chunks(100) {
            let mails = dynamo::batch_get(dynamo, &tables.mail, chunk, &*service.chance).await?;
            add(What::Mail, &mails.into_values().collect::<Vec<_>>());
        }
        Ok(found)
    }

    /// Whether an item is older than the deletion, as far as it says when it was
    /// made.
    fn meant(&self, item: &Item) -> bool {
        let second = |name: &str| item.get(name)?.as_n().ok()?.parse::<i64>().ok();
        let made = ["made", "begun", "proven", "set_at", "since"].into_iter().find_map(second);
        made.is_none_or(|made| {
            Timestamp::from_second(made).is_ok_and(|made| rules::is_meant(made, self.asked))
        })
    }

    /// Removes what the step has written down, and saves.
    async fn remove(&self, claim: &mut Claim<State>, again: bool) -> Result<Progress, Trouble> {
        let service = self.service;
        let state = &mut claim.run.state;
        for thing in &state.pending {
            let gone = match self.remove_one(thing).await? {
                Became::Gone => true,
                Became::Nothing => again,
                Became::Kept => false,
            };
            if gone {
                *state.removed.entry(thing.what.word().to_owned()).or_default() += 1;
            }
        }
        state.pending.clear();
        claim.save(service, service.clock.now()).await?;
        Ok(Progress::More)
    }

    async fn remove_one(&self, thing: &Thing) -> Result<Became, Trouble> {
        let Self { service, organization, .. } = *self;
        let tables = &service.settings.tables;
        let key = Key { pk: thing.pk.clone(), sk: thing.sk.clone() };
        let became = |gone| if gone { Became::Gone } else { Became::Nothing };
        let table = match thing.what {
            What::Booking | What::BookingLeavingSeat => {
                let id = key.pk.split_once('#').and_then(|(_, id)| BookingId::parse(id));
                let id = id.ok_or_else(|| Trouble::damaged("a deletion", "a booking"))?;
                let fate = match thing.what {
                    What::Booking => Fate::Removed,
                    _ => Fate::Seats,
                };
                let now = service.clock.now();
                return forget::booking(service, organization, id, fate, now).await.map(became);
            }
            What::Own => return self.remove_own(&key).await,
            What::Credential => &tables.identity,
            What::Session => &tables.session,
            What::Mail => &tables.mail,
        };
        let gone = Write::delete(table, &key, "attribute_exists(pk)", [])?;
        Write::commit_all(&[gone], &service.dynamo, &*service.chance).await.map(became)
    }

    /// Removes something of theirs as it is now, unless it is used by now.
    ///
    /// An emptied agenda or tally goes although its days may be open: its version
    /// begins again with whoever books again. That could mislead only a request
    /// which read it before and commits after two later ones of the same person,
    /// within the seconds that a request lasts.
    async fn remove_own(&self, key: &Key) -> Result<Became, Trouble> {
        let service = self.service;
        let table = &service.settings.tables.schedule;
        let Some(item) = dynamo::get(&service.dynamo, table, key).await? else {
            return Ok(Became::Nothing);
        };
        if is_used(&item) || !self.meant(&item) {
            return Ok(Became::Kept);
        }
        let number = |value: i64| AttributeValue::N(value.to_string());
        let (condition, read) = match key.sk.split_once('#').map_or(&*key.sk, |(word, _)| word) {
            "participant" => {
                ("proven = :read", number(dynamo::row::<ParticipantRow>(item)?.proven))
            }
            "dependent" => ("since = :read", number(dynamo::row::<AttachedRow>(item)?.since)),
            _ => match item.get("version") {
                Some(version) => ("version = :read", version.clone()),
                None => return Err(Trouble::damaged(format!("item {key}"), "its version")),
            },
        };
        let write = Write::delete(table, key, condition, [(":read", read)])?;
        let gone = Write::commit_all(&[write], &service.dynamo, &*service.chance).await?;
        Ok(if gone { Became::Gone } else { Became::Kept })
    }

    /// Signs the certificate, and writes the end into the ledger and the trail.
    async fn conclude(
        &self,
        certificates: &CertificateKey,
        removed: &BTreeMap<String, u64>,
    ) -> Result<Progress, Trouble> {
        let Self { service, organization, id, person, fate, asked } = *self;
        let now = service.clock.now();
        let done = Timestamp::from_second(now.as_second())
            .map_err(|why| Trouble::damaged("the time of a step", why))?;
        let certificate = Certificate {
            deletion: id.to_string(),
            organization: organization.to_string(),
            subject: "person".into(),
            who: Some(person.to_string()),
            asked,
            done,
            removed: removed.clone(),
            traces: rules::traces(done),
        };
        let what = Forgotten::Person(person, fate);
        let certificate = Some(certificates.sign(&certificate).await?);
        let entry = Entry { id, organization, what, at: asked, ended: Some(done), certificate };
        let count = u32::try_from(removed.values().sum::<u64>()).unwrap_or(u32::MAX);
        let record = Record::of(Actor::Service, Action::DataDeleted, About::Person(person));
        let record = Record { more: More { count: Some(count), ..More::default() }, ..record };
        let writes =
            [ledger::ending(service, &entry)?, audit::record(service, organization, &record, now)?];
        // Lost: it was concluded by a step whose answer was lost.
        Write::commit_all(&writes, &service.dynamo, &*service.chance).await?;
        tracing::info!(%organization, deletion = %id, items = count, "a person is deleted");
        Ok(Progress::Ended)
    }
}

/// Whether an agenda or a tally still counts something: what came later.
fn is_used(item: &Item) -> bool {
    let Some(key) = Key::of(item) else { return false };
    match key.sk.split_once('#').map(|(word, _)| word) {
        Some("agenda") => agenda::read(item.clone()).is_ok_and(|it| !it.entries.is_empty()),
        Some("tally") => tally::read(item.clone()).is_ok_and(|tally| tally.live > 0),
        _ => false,
    }
}
