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

use std::pin::Pin;
use std::sync::Arc;

use http::Method;
use lambda_http::{Body, Request, Response};
use shared::participant::Allowances;
use shared::service::Service;
use shared::web::page::finish;
use shared::web::{Fault, Incoming, Reply};

use crate::handlers::{
    appointments, audit, backups, book, dependents, emergency, erasure, holds, home, keys, member,
    members, operator, person, retention, security, support,
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
    (Method::POST, "/{organization}/manage/keys/revoke-links"),
    (Method::GET, "/{organization}/manage/erasure"),
    (Method::POST, "/{organization}/manage/erasure"),
    (Method::POST, "/{organization}/manage/erasure/cancel"),
    (Method::GET, "/{organization}/manage/dependents"),
    (Method::POST, "/{organization}/manage/dependents"),
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

/// What a route is about to answer.
type Answer<'a> = Pin<Box<dyn Future<Output = Result<Reply, Fault>> + Send + 'a>>;

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
            ("GET", "/{organization}/manage") => Box::pin(home::home(self)),
            ("GET", "/{organization}/manage/events/{event}") => Box::pin(appointments::event(self)),
            ("GET", "/{organization}/manage/events/{event}/book") => Box::pin(book::form(self)),
            ("POST", "/{organization}/manage/events/{event}/book") => Box::pin(book::book(self)),
            ("POST", "/{organization}/manage/bookings/{booking}/cancel") => {
                Box::pin(appointments::cancel(self))
            }
            ("GET", "/{organization}/manage/participants/{person}") => {
                Box::pin(appointments::participant(self))
            }
            ("GET", "/{organization}/manage/participants/{person}/file.json") => {
                Box::pin(person::json(self))
            }
            ("GET", "/{organization}/manage/participants/{person}/file.csv") => {
                Box::pin(person::csv(self))
            }
            ("POST", "/{organization}/manage/participants/{person}/correct") => {
                Box::pin(person::correct(self))
            }
            ("POST", "/{organization}/manage/participants/{person}/delete") => {
                Box::pin(person::delete(self))
            }
            ("GET", "/{organization}/manage/members") => Box::pin(members::list(self)),
            ("POST", "/{organization}/manage/members") => Box::pin(members::invite(self)),
            ("GET", "/{organization}/manage/members/{member}") => Box::pin(member::member(self)),
            ("POST", "/{organization}/manage/members/{member}/access") => {
                Box::pin(member::change_access(self))
            }
            ("POST", "/{organization}/manage/members/{member}/disable") => {
                Box::pin(member::disable(self))
            }
            ("POST", "/{organization}/manage/members/{member}/enable") => {
                Box::pin(member::enable(self))
            }
            ("POST", "/{organization}/manage/members/{member}/invite") => {
                Box::pin(member::invite_again(self))
            }
            ("POST", "/{organization}/manage/members/{member}/reset") => {
                Box::pin(member::reset(self))
            }
            ("POST", "/{organization}/manage/members/{member}/sessions/end") => {
                Box::pin(member::end_sessions(self))
            }
            ("POST", "/{organization}/manage/members/{member}/supporter") => {
                Box::pin(member::supporter(self))
            }
            ("GET", "/{organization}/manage/security") => Box::pin(security::settings(self)),
            ("POST", "/{organization}/manage/security") => Box::pin(security::change(self)),
            ("GET", "/{organization}/manage/audit") => Box::pin(audit::trail(self)),
            ("GET", "/{organization}/manage/support") => Box::pin(support::list(self)),
            ("POST", "/{organization}/manage/support") => Box::pin(support::allow(self)),
            ("POST", "/{organization}/manage/support/{member}/withdraw") => {
                Box::pin(support::withdraw(self))
            }
            ("GET", "/{organization}/manage/emergency") => Box::pin(emergency::standing(self)),
            ("POST", "/{organization}/manage/emergency") => Box::pin(emergency::make(self)),
            ("POST", "/{organization}/manage/emergency/{review}/end") => {
                Box::pin(emergency::end(self))
            }
            ("POST", "/{organization}/manage/emergency/{review}/sign") => {
                Box::pin(emergency::sign(self))
            }
            ("GET", "/{organization}/manage/keys") => Box::pin(keys::list(self)),
            ("POST", "/{organization}/manage/keys/rotate") => Box::pin(keys::rotate(self)),
            ("POST", "/{organization}/manage/keys/revoke-links") => {
                Box::pin(keys::revoke_links(self))
            }
            ("GET", "/{organization}/manage/erasure") => Box::pin(erasure::standing(self)),
            ("POST", "/{organization}/manage/erasure") => Box::pin(erasure::ask(self)),
            ("POST", "/{organization}/manage/erasure/cancel") => Box::pin(erasure::cancel(self)),
            ("GET", "/{organization}/manage/dependents") => Box::pin(dependents::list(self)),
            ("POST", "/{organization}/manage/dependents") => Box::pin(dependents::add(self)),
            ("POST", "/{organization}/manage/dependents/{dependent}/remove") => {
                Box::pin(dependents::remove(self))
            }
            ("GET", "/{organization}/manage/retention") => Box::pin(retention::settings(self)),
            ("POST", "/{organization}/manage/retention") => Box::pin(retention::change(self)),
            ("POST", "/{organization}/manage/holds") => Box::pin(holds::place(self)),
            ("POST", "/{organization}/manage/holds/lift") => Box::pin(holds::lift(self)),
            ("GET", "/{organization}/manage/organizations") => Box::pin(operator::list(self)),
            ("POST", "/{organization}/manage/organizations/{id}/approve") => {
                Box::pin(operator::approve(self))
            }
            ("POST", "/{organization}/manage/organizations/{id}/suspend") => {
                Box::pin(operator::suspend(self))
            }
            ("POST", "/{organization}/manage/organizations/{id}/reinstate") => {
                Box::pin(operator::reinstate(self))
            }
            ("GET", "/{organization}/manage/backups") => Box::pin(backups::list(self)),
            ("POST", "/{organization}/manage/backups") => Box::pin(backups::take(self)),
            ("POST", "/{organization}/manage/backups/drill") => Box::pin(backups::try_out(self)),
            _ => return Err(Fault::not_found()),
        };
        answer.await
    }
}
