//! Caught mail, as the recipient would see it.

use super::overview::readable;
use super::{after_form, refuse, render};
use crate::cloud::Parts;
use crate::mailbox::{Caught, Letter};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What a mail's HTML may do: show itself, and follow a link when clicked.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
    base-uri 'self'; frame-ancestors 'self'; \
    sandbox allow-popups allow-top-navigation-by-user-activation";

#[derive(Serialize)]
struct Mail {
    id: String,
    at: String,
    #[serde(flatten)]
    letter: Letter,
    tags: Map<String, Value>,
}

impl Mail {
    fn of(caught: &Caught) -> Self {
        let mut letter = caught.letter();
        letter.to.clone_from(&caught.to);
        Self {
            id: caught.id.clone(),
            at: caught.at.to_string(),
            letter,
            tags: caught.tags.iter().map(|(name, value)| (name.clone(), json!(value))).collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "mails.html")]
struct List {
    mails: Vec<Line>,
    total: u64,
}

struct Line {
    id: String,
    at: String,
    to: String,
    subject: String,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Show {
    id: String,
    at: String,
    to: String,
    letter: Letter,
    tags: Vec<(String, String)>,
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    to: Option<String>,
}

pub(super) async fn list(
    State(parts): State<Arc<Parts>>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let caught = parts.mailbox.mails(wanted.to.as_deref());
    let mails: Vec<Mail> = caught.iter().map(Mail::of).collect();
    let total = match wanted.to {
        None => parts.mailbox.total(),
        Some(_) => mails.len() as u64,
    };
    let value = json!({"mail": mails, "total": total});
    render(&headers, &value, || List {
        // A person looks for the newest first.
        mails: caught
            .iter()
            .zip(mails)
            .rev()
            .map(|(caught, mail)| Line {
                id: mail.id,
                at: readable(caught.at),
                to: mail.letter.to.join(", "),
                subject: mail.letter.subject,
            })
            .collect(),
        total,
    })
}

pub(super) async fn empty(State(parts): State<Arc<Parts>>, headers: HeaderMap) -> Response {
    parts.mailbox.empty();
    after_form(&headers, "/_local/mail", &json!({"mail": []}))
}

pub(super) async fn show(
    State(parts): State<Arc<Parts>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(caught) = parts.mailbox.mail(&id) else { return absent() };
    let mail = Mail::of(&caught);
    render(&headers, &mail, || Show {
        id: caught.id.clone(),
        at: readable(caught.at),
        to: caught.to.join(", "),
        letter: caught.letter(),
        tags: caught.tags.clone(),
    })
}

pub(super) async fn html(State(parts): State<Arc<Parts>>, Path(id): Path<String>) -> Response {
    let Some(caught) = parts.mailbox.mail(&id) else { return absent() };
    // A link in a mail opens a page of its own, not a page inside the frame.
    let page = format!("<base target=\"_top\">{}", caught.letter().html);
    content(page.into_bytes(), "text/html; charset=utf-8", None)
}

pub(super) async fn attachment(
    State(parts): State<Arc<Parts>>,
    Path((id, number)): Path<(String, usize)>,
) -> Response {
    let Some(caught) = parts.mailbox.mail(&id) else { return absent() };
    let Some(attachment) = caught.letter().attachments.into_iter().nth(number) else {
        return absent();
    };
    content(attachment.content, &attachment.kind, Some(&attachment.name))
}

fn content(body: Vec<u8>, kind: &str, download_as: Option<&str>) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    let fallback = HeaderValue::from_static("application/octet-stream");
    let kind = HeaderValue::from_str(kind).unwrap_or(fallback);
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(MAIL_POLICY));
    super::private(headers);
    if let Some(name) = download_as {
        // Names come from the mail: only what cannot break out of the quotes.
        let name: String = name
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '_' }
            })
            .collect();
        if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
    }
    response
}

fn absent() -> Response {
    refuse(StatusCode::NOT_FOUND, "not_found", "This mail is not kept here.")
}
