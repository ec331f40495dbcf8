//! `/_local`: a look behind the scenes, as pages for people and as JSON for
//! tests. Only this machine gets to see it: other hosts' names and other
//! sites' pages are refused.

mod guard;
mod mail;
mod overview;

use crate::cloud::Parts;
use crate::gateway::wants_page;
use askama::Template;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use std::sync::Arc;

const LOCAL_STYLE: &str = include_str!("templates/local.css");
const BANNER_STYLE: &str = include_str!("templates/banner.css");

/// What these pages may load: their own style and the mails' frames.
const POLICY: &str = "default-src 'none'; style-src 'self'; frame-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(crate) fn router(parts: Arc<Parts>) -> Router {
    Router::new()
        .route("/_local", get(overview::overview))
        .route("/_local/", get(overview::overview))
        .route("/_local/mail", get(mail::list).delete(mail::empty))
        .route("/_local/mail/empty", post(mail::empty))
        .route("/_local/mail/{id}", get(mail::show))
        .route("/_local/mail/{id}/html", get(mail::html))
        .route("/_local/mail/{id}/attachments/{number}", get(mail::attachment))
        .route("/_local/clock", get(overview::clock).post(overview::move_clock))
        .route("/_local/streams", get(overview::streams))
        .route("/_local/dead-letters", get(overview::dead_letters))
        .route("/_local/schedules", get(overview::schedules))
        .route("/_local/schedules/{name}/fire", post(overview::fire))
        .route("/_local/settle", post(overview::settle))
        .route("/_local/local.css", get(|| style(LOCAL_STYLE)))
        .route("/_local/banner.css", get(|| style(BANNER_STYLE)))
        .layer(middleware::from_fn(guard::only_this_machine))
        .with_state(parts)
}

async fn style(text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    response
}

/// One value, two renderings.
fn render<T: Template>(
    headers: &HeaderMap,
    value: &impl Serialize,
    page: impl FnOnce() -> T,
) -> Response {
    if !wants_page(headers) {
        return json(StatusCode::OK, value);
    }
    match page().render() {
        Ok(page) => {
            let mut response = Response::new(Body::from(page));
            let headers = response.headers_mut();
            headers
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
            private(headers);
            response
        }
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "failed", &error.to_string()),
    }
}

/// After a form: back to the page, so that a reload does not repeat it.
fn after_form(headers: &HeaderMap, back_to: &'static str, value: &impl Serialize) -> Response {
    if wants_page(headers) {
        return (StatusCode::SEE_OTHER, [(header::LOCATION, back_to)]).into_response();
    }
    json(StatusCode::OK, value)
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    private(headers);
    response
}

fn refuse(status: StatusCode, kind: &str, message: &str) -> Response {
    json(status, &serde_json::json!({"error": {"kind": kind, "message": message}}))
}

fn private(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
