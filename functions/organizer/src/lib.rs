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
use shared::web::{Answer, Fault, Incoming, Reply, boxed};

use crate::handlers::{
    appointments, audit, backups, book, dependent, dependents, emergency, erasure, holds, home,
    keys, member, members, operator, person, retention, security, support,
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
    (Method::GET, "/{organization}/manage/events/{event}/book"),
    (Method::POST, "/{organization}/manage/events/{event}/book"),
    (Method::POST, "/{organization}/manage/bookings/{booking}/cancel"),
    (Method::GET, "/{organization}/manage/participants/{person}"),
    (Method::GET, "/{organization}/manage/participants/{person}/file.json"),
    (Method::GET, "/{organization}/manage/participants/{person}/file.csv"),
    (Method::POST, "/{organization}/manage/participants/{person}/correct"),
    (Method::POST, "/{organization}/manage/participants/{person}/delete"),
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
    (Method::POST, "/{organization}/manage/emergency/{review}/end"),
    (Method::POST, "/{organization}/manage/emergency/{review}/sign"),
    (Method::GET, "/{organization}/manage/keys"),
    (Method::POST, "/{organization}/manage/keys/rotate"),
    (Method::POST, "/{organization}/manage/keys/own"),
    (Method::POST, "/{organization}/manage/keys/revoke-links"),
    (Method::GET, "/{organization}/manage/erasure"),
    (Method::POST, "/{organization}/manage/erasure"),
    (Method::POST, "/{organization}/manage/erasure/cancel"),
    (Method::GET, "/{organization}/manage/dependents"),
    (Method::POST, "/{organization}/manage/dependents"),
    (Method::GET, "/{organization}/manage/dependents/{dependent}"),
    (Method::POST, "/{organization}/manage/dependents/{dependent}/delete"),
    (Method::POST, "/{organization}/manage/dependents/{dependent}/remove"),
    (Method::GET, "/{organization}/manage/retention"),
    (Method::POST, "/{organization}/manage/retention"),
    (Method::POST, "/{organization}/manage/holds"),
    (Method::POST, "/{organization}/manage/holds/lift"),
    (Method::GET, "/{organization}/manage/organizations"),
    (Method::POST, "/{organization}/manage/organizations/{id}/approve"),
    (Method::POST, "/{organization}/manage/organizations/{id}/suspend"),
    (Method::POST, "/{organization}/manage/organizations/{id}/reinstate"),
    (Method::GET, "/{organization}/manage/backups"),
    (Method::POST, "/{organization}/manage/backups"),
    (Method::POST, "/{organization}/manage/backups/drill"),
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
        // Boxed: as parts of one another they would be larger than a small stack.
        let answer: Answer<'_> = match (incoming.method.as_str(), incoming.route.as_str()) {
            ("GET", "/{organization}/manage") => boxed(|| home::home(self)),
            ("GET", "/{organization}/manage/events/{event}") => boxed(|| appointments::event(self)),
            ("GET", "/{organization}/manage/events/{event}/book") => boxed(|| book::form(self)),
            ("POST", "/{organization}/manage/events/{event}/book") => boxed(|| book::book(self)),
            ("POST", "/{organization}/manage/bookings/{booking}/cancel") => {
                boxed(|| appointments::cancel(self))
            }
            ("GET", "/{organization}/manage/participants/{person}") => {
                boxed(|| appointments::participant(self))
            }
            ("GET", "/{organization}/manage/participants/{person}/file.json") => {
                boxed(|| person::json(self))
            }
            ("GET", "/{organization}/manage/participants/{person}/file.csv") => {
                boxed(|| person::csv(self))
            }
            ("POST", "/{organization}/manage/participants/{person}/correct") => {
                boxed(|| person::correct(self))
            }
            ("POST", "/{organization}/manage/participants/{person}/delete") => {
                boxed(|| person::delete(self))
            }
            ("GET", "/{organization}/manage/members") => boxed(|| members::list(self)),
            ("POST", "/{organization}/manage/members") => boxed(|| members::invite(self)),
            ("GET", "/{organization}/manage/members/{member}") => boxed(|| member::member(self)),
            ("POST", "/{organization}/manage/members/{member}/access") => {
                boxed(|| member::change_access(self))
            }
            ("POST", "/{organization}/manage/members/{member}/disable") => {
                boxed(|| member::disable(self))
            }
            ("POST", "/{organization}/manage/members/{member}/enable") => {
                boxed(|| member::enable(self))
            }
            ("POST", "/{organization}/manage/members/{member}/invite") => {
                boxed(|| member::invite_again(self))
            }
            ("POST", "/{organization}/manage/members/{member}/reset") => {
                boxed(|| member::reset(self))
            }
            ("POST", "/{organization}/manage/members/{member}/sessions/end") => {
                boxed(|| member::end_sessions(self))
            }
            ("POST", "/{organization}/manage/members/{member}/supporter") => {
                boxed(|| member::supporter(self))
            }
            ("GET", "/{organization}/manage/security") => boxed(|| security::settings(self)),
            ("POST", "/{organization}/manage/security") => boxed(|| security::change(self)),
            ("GET", "/{organization}/manage/audit") => boxed(|| audit::trail(self)),
            ("GET", "/{organization}/manage/support") => boxed(|| support::list(self)),
            ("POST", "/{organization}/manage/support") => boxed(|| support::allow(self)),
            ("POST", "/{organization}/manage/support/{member}/withdraw") => {
                boxed(|| support::withdraw(self))
            }
            ("GET", "/{organization}/manage/emergency") => boxed(|| emergency::standing(self)),
            ("POST", "/{organization}/manage/emergency") => boxed(|| emergency::make(self)),
            ("POST", "/{organization}/manage/emergency/{review}/end") => {
                boxed(|| emergency::end(self))
            }
            ("POST", "/{organization}/manage/emergency/{review}/sign") => {
                boxed(|| emergency::sign(self))
            }
            ("GET", "/{organization}/manage/keys") => boxed(|| keys::list(self)),
            ("POST", "/{organization}/manage/keys/rotate") => boxed(|| keys::rotate(self)),
            ("POST", "/{organization}/manage/keys/own") => boxed(|| keys::own(self)),
            ("POST", "/{organization}/manage/keys/revoke-links") => {
                boxed(|| keys::revoke_links(self))
            }
            ("GET", "/{organization}/manage/erasure") => boxed(|| erasure::standing(self)),
            ("POST", "/{organization}/manage/erasure") => boxed(|| erasure::ask(self)),
            ("POST", "/{organization}/manage/erasure/cancel") => boxed(|| erasure::cancel(self)),
            ("GET", "/{organization}/manage/dependents") => boxed(|| dependents::list(self)),
            ("POST", "/{organization}/manage/dependents") => boxed(|| dependents::add(self)),
            ("GET", "/{organization}/manage/dependents/{dependent}") => {
                boxed(|| dependent::dependent(self))
            }
            ("POST", "/{organization}/manage/dependents/{dependent}/delete") => {
                boxed(|| dependent::delete(self))
            }
            ("POST", "/{organization}/manage/dependents/{dependent}/remove") => {
                boxed(|| dependents::remove(self))
            }
            ("GET", "/{organization}/manage/retention") => boxed(|| retention::settings(self)),
            ("POST", "/{organization}/manage/retention") => boxed(|| retention::change(self)),
            ("POST", "/{organization}/manage/holds") => boxed(|| holds::place(self)),
            ("POST", "/{organization}/manage/holds/lift") => boxed(|| holds::lift(self)),
            ("GET", "/{organization}/manage/organizations") => boxed(|| operator::list(self)),
            ("POST", "/{organization}/manage/organizations/{id}/approve") => {
                boxed(|| operator::approve(self))
            }
            ("POST", "/{organization}/manage/organizations/{id}/suspend") => {
                boxed(|| operator::suspend(self))
            }
            ("POST", "/{organization}/manage/organizations/{id}/reinstate") => {
                boxed(|| operator::reinstate(self))
            }
            ("GET", "/{organization}/manage/backups") => boxed(|| backups::list(self)),
            ("POST", "/{organization}/manage/backups") => boxed(|| backups::take(self)),
            ("POST", "/{organization}/manage/backups/drill") => boxed(|| backups::try_out(self)),
            _ => return Err(Fault::not_found()),
        };
        answer.await
    }
}
