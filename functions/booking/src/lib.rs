//! For visitors: what is open, book, move, cancel. Pages and JSON from the
//! same routes.
//!
//! The function translates: it finds the route, parses the request into values
//! that cannot be wrong, lets the domain act, and turns the answer into a
//! reply. What may be booked is decided in `shared::booking::rules`.

mod handlers;
mod openapi;
pub mod pages;
mod replies;
pub mod wire;
mod words;

use std::sync::Arc;

use http::Method;
use lambda_http::{Body, Request, Response};
use shared::certificate::CertificateKey;
use shared::participant::Allowances;
use shared::service::Service;
use shared::settings::{SettingError, required};
use shared::web::{Answer, Fault, Incoming, Reply, boxed};

pub use openapi::own as description;

use crate::handlers::{book, browse, certificate, dependents, glance, link, mine, your_data};

/// What this function needs beyond what every function has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingSettings {
    /// The KMS key that certificates are checked with: an ARN or a key id.
    pub certificate_key: String,
}

impl BookingSettings {
    /// Reads the settings through `variable`, which looks a name up.
    ///
    /// # Errors
    /// [`SettingError`] names the variable.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        Ok(Self { certificate_key: required(&variable, "CERTIFICATE_KEY_ID")? })
    }
}

/// The function with what it works with.
pub struct Booking {
    service: Arc<Service>,
    certificates: CertificateKey,
    allowances: Allowances,
    free: browse::FreeCounts,
    glances: glance::Glances,
}

/// The routes this function answers, as template.yaml writes them; a test
/// holds the two against each other.
pub const ROUTES: &[(Method, &str)] = &[
    (Method::GET, "/"),
    (Method::GET, "/assets/{file}"),
    (Method::GET, "/openapi.json"),
    (Method::GET, "/certificates/{link}"),
    (Method::GET, "/{organization}"),
    (Method::GET, "/{organization}/privacy"),
    (Method::GET, "/{organization}/{event}"),
    (Method::GET, "/{organization}/{event}/slots"),
    (Method::GET, "/{organization}/{event}/book"),
    (Method::POST, "/{organization}/{event}/bookings"),
    (Method::GET, "/{organization}/confirm/{link}"),
    (Method::POST, "/{organization}/confirm/{link}"),
    (Method::GET, "/{organization}/bookings"),
    (Method::GET, "/{organization}/bookings/{link}"),
    (Method::GET, "/{organization}/bookings/{link}/calendar.ics"),
    (Method::POST, "/{organization}/bookings/{link}/cancel"),
    (Method::GET, "/{organization}/bookings/{link}/move"),
    (Method::POST, "/{organization}/bookings/{link}/move"),
    (Method::GET, "/{organization}/dependents"),
    (Method::POST, "/{organization}/dependents"),
    (Method::POST, "/{organization}/dependents/{dependent}/remove"),
    (Method::GET, "/{organization}/your-data"),
    (Method::POST, "/{organization}/your-data"),
    (Method::GET, "/{organization}/your-data/file.json"),
    (Method::GET, "/{organization}/your-data/file.csv"),
    (Method::POST, "/{organization}/your-data/delete"),
];

/// One request on its way through the function.
struct Visit<'a> {
    function: &'a Booking,
    incoming: Incoming,
    now: jiff::Timestamp,
}

impl Booking {
    /// The function over its service and the key that checks certificates.
    #[must_use]
    pub fn new(service: Arc<Service>, certificates: CertificateKey) -> Self {
        Self {
            service,
            certificates,
            allowances: Allowances::default(),
            free: browse::FreeCounts::default(),
            glances: glance::Glances::default(),
        }
    }

    /// Answers one request. It always answers: what fails becomes a reply.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        let visit = Visit {
            function: self,
            incoming: Incoming::read(request),
            now: self.service.clock.now(),
        };
        let outcome = visit.answer().await;
        shared::web::page::finish(&visit.incoming, outcome)
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
            ("GET", "/") => return browse::front(self),
            ("GET", "/assets/{file}") => return browse::asset(self),
            ("GET", "/openapi.json") => return Ok(openapi::description()),
            ("GET", "/certificates/{link}") => boxed(|| certificate::certificate(self)),
            ("GET", "/{organization}") => boxed(|| browse::organization(self)),
            ("GET", "/{organization}/privacy") => boxed(|| browse::privacy(self)),
            ("GET", "/{organization}/{event}") => boxed(|| browse::event(self)),
            ("GET", "/{organization}/{event}/slots") => boxed(|| browse::slots(self)),
            ("GET", "/{organization}/{event}/book") => boxed(|| book::form(self)),
            ("POST", "/{organization}/{event}/bookings") => boxed(|| book::book(self)),
            ("GET", "/{organization}/confirm/{link}") => boxed(|| link::confirm_page(self)),
            ("POST", "/{organization}/confirm/{link}") => boxed(|| link::confirm(self)),
            ("GET", "/{organization}/bookings") => boxed(|| mine::mine(self)),
            ("GET", "/{organization}/dependents") => boxed(|| dependents::list(self)),
            ("POST", "/{organization}/dependents") => boxed(|| dependents::attach(self)),
            ("POST", "/{organization}/dependents/{dependent}/remove") => {
                boxed(|| dependents::detach(self))
            }
            ("GET", "/{organization}/your-data") => boxed(|| your_data::your_data(self)),
            ("POST", "/{organization}/your-data") => boxed(|| your_data::correct(self)),
            ("GET", "/{organization}/your-data/file.json") => boxed(|| your_data::json(self)),
            ("GET", "/{organization}/your-data/file.csv") => boxed(|| your_data::csv(self)),
            ("POST", "/{organization}/your-data/delete") => boxed(|| your_data::delete(self)),
            ("GET", "/{organization}/bookings/{link}") => boxed(|| link::booking(self)),
            ("GET", "/{organization}/bookings/{link}/calendar.ics") => {
                boxed(|| link::calendar(self))
            }
            ("POST", "/{organization}/bookings/{link}/cancel") => boxed(|| link::cancel(self)),
            ("GET", "/{organization}/bookings/{link}/move") => boxed(|| link::move_page(self)),
            ("POST", "/{organization}/bookings/{link}/move") => boxed(|| link::move_to(self)),
            _ => return Err(Fault::not_found()),
        };
        answer.await
    }
}
