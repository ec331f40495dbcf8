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
use shared::participant::Allowances;
use shared::service::Service;
use shared::web::{Fault, Incoming, Reply};

use crate::handlers::{book, browse, dependents, glance, link, mine};

/// The function with what it works with.
pub struct Booking {
    service: Arc<Service>,
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
];

/// One request on its way through the function.
struct Visit<'a> {
    function: &'a Booking,
    incoming: Incoming,
    now: jiff::Timestamp,
}

impl Booking {
    /// The function over its service.
    #[must_use]
    pub fn new(service: Arc<Service>) -> Self {
        Self {
            service,
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
        match (incoming.method.as_str(), incoming.route.as_str()) {
            ("GET", "/") => browse::front(self),
            ("GET", "/assets/{file}") => browse::asset(self),
            ("GET", "/openapi.json") => Ok(openapi::description()),
            ("GET", "/{organization}") => browse::organization(self).await,
            ("GET", "/{organization}/privacy") => browse::privacy(self).await,
            ("GET", "/{organization}/{event}") => browse::event(self).await,
            ("GET", "/{organization}/{event}/slots") => browse::slots(self).await,
            ("GET", "/{organization}/{event}/book") => book::form(self).await,
            ("POST", "/{organization}/{event}/bookings") => book::book(self).await,
            ("GET", "/{organization}/confirm/{link}") => link::confirm_page(self).await,
            ("POST", "/{organization}/confirm/{link}") => link::confirm(self).await,
            ("GET", "/{organization}/bookings") => mine::mine(self).await,
            ("GET", "/{organization}/dependents") => dependents::list(self).await,
            ("POST", "/{organization}/dependents") => dependents::attach(self).await,
            ("POST", "/{organization}/dependents/{dependent}/remove") => {
                dependents::detach(self).await
            }
            ("GET", "/{organization}/bookings/{link}") => link::booking(self).await,
            ("GET", "/{organization}/bookings/{link}/calendar.ics") => link::calendar(self).await,
            ("POST", "/{organization}/bookings/{link}/cancel") => link::cancel(self).await,
            ("GET", "/{organization}/bookings/{link}/move") => link::move_page(self).await,
            ("POST", "/{organization}/bookings/{link}/move") => link::move_to(self).await,
            _ => Err(Fault::not_found()),
        }
    }
}
