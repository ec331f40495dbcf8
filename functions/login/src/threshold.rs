//! What every route begins with: at whose door somebody stands, who they are,
//! and what they sent.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use http::StatusCode;
use serde::de::DeserializeOwned;
use shared::identity::Subject;
use shared::identity::caller::{self, Caller, Touch, Unfinished, form_token, form_token_holds};
use shared::identity::door::{Door, Entry, Failure, Inside, Origin, rules};
use shared::identity::lockout::Device;
use shared::identity::session::{Limits, Session, Waiting, browser_words};
use shared::ids::OrganizationId;
use shared::organization::{Organization, Snapshot};
use shared::web::cookie::{Cookie, SameSite};
use shared::web::incoming::from_form;
use shared::web::page::{self, PageHead, PersonHead};
use shared::web::{Fault, Kind, Reply};

use crate::Visit;
use crate::pages::{Form, FormPage};
use crate::wire::{FormShape, InShape};
use crate::words;

/// An organization's door, and who stands before it.
pub(crate) struct Threshold<'a> {
    pub(crate) visit: &'a Visit<'a>,
    pub(crate) snapshot: Arc<Snapshot>,
    origin: Origin,
}

impl Visit<'_> {
    /// The door of the organization that the path names.
    pub(crate) async fn threshold(&self) -> Result<Threshold<'_>, Fault> {
        self.threshold_of(self.incoming.path("organization")).await
    }

    /// The operator's door, where organizations are signed up.
    pub(crate) async fn operator(&self) -> Result<Threshold<'_>, Fault> {
        self.threshold_of("operator").await
    }

    async fn threshold_of(&self, name: &str) -> Result<Threshold<'_>, Fault> {
        let service = &self.function.service;
        let snapshot = service.organization(name, self.now).await?.ok_or_else(Fault::not_found)?;
        // An IPv6 network is the first half of the address, since a household
        // has all of the rest.
        let network = match self.incoming.network {
            Some(IpAddr::V4(address)) => address.octets().to_vec(),
            Some(IpAddr::V6(address)) => address.octets()[..8].to_vec(),
            None => Vec::new(),
        };
        let operator = match snapshot.organization.is_operator() {
            true => Some(Arc::clone(&snapshot)),
            false => service.organization("operator", self.now).await?,
        };
        let origin = Origin {
            network: snapshot.keys.blind(b"network", &network),
            everywhere: operator.map(|operator| {
                (operator.organization.id, operator.keys.blind(b"network", &network))
            }),
            request: self
                .incoming
                .request
                .as_ref()
                .map(|id| snapshot.keys.blind(b"request", id.as_bytes())),
            browser: browser_words(self.incoming.header("user-agent")),
            cookies: self.incoming.cookies(),
        };
        Ok(Threshold { visit: self, snapshot, origin })
    }

    /// Waits until the moment at which every failure is answered, so that how
    /// long it took tells nothing.
    pub(crate) async fn patiently(&self) {
        let step = self.function.settings.failure_answer;
        let at = self.arrived + rules::answered_after(self.arrived.elapsed(), step);
        tokio::time::sleep_until(at).await;
    }
}

/// Who has come in, in full or half.
pub(crate) struct Present {
    pub(crate) inside: Inside,
    /// What is still owed; then only one page is open to them.
    pub(crate) waiting: Option<Waiting>,
}

impl<'a> Threshold<'a> {
    pub(crate) fn door(&self) -> Door<'_> {
        Door {
            service: &self.visit.function.service,
            allowances: &self.visit.function.allowances,
            snapshot: &self.snapshot,
            origin: &self.origin,
            now: self.visit.now,
        }
    }

    pub(crate) fn organization(&self) -> &Organization {
        &self.snapshot.organization
    }

    /// A path of the organization.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/{}{rest}", self.organization().web_name)
    }

    /// What stands around a page for nobody in particular.
    pub(crate) fn head(&self) -> PageHead {
        PageHead::new(Some(page::head(self.organization())))
    }

    /// Who asks, if they have signed in in full.
    pub(crate) async fn caller(&self, touch: Touch) -> Result<Caller, Fault> {
        let service = &self.visit.function.service;
        let cookies = &self.origin.cookies;
        Ok(caller::identify(service, &self.snapshot, cookies, touch, self.visit.now).await?)
    }

    /// Who has come in half.
    pub(crate) async fn unfinished(&self) -> Result<Option<Unfinished>, Fault> {
        let service = &self.visit.function.service;
        let cookies = &self.origin.cookies;
        Ok(caller::unfinished(service, &self.snapshot, cookies, self.visit.now).await?)
    }

    /// Who has signed in here and has an account of their own.
    pub(crate) async fn present(&self) -> Result<Present, Fault> {
        let caller = self.caller(Touch::Extend).await?;
        match self.door().inside(&caller).await? {
            Some(inside) => Ok(Present { inside, waiting: None }),
            None if caller.session().is_some() => Err(self.not_allowed(&caller).await),
            None => Err(Fault::sign_in_needed()),
        }
    }

    /// Refuses what the asker may not do, and puts on record that they asked.
    pub(crate) async fn not_allowed(&self, caller: &Caller) -> Fault {
        match self.door().refused(caller.actor()).await {
            Ok(()) => Fault::not_allowed(),
            Err(trouble) => trouble.into(),
        }
    }

    /// Who has signed in here, or has come in half and owes just this.
    pub(crate) async fn present_or_owing(&self, waiting: Waiting) -> Result<Present, Fault> {
        if let Some(half) = self.unfinished().await? {
            let found = self.door().inside_half(&half, waiting).await;
            if let Some(inside) = found.map_err(|failure| words::fault(failure, ""))? {
                return Ok(Present { inside, waiting: Some(waiting) });
            }
            return Err(Fault::sign_in_needed());
        }
        self.present().await
    }

    /// What was sent: JSON, or a form, which carries the token of the session's
    /// pages where there is a session.
    pub(crate) fn sent<T: DeserializeOwned>(&self, session: Option<&Session>) -> Result<T, Fault> {
        let incoming = &self.visit.incoming;
        if incoming.is_form() {
            let mut fields = incoming.form()?;
            let given = fields.remove("form_token").unwrap_or_default();
            let owed = session.map(|session| session.id);
            if owed.is_some_and(|id| !form_token_holds(&self.snapshot.keys, id, &given)) {
                return Err(Fault::new(
                    Kind::Forbidden,
                    "This page was too old to be sent. Please open it again and repeat what you did.",
                ));
            }
            return from_form(fields);
        }
        if incoming.is_empty() {
            return from_form(HashMap::new());
        }
        incoming.typed()
    }

    /// The token that a form of this session carries.
    pub(crate) fn token(&self, session: &Session) -> String {
        form_token(&self.snapshot.keys, session.id)
    }

    /// What stands around a page of somebody's.
    pub(crate) async fn head_of(&self, present: &Present) -> Result<PageHead, Fault> {
        if present.waiting.is_some() {
            return Ok(self.head());
        }
        let session = &present.inside.session;
        let security = self.visit.function.service.security(self.organization().id).await?;
        let left = session.left(Limits::of(&security, session.subject), self.visit.now);
        let member = present.inside.member();
        let name = match member {
            Some(member) => member.name.expose(),
            None => present.inside.email().expose(),
        };
        Ok(self.head().of_person(Some(PersonHead {
            name: name.to_owned(),
            manage_path: member.map(|_| self.path("/manage")),
            account_path: Some(self.path("/account")),
            sign_out_path: self.path("/sign-out"),
            session_path: self.path("/session"),
            form_token: self.token(session),
            seconds_left: left.as_secs(),
        })))
    }

    /// Where somebody wanted to go, if it is a page of this organization.
    pub(crate) fn next<'b>(&self, next: Option<&'b str>) -> Option<&'b str> {
        rules::way_on(self.organization().web_name.as_str(), next?)
    }

    /// The answer to who has come in: a browser goes on to what is owed, to
    /// where it wanted to go, or to its owner's first page.
    pub(crate) fn come_in(&self, entry: &Entry, next: Option<&str>) -> Reply {
        let reply = if self.visit.incoming.wants_page() {
            Reply::see_other(&self.way_in(entry, next))
        } else {
            Reply::json(StatusCode::OK, &InShape::of(entry, self.visit.now))
        };
        self.with_cookies(reply, entry)
    }

    fn way_in(&self, entry: &Entry, next: Option<&str>) -> String {
        let next = self.next(next);
        let owed = match entry.session.waiting {
            Some(Waiting::Factor) => "/sign-in/second",
            Some(Waiting::NewPassword) => "/account/password",
            Some(Waiting::NewFactor) => "/account/codes",
            None => {
                let first = match entry.session.subject {
                    Subject::Participant(_) => "/bookings",
                    _ => "/manage",
                };
                return next.map_or_else(|| self.path(first), str::to_owned);
            }
        };
        match next {
            None => self.path(owed),
            Some(next) => {
                let query = form_urlencoded::Serializer::new(String::new())
                    .append_pair("next", next)
                    .finish();
                format!("{}?{query}", self.path(owed))
            }
        }
    }

    /// The reply with the cookies of who has come in.
    pub(crate) fn with_cookies(&self, reply: Reply, entry: &Entry) -> Reply {
        Self::with_cookies_of(self.organization().id, reply, entry)
    }

    /// The same at another organization, such as one that was just made.
    pub(crate) fn with_cookies_of(id: OrganizationId, reply: Reply, entry: &Entry) -> Reply {
        let token = entry.token.expose();
        let reply = reply.with_cookie(&Cookie::session(id, &token, entry.longest));
        match &entry.device {
            Some((name, value)) => {
                let cookie = Cookie::new(name, value, SameSite::Lax, Device::HOLDS);
                reply.with_cookie(&cookie)
            }
            None => reply,
        }
    }

    /// A page that asks for one thing; a program is told what it asks for.
    pub(crate) fn asks(&self, shown: &FormPage) -> Reply {
        if self.visit.incoming.wants_page() {
            return page::page(StatusCode::OK, shown);
        }
        Reply::json(StatusCode::OK, &FormShape::of(&shown.form))
    }

    /// The page once more, with what was typed and what is wrong with it. What
    /// no form can put right is a page of its own.
    pub(crate) fn asks_again(&self, shown: FormPage, fault: Fault) -> Result<Reply, Fault> {
        if !self.visit.incoming.wants_page() || !words::can_be_put_right(fault.kind) {
            return Err(fault);
        }
        let form = self.refilled(shown.form, &fault);
        let shown = FormPage { form, ..shown };
        Ok(page::page(fault.kind.status(), &shown).after(&fault))
    }

    /// A form with what was typed and what is wrong with it.
    pub(crate) fn refilled(&self, mut form: Form, fault: &Fault) -> Form {
        let typed = self.visit.incoming.form().unwrap_or_default();
        let mut at_a_field = false;
        for field in &mut form.fields {
            if let Some(value) = typed.get(field.name).filter(|_| !field.kind.is_secret()) {
                field.value.clone_from(value);
            }
            let wrong = fault.fields.iter().find(|problem| problem.field == field.name);
            field.error = wrong.map(|problem| problem.message.clone());
            at_a_field |= wrong.is_some();
        }
        form.refusal = (!at_a_field).then(|| fault.message.clone());
        form
    }

    /// What was refused, as a failure of the route: who must show once more who
    /// they are is led there, and back to `page` afterwards.
    pub(crate) fn refused(
        &self,
        failure: Failure,
        field: &str,
        page: &str,
    ) -> Result<Reply, Fault> {
        let fault = words::fault(failure, field);
        if fault.kind == Kind::ConfirmNeeded && self.visit.incoming.wants_page() {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("next", &self.path(page))
                .finish();
            return Ok(Reply::see_other(&format!("{}?{query}", self.path("/account/confirm"))));
        }
        Err(fault)
    }

    /// What was done: a browser goes on to a page, a program hears that it was.
    pub(crate) fn done(&self, path: &str) -> Reply {
        if self.visit.incoming.wants_page() {
            return Reply::see_other(&self.path(path));
        }
        Reply::json(StatusCode::OK, &crate::wire::DoneShape { done: true })
    }

    /// A single-use link of the path that opens nothing any more.
    pub(crate) fn gone(&self) -> Fault {
        Fault::not_found()
    }
}
