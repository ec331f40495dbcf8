//! SendRawEmail as the SES query protocol writes it: a form in, XML out.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use std::collections::BTreeMap;

/// The one request that mail is sent with.
pub(super) struct SendRawEmail {
    pub(super) source: Option<String>,
    pub(super) destinations: Vec<String>,
    pub(super) raw: Vec<u8>,
    pub(super) configuration_set: Option<String>,
    pub(super) tags: Vec<(String, String)>,
}

/// Why SES does not take a mail.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Malformed(String),
    UnknownAction(String),
    Unverified(Vec<String>),
    TooLarge(usize),
    NoConfigurationSet(String),
    Throttled,
    Unavailable,
}

impl SendRawEmail {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let mut fields: BTreeMap<String, String> = form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let action = fields.remove("Action").unwrap_or_default();
        if action != "SendRawEmail" {
            return Err(Refusal::UnknownAction(action));
        }
        let encoded = fields
            .remove("RawMessage.Data")
            .ok_or_else(|| Refusal::Malformed("RawMessage.Data is missing.".into()))?;
        let raw = data_encoding::BASE64
            .decode(encoded.as_bytes())
            .map_err(|_| Refusal::Malformed("RawMessage.Data is not base64.".into()))?;
        let numbered = |prefix: &str, suffix: &str| -> Vec<String> {
            (1..=50)
                .map_while(|number| fields.get(&format!("{prefix}.member.{number}{suffix}")))
                .cloned()
                .collect()
        };
        let names = numbered("Tags", ".Name");
        let tags = names.into_iter().zip(numbered("Tags", ".Value")).collect();
        Ok(Self {
            destinations: numbered("Destinations", ""),
            source: fields.get("Source").map(|source| bare(source)),
            configuration_set: fields.get("ConfigurationSetName").cloned(),
            tags,
            raw,
        })
    }
}

/// The address of `Name <address>`.
fn bare(address: &str) -> String {
    match address.rsplit_once('<') {
        Some((_, rest)) => rest.trim_end_matches('>').trim().to_owned(),
        None => address.trim().to_owned(),
    }
}

pub(super) fn reply(outcome: Result<String, Refusal>) -> Response {
    const NAMESPACE: &str = "http://ses.amazonaws.com/doc/2010-12-01/";
    let (status, body) = match outcome {
        Ok(id) => (
            StatusCode::OK,
            format!(
                "<SendRawEmailResponse xmlns=\"{NAMESPACE}\"><SendRawEmailResult>\
                 <MessageId>{id}</MessageId></SendRawEmailResult><ResponseMetadata>\
                 <RequestId>local</RequestId></ResponseMetadata></SendRawEmailResponse>"
            ),
        ),
        Err(refusal) => {
            let (status, code, message) = refusal.words();
            let side = if status.is_server_error() { "Receiver" } else { "Sender" };
            (
                status,
                format!(
                    "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{side}</Type>\
                     <Code>{code}</Code><Message>{}</Message></Error>\
                     <RequestId>local</RequestId></ErrorResponse>",
                    escape(&message)
                ),
            )
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}

impl Refusal {
    fn words(&self) -> (StatusCode, &'static str, String) {
        let bad = StatusCode::BAD_REQUEST;
        match self {
            Self::Malformed(what) => (bad, "InvalidParameterValue", what.clone()),
            Self::UnknownAction(action) => {
                (bad, "InvalidAction", format!("This SES knows SendRawEmail, not {action}."))
            }
            Self::Unverified(addresses) => (
                bad,
                "MessageRejected",
                format!(
                    "Email address is not verified. The following identities failed the check \
                     in region {}: {}",
                    crate::account::REGION.to_uppercase(),
                    addresses.join(", ")
                ),
            ),
            Self::TooLarge(bytes) => (
                bad,
                "InvalidParameterValue",
                format!("Message length is more than 10485760 bytes long: '{bytes}'."),
            ),
            Self::NoConfigurationSet(name) => (
                bad,
                "ConfigurationSetDoesNotExist",
                format!("Configuration set <{name}> does not exist."),
            ),
            Self::Throttled => (bad, "Throttling", "Maximum sending rate exceeded.".to_owned()),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "Out of order.".to_owned())
            }
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
