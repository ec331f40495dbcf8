//! Mends what a check finds and a rule can mend.
//!
//! A restore may bring back some writes of a transaction and not others: tables
//! are restored from different moments, and a backup of one table is none of a
//! single moment either. Afterwards nobody may have been told something that is
//! untrue, unless a notice that corrects it is owed. So the rules are these:
//!
//! - **A notice proves that its change was made.** It was written in the same
//!   transaction and says all of it, so the change is finished from it.
//! - **Where that cannot be, the booking is the truth** and is told once more
//!   under a higher version. The same for a booking around which something was
//!   missing that a later change, now lost, may have taken away.
//! - **Of a booking that is lost, the time stays taken** by a seat that is
//!   nobody's, so that what was told stays true; nothing is made up about who it
//!   was. The administrators are told how many there are. Where not even the
//!   time is known, they are told that, and so is the person where they can be
//!   reached.
//!
//! Each repair is one transaction, conditioned on what was read, with a record
//! in the audit trail. Repairing again changes nothing. The reasons stand in
//! `docs/decisions/030-repairs-after-a-restore.md`.

mod around;
mod bookings;
mod lost;
mod people;
mod rules;
mod seats;
mod small;

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use jiff::Timestamp;

use super::damage::{Damage, Finding};
use super::report::Report;
use super::{Checker, Options};
use crate::audit::{self, About, Action, Actor, Record};
use crate::dynamo::Write;
use crate::ids::{BookingId, OrganizationId};
use crate::service::Service;
use crate::spoken::counted;
use crate::trouble::Trouble;

/// So often everything is checked and mended: what one repair brings to light
/// is mended by the next pass.
const MOST_PASSES: u32 = 8;
/// So many repairs one finding may need: a slot that lost count of a hundred.
const MOST_STEPS: u32 = 1_000;
/// So often others may be first at one finding.
const MOST_LOST: u32 = 5;
/// More than this is no damage of a restore: another backup is wanted.
const MOST_FINDINGS: usize = 200_000;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// A change that a notice proves was finished.
    ChangeFinished,
    /// A held seat was booked, because something of its confirmation was there.
    HoldConfirmed,
    /// What a booking must have around it was written anew.
    SurroundingsWritten,
    /// A person was told once more what stands.
    ToldAgain,
    /// The time of a booking that is lost stays taken.
    TimeKept,
    /// A booking is lost and so is its time: those who can be were told.
    LossTold,
    /// A booking was cancelled, because an earlier one has its place.
    LaterCancelled,
    /// A hold whose time was over, or that nobody waits for, was let go.
    HoldReleased,
    /// A hold was written to its slot again.
    HoldWritten,
    /// A missing notice is owed.
    NoticeOwed,
    /// A notice of nothing was taken away.
    NoticeRemoved,
    /// An entry of nothing was taken out of an agenda.
    EntryRemoved,
    /// A count was written anew.
    Recounted,
    /// A slot, a seat, an order or a place in an index was put right.
    PutRight,
}

impl Deed {
    /// What it is, said of a number of them.
    #[must_use]
    pub const fn said(self) -> &'static str {
        match self {
            Self::ChangeFinished => "changes finished that a notice proves",
            Self::HoldConfirmed => "held seats booked that had been confirmed",
            Self::SurroundingsWritten => "bookings with agenda, tally or seat written anew",
            Self::ToldAgain => "people told again what stands",
            Self::TimeKept => "times kept for people whose booking is lost",
            Self::LossTold => "losses told whose time is not known",
            Self::LaterCancelled => "later bookings of a place cancelled, and told so",
            Self::HoldReleased => "holds let go",
            Self::HoldWritten => "holds written again",
            Self::NoticeOwed => "missing notices owed",
            Self::NoticeRemoved => "notices of nothing removed",
            Self::EntryRemoved => "agenda entries of nothing removed",
            Self::Recounted => "counts written anew",
            Self::PutRight => "slots, seats, orders and places in an index put right",
        }
    }
}

/// What a repair did, and what it left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repaired {
    /// How often everything was checked.
    pub passes: u32,
    /// How many deeds of each kind there were.
    pub deeds: BTreeMap<Deed, u64>,
    /// What the last check found: what a person must see to.
    pub left: Report,
}

impl Repaired {
    /// Whether nothing is damaged any more.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.left.is_clean()
    }
}

impl fmt::Display for Repaired {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.deeds.is_empty() {
            true => writeln!(formatter, "Nothing was repaired.")?,
            false => writeln!(formatter, "Repaired:")?,
        }
        for (deed, count) in &self.deeds {
            writeln!(formatter, "  {}", counted(*count, deed.said()))?;
        }
        write!(formatter, "\n{}", self.left)?;
        if !self.left.is_clean() {
            write!(formatter, "\nWhat is left needs a person.")?;
        }
        Ok(())
    }
}

/// Checks and mends until nothing is left that a rule can mend. Nobody else may
/// write meanwhile, as nobody does to tables that were restored.
///
/// # Errors
/// When DynamoDB or KMS fails, or more is damaged than a restore can explain.
/// What was mended stays so; repairing again goes on.
pub async fn run(service: &Service) -> Result<Repaired, Trouble> {
    let mut mender = Mender { service, now: service.clock.now(), told: HashSet::new() };
    let mut repaired = Repaired::default();
    loop {
        repaired.passes += 1;
        let (report, findings) = mender.look().await?;
        repaired.left = report;
        let mut done = 0_u64;
        if repaired.passes <= MOST_PASSES {
            for finding in &findings {
                for deed in mender.mend(finding).await? {
                    *repaired.deeds.entry(deed).or_default() += 1;
                    done += 1;
                }
            }
        }
        if done == 0 {
            return Ok(repaired);
        }
    }
}

/// One transaction of a repair.
pub(super) struct Plan {
    organization: OrganizationId,
    about: About,
    writes: Vec<Write>,
    deeds: Vec<Deed>,
    /// Whom it tells what stands.
    tells: Option<BookingId>,
}

impl Plan {
    fn new(organization: OrganizationId, about: About, deed: Deed, writes: Vec<Write>) -> Self {
        Self { organization, about, writes, deeds: vec![deed], tells: None }
    }
}

/// Mends one finding after the other.
pub(super) struct Mender<'a> {
    service: &'a Service,
    now: Timestamp,
    /// Who was told once more what stands: once is enough.
    told: HashSet<BookingId>,
}

impl Mender<'_> {
    /// What is damaged, in the order in which it is mended.
    async fn look(&self) -> Result<(Report, Vec<Finding>), Trouble> {
        let options = Options { quiet: true, ..Options::default() };
        let checker = Checker::new(self.service, options);
        let (mut report, mut findings) = (Report::default(), Vec::new());
        let mut position = Some(checker.begin());
        while let Some(here) = position {
            let step = checker.step(here).await?;
            findings.extend(step.findings.iter().cloned());
            if findings.len() > MOST_FINDINGS {
                let why = "far more is damaged than a restore explains; take another backup";
                return Err(Trouble::unavailable("repairing", why));
            }
            position = report.add(step);
        }
        findings.retain(|finding| rules::order(&finding.damage).is_some());
        let mut ranked = Vec::with_capacity(findings.len());
        for finding in findings {
            // Of several notices of one booking the latest is the truth of a
            // lost one; of one that is there, each is finished in turn.
            let version = match finding.damage {
                Damage::EarlyNotice { version, .. } => i64::from(version),
                Damage::StrayNotice(_) => -i64::from(self.version_of(&finding).await?),
                _ => 0,
            };
            ranked.push((rules::order(&finding.damage), version, finding));
        }
        ranked.sort_by_key(|one| (one.0, one.1));
        Ok((report, ranked.into_iter().map(|(_, _, finding)| finding).collect()))
    }

    /// Mends a finding; what was done, which is nothing where somebody else has
    /// mended it or a person must.
    async fn mend(&mut self, finding: &Finding) -> Result<Vec<Deed>, Trouble> {
        let mut done = Vec::new();
        let mut lost = 0;
        for _ in 0..MOST_STEPS {
            let plan = match self.plan(finding).await {
                Ok(Some(plan)) => plan,
                Ok(None) => break,
                // What does not read is a finding of its own, for a person.
                Err(Trouble::Damaged { .. }) => break,
                Err(trouble) => return Err(trouble),
            };
            let Plan { organization, about, mut writes, deeds, tells } = plan;
            let record = Record::of(Actor::Service, Action::DamageRepaired, about);
            writes.push(audit::record(self.service, organization, &record, self.now)?);
            let client = &self.service.dynamo;
            if Write::commit_all(&writes, client, &*self.service.chance).await? {
                self.told.extend(tells);
                done.extend(deeds);
            } else {
                lost += 1;
                if lost == MOST_LOST {
                    break;
                }
            }
        }
        Ok(done)
    }

    /// The next transaction that a finding needs, as things are now.
    async fn plan(&self, finding: &Finding) -> Result<Option<Plan>, Trouble> {
        match finding.damage {
            Damage::EarlyNotice { .. } => self.early_notice(finding).await,
            Damage::StrayNotice(_) => self.stray_notice(finding).await,
            Damage::StrayEntry(booking) => self.stray_entry(finding, booking).await,
            Damage::NotInAgenda(_) | Damage::NotInDependentAgenda(_) | Damage::NoTally => {
                self.lacking(finding).await
            }
            Damage::OtherEntry(booking) => self.other_entry(finding, booking).await,
            Damage::NoHold => self.no_hold(finding).await,
            Damage::StrayHold(booking) => self.stray_hold(finding, booking).await,
            Damage::WrongTally { .. } => self.wrong_tally(finding).await,
            Damage::NoNotice => self.no_notice(finding).await,
            Damage::Miscounted(_) | Damage::OverCapacity { .. } => self.miscounted(finding).await,
            Damage::NoSlot => self.no_slot(finding).await,
            Damage::TwiceSeated => self.twice_seated(finding).await,
            Damage::Unsorted => self.unsorted(finding).await,
            Damage::WrongStanding => self.wrong_standing(finding).await,
            Damage::NoName => self.no_name(finding).await,
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repair_says_what_it_did_and_what_is_left() {
        let mut repaired = Repaired::default();
        assert_eq!(
            repaired.to_string(),
            "Nothing was repaired.\n\nThere is nothing to check.\nNothing is damaged."
        );
        repaired.deeds.insert(Deed::TimeKept, 2);
        let said = repaired.to_string();
        assert!(said.starts_with("Repaired:\n  2 times kept"), "{said}");
    }
}
