//! Signing in and out: sign-up of organizations, invitations, passwords, second
//! factors, sessions. Pages and JSON from the same routes.
//!
//! It is a function of its own so that hashing passwords, which is slow on
//! purpose, never slows booking.

mod handlers;
pub mod pages;
mod settings;

use std::sync::Arc;

use http::Method;
use lambda_http::{Body, Request, Response};
use shared::service::Service;
use shared::web::page::finish;
use shared::web::{Fault, Incoming, Reply};

pub use settings::LoginSettings;

use crate::handlers::sign_in;

/// The function with what it works with.
pub struct Login {
    service: Arc<Service>,
    settings: LoginSettings,
}

/// The routes this function answers, as template.yaml writes them; a test
/// holds the two against each other.
pub const ROUTES: &[(Method, &str)] = &[(Method::GET, "/{organization}/sign-in")];

/// One request on its way through the function.
struct Visit<'a> {
    function: &'a Login,
    incoming: Incoming,
    now: jiff::Timestamp,
}

impl Login {
    /// The function over its service.
    #[must_use]
    pub fn new(service: Arc<Service>, settings: LoginSettings) -> Self {
        Self { service, settings }
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
            ("GET", "/{organization}/sign-in") => sign_in::form(self).await,
            _ => Err(Fault::not_found()),
        }
    }
}
