//! Signing in and out: sign-up of organizations, invitations, passwords, second
//! factors, sessions. Pages and JSON from the same routes.
//!
//! It is a function of its own so that hashing passwords, which is slow on
//! purpose, never slows booking. It translates; what happens is decided in
//! `shared::identity::door`.

mod forms;
mod handlers;
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
use shared::web::{Fault, Incoming, Reply};
use tokio::time::Instant;

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
        match (incoming.method.as_str(), incoming.route.as_str()) {
            ("GET", "/sign-up") => sign_up::form(self).await,
            ("POST", "/sign-up") => sign_up::ask(self).await,
            ("GET", "/sign-up/{link}") => sign_up::link(self).await,
            ("POST", "/sign-up/{link}") => sign_up::found(self).await,
            ("GET", "/{organization}/sign-in") => sign_in::form(self).await,
            ("POST", "/{organization}/sign-in") => sign_in::sign_in(self).await,
            ("GET", "/{organization}/sign-in/second") => second::form(self).await,
            ("POST", "/{organization}/sign-in/second") => second::second(self).await,
            ("POST", "/{organization}/sign-in/passkey/options") => passkey::options(self).await,
            ("POST", "/{organization}/sign-in/passkey") => passkey::passkey(self).await,
            ("POST", "/{organization}/sign-in/link") => link::ask(self).await,
            ("GET", "/{organization}/sign-in/{link}") => link::page(self).await,
            ("POST", "/{organization}/sign-in/{link}") => link::spend(self).await,
            ("POST", "/{organization}/sign-out") => session::sign_out(self).await,
            ("GET", "/{organization}/reset") => reset::form(self).await,
            ("POST", "/{organization}/reset") => reset::ask(self).await,
            ("GET", "/{organization}/reset/{link}") => reset::link(self).await,
            ("POST", "/{organization}/reset/{link}") => reset::reset(self).await,
            ("GET", "/{organization}/invitation/{link}") => invitation::page(self).await,
            ("POST", "/{organization}/invitation/{link}") => invitation::accept(self).await,
            ("GET", "/{organization}/emergency") => emergency::form(self).await,
            ("POST", "/{organization}/emergency") => emergency::open(self).await,
            ("GET", "/{organization}/session") => session::left(self).await,
            ("POST", "/{organization}/session") => session::stay(self).await,
            ("GET", "/{organization}/account") => account::page(self).await,
            ("GET", "/{organization}/account/confirm") => confirm::form(self).await,
            ("POST", "/{organization}/account/confirm") => confirm::confirm(self).await,
            ("GET", "/{organization}/account/password") => account::password_form(self).await,
            ("POST", "/{organization}/account/password") => account::password(self).await,
            ("GET", "/{organization}/account/email") => account::email_form(self).await,
            ("POST", "/{organization}/account/email") => account::email(self).await,
            ("GET", "/{organization}/account/email/{link}") => account::email_link(self).await,
            ("POST", "/{organization}/account/email/{link}") => account::change_email(self).await,
            ("GET", "/{organization}/account/codes") => factors::codes_form(self).await,
            ("POST", "/{organization}/account/codes") => factors::codes(self).await,
            ("POST", "/{organization}/account/codes/remove") => factors::remove_codes(self).await,
            ("POST", "/{organization}/account/recovery") => factors::recovery(self).await,
            ("POST", "/{organization}/account/passkeys/options") => {
                factors::passkey_options(self).await
            }
            ("POST", "/{organization}/account/passkeys") => factors::add_passkey(self).await,
            ("POST", "/{organization}/account/passkeys/{passkey}/remove") => {
                factors::remove_passkey(self).await
            }
            ("POST", "/{organization}/account/sessions/{session}/end") => session::end(self).await,
            ("POST", "/{organization}/account/sessions/end") => session::end_others(self).await,
            ("POST", "/{organization}/account/meter") => account::meter(self).await,
            _ => Err(Fault::not_found()),
        }
    }
}
