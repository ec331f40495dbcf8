//! A night: what an organization's settings no longer allow is removed.
//!
//! A night is a run. Each step takes a page of an index, writes down which items
//! it names, and only then removes them one by one; so a step that is taken
//! again, because its process died, still knows which of them it had removed,
//! and the record says how many they were. The ledger has its entry before the
//! first item goes.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::due::{self, Judge, Named, Range, Sort, Verdict};
use super::forget::{self, Forgotten as Became};
use super::hold::{self, Holds};
use super::rules::{self, Draft};
use super::store;
use crate::audit::{self, About, Action, Actor, More, Record, Word};
use crate::dynamo::Write;
use crate::ids::{DeletionId, OrganizationId, RunId};
use crate::ledger::{self, Entry, Fate, Forgotten};
use crate::notice::owed;
use crate::organization;
use crate::run::{self, Claim, Kind, Progress, Run, Which};
use crate::service::Service;
use crate::time::Zone;
use crate::trouble::Trouble;

/// Items of a step: what a process that dies has to look at again.
const PAGE: u16 = 25;

/// What is removed one after the other, each with an entry in the ledger and a
/// record of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Appointments that are over, and seats where none may stay.
    Bookings,
    /// Participants of whom nothing is heard.
    Contacts,
    /// Mails that are settled.
    Notices,
}

impl Part {
    /// All of them, in their order: who has no booking left may go the same night.
    pub const ALL: [Self; 3] = [Self::Bookings, Self::Contacts, Self::Notices];

    /// Its word in records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bookings => "bookings",
            Self::Contacts => "contacts",
            Self::Notices => "notices",
        }
    }

    const fn next(self) -> Option<Self> {
        match self {
            Self::Bookings => Some(Self::Contacts),
            Self::Contacts => Some(Self::Notices),
            Self::Notices => None,
        }
    }

    /// The sorts of things that it goes through, as the settings are.
    #[must_use]
    pub const fn sorts(self, keeping: &Draft) -> &'static [Sort] {
        match (self, keeping.fate) {
            (Self::Bookings, Fate::Removed) => &[Sort::Bookings, Sort::Seats],
            (Self::Bookings, Fate::Seats) => &[Sort::Bookings],
            (Self::Contacts, _) => &[Sort::Contacts],
            (Self::Notices, _) => &[Sort::Notices],
        }
    }

    /// Before when what goes in the night of `day` must have been over; `None`
    /// where it is kept for ever.
    #[must_use]
    pub fn before(self, keeping: &Draft, zone: &Zone, day: Date) -> Option<Timestamp> {
        let days = match self {
            Self::Bookings => keeping.bookings,
            Self::Contacts => keeping.contacts,
            Self::Notices => keeping.notices,
        };
        days.map(|days| rules::ended_before(zone, day, days))
    }

    fn forgotten(self, before: Timestamp, fate: Fate) -> Forgotten {
        match self {
            Self::Bookings => Forgotten::Bookings(before, fate),
            Self::Contacts => Forgotten::Contacts(before),
            Self::Notices => Forgotten::Notices(before),
        }
    }
}

/// How far a night has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The civil day whose night it is.
    day: Date,
    part: Part,
    /// What was settled when the part began: a longer time that is set meanwhile
    /// is heeded, a shorter one waits for the next night.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    begun: Option<Begun>,
    /// Which of the part's sorts, and which partition of it.
    sort: usize,
    shard: u8,
    /// The last item that was looked at there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Named>,
    /// What the step under way goes through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pending: Vec<Named>,
    /// How much of the part was removed, and how much a hold kept.
    removed: u32,
    held: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    /// The id of the entry in the ledger, which is written with the first item.
    #[serde(with = "id")]
    entry: DeletionId,
    before: i64,
    seats: bool,
    at: i64,
}

mod id {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::ids::DeletionId;

    pub(super) fn serialize<S: Serializer>(id: &DeletionId, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<DeletionId, D::Error> {
        let text = String::deserialize(from)?;
        DeletionId::parse(&text).ok_or_else(|| serde::de::Error::custom("no id"))
    }
}

impl State {
    fn new(day: Date) -> Self {
        Self {
            day,
            part: Part::Bookings,
            begun: None,
            sort: 0,
            shard: 0,
            after: None,
            pending: Vec::new(),
            removed: 0,
            held: 0,
        }
    }
}

/// Begins an organization's night, once, if anything is due; says when the next
/// one comes. Whoever calls it again before that does nothing.
///
/// # Errors
/// When DynamoDB fails or the settings are damaged.
pub async fn begin(
    service: &Service,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<Timestamp, Trouble> {
    let Some(found) = organization::store::get(service, organization).await? else {
        return Ok(Timestamp::MAX);
    };
    let (_, next) = rules::coming_night(&found.zone, now);
    let Some(day) = rules::night(&found.zone, now) else { return Ok(next) };
    let keeping = store::find(service, organization).await?.draft();
    if !anything_due(service, organization, &keeping, &found.zone, day).await? {
        return Ok(next);
    }
    // The same night has the same id: two ticks at once begin it once.
    let id = owed::occasion(&[organization.as_bytes(), b"night", day.to_string().as_bytes()]);
    let which = Which { organization, kind: Kind::Retention, id: RunId::from_bytes(id) };
    let run = Run { which, begun: now, state: State::new(day) };
    let begins = [run::beginning(service, &run)?];
    if Write::commit_all(&begins, &service.dynamo, &*service.chance).await? {
        tracing::info!(%organization, "a night of retention begins");
    }
    Ok(next)
}

async fn anything_due(
    service: &Service,
    organization: OrganizationId,
    keeping: &Draft,
    zone: &Zone,
    day: Date,
) -> Result<bool, Trouble> {
    for part in Part::ALL {
        let Some(before) = part.before(keeping, zone, day) else { continue };
        for sort in part.sorts(keeping) {
            for shard in 0..sort.shards() {
                let range = Range { organization, sort: *sort, shard, before };
                if !due::page(service, range, None, 1).await?.0.is_empty() {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// Takes a step of a night and saves it. A step that failed may be taken again.
///
/// # Errors
/// When DynamoDB fails, or somebody else has the run by now.
pub async fn step(service: &Service, claim: &mut Claim<State>) -> Result<Progress, Trouble> {
    let now = service.clock.now();
    let organization = claim.run.which.organization;
    let Some(found) = organization::store::get(service, organization).await? else {
        return Ok(Progress::Ended);
    };
    let keeping = store::find(service, organization).await?.draft();
    let night = Night { service, organization, keeping, now };
    let state = &mut claim.run.state;
    let allowed = state.part.before(&keeping, &found.zone, state.day);
    // What is to be kept longer than when the part began, or for ever, is kept.
    let begun = match (allowed, state.begun) {
        (Some(before), None) => Some(Begun {
            entry: DeletionId::fresh(now, &*service.chance)?,
            before: before.as_second(),
            seats: keeping.fate == Fate::Seats,
            at: now.as_second(),
        }),
        (Some(before), Some(begun)) if begun.seats == (keeping.fate == Fate::Seats) => {
            Some(Begun { before: begun.before.min(before.as_second()), ..begun })
        }
        _ => None,
    };
    let Some(begun) = begun else {
        return night.conclude(claim).await;
    };
    state.begun = Some(begun);
    if !state.pending.is_empty() {
        // Whoever wrote it down is gone: what is not there was removed by them.
        return night.remove(claim, begun, true).await;
    }
    let sorts = state.part.sorts(&keeping);
    let Some(sort) = sorts.get(state.sort).copied() else {
        return night.conclude(claim).await;
    };
    let before = moment(begun.before)?;
    let range = Range { organization, sort, shard: state.shard, before };
    let (page, more) = due::page(service, range, state.after.as_ref(), PAGE).await?;
    if page.is_empty() {
        state.go_on(sort);
        if state.sort >= sorts.len() {
            return night.conclude(claim).await;
        }
        // Nothing was changed that a later step could not find out again.
        return Ok(Progress::More);
    }
    state.pending = page;
    claim.save(service, now).await?;
    let progress = night.remove(claim, begun, false).await?;
    if !more {
        claim.run.state.go_on(sort);
    }
    Ok(progress)
}

impl State {
    /// To the next partition, or to the first one of the next sort.
    fn go_on(&mut self, sort: Sort) {
        self.after = None;
        self.shard += 1;
        if self.shard >= sort.shards() {
            (self.shard, self.sort) = (0, self.sort + 1);
        }
    }
}

struct Night<'a> {
    service: &'a Service,
    organization: OrganizationId,
    keeping: Draft,
    now: Timestamp,
}

impl Night<'_> {
    /// Removes what the step has written down, and saves.
    async fn remove(
        &self,
        claim: &mut Claim<State>,
        begun: Begun,
        again: bool,
    ) -> Result<Progress, Trouble> {
        let Self { service, organization, now, .. } = *self;
        let state = &mut claim.run.state;
        let Some(sort) = state.part.sorts(&self.keeping).get(state.sort).copied() else {
            return self.conclude(claim).await;
        };
        let holds: Holds = hold::standing(service, organization).await?;
        let before = moment(begun.before)?;
        let judge = Judge {
            service,
            organization,
            holds: &holds,
            keeping: self.keeping,
            before,
            gone_before: None,
            now,
        };
        let verdicts = judge.judge(sort, &state.pending).await?;
        let goes = verdicts.iter().any(|verdict| matches!(verdict, Verdict::Goes(_)));
        if goes {
            let fate = self.keeping.fate;
            let entry = Entry {
                id: begun.entry,
                organization,
                what: state.part.forgotten(before, fate),
                at: moment(begun.at)?,
                ended: None,
                certificate: None,
            };
            ledger::put(service, &entry).await?;
        }
        for (named, verdict) in state.pending.iter().zip(verdicts) {
            match verdict {
                Verdict::Goes(_) => match self.forget(sort, named).await? {
                    Became::Gone => state.removed += 1,
                    Became::Held => state.held += 1,
                    Became::Nothing => {}
                },
                Verdict::Held => state.held += 1,
                Verdict::Stays(until) => self.put_off(sort, named, until).await?,
                Verdict::Gone => state.removed += u32::from(again),
                Verdict::Unreadable => {
                    tracing::error!(%organization, item = %named.key(), "retention leaves what does not read");
                }
            }
        }
        state.after = state.pending.pop();
        state.pending.clear();
        claim.save(service, self.service.clock.now()).await?;
        Ok(Progress::More)
    }

    async fn forget(&self, sort: Sort, named: &Named) -> Result<Became, Trouble> {
        let Self { service, organization, now, .. } = *self;
        let gone = |gone| if gone { Became::Gone } else { Became::Nothing };
        match sort {
            Sort::Bookings | Sort::Seats => {
                let Some(booking) = due::booking(named) else { return Ok(Became::Nothing) };
                let fate = self.keeping.fate;
                forget::booking_unless_held(service, organization, booking, fate, now).await
            }
            Sort::Contacts => match due::person(named) {
                Some(person) => forget::contact(service, organization, person).await.map(gone),
                None => Ok(Became::Nothing),
            },
            Sort::Notices => forget::notice(service, &named.key()).await.map(gone),
        }
    }

    /// Somebody who stays, and a mail that stays, are not looked at again every
    /// night. A booking is where its own end puts it.
    async fn put_off(&self, sort: Sort, named: &Named, until: Timestamp) -> Result<(), Trouble> {
        match sort {
            Sort::Bookings | Sort::Seats => Ok(()),
            Sort::Contacts | Sort::Notices => due::put_off(self.service, sort, named, until).await,
        }
    }

    /// Ends a part: the end in the ledger and the record of how much it was,
    /// once, if anything went; then goes on to the next part.
    async fn conclude(&self, claim: &mut Claim<State>) -> Result<Progress, Trouble> {
        let Self { service, organization, now, .. } = *self;
        let state = &mut claim.run.state;
        if let Some(begun) = state.begun.filter(|_| state.removed > 0) {
            let fate = if begun.seats { Fate::Seats } else { Fate::Removed };
            let entry = Entry {
                id: begun.entry,
                organization,
                what: state.part.forgotten(moment(begun.before)?, fate),
                at: moment(begun.at)?,
                ended: Some(now),
                certificate: None,
            };
            let more = More {
                fields: vec![Word::of(state.part.word())],
                count: Some(state.removed),
                ..More::default()
            };
            let record = Record::of(Actor::Service, Action::RetentionApplied, About::Organization);
            let record = audit::record(service, organization, &Record { more, ..record }, now)?;
            let writes = [ledger::ending(service, &entry)?, record];
            // Lost means that this was done before the process died.
            Write::commit_all(&writes, &service.dynamo, &*service.chance).await?;
        }
        let (part, removed, held) = (state.part.word(), state.removed, state.held);
        tracing::info!(%organization, part, removed, held, "retention applied");
        match state.part.next() {
            Some(part) => {
                *state = State { part, ..State::new(state.day) };
                claim.save(service, now).await?;
                Ok(Progress::More)
            }
            None => Ok(Progress::Ended),
        }
    }
}

fn moment(seconds: i64) -> Result<Timestamp, Trouble> {
    Timestamp::from_second(seconds).map_err(|why| Trouble::damaged("a night of retention", why))
}
