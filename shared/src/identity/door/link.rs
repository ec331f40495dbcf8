//! Coming in with a mailed link, as participants do who have no password.

use super::guesses::Mails;
use super::{
    Action, Door, Entry, Failure, How, Known, Outcome, Refusal, Subject, about, actor, means,
    reached, rules,
};
use crate::audit::{About, Actor};
use crate::dynamo::{self, Key, Write};
use crate::identity::pass::{self, Pass, Purpose};
use crate::ids::PersonId;
use crate::notice::{News, owed};
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
        let result = self.may_ask(Mails::SignIn, index, self.bucket(index)).await?;
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
        let nobody = Actor::Nobody([0; 16]);
        let attempt = self.attempt(nobody, About::Organization, means(How::Link));
        if let Some(wait) = self.spend(rules::SIGN_IN).await? {
            self.refuse(&attempt.with(Outcome::Throttled), Vec::new()).await?;
            return Err(Refusal::TooMany(wait).into());
        }
        let mut named = None;
        for _ in 0..dynamo::TRIES {
            let Some(pass) = self.sign_in_link(link).await? else { break };
            let known = known_by(&pass)?;
            if let Some(entry) = self.enter_by_link(&pass, &known).await? {
                self.end_former().await;
                return Ok(self.know_device(self.index_of(&known), entry)?);
            }
            // Either somebody else spent the link at this moment, or they only
            // proved the address in another way: looking again tells.
            named = Some(known.subject);
        }
        let record = match named {
            Some(subject) => self.attempt(actor(subject), about(subject), means(How::Link)),
            None => attempt,
        };
        self.refuse(&record.with(Outcome::Wrong), Vec::new()).await?;
        Err(Refusal::Gone.into())
    }

    /// Spends a link and opens the session; `None` when something of it did not hold.
    async fn enter_by_link(&self, pass: &Pass, known: &Known) -> Result<Option<Entry>, Failure> {
        let security = self.security().await?;
        let waiting = self.due(known, &security, None, &[How::Link]).await?;
        let (session, entry) = self.opening(known, &security, How::Link, waiting).await?;
        let record = self
            .attempt(actor(known.subject), about(known.subject), means(How::Link))
            .with(reached(waiting));
        let mut writes = vec![
            pass::spend(self.service, self.organization(), pass, self.now)?,
            session,
            self.recording(&record)?,
        ];
        writes.extend(self.remembering(known).await?);
        Ok(self.commit(&writes).await?.then_some(entry))
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

/// Whom a link to sign in names: it carries their address.
fn known_by(pass: &Pass) -> Result<Known, Trouble> {
    let email = pass.carried.as_ref().map(|carried| EmailAddress::parse(carried.expose()));
    let Some(Ok(email)) = email else {
        return Err(Trouble::damaged("a link to sign in", "it carries no address"));
    };
    Ok(Known { subject: pass.subject, member: None, email })
}
