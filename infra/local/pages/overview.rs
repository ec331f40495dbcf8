//! The clock, streams, dead letters and schedules.

use super::{after_form, json, refuse, render};
use crate::clock::MoveError;
use crate::cloud::Parts;
use crate::schedules::Firing;
use crate::streams::{DeadLetter, Standing};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use shared::ambient::Clock;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    now: String,
    mails: u64,
    streams: Vec<Standing>,
    schedules: Vec<Row>,
    dead_letters: Vec<DeadLetter>,
    dependents: &'static [(&'static str, &'static str, &'static str)],
}

/// A schedule as the page shows it.
struct Row {
    name: String,
    schedule: String,
    last: String,
    next: String,
}

pub(super) async fn overview(State(parts): State<Arc<Parts>>, headers: HeaderMap) -> Response {
    let streams = parts.streams.standings();
    let schedules = parts.schedules.firings();
    let dead_letters = parts.streams.dead_letters();
    let value = json!({
        "now": parts.clock.now(),
        "mail": parts.mailbox.total(),
        "streams": streams,
        "schedules": schedules,
        "dead_letters": dead_letters,
    });
    render(&headers, &value, || Overview {
        now: readable(parts.clock.now()),
        mails: parts.mailbox.total(),
        streams,
        schedules: schedules.into_iter().map(Row::of).collect(),
        dead_letters,
        dependents: &crate::demonstration::DEPENDENTS,
    })
}

impl Row {
    fn of(firing: Firing) -> Self {
        Self {
            name: firing.name,
            schedule: firing.schedule,
            last: firing.last.map_or_else(|| "not since the start".to_owned(), readable),
            next: readable(firing.next),
        }
    }
}

/// A moment for people: this machine's, so in UTC and said so.
pub(super) fn readable(moment: Timestamp) -> String {
    moment.strftime("%A %-d %B %Y, %H:%M:%S UTC").to_string()
}

pub(super) async fn clock(State(parts): State<Arc<Parts>>) -> Response {
    json(StatusCode::OK, &json!({"now": parts.clock.now()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    advance: String,
}

/// Takes JSON or a form, whatever the request calls it.
pub(super) async fn move_clock(
    State(parts): State<Arc<Parts>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let advance = match serde_json::from_str::<Move>(&body) {
        Ok(wanted) => Some(wanted.advance),
        Err(_) => form_urlencoded::parse(body.as_bytes())
            .find(|(name, _)| name == "advance")
            .map(|(_, value)| value.into_owned()),
    };
    let Some(advance) = advance else {
        let message = "Say how far: {\"advance\":\"PT2H\"}.";
        return refuse(StatusCode::BAD_REQUEST, "invalid", message);
    };
    match parts.clock.advance_text(&advance) {
        Ok(now) => {
            parts.streams.hurry();
            after_form(&headers, "/_local", &json!({"now": now}))
        }
        Err(error @ MoveError::Unwritable(_)) => {
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "failed", &error.to_string())
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, "invalid", &error.to_string()),
    }
}

pub(super) async fn streams(State(parts): State<Arc<Parts>>) -> Response {
    json(StatusCode::OK, &json!({"streams": parts.streams.standings()}))
}

pub(super) async fn dead_letters(State(parts): State<Arc<Parts>>) -> Response {
    json(StatusCode::OK, &json!({"dead_letters": parts.streams.dead_letters()}))
}

pub(super) async fn schedules(State(parts): State<Arc<Parts>>) -> Response {
    json(StatusCode::OK, &json!({"schedules": parts.schedules.firings()}))
}

pub(super) async fn fire(
    State(parts): State<Arc<Parts>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !parts.schedules.fire(&name) {
        return refuse(StatusCode::NOT_FOUND, "not_found", "There is no such schedule.");
    }
    after_form(&headers, "/_local", &json!({"fired": name}))
}

pub(super) async fn settle(State(parts): State<Arc<Parts>>) -> Response {
    let settled = parts.settle().await;
    let status = if settled { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &json!({"settled": settled}))
}
