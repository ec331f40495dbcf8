//! Signing an organization up, with its first administrator. The request and
//! the link belong to the operator's organization; nothing of the new one
//! exists before the address is proven.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::guesses::Mails;
use super::{
    Action, Door, Entry, Failure, How, Known, Refusal, Security, Subject, Words, about, actor,
    judge, member, password, reached, rules,
};
use crate::audit::{About, Actor, Factor, Outcome};
use crate::dynamo::{self, Key, Write};
use crate::erasure;
use crate::identity::access::{Coverage, Level};
use crate::identity::lockout::Bucket;
use crate::identity::member::{Newcomer, State as MemberState};
use crate::identity::pass::{self, Pass, Purpose};
use crate::identity::password::store::Kept;
use crate::identity::username::Username;
use crate::ids::{MemberId, OrganizationId, SignUpId};
use crate::notice::{News, owed};
use crate::organization::{self, Organization, PolicyVersion, Snapshot, State, WebName};
use crate::personal::{EmailAddress, PersonName};
use crate::settings::Table;
use crate::time::Zone;
use crate::trouble::Trouble;
use crate::vault::{Place, Sealed};

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The organization's name.
    pub organization: PersonName,
    /// The zone it lives in.
    pub zone: Zone,
    /// Who asks.
    pub name: PersonName,
    /// Where mail reaches them.
    pub email: EmailAddress,
}

impl Wanted {
    /// The organization. It has a notice from the first day, which says that its
    /// own has yet to be written, so that nobody gives away their details unwarned.
    pub(crate) fn organization(
        &self,
        id: OrganizationId,
        web_name: WebName,
        state: State,
        now: Timestamp,
    ) -> Organization {
        let name = self.organization.expose().to_owned();
        let text = format!(
            "{name} has not written its privacy notice yet. It will stand here.\n\nUntil then, \
             ask {name} what happens with your details before you give them."
        );
        let privacy = PolicyVersion { version: 1, effective: self.zone.day(now), text };
        Organization { id, web_name, name, zone: self.zone.clone(), state, privacy }
    }

    /// Its first administrator, whose username is their address.
    ///
    /// # Errors
    /// When the address is no username.
    pub(crate) fn administrator(&self, id: MemberId) -> Result<Newcomer, Trouble> {
        Ok(Newcomer {
            id,
            username: Username::parse(self.email.expose())
                .map_err(|why| Trouble::damaged("the address of an administrator", why))?,
            name: self.name.clone(),
            email: self.email.clone(),
            level: Level::Administrator,
            coverage: Coverage::Everything,
        })
    }
}

/// Who asks for an organization with a link that proves their address.
#[derive(Debug)]
pub struct Applicant {
    /// What they ask for.
    pub wanted: Wanted,
    pass: Pass,
    sign_up: SignUpId,
}

/// What became of it.
#[derive(Debug)]
pub struct Founded {
    /// The organization.
    pub organization: Organization,
    /// Its first administrator, who has come in; nobody while it waits for
    /// approval.
    pub entry: Option<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    expires: i64,
    sealed: Sealed,
}

#[derive(Serialize, Deserialize)]
struct Fields {
    organization: String,
    zone: String,
    name: String,
    email: String,
}

/// The shortest password of a first administrator, before there are settings.
#[must_use]
pub fn least() -> usize {
    Security::default().shortest_password(false) as usize
}

impl Door<'_> {
    /// Writes down what somebody asks for and mails them a link.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn ask_for_organization(&self, wanted: &Wanted) -> Result<(), Failure> {
        let (operator, keys) = (self.organization(), self.keys());
        let index = self.index(wanted.email.expose());
        if let Some(wait) = self.spend(rules::SIGN_UPS).await? {
            let record = self.record(Actor::Nobody(index), Action::LinkSent, About::Organization);
            self.refuse(&record.with(Outcome::Throttled), Vec::new()).await?;
            return Err(Refusal::TooMany(wait).into());
        }
        let result = self.may_ask(Mails::SignUp, index, Bucket::Strangers).await?;
        let id = SignUpId::fresh(self.now, &*self.service.chance)?;
        let subject = Subject::SignUp(id);
        let record =
            self.record(Actor::Nobody(index), Action::LinkSent, about(subject)).with(result);
        let mut writes = Vec::new();
        if result == Outcome::Done {
            let table = &self.service.settings.tables.session;
            let key = Key::sign_up(operator, id);
            let place =
                Place { table: Table::Session, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
            let fields = Fields {
                organization: wanted.organization.expose().to_owned(),
                zone: wanted.zone.name().to_owned(),
                name: wanted.name.expose().to_owned(),
                email: wanted.email.expose().to_owned(),
            };
            let sealed = keys.seal(place, &fields, &*self.service.chance)?;
            let expires = (self.now + Purpose::SignUp.lifetime()).as_second();
            let row = Row { pk: key.pk, sk: key.sk, expires, sealed };
            writes.push(Write::create(table, dynamo::item(&row)?)?);
            writes.extend(owed::link(
                self.service,
                operator,
                keys,
                subject,
                News::SignUp,
                Some(&wanted.email),
                self.now,
            )?);
        }
        self.refuse(&record, writes).await?;
        Ok(())
    }

    /// Who asked for an organization, by the link in their mail. Looking spends
    /// nothing.
    ///
    /// # Errors
    /// [`Refusal::Gone`].
    pub async fn applicant(&self, link: &str) -> Result<Applicant, Failure> {
        let (operator, keys) = (self.organization(), self.keys());
        let found =
            pass::find(self.service, operator, keys, Purpose::SignUp, link, self.now).await?;
        let Some(pass) = found else { return Err(Refusal::Gone.into()) };
        let Subject::SignUp(sign_up) = pass.subject else { return Err(Refusal::Gone.into()) };
        let table = &self.service.settings.tables.session;
        let key = Key::sign_up(operator, sign_up);
        let Some(item) = dynamo::get(&self.service.dynamo, table, &key).await? else {
            return Err(Refusal::Gone.into());
        };
        let row: Row = dynamo::row(item)?;
        let damaged = |why: String| Trouble::damaged(format!("sign-up {key}"), why);
        let place = Place { table: Table::Session, pk: &row.pk, sk: &row.sk, attribute: "sealed" };
        let fields: Fields =
            keys.open(place, &row.sealed).map_err(|why| damaged(why.to_string()))?;
        let unfit = |why: crate::personal::Unfit| damaged(why.to_string());
        let wanted = Wanted {
            organization: PersonName::parse(&fields.organization).map_err(unfit)?,
            zone: Zone::parse(&fields.zone).map_err(|why| damaged(why.to_string()))?,
            name: PersonName::parse(&fields.name).map_err(unfit)?,
            email: EmailAddress::parse(&fields.email).map_err(unfit)?,
        };
        Ok(Applicant { wanted, pass, sign_up })
    }

    /// Makes the organization with its first administrator, who comes in, all
    /// in one transaction; or makes both and lets them wait, where the operator
    /// approves organizations before anybody can reach them.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn found(
        &self,
        applicant: &Applicant,
        web_name: WebName,
        typed: &str,
        approval: bool,
    ) -> Result<Founded, Failure> {
        let Applicant { wanted, pass, sign_up } = applicant;
        if self.web_name_is_taken(&web_name).await? {
            return Err(Refusal::WebNameTaken.into());
        }
        let security = Security::default();
        let words = Words {
            organization: vec![wanted.organization.expose(), web_name.as_str()],
            person: vec![wanted.email.expose(), wanted.name.expose()],
        };
        let password = judge(self.service, typed, &security, false, &words).await?;
        let hashed = self.service.hasher.hash(&password, &*self.service.chance).await?;
        let state = if approval { State::Awaiting } else { State::Active };
        let id = OrganizationId::fresh(self.now, &*self.service.chance)?;
        let made = wanted.organization(id, web_name.clone(), state, self.now);
        let newcomer = wanted.administrator(MemberId::fresh(self.now, &*self.service.chance)?)?;
        let administrator = member::rules::new(newcomer, MemberState::Active, self.now);

        // The key first, as in every founding: a key without an organization is
        // only a spare.
        self.service.vault.create(made.id).await?;
        let keys = self.service.vault.keys(made.id, self.now).await?;
        let keys = keys.ok_or_else(|| Trouble::damaged("a new organization", "it has no key"))?;
        let snapshot = Snapshot {
            organization: made,
            events: Vec::new(),
            keys: Arc::clone(&keys),
            erasure: None,
        };
        let there = Door { snapshot: &snapshot, ..*self };
        let (id, subject) = (snapshot.organization.id, Subject::Member(administrator.id));
        let known = Known::of_member(administrator.clone());
        let chosen = Kept::chosen(hashed, self.now).that_stands_alone(true);
        let mut writes = organization::store::founding(self.service, &snapshot.organization)?;
        writes.push(erasure::name::checking(self.service, self.keys(), &web_name, self.now)?);
        writes.extend(member::store::creating(self.service, id, &keys, &administrator)?);
        writes.push(password::store::put(self.service, &keys, id, subject, &chosen, 0)?);
        writes.push(pass::spend(self.service, self.organization(), pass, self.now)?);
        writes.push(Write::delete(
            &self.service.settings.tables.session,
            &Key::sign_up(self.organization(), *sign_up),
            "attribute_exists(pk)",
            [],
        )?);
        let action = Action::OrganizationSignedUp;
        let here = self.record(Actor::Service, action, About::SignUp(*sign_up));
        writes.push(self.recording(&here)?);
        writes.push(there.recording(&there.record(actor(subject), action, About::Organization))?);
        let entry = if approval {
            let news = News::OrganizationWaits(id);
            writes.push(self.owe_administrators(news, *id.as_bytes())?);
            None
        } else {
            let (session, entry) = there.opening(&known, &security, How::Password, None).await?;
            let record =
                there.attempt(actor(subject), about(subject), Factor::Password).with(reached(None));
            writes.push(session);
            writes.push(there.recording(&record)?);
            Some(there.know_device(there.index_of(&known), entry)?)
        };
        if self.commit(&writes).await? {
            return Ok(Founded { organization: snapshot.organization, entry });
        }
        let taken = self.web_name_is_taken(&web_name).await?;
        Err(if taken { Refusal::WebNameTaken } else { Refusal::Gone }.into())
    }

    /// Whether an organization has this name, or one that was erased had it not
    /// long ago.
    async fn web_name_is_taken(&self, web_name: &WebName) -> Result<bool, Trouble> {
        let found = organization::store::find(self.service, web_name.as_str()).await?;
        Ok(found.is_some()
            || erasure::name::is_retired(self.service, self.keys(), web_name, self.now).await?)
    }
}
