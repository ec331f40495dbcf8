//! For the organization's team: its members, security settings, audit trail,
//! support grants and appointments. Pages and JSON from the same routes.
//!
//! The function translates; who may do what is decided in
//! `shared::identity::access::rules`.

mod handlers;
pub mod pages;

use std::sync::Arc;

use http::Method;
use lambda_http::{Body, Request, Response};
use shared::service::Service;
use shared::web::page::finish;
use shared::web::{Fault, Incoming, Reply};

use crate::handlers::home;

/// The function with what it works with.
pub struct Organizer {
    service: Arc<Service>,
}

/// The routes this function answers, as template.yaml writes them; a test
/// holds the two against each other.
pub const ROUTES: &[(Method, &str)] = &[(Method::GET, "/{organization}/manage")];

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
        Self { service }
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
            _ => Err(Fault::not_found()),
        }
    }
}
