//! SES: takes mail as the service does, refuses what it would refuse, and
//! keeps what it took for a person or a test to look at.
//!
//! Mail holds names, so it is kept in memory alone, and only so much of it.

mod letter;
mod protocol;

pub use letter::{Attachment, Letter};

use crate::account::fresh_id;
use crate::bus::Bus;
use crate::error::StartError;
use crate::faults::Faults;
use crate::template::{ConfigurationSet, Template};
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::post;
use jiff::Timestamp;
use protocol::{Refusal, SendRawEmail};
use serde_json::{Map, Value, json};
use shared::ambient::{Clock, SystemChance};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// So many mails are kept at most.
const MOST_MAILS: usize = 1_000;
/// And so many bytes of them.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// SES's own limit for one message.
const LARGEST_MESSAGE: usize = 10 * 1024 * 1024;

/// One mail that was taken.
#[derive(Debug, Clone)]
pub struct Caught {
    /// The message id that SES gave it.
    pub id: String,
    /// When it was taken, by the cloud's clock.
    pub at: Timestamp,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// The tags that came with it.
    pub tags: Vec<(String, String)>,
    /// The message as it came.
    pub raw: Arc<[u8]>,
}

impl Caught {
    /// The message as the recipient's program reads it.
    #[must_use]
    pub fn letter(&self) -> Letter {
        Letter::read(&self.raw)
    }
}

/// What was taken so far, and the rules for taking more.
pub struct Mailbox {
    kept: Mutex<Kept>,
    verified: Vec<String>,
    configuration_sets: Vec<ConfigurationSet>,
    clock: Arc<dyn Clock>,
    faults: Arc<Faults>,
    bus: Arc<Bus>,
}

#[derive(Default)]
struct Kept {
    mails: VecDeque<Caught>,
    bytes: usize,
    total: u64,
}

impl Mailbox {
    pub(crate) fn new(
        template: &Template,
        clock: Arc<dyn Clock>,
        faults: Arc<Faults>,
        bus: Arc<Bus>,
    ) -> Self {
        Self {
            kept: Mutex::default(),
            verified: template.parameter("MailSender").into_iter().collect(),
            configuration_sets: template.configuration_sets.clone(),
            clock,
            faults,
            bus,
        }
    }

    /// The mails that are kept, oldest first; with `to`, those to that address.
    #[must_use]
    pub fn mails(&self, to: Option<&str>) -> Vec<Caught> {
        let kept = self.kept();
        let wanted = |mail: &&Caught| {
            to.is_none_or(|to| mail.to.iter().any(|address| address.eq_ignore_ascii_case(to)))
        };
        kept.mails.iter().filter(wanted).cloned().collect()
    }

    /// One mail.
    #[must_use]
    pub fn mail(&self, id: &str) -> Option<Caught> {
        self.kept().mails.iter().find(|mail| mail.id == id).cloned()
    }

    /// How many mails were taken since the start, kept or not.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.kept().total
    }

    /// Throws away what is kept; the count goes on.
    pub fn empty(&self) {
        let mut kept = self.kept();
        kept.mails.clear();
        kept.bytes = 0;
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, body: &[u8]) -> Result<String, Refusal> {
        if self.faults.mail_fails() {
            return Err(Refusal::Unavailable);
        }
        let request = SendRawEmail::parse(body)?;
        if self.faults.mail_is_throttled() {
            return Err(Refusal::Throttled);
        }
        if request.raw.len() > LARGEST_MESSAGE {
            return Err(Refusal::TooLarge(request.raw.len()));
        }
        let set = match &request.configuration_set {
            None => None,
            Some(name) => Some(
                self.configuration_sets
                    .iter()
                    .find(|set| set.name == *name)
                    .ok_or_else(|| Refusal::NoConfigurationSet(name.clone()))?,
            ),
        };
        let letter = Letter::read(&request.raw);
        let senders = request.source.iter().chain(&letter.from_address);
        let unverified: Vec<String> =
            senders.filter(|address| !self.is_verified(address)).cloned().collect();
        if letter.from_address.is_none() || !unverified.is_empty() {
            return Err(Refusal::Unverified(unverified));
        }
        let to =
            if request.destinations.is_empty() { letter.to.clone() } else { request.destinations };
        if to.is_empty() || to.len() > 50 {
            return Err(Refusal::Malformed("Recipient count is not between 1 and 50.".into()));
        }
        let id =
            format!("0100{}-000000", fresh_id(&SystemChance).map_err(|_| Refusal::Unavailable)?);
        let at = self.clock.now();
        let tags = request.tags;
        if set.is_some_and(|set| set.tells_sends) && !self.faults.mail_event_is_lost() {
            let set = request.configuration_set.as_deref();
            self.bus.put(event(&id, at, set, &tags, &to, &letter));
        }
        self.keep(Caught { id: id.clone(), at, to, tags, raw: request.raw.into() });
        Ok(id)
    }

    fn is_verified(&self, address: &str) -> bool {
        self.verified.iter().any(|verified| verified.eq_ignore_ascii_case(address))
    }

    fn keep(&self, mail: Caught) {
        let mut kept = self.kept();
        kept.total += 1;
        kept.bytes += mail.raw.len();
        kept.mails.push_back(mail);
        while kept.mails.len() > MOST_MAILS || kept.bytes > MOST_BYTES {
            let Some(oldest) = kept.mails.pop_front() else { break };
            kept.bytes -= oldest.raw.len();
        }
    }
}

/// What SES tells the event bus: besides ids and tags also to whom, from whom
/// and about what. Nothing here keeps it; the rule hands on what it needs.
fn event(
    id: &str,
    at: Timestamp,
    configuration_set: Option<&str>,
    tags: &[(String, String)],
    to: &[String],
    letter: &Letter,
) -> Value {
    let mut listed = Map::new();
    if let Some(set) = configuration_set {
        listed.insert("ses:configuration-set".into(), json!([set]));
    }
    for (name, value) in tags {
        listed.insert(name.clone(), json!([value]));
    }
    let headers: Vec<Value> =
        letter.headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    crate::bus::event(
        "aws.ses",
        "Email Sent",
        at,
        &[],
        json!({
            "eventType": "Send",
            "mail": {
                "timestamp": at.to_string(),
                "source": letter.from_address,
                "messageId": id,
                "destination": to,
                "headersTruncated": false,
                "headers": headers,
                "commonHeaders": {
                    "from": [letter.from],
                    "to": letter.to,
                    "subject": letter.subject,
                },
                "tags": listed,
            },
            "send": {},
        }),
    )
}

/// The loopback port that the SES client speaks to; it ends with its handle.
pub(crate) struct Desk {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Desk {
    pub(crate) async fn start(mailbox: Arc<Mailbox>) -> Result<Self, StartError> {
        let failed = |error: std::io::Error| StartError::part("SES", error);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let router = Router::new()
            .route("/", post(receive))
            // Base64 and its escapes take more than the message itself.
            .layer(DefaultBodyLimit::max(2 * LARGEST_MESSAGE))
            .with_state(mailbox);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "SES stopped");
            }
        });
        Ok(Self { address, server })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(State(mailbox): State<Arc<Mailbox>>, body: axum::body::Bytes) -> Response {
    protocol::reply(mailbox.take(&body))
}

#[cfg(test)]
mod tests;
