//! Coming in with a mailed link, as participants do who have no password.

use super::{
    Action, Door, Entry, Failure, How, Known, Outcome, Refusal, Subject, about, actor, means,
    reached, rules,
};
use crate::audit::{About, Actor};
use crate::dynamo::{self, Key, Write};
use crate::identity::pass::{self, Pass, Purpose};
use crate::ids::PersonId;
use crate::notice::{News, owed};
use crate::participant::allowance::{AN_HOUR, Allowance};
use crate::personal::EmailAddress;
use crate::trouble::Trouble;

impl Door<'_> {
    /// Mails a link to whoever has something under this address here. Nothing
    /// tells the asker whether anybody has.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn ask_for_link(&self, email: &EmailAddress) -> Result<(), Failure> {
        let person = self.keys().person(email);
        let subject = Subject::Participant(person);
        let index = self.index(email.expose());
        let mut writes = Vec::new();
        let known = self.has_something(person).await?;
        let result = self.may_ask(index).await?;
        if result == Outcome::Done && known {
            writes.extend(owed::link(
                self.service,
                self.organization(),
                self.keys(),
                subject,
                News::SignIn,
                Some(email),
                self.now,
            )?);
        }
        let result = if known { result } else { Outcome::Unknown };
        let about = if known { about(subject) } else { About::Organization };
        let record = self.record(Actor::Nobody(index), Action::LinkSent, about);
        self.refuse(&record.with(result), writes).await?;
        Ok(())
    }

    /// Whether a mail may be asked for once more: refused when the network asks
    /// too much, and silently without effect when the address got enough of them.
    pub(super) async fn may_ask(&self, index: [u8; 16]) -> Result<Outcome, Failure> {
        if let Some(wait) = self.spend(rules::LINKS).await? {
            let record = self.record(Actor::Nobody(index), Action::LinkSent, About::Organization);
            self.refuse(&record.with(Outcome::Throttled), Vec::new()).await?;
            return Err(Refusal::TooMany(wait).into());
        }
        let of = crate::ids::to_text(&index);
        let allowance = Allowance {
            organization: self.organization(),
            kind: "links-to",
            of: &of,
            limit: rules::LINKS_PER_ADDRESS,
            window: AN_HOUR,
        };
        let spent = self.allowances.spend(self.service, allowance, self.now).await?;
        Ok(if spent.is_some() { Outcome::Throttled } else { Outcome::Done })
    }

    /// Whether there is anything under a person's address.
    async fn has_something(&self, person: PersonId) -> Result<bool, Trouble> {
        let organization = self.organization();
        let table = &self.service.settings.tables.schedule;
        let key = Key::participant(organization, person);
        let (item, tallies) = tokio::try_join!(
            dynamo::get(&self.service.dynamo, table, &key),
            dynamo::query(&self.service.dynamo, table, &key.pk, "tally#", false),
        )?;
        Ok(item.is_some() || !tallies.is_empty())
    }

    /// The link that would sign somebody in, while it does. Looking spends nothing.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn sign_in_link(&self, link: &str) -> Result<Option<Pass>, Trouble> {
        let (organization, keys) = (self.organization(), self.keys());
        pass::find(self.service, organization, keys, Purpose::SignIn, link, self.now).await
    }

    /// Signs somebody in with the link that was mailed to them, and spends it.
    /// From then on their address is proven.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn sign_in_by_link(&self, link: &str) -> Result<Entry, Failure> {
        let Some(pass) = self.sign_in_link(link).await? else {
            let record =
                self.attempt(Actor::Nobody([0; 16]), About::Organization, means(How::Link));
            self.refuse(&record.with(Outcome::Wrong), Vec::new()).await?;
            return Err(Refusal::Gone.into());
        };
        let email = pass.carried.as_ref().map(|carried| EmailAddress::parse(carried.expose()));
        let Some(Ok(email)) = email else {
            return Err(Trouble::damaged("a link to sign in", "it carries no address").into());
        };
        let known = Known { subject: pass.subject, member: None, email };
        let security = self.security().await?;
        let waiting = self.due(&known, &security, None, &[How::Link]).await?;
        let (session, entry) = self.opening(&known, &security, How::Link, waiting).await?;
        let record = self
            .attempt(actor(known.subject), about(known.subject), means(How::Link))
            .with(reached(waiting));
        let mut writes = vec![
            pass::spend(self.service, self.organization(), &pass, self.now)?,
            session,
            self.recording(&record)?,
        ];
        writes.extend(self.remembering(&known).await?);
        if !self.commit(&writes).await? {
            return Err(Refusal::Gone.into());
        }
        self.end_former().await;
        Ok(self.know_device(self.index_of(&known), entry)?)
    }

    /// The write that remembers the proven address, where it is not yet.
    async fn remembering(&self, known: &Known) -> Result<Option<Write>, Trouble> {
        let Subject::Participant(person) = known.subject else { return Ok(None) };
        let (organization, keys) = (self.organization(), self.keys());
        let there =
            crate::participant::store::address(self.service, organization, keys, person).await?;
        if there.is_some() {
            return Ok(None);
        }
        let email = &known.email;
        crate::booking::store::remember_participant(
            self.service,
            organization,
            keys,
            person,
            email,
            self.now,
        )
        .map(Some)
    }
}
