//! Who may come in. Every route asks here first: who is asking, whether what
//! they ask as includes the action at all, and only then anything is looked up.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use http::StatusCode;
use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use shared::audit::{self, About, Action as Deed, Actor, More, Outcome, Record, Word};
use shared::identity::access::{Action, Target};
use shared::identity::caller::{self, Caller, Touch, form_token, form_token_holds};
use shared::identity::member::Member;
use shared::ids::{EventId, MemberId};
use shared::organization::{Organization, Snapshot};
use shared::participant::allowance::{AN_HOUR, Allowance};
use shared::trouble::Trouble;
use shared::vault::OrganizationKeys;
use shared::web::incoming::from_form;
use shared::web::page::{self, PersonHead};
use shared::web::{Fault, Kind, Reply};

use crate::pages::{PageHead, Section};
use crate::{ROUTES, Visit};

/// So many refusals of one person are put on record in an hour.
const REFUSALS_ON_RECORD: u32 = 300;

/// Somebody who may do what the route is for.
pub(crate) struct Guest {
    /// The organization.
    pub(crate) snapshot: Arc<Snapshot>,
    /// Who they are.
    pub(crate) caller: Caller,
    /// Where the request came from: a keyed hash.
    pub(crate) network: [u8; 16],
    /// The request: a keyed hash.
    request: Option<[u8; 16]>,
    /// What the head of a page shows of them.
    person: PersonHead,
}

impl Visit<'_> {
    /// Lets in whoever's role includes the action; whether it covers what they
    /// ask for is asked with [`Guest::may`] once that is known.
    pub(crate) async fn guest(&self, action: Action) -> Result<Guest, Fault> {
        let guest = self.anybody().await?;
        if guest.caller.includes(action) { Ok(guest) } else { Err(self.refused(&guest).await) }
    }

    /// Lets in whoever is of the team, or was let in to see what the team sees.
    pub(crate) async fn team(&self) -> Result<Guest, Fault> {
        let guest = self.anybody().await?;
        match guest.caller {
            Caller::Member { .. } | Caller::Support { .. } | Caller::Emergency { .. } => Ok(guest),
            Caller::Participant { .. } | Caller::Nobody => Err(self.refused(&guest).await),
        }
    }

    /// Lets in whoever may do this to the account.
    pub(crate) async fn at_account(&self, action: Action) -> Result<Guest, Fault> {
        self.at(action, Target::Account).await
    }

    /// Lets in whoever may do this to the installation.
    pub(crate) async fn at_installation(&self, action: Action) -> Result<Guest, Fault> {
        self.at(action, Target::Installation).await
    }

    async fn at(&self, action: Action, target: Target) -> Result<Guest, Fault> {
        let guest = self.anybody().await?;
        if guest.caller.may(action, target) { Ok(guest) } else { Err(self.refused(&guest).await) }
    }

    /// Refuses what the asker may not do, and puts on record that they asked.
    /// Who is refused too often is told to wait, and has enough on record.
    async fn refused(&self, guest: &Guest) -> Fault {
        match self.refusals_left(guest).await {
            Ok(None) => self.recorded(guest, About::Organization, Fault::not_allowed()).await,
            Ok(Some(wait)) => Fault::new(
                Kind::TooManyRequests,
                "You have asked many times for what your access does not include. Please wait a while.",
            )
            .retry_after(wait),
            Err(trouble) => trouble.into(),
        }
    }

    /// Refuses what the asker does not cover as what does not exist, and puts on
    /// record that they asked for it, if they have not done so too often. The
    /// answer stays the same: another one would tell that it exists.
    pub(crate) async fn not_covered(&self, guest: &Guest, about: About) -> Fault {
        match self.refusals_left(guest).await {
            Ok(None) => self.recorded(guest, about, Fault::not_found()).await,
            Ok(Some(_)) => Fault::not_found(),
            Err(trouble) => trouble.into(),
        }
    }

    /// Spends one of the refusals of which each is put on record: nobody may
    /// fill the trail with them. `Some` says how long until there are more.
    async fn refusals_left(&self, guest: &Guest) -> Result<Option<SignedDuration>, Trouble> {
        let of = match guest.actor() {
            Actor::Visitor(person) | Actor::LinkHolder(person) | Actor::Participant(person) => {
                person.to_string()
            }
            Actor::Member(member) | Actor::Operator(member) => member.to_string(),
            Actor::Support { grant, .. } => grant.to_string(),
            Actor::Emergency(emergency) => emergency.to_string(),
            Actor::Service | Actor::Nobody(_) => String::new(),
        };
        let allowance = Allowance {
            organization: guest.organization().id,
            kind: "refusals",
            of: &of,
            limit: REFUSALS_ON_RECORD,
            window: AN_HOUR,
        };
        let wait =
            self.function.allowances.spend(&self.function.service, allowance, self.now).await?;
        if wait.is_some() {
            tracing::warn!(organization = %guest.organization().id, of, "refused too often");
        }
        Ok(wait)
    }

    async fn recorded(&self, guest: &Guest, about: About, fault: Fault) -> Fault {
        let route = ROUTES.iter().find(|(_, route)| *route == self.incoming.route);
        let more = More { page: route.map(|(_, route)| Word::of(route)), ..More::default() };
        let record = guest.deed(Deed::ActionRefused, about).with(Outcome::Refused);
        let record = Record { more, ..record };
        let service = &self.function.service;
        match audit::write(service, guest.organization().id, &record, self.now).await {
            Ok(()) => fault,
            Err(trouble) => trouble.into(),
        }
    }

    /// Lets in whoever has signed in here.
    async fn anybody(&self) -> Result<Guest, Fault> {
        let service = &self.function.service;
        let name = self.incoming.path("organization");
        let found = service.organization(name, self.now).await?;
        let snapshot = found.ok_or_else(Fault::not_found)?;
        let cookies = self.incoming.cookies();
        let caller =
            caller::identify(service, &snapshot, &cookies, Touch::Extend, self.now).await?;
        let Some(session) = caller.session() else { return Err(Fault::sign_in_needed()) };
        let network = snapshot.keys.blind(b"network", &self.network_bytes());
        let id = self.incoming.request.as_ref();
        let request = id.map(|id| snapshot.keys.blind(b"request", id.as_bytes()));
        // Who helps has their account at the operator's. How long they stay is
        // asked here, where the shorter times of both hold.
        let limits = caller::limits(service, &snapshot, &caller, session, self.now).await?;
        let here = format!("/{}", snapshot.organization.web_name);
        let own = match &caller {
            Caller::Support { .. } => "/operator",
            _ => &here,
        };
        let person = PersonHead {
            name: spoken(&caller),
            manage_path: (!matches!(caller, Caller::Participant { .. }))
                .then(|| format!("{here}/manage")),
            account_path: caller.member().map(|_| format!("{own}/account")),
            sign_out_path: format!("{here}/sign-out"),
            session_path: format!("{here}/session"),
            form_token: form_token(&snapshot.keys, session.id),
            seconds_left: session.left(limits, self.now).as_secs(),
        };
        Ok(Guest { snapshot, caller, network, request, person })
    }

    /// An IPv6 network is the first half of the address, since a household has
    /// all of the rest.
    fn network_bytes(&self) -> Vec<u8> {
        match self.incoming.network {
            Some(IpAddr::V4(address)) => address.octets().to_vec(),
            Some(IpAddr::V6(address)) => address.octets()[..8].to_vec(),
            None => Vec::new(),
        }
    }

    /// What was sent: JSON, or a form with the token of the session's pages. A
    /// request without content is one without fields.
    pub(crate) fn sent<T: DeserializeOwned>(&self, guest: &Guest) -> Result<T, Fault> {
        if self.incoming.is_form() {
            return from_form(self.fields(guest)?);
        }
        if self.incoming.is_empty() {
            return from_form(HashMap::new());
        }
        self.incoming.typed()
    }

    /// The fields of a form that came with the token of the session's pages.
    pub(crate) fn fields(&self, guest: &Guest) -> Result<HashMap<String, String>, Fault> {
        let mut fields = self.incoming.form()?;
        let given = fields.remove("form_token").unwrap_or_default();
        let session = guest.caller.session().ok_or_else(Fault::sign_in_needed)?;
        if !form_token_holds(guest.keys(), session.id, &given) {
            return Err(Fault::new(
                Kind::Forbidden,
                "This page was too old to be sent. Please open it again and repeat what you did.",
            ));
        }
        Ok(fields)
    }

    /// Refuses who has not shown lately that it is them: before what hands the
    /// organization, or what it keeps, to somebody. A browser is led to where
    /// they can, and then to this page of the team's.
    pub(crate) fn freshly(&self, guest: &Guest, page: &str) -> Result<(), Fault> {
        let fresh = guest.caller.session().is_some_and(|session| session.is_fresh(self.now));
        if fresh { Ok(()) } else { Err(Fault::confirm_needed().going_on_at(guest.path(page))) }
    }

    /// Puts on record that personal data is about to be shown. Without the
    /// record there is no page.
    pub(crate) async fn look(
        &self,
        guest: &Guest,
        about: About,
        page: &'static str,
        count: usize,
        query: Option<&[u8]>,
    ) -> Result<(), Fault> {
        let more = More {
            page: Some(Word::of(page)),
            count: Some(u32::try_from(count).unwrap_or(u32::MAX)),
            query: query.map(|query| guest.keys().blind(b"query", query)),
            ..More::default()
        };
        let record = Record { more, ..guest.deed(Deed::DataShown, about) };
        let service = &self.function.service;
        Ok(audit::write(service, guest.organization().id, &record, self.now).await?)
    }
}

/// What somebody is called at the head of their pages.
fn spoken(caller: &Caller) -> String {
    match caller {
        Caller::Member { member, .. } | Caller::Support { member, .. } => {
            member.name.expose().to_owned()
        }
        Caller::Emergency { .. } => "Emergency access".into(),
        Caller::Participant { .. } | Caller::Nobody => String::new(),
    }
}

impl Guest {
    /// The organization.
    pub(crate) fn organization(&self) -> &Organization {
        &self.snapshot.organization
    }

    /// Its keys.
    pub(crate) fn keys(&self) -> &OrganizationKeys {
        &self.snapshot.keys
    }

    /// Whether they may do this there.
    pub(crate) fn may(&self, action: Action, target: Target) -> bool {
        self.caller.may(action, target)
    }

    /// The member of this organization they are.
    pub(crate) fn member(&self) -> Option<&Member> {
        match &self.caller {
            Caller::Member { member, .. } => Some(member),
            _ => None,
        }
    }

    /// The id of the member of this organization they are; only members may
    /// change anything.
    pub(crate) fn member_id(&self) -> Result<MemberId, Fault> {
        self.member().map(|member| member.id).ok_or_else(Fault::not_allowed)
    }

    /// Whether anything of an event may be shown to them.
    pub(crate) fn touches(&self, event: EventId) -> bool {
        match &self.caller {
            Caller::Member { member, operator: false, .. } => {
                member.coverage.touches(event)
                    || self.may(Action::SeeAppointments, Target::Event(event))
            }
            _ => self.may(Action::SeeAppointments, Target::Event(event)),
        }
    }

    /// Who they are, for the audit trail.
    pub(crate) fn actor(&self) -> Actor {
        self.caller.actor()
    }

    /// A record of something they did.
    pub(crate) fn deed(&self, action: Deed, about: About) -> Record {
        let record = Record::of(self.actor(), action, about).from_network(Some(self.network));
        Record { request: self.request, ..record }
    }

    /// Where the team's pages are, and something below them.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/{}/manage{rest}", self.organization().web_name)
    }

    /// What stands around a page of theirs.
    pub(crate) fn head(&self) -> PageHead {
        PageHead::new(Some(page::head(self.organization())))
            .of_person(Some(self.person.clone()))
            .with_banner(self.snapshot.erasure.map(|planned| self.going(planned.due)))
    }

    /// What stands above every page while the organization waits to be deleted.
    fn going(&self, due: jiff::Timestamp) -> String {
        let Organization { name, zone, .. } = self.organization();
        let (day, time) = (zone.long_day(due), zone.clock(due));
        format!(
            "{name} will be deleted on {day}, {time}. Until then an administrator can take this back, under Security."
        )
    }

    /// The parts of the team's pages that they may see; `current` is the path
    /// of the one that this page belongs to.
    pub(crate) fn sections(&self, current: &str) -> Vec<Section> {
        let parts: [(&'static str, &str, Action, Option<Target>); 10] = [
            ("Appointments", "", Action::SeeAppointments, None),
            (
                "Organizations",
                "/organizations",
                Action::DecideOrganizations,
                Some(Target::Installation),
            ),
            ("Backups", "/backups", Action::DecideOrganizations, Some(Target::Installation)),
            ("Members", "/members", Action::SeeMembers, Some(Target::Account)),
            ("Dependents", "/dependents", Action::ManageDependents, Some(Target::Account)),
            ("Keeping data", "/retention", Action::KeepData, Some(Target::Account)),
            ("Security", "/security", Action::ChangeSecurity, Some(Target::Account)),
            ("Audit trail", "/audit", Action::ReadAudit, Some(Target::Account)),
            ("Support", "/support", Action::GrantSupport, Some(Target::Account)),
            ("Emergency code", "/emergency", Action::MakeEmergencyCode, Some(Target::Account)),
        ];
        parts
            .into_iter()
            .filter(|(_, _, action, target)| match target {
                Some(target) => self.may(*action, *target),
                None => self.caller.includes(*action),
            })
            .map(|(text, rest, ..)| Section {
                text,
                path: self.path(rest),
                current: rest == current,
            })
            .collect()
    }
}

/// What was done: a browser goes on to a page, a program gets the new state.
pub(crate) fn done<T: serde::Serialize>(
    visit: &Visit<'_>,
    path: &str,
    status: StatusCode,
    shape: &T,
) -> Reply {
    if visit.incoming.wants_page() {
        return Reply::see_other(path);
    }
    Reply::json(status, shape)
}
