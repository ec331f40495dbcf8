//! Repairs of tallies.

use super::around::at_event;
use super::{Deed, Mender, Plan};
use crate::audit::About;
use crate::booking::State;
use crate::fsck::damage::Finding;
use crate::fsck::subject::Sort;
use crate::participant::{AgendaOf, Tally, tally};
use crate::trouble::Trouble;

impl Mender<'_> {
    /// A tally that does not match the agendas, once those are right.
    pub(super) async fn wrong_tally(&self, finding: &Finding) -> Result<Option<Plan>, Trouble> {
        let Sort::Tally(organization, person, event) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let Some(keys) = self.keys(organization).await? else { return Ok(None) };
        let agendas = self.agendas_of(organization, AgendaOf::Person(person)).await?;
        let counted = at_event(&agendas, event);
        let tally = self.tally(organization, person, event).await?;
        if tally.live == counted {
            return Ok(None);
        }
        let owned = self.owned(organization, &keys, person).await?;
        let mut there: Vec<_> = owned.iter().filter(|booking| booking.event == event).collect();
        there.sort_by_key(|booking| (booking.made, booking.id));
        let replaced = |live| {
            let after = Tally { live, ..tally };
            tally::replace(self.schedule(), organization, person, event, &after)
        };
        let about = About::Person(person);
        if tally.live < counted {
            // One of them may have been cancelled, and that be lost but for here.
            for booking in there {
                let untold = booking.end > self.now && !self.told.contains(&booking.id);
                if booking.state == State::Booked && untold {
                    let about = About::Booking(event, booking.id);
                    let plan = Plan {
                        deeds: Vec::new(),
                        ..Plan::new(organization, about, Deed::ToldAgain, Vec::new())
                    };
                    return self.tell_again(organization, &keys, booking, 0, plan).map(Some);
                }
            }
            let writes = vec![replaced(counted)?];
            return Ok(Some(Plan::new(organization, about, Deed::Recounted, writes)));
        }
        // More than stand: something was booked of which only this is left, or
        // besides it a seat that is kept.
        let kept = self.kept_for(organization, person, event).await?;
        if tally.live - counted <= kept {
            let writes = vec![replaced(counted)?];
            return Ok(Some(Plan::new(organization, about, Deed::Recounted, writes)));
        }
        let mut told = self.losses(organization, &keys, event, None).await?;
        told.extend(self.missing(organization, &keys, AgendaOf::Person(person), event).await?);
        // A time they hold may be it, confirmed; or it is another of theirs, and
        // nothing tells which. So the one is booked and the other told of.
        if let Some(held) = there.iter().find(|booking| matches!(booking.state, State::Held(_)))
            && let Some(mut plan) = self.confirmed(organization, &keys, held).await?
        {
            plan.writes.extend(told);
            plan.deeds.push(Deed::LossTold);
            return Ok(Some(plan));
        }
        told.push(replaced(counted)?);
        let plan = Plan::new(organization, about, Deed::Recounted, told);
        Ok(Some(Plan { deeds: vec![Deed::Recounted, Deed::LossTold], ..plan }))
    }
}
