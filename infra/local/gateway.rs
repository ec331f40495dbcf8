//! API Gateway: every request becomes the real event, and the reply is read
//! back from the real response type.

mod cookies;
mod event;
mod reply;
mod routes;

pub(crate) use reply::wants_page;
pub use routes::{Match, Routes};

use crate::account::fresh_id;
use crate::functions::{CallError, Hosted};
use crate::streams::Streams;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyResponse;
use shared::ambient::{Clock, SystemChance};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The largest request and the largest reply.
const LARGEST: usize = 4 * 1024 * 1024;
/// The longest a visitor waits.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// What the gateway needs to answer.
pub(crate) struct Gateway {
    pub(crate) routes: Routes,
    /// In the order that [`Routes`] counts them.
    pub(crate) functions: Vec<Arc<Hosted>>,
    pub(crate) streams: Arc<Streams>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stage: String,
    pub(crate) sends_bytes: bool,
}

/// Why the gateway answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotFound,
    RequestTooLarge,
    RequestUnreadable,
    BadReply,
    TooLong,
}

impl Refusal {
    fn words(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "There is nothing here."),
            Self::RequestTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "This is more than can be taken at once (4 MB).",
            ),
            Self::RequestUnreadable => {
                (StatusCode::BAD_REQUEST, "invalid", "This request could not be read.")
            }
            Self::BadReply => {
                (StatusCode::BAD_GATEWAY, "failed", "Something went wrong. Please try again.")
            }
            Self::TooLong => {
                (StatusCode::GATEWAY_TIMEOUT, "timeout", "This took too long. Please try again.")
            }
        }
    }
}

/// Answers any request that is not for the local cloud's own pages.
pub(crate) async fn answer(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let wants_page = reply::wants_page(request.headers());
    let without_body = request.method() == Method::HEAD;
    let outcome = gateway.call(peer, request).await;
    let mut response = outcome.unwrap_or_else(|refusal| {
        let (status, kind, message) = refusal.words();
        reply::refuse(status, kind, message, wants_page)
    });
    if without_body {
        // The length stays what GET would send.
        if let Some(length) = axum::body::HttpBody::size_hint(response.body()).exact() {
            response.headers_mut().insert("content-length", length.into());
        }
        *response.body_mut() = Body::empty();
    }
    response
}

impl Gateway {
    async fn call(&self, peer: SocketAddr, request: Request) -> Result<Response, Refusal> {
        let (mut parts, body) = request.into_parts();
        cookies::tighten(&mut parts.headers);
        let method = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
        let found = self.routes.find(method.as_str(), parts.uri.path()).ok_or(Refusal::NotFound)?;
        let declared = parts.headers.get("content-length").and_then(|value| value.to_str().ok());
        if declared
            .and_then(|length| length.parse().ok())
            .is_some_and(|length: usize| length > LARGEST)
        {
            return Err(Refusal::RequestTooLarge);
        }
        let body = axum::body::to_bytes(body, LARGEST).await.map_err(|error| {
            let over = std::error::Error::source(&error)
                .is_some_and(|source| source.to_string().contains("length limit"));
            if over { Refusal::RequestTooLarge } else { Refusal::RequestUnreadable }
        })?;
        let id = fresh_id(&SystemChance).map_err(|_| Refusal::BadReply)?;
        let function = &self.functions[found.function];
        let event = event::compose(&event::Parts {
            found: &found,
            method,
            request: &parts,
            body: &body,
            peer,
            id: &id,
            stage: &self.stage,
            now: self.clock.now(),
        })
        .map_err(|_| Refusal::RequestUnreadable)?;
        drop(body);
        let called = tokio::time::timeout(LONGEST_WAIT, function.http(event)).await;
        if method != Method::GET {
            self.streams.nudge();
        }
        let reply = match called {
            Ok(Ok(reply)) => reply,
            Ok(Err(CallError::TimedOut)) | Err(_) => {
                tracing::error!(route = found.resource, "the function took too long");
                return Err(Refusal::TooLong);
            }
            Ok(Err(problem)) => {
                tracing::error!(route = found.resource, %problem, "the function gave no reply");
                return Err(Refusal::BadReply);
            }
        };
        if reply.len() > LARGEST {
            tracing::error!(route = found.resource, "the reply is larger than 4 MB");
            return Err(Refusal::BadReply);
        }
        let reply: ApiGatewayProxyResponse = serde_json::from_slice(&reply).map_err(|error| {
            tracing::error!(route = found.resource, %error, "the reply is malformed");
            Refusal::BadReply
        })?;
        reply::compose(reply, self.sends_bytes, found.resource == "/").ok_or(Refusal::BadReply)
    }
}
