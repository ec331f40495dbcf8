//! Another address for a member: asked for by who is in, and proven by a link.

use super::{
    Action, Door, Failure, Inside, Known, Outcome, Refusal, about, actor, member, rules, session,
};
use crate::audit::Word;
use crate::dynamo::Write;
use crate::identity::member::Member;
use crate::identity::pass::{self, Pass, Purpose};
use crate::identity::username::Username;
use crate::notice::recipient::Recipient;
use crate::notice::{News, owed};
use crate::personal::EmailAddress;
use crate::trouble::Trouble;

/// A link that proves another address of a member's.
#[derive(Debug)]
pub struct Proving {
    pass: Pass,
    member: Member,
    /// The address.
    pub email: EmailAddress,
}

impl Door<'_> {
    /// Asks to be reached under another address: a link is mailed there, and
    /// the address on file hears of it before anything changes.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn ask_for_email(
        &self,
        inside: &Inside,
        email: &EmailAddress,
    ) -> Result<(), Failure> {
        if !inside.session.is_fresh(self.now) {
            return Err(Refusal::NotFresh.into());
        }
        // A participant is their address: another address is another participant.
        let Some(member) = &inside.known.member else { return Err(Refusal::NotRight.into()) };
        let subject = inside.known.subject;
        let record = self.record(actor(subject), Action::LinkSent, about(subject));
        if let Some(refusal) = self.mails_another_address(member, email).await? {
            self.refuse(&record.with(Outcome::Throttled), Vec::new()).await?;
            return Err(refusal.into());
        }
        let link = owed::link(
            self.service,
            self.organization(),
            self.keys(),
            inside.known.owner(None),
            News::ConfirmEmail,
            Some(email),
            self.now,
        )?;
        // Under the address as it is now: when the mail is written it may be the new one.
        let present = recipient(member);
        let occasion = self.occasion()?;
        let mut writes = vec![
            self.recording(&record)?,
            self.owe_to(subject, News::EmailAsked, occasion, &present)?,
        ];
        writes.extend(link);
        self.committed(&writes).await
    }

    /// Spends what asking for another address costs: a mail to the new one and
    /// one to the present one.
    async fn mails_another_address(
        &self,
        member: &Member,
        email: &EmailAddress,
    ) -> Result<Option<Refusal>, Trouble> {
        if let Some(wait) = self.spend(rules::LINKS).await? {
            return Ok(Some(Refusal::TooMany(wait)));
        }
        let asks = member.id.to_string();
        let address = crate::ids::to_text(&self.index(email.expose()));
        for (kind, of) in [("addresses-of", &asks), ("addresses-to", &address)] {
            let (organization, most) = (self.organization(), rules::LINKS_PER_ADDRESS);
            if let Some(wait) = self.spend_of(organization, kind, of, most).await? {
                return Ok(Some(Refusal::TooManyMails(wait)));
            }
        }
        Ok(None)
    }

    /// The write that owes a mail to an address that may not be the one on file.
    fn owe_to(
        &self,
        subject: super::Subject,
        news: News,
        occasion: [u8; 16],
        to: &Recipient,
    ) -> Result<Write, Trouble> {
        let owed = owed::to_address(
            self.service,
            self.organization(),
            self.keys(),
            subject,
            news,
            occasion,
            to,
        )?;
        owed::owe(&self.service.settings.tables.mail, &owed)
    }

    /// The address that a mailed link proves, while it does: no longer than
    /// until its owner puts out whoever else is in.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn email_of_link(&self, link: &str) -> Result<Option<Proving>, Trouble> {
        let (organization, keys) = (self.organization(), self.keys());
        let purpose = Purpose::ConfirmEmail;
        let found = pass::find(self.service, organization, keys, purpose, link, self.now).await?;
        let Some(pass) = found else { return Ok(None) };
        let email = pass.carried.as_ref().map(|carried| EmailAddress::parse(carried.expose()));
        let Some(Ok(email)) = email else {
            return Err(Trouble::damaged("a link to prove an address", "it carries none"));
        };
        let known = self.known_by_id(pass.subject).await?.filter(Known::may_enter);
        let known = known.filter(|known| pass.is_of(known.owner(None)));
        let Some(Known { member: Some(member), .. }) = known else { return Ok(None) };
        Ok(Some(Proving { pass, member, email }))
    }

    /// Changes the address to the one that a mailed link proves. Where the
    /// former one was the username as well, so is the new one. Everybody who is
    /// signed in is out, and what was mailed to the former address is void.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn change_email(&self, link: &str) -> Result<EmailAddress, Failure> {
        let (organization, keys) = (self.organization(), self.keys());
        let Some(Proving { pass, member, email }) = self.email_of_link(link).await? else {
            return Err(Refusal::Gone.into());
        };
        let subject = pass.subject;
        let username = if member.username.normalized() == member.email.normalized() {
            Username::parse(email.expose())
                .map_err(|why| Trouble::damaged("a proven address", why))?
        } else {
            member.username.clone()
        };
        let after = member.called(username, member.name.clone(), email.clone()).signed_out();
        let (changed, changing) =
            member::store::changing(self.service, organization, keys, &member, &after)?;
        let mut record = self.record(actor(subject), Action::AddressChanged, about(subject));
        record.more.fields = vec![Word::of("email")];
        let occasion = self.occasion()?;
        let mut writes = changing;
        writes.extend([
            pass::spend(self.service, organization, &pass, self.now)?,
            self.recording(&record)?,
            self.owe(subject, News::EmailChanged, occasion)?,
            self.owe_to(subject, News::EmailChanged, occasion, &recipient(&member))?,
        ]);
        if self.commit(&writes).await? {
            session::store::end_all(self.service, organization, subject).await?;
            return Ok(email);
        }
        let why =
            member::store::why_lost(self.service, organization, keys, &member, &changed).await?;
        Err(match why {
            member::Refusal::UsernameTaken => Refusal::UsernameTaken,
            _ => Refusal::Overtaken,
        }
        .into())
    }
}

/// A member under the address on file.
fn recipient(member: &Member) -> Recipient {
    Recipient { name: Some(member.name.clone()), email: member.email.clone() }
}
