//! For the organization's team: its members, security settings, audit trail,
//! support grants and appointments. Pages and JSON from the same routes.
//!
//! The function translates; who may do what is decided in
//! `shared::identity::access::rules`.

mod guard;
mod handlers;
mod openapi;
pub mod pages;
pub mod wire;
mod words;

use std::sync::Arc;

use http::Method;
use lambda_http::{Body, Request, Response};
use shared::participant::Allowances;
use shared::service::Service;
use shared::web::page::finish;
use shared::web::{Fault, Incoming, Reply};

use crate::handlers::{
    appointments, audit, dependents, emergency, home, members, operator, security, support,
};
pub use crate::openapi::description;

/// The function with what it works with.
pub struct Organizer {
    service: Arc<Service>,
    allowances: Allowances,
}

/// The routes this function answers, as template.yaml writes them; a test
/// holds the two against each other.
pub const ROUTES: &[(Method, &str)] = &[
    (Method::GET, "/{organization}/manage"),
    (Method::GET, "/{organization}/manage/events/{event}"),
    (Method::POST, "/{organization}/manage/bookings/{booking}/cancel"),
    (Method::GET, "/{organization}/manage/participants/{person}"),
    (Method::GET, "/{organization}/manage/members"),
    (Method::POST, "/{organization}/manage/members"),
    (Method::GET, "/{organization}/manage/members/{member}"),
    (Method::POST, "/{organization}/manage/members/{member}/access"),
    (Method::POST, "/{organization}/manage/members/{member}/disable"),
    (Method::POST, "/{organization}/manage/members/{member}/enable"),
    (Method::POST, "/{organization}/manage/members/{member}/invite"),
    (Method::POST, "/{organization}/manage/members/{member}/reset"),
    (Method::POST, "/{organization}/manage/members/{member}/sessions/end"),
    (Method::POST, "/{organization}/manage/members/{member}/supporter"),
    (Method::GET, "/{organization}/manage/security"),
    (Method::POST, "/{organization}/manage/security"),
    (Method::GET, "/{organization}/manage/audit"),
    (Method::GET, "/{organization}/manage/support"),
    (Method::POST, "/{organization}/manage/support"),
    (Method::POST, "/{organization}/manage/support/{member}/withdraw"),
    (Method::GET, "/{organization}/manage/emergency"),
    (Method::POST, "/{organization}/manage/emergency"),
    (Method::POST, "/{organization}/manage/emergency/{review}/sign"),
    (Method::GET, "/{organization}/manage/dependents"),
    (Method::POST, "/{organization}/manage/dependents"),
    (Method::POST, "/{organization}/manage/dependents/{dependent}/remove"),
    (Method::GET, "/{organization}/manage/organizations"),
    (Method::POST, "/{organization}/manage/organizations/{id}/approve"),
    (Method::POST, "/{organization}/manage/organizations/{id}/suspend"),
    (Method::POST, "/{organization}/manage/organizations/{id}/reinstate"),
];

/// One request on its way through the function.
struct Visit<'a> {
    function: &'a Organizer,
    incoming: Incoming,
    now: jiff::Timestamp,
}

impl Organizer {
    /// The function over its service.
    #[must_use]
    pub fn new(service: Arc<Service>) -> Self {
        Self { service, allowances: Allowances::default() }
    }

    /// Answers one request. It always answers: what fails becomes a reply.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        let incoming = Incoming::read(request);
        let visit = Visit { function: self, incoming, now: self.service.clock.now() };
        let outcome = visit.answer().await;
        finish(&visit.incoming, outcome)
    }
}

impl Visit<'_> {
    async fn answer(&self) -> Result<Reply, Fault> {
        let incoming = &self.incoming;
        if incoming.method == Method::POST {
            incoming.from_this_site(&self.function.service.settings.public_address)?;
        }
        match (incoming.method.as_str(), incoming.route.as_str()) {
            ("GET", "/{organization}/manage") => home::home(self).await,
            ("GET", "/{organization}/manage/events/{event}") => appointments::event(self).await,
            ("POST", "/{organization}/manage/bookings/{booking}/cancel") => {
                appointments::cancel(self).await
            }
            ("GET", "/{organization}/manage/participants/{person}") => {
                appointments::participant(self).await
            }
            ("GET", "/{organization}/manage/members") => members::list(self).await,
            ("POST", "/{organization}/manage/members") => members::invite(self).await,
            ("GET", "/{organization}/manage/members/{member}") => members::member(self).await,
            ("POST", "/{organization}/manage/members/{member}/access") => {
                members::change_access(self).await
            }
            ("POST", "/{organization}/manage/members/{member}/disable") => {
                members::disable(self).await
            }
            ("POST", "/{organization}/manage/members/{member}/enable") => {
                members::enable(self).await
            }
            ("POST", "/{organization}/manage/members/{member}/invite") => {
                members::invite_again(self).await
            }
            ("POST", "/{organization}/manage/members/{member}/reset") => members::reset(self).await,
            ("POST", "/{organization}/manage/members/{member}/sessions/end") => {
                members::end_sessions(self).await
            }
            ("POST", "/{organization}/manage/members/{member}/supporter") => {
                members::supporter(self).await
            }
            ("GET", "/{organization}/manage/security") => security::settings(self).await,
            ("POST", "/{organization}/manage/security") => security::change(self).await,
            ("GET", "/{organization}/manage/audit") => audit::trail(self).await,
            ("GET", "/{organization}/manage/support") => support::list(self).await,
            ("POST", "/{organization}/manage/support") => support::allow(self).await,
            ("POST", "/{organization}/manage/support/{member}/withdraw") => {
                support::withdraw(self).await
            }
            ("GET", "/{organization}/manage/emergency") => emergency::standing(self).await,
            ("POST", "/{organization}/manage/emergency") => emergency::make(self).await,
            ("POST", "/{organization}/manage/emergency/{review}/sign") => {
                emergency::sign(self).await
            }
            ("GET", "/{organization}/manage/dependents") => dependents::list(self).await,
            ("POST", "/{organization}/manage/dependents") => dependents::add(self).await,
            ("POST", "/{organization}/manage/dependents/{dependent}/remove") => {
                dependents::remove(self).await
            }
            ("GET", "/{organization}/manage/organizations") => operator::list(self).await,
            ("POST", "/{organization}/manage/organizations/{id}/approve") => {
                operator::approve(self).await
            }
            ("POST", "/{organization}/manage/organizations/{id}/suspend") => {
                operator::suspend(self).await
            }
            ("POST", "/{organization}/manage/organizations/{id}/reinstate") => {
                operator::reinstate(self).await
            }
            _ => Err(Fault::not_found()),
        }
    }
}
