//! Opening an organization with its emergency code.

use super::{
    Action, Door, Entry, Failure, Limits, Outcome, Refusal, Subject, about, actor, rules, session,
};
use crate::audit::{About, Actor, Factor};
use crate::identity::emergency::{self, Review};
use crate::identity::password::Verified;
use crate::identity::session::{How, Opening};
use crate::ids::EmergencyId;
use crate::notice::News;
use crate::personal::Note;

/// The word in the log that pages the operator. The alarm in template.yaml
/// looks for it.
pub const PAGING_WORD: &str = "EMERGENCY_ACCESS";

impl Door<'_> {
    /// Opens a session that reads only, for an hour. The code is dead at once,
    /// every administrator is mailed, and a review stays open.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn use_emergency_code(&self, typed: &str, reason: Note) -> Result<Entry, Failure> {
        let nobody = Actor::Nobody(self.keys().blind(b"emergency", b""));
        let mut record = self.record(nobody, Action::EmergencyCodeUsed, About::Organization);
        record.more.factor = Some(Factor::Emergency);
        // 160 bits need no lock, and a lock would shut out who needs the code most.
        if let Some(wait) = self.spend(rules::EMERGENCIES).await? {
            self.refuse(&record.with(Outcome::Throttled), Vec::new()).await?;
            return Err(Refusal::TooMany(wait).into());
        }
        let (organization, keys) = (self.organization(), self.keys());
        let kept = emergency::find(self.service, organization, keys).await?;
        let right = match (&kept, emergency::typed(typed)) {
            (Some(kept), Some(code)) => {
                self.service.hasher.verify(&code, &kept.hashed).await? != Verified::Wrong
            }
            (_, code) => {
                if let Some(code) = code {
                    self.service.hasher.verify_nothing(&code, &*self.service.chance).await?;
                }
                false
            }
        };
        let Some(kept) = kept.filter(|_| right) else {
            self.refuse(&record.with(Outcome::Wrong), Vec::new()).await?;
            return Err(Refusal::NotRight.into());
        };
        let id = EmergencyId::fresh(self.now, &*self.service.chance)?;
        let subject = Subject::Emergency(id);
        let security = self.security().await?;
        let limits = Limits::of(&security, subject);
        let opening = Opening {
            subject,
            epoch: 0,
            network: self.origin.network,
            browser: self.origin.browser.clone(),
            how: vec![How::Emergency],
            waiting: None,
        };
        let (open, token, session) =
            session::store::open(self.service, organization, opening, limits, self.now)?;
        let review = Review {
            id,
            at: self.now,
            reason,
            network: self.origin.network,
            code_by: kept.made_by,
            signed: None,
        };
        let mut record = self.record(actor(subject), Action::EmergencyCodeUsed, about(subject));
        record.more.factor = Some(Factor::Emergency);
        let mut writes = vec![
            emergency::voiding(self.service, organization, &kept)?,
            emergency::opening_review(self.service, organization, keys, &review)?,
            open,
            self.recording(&record.with(Outcome::Right))?,
        ];
        writes.push(self.owe_administrators(News::EmergencyUsed, *id.as_bytes())?);
        if !self.commit(&writes).await? {
            // Somebody else used the same code at the same moment.
            let record = self.record(nobody, Action::EmergencyCodeUsed, About::Organization);
            self.refuse(&record.with(Outcome::Wrong), Vec::new()).await?;
            return Err(Refusal::NotRight.into());
        }
        tracing::error!(
            alarm = PAGING_WORD,
            organization = %organization,
            emergency = %id,
            "an organization was opened with its emergency code"
        );
        self.end_former().await;
        Ok(Entry { token, session, longest: limits.absolute, device: None })
    }
}
