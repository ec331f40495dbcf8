//! What guests of the organization read: who helped, and who used the emergency
//! code. Found by what let them in, so that nothing else that is on record,
//! however much, hides any of it.

use shared::audit::Guest as Reader;
use shared::audit::read::{Entry, of_guest};
use shared::ids::RecordId;
use shared::web::Fault;

use super::names::Names;
use crate::Visit;
use crate::guard::Guest;
use crate::pages::Reads;

/// So many guests, the latest, are listed with what they read.
const LISTED: usize = 20;

/// Whose reads a page lists.
pub(crate) struct Listing {
    /// The page, below the team's.
    page: &'static str,
    /// Whose are asked for besides, and before which record.
    of: Option<String>,
    before: Option<RecordId>,
}

impl Listing {
    /// What is asked for in the address of this page.
    pub(crate) fn asked(visit: &Visit<'_>, page: &'static str) -> Result<Self, Fault> {
        let before = visit.incoming.query("before");
        let before = before.map(|id| RecordId::parse(id).ok_or_else(Fault::not_found));
        let of = visit.incoming.query("of").map(str::to_owned);
        Ok(Self { page, of, before: before.transpose()? })
    }

    /// What a guest read, the latest first: a page of it, and where there is
    /// more. `place` is their place on the page.
    pub(crate) async fn reads(
        &self,
        visit: &Visit<'_>,
        guest: &Guest,
        names: &Names,
        reader: Reader,
        place: usize,
    ) -> Result<Reads, Fault> {
        let id = reader.id();
        let path = guest.path(&format!("{}?of={id}", self.page));
        let asked = self.of.as_deref() == Some(id.as_str());
        if place >= LISTED && !asked {
            return Ok(Reads::Elsewhere(format!("{path}#{id}")));
        }
        let before = self.before.filter(|_| asked);
        let organization = guest.organization();
        let found = of_guest(&visit.function.service, organization.id, reader, before).await?;
        let zone = &organization.zone;
        let said = |entry: &Entry| {
            let line = names.line(entry, zone);
            (
                format!("{}, {}", zone.long_day(entry.at), line.time),
                format!("{}: {}", line.result, line.about),
            )
        };
        Ok(Reads::Listed {
            id: id.clone(),
            lines: found.entries.iter().map(said).collect(),
            later: before.map(|_| format!("{path}#{id}")),
            earlier: found.next.map(|next| format!("{path}&before={next}#{id}")),
        })
    }
}
