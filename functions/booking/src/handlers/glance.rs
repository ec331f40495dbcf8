//! A glance at a day's slots, shared by everyone who was refused at once.
//!
//! When a hundred visitors want one seat, ninety-nine of them are offered the
//! nearest free times. They need not each read the whole day for it.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::Date;
use shared::ids::EventId;
use shared::memory::Memory;
use shared::organization::Occasion;
use shared::service::Service;
use shared::slot::{Slot, store};
use shared::trouble::Trouble;

/// How old a glance may be. An offered time that is taken meanwhile is refused
/// like any other: a booking reads its own slot again.
const GOOD_FOR: SignedDuration = SignedDuration::from_millis(250);

/// What was seen lately, by event and day.
pub(crate) struct Glances(Memory<(EventId, Date), Arc<Vec<Slot>>>);

impl Default for Glances {
    fn default() -> Self {
        Self(Memory::new(GOOD_FOR))
    }
}

impl Glances {
    /// The slots of a day, read at most a moment ago.
    pub(crate) async fn of_day(
        &self,
        service: &Service,
        occasion: &Occasion,
        day: Date,
    ) -> Result<Arc<Vec<Slot>>, Trouble> {
        let (organization, event) = (occasion.organization().id, occasion.event().id);
        let read = async {
            let slots = store::of_day(service, organization, event, day, None).await?;
            Ok::<_, Trouble>(Some(Arc::new(slots)))
        };
        let seen = self.0.recall(&(event, day), &*service.clock, read).await?;
        Ok(seen.unwrap_or_default())
    }
}
