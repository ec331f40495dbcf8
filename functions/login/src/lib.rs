//! Signing in and out: sign-up of organizations, invitations, passwords, second
//! factors, sessions. Pages and JSON from the same routes.
//!
//! It is a function of its own so that hashing passwords, which is slow on
//! purpose, never slows booking. It translates; what happens is decided in
//! `shared::identity::door`.

mod forms;
mod handlers;
mod openapi;
pub mod pages;
mod settings;
mod threshold;
pub mod wire;
mod words;

use std::sync::Arc;

use http::Method;
use lambda_http::{Body, Request, Response};
use shared::participant::Allowances;
use shared::service::Service;
use shared::web::page::finish;
use shared::web::{Answer, Fault, Incoming, Reply, boxed};
use tokio::time::Instant;

pub use openapi::description;
pub use settings::LoginSettings;

use crate::handlers::{
    account, confirm, emergency, factors, invitation, link, passkey, reset, second, session,
    sign_in, sign_up,
};

/// The function with what it works with.
pub struct Login {
    service: Arc<Service>,
    settings: LoginSettings,
    allowances: Allowances,
}

/// The routes this function answers, as template.yaml writes them; a test
/// holds the two against each other.
pub const ROUTES: &[(Method, &str)] = &[
    (Method::GET, "/sign-up"),
    (Method::POST, "/sign-up"),
    (Method::GET, "/sign-up/{link}"),
    (Method::POST, "/sign-up/{link}"),
    (Method::GET, "/{organization}/sign-in"),
    (Method::POST, "/{organization}/sign-in"),
    (Method::GET, "/{organization}/sign-in/second"),
    (Method::POST, "/{organization}/sign-in/second"),
    (Method::POST, "/{organization}/sign-in/passkey/options"),
    (Method::POST, "/{organization}/sign-in/passkey"),
    (Method::POST, "/{organization}/sign-in/link"),
    (Method::GET, "/{organization}/sign-in/{link}"),
    (Method::POST, "/{organization}/sign-in/{link}"),
    (Method::POST, "/{organization}/sign-out"),
    (Method::GET, "/{organization}/reset"),
    (Method::POST, "/{organization}/reset"),
    (Method::GET, "/{organization}/reset/{link}"),
    (Method::POST, "/{organization}/reset/{link}"),
    (Method::GET, "/{organization}/invitation/{link}"),
    (Method::POST, "/{organization}/invitation/{link}"),
    (Method::GET, "/{organization}/emergency"),
    (Method::POST, "/{organization}/emergency"),
    (Method::GET, "/{organization}/session"),
    (Method::POST, "/{organization}/session"),
    (Method::GET, "/{organization}/account"),
    (Method::GET, "/{organization}/account/confirm"),
    (Method::POST, "/{organization}/account/confirm"),
    (Method::GET, "/{organization}/account/password"),
    (Method::POST, "/{organization}/account/password"),
    (Method::GET, "/{organization}/account/email"),
    (Method::POST, "/{organization}/account/email"),
    (Method::GET, "/{organization}/account/email/{link}"),
    (Method::POST, "/{organization}/account/email/{link}"),
    (Method::GET, "/{organization}/account/codes"),
    (Method::POST, "/{organization}/account/codes"),
    (Method::POST, "/{organization}/account/codes/remove"),
    (Method::POST, "/{organization}/account/recovery"),
    (Method::POST, "/{organization}/account/passkeys/options"),
    (Method::POST, "/{organization}/account/passkeys"),
    (Method::POST, "/{organization}/account/passkeys/{passkey}/remove"),
    (Method::POST, "/{organization}/account/sessions/{session}/end"),
    (Method::POST, "/{organization}/account/sessions/end"),
    (Method::POST, "/{organization}/account/meter"),
];

/// One request on its way through the function.
struct Visit<'a> {
    function: &'a Login,
    incoming: Incoming,
    now: jiff::Timestamp,
    arrived: Instant,
}

impl Login {
    /// The function over its service.
    #[must_use]
    pub fn new(service: Arc<Service>, settings: LoginSettings) -> Self {
        Self { service, settings, allowances: Allowances::default() }
    }

    /// Answers one request. It always answers: what fails becomes a reply.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        let arrived = Instant::now();
        let incoming = Incoming::read(request);
        let visit = Visit { function: self, incoming, now: self.service.clock.now(), arrived };
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
        self.routed().await
    }

    /// What answers the route. Each answer is boxed: together they would not fit
    /// on a small stack.
    fn routed(&self) -> Answer<'_> {
        match (self.incoming.method.as_str(), self.incoming.route.as_str()) {
            ("GET", "/sign-up") => boxed(|| sign_up::form(self)),
            ("POST", "/sign-up") => boxed(|| sign_up::ask(self)),
            ("GET", "/sign-up/{link}") => boxed(|| sign_up::link(self)),
            ("POST", "/sign-up/{link}") => boxed(|| sign_up::found(self)),
            ("GET", "/{organization}/sign-in") => boxed(|| sign_in::form(self)),
            ("POST", "/{organization}/sign-in") => boxed(|| sign_in::sign_in(self)),
            ("GET", "/{organization}/sign-in/second") => boxed(|| second::form(self)),
            ("POST", "/{organization}/sign-in/second") => boxed(|| second::second(self)),
            ("POST", "/{organization}/sign-in/passkey/options") => boxed(|| passkey::options(self)),
            ("POST", "/{organization}/sign-in/passkey") => boxed(|| passkey::passkey(self)),
            ("POST", "/{organization}/sign-in/link") => boxed(|| link::ask(self)),
            ("GET", "/{organization}/sign-in/{link}") => boxed(|| link::page(self)),
            ("POST", "/{organization}/sign-in/{link}") => boxed(|| link::spend(self)),
            ("POST", "/{organization}/sign-out") => boxed(|| session::sign_out(self)),
            ("GET", "/{organization}/reset") => boxed(|| reset::form(self)),
            ("POST", "/{organization}/reset") => boxed(|| reset::ask(self)),
            ("GET", "/{organization}/reset/{link}") => boxed(|| reset::link(self)),
            ("POST", "/{organization}/reset/{link}") => boxed(|| reset::reset(self)),
            ("GET", "/{organization}/invitation/{link}") => boxed(|| invitation::page(self)),
            ("POST", "/{organization}/invitation/{link}") => boxed(|| invitation::accept(self)),
            ("GET", "/{organization}/emergency") => boxed(|| emergency::form(self)),
            ("POST", "/{organization}/emergency") => boxed(|| emergency::open(self)),
            ("GET", "/{organization}/session") => boxed(|| session::left(self)),
            ("POST", "/{organization}/session") => boxed(|| session::stay(self)),
            ("GET", "/{organization}/account") => boxed(|| account::page(self)),
            ("GET", "/{organization}/account/confirm") => boxed(|| confirm::form(self)),
            ("POST", "/{organization}/account/confirm") => boxed(|| confirm::confirm(self)),
            ("GET", "/{organization}/account/password") => boxed(|| account::password_form(self)),
            ("POST", "/{organization}/account/password") => boxed(|| account::password(self)),
            ("GET", "/{organization}/account/email") => boxed(|| account::email_form(self)),
            ("POST", "/{organization}/account/email") => boxed(|| account::email(self)),
            ("GET", "/{organization}/account/email/{link}") => boxed(|| account::email_link(self)),
            ("POST", "/{organization}/account/email/{link}") => {
                boxed(|| account::change_email(self))
            }
            ("GET", "/{organization}/account/codes") => boxed(|| factors::codes_form(self)),
            ("POST", "/{organization}/account/codes") => boxed(|| factors::codes(self)),
            ("POST", "/{organization}/account/codes/remove") => {
                boxed(|| factors::remove_codes(self))
            }
            ("POST", "/{organization}/account/recovery") => boxed(|| factors::recovery(self)),
            ("POST", "/{organization}/account/passkeys/options") => {
                boxed(|| factors::passkey_options(self))
            }
            ("POST", "/{organization}/account/passkeys") => boxed(|| factors::add_passkey(self)),
            ("POST", "/{organization}/account/passkeys/{passkey}/remove") => {
                boxed(|| factors::remove_passkey(self))
            }
            ("POST", "/{organization}/account/sessions/{session}/end") => {
                boxed(|| session::end(self))
            }
            ("POST", "/{organization}/account/sessions/end") => boxed(|| session::end_others(self)),
            ("POST", "/{organization}/account/meter") => boxed(|| account::meter(self)),
            _ => Box::pin(std::future::ready(Err(Fault::not_found()))),
        }
    }
}
