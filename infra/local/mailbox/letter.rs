//! A mail as the recipient's program reads it.

use mail_parser::{Address, MessageParser, MimeHeaders, PartType};
use serde::Serialize;

/// What a recipient sees of a mail.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Letter {
    /// The sender, with the name in front.
    pub from: String,
    /// The sender's bare address.
    #[serde(skip)]
    pub from_address: Option<String>,
    /// The addresses it names as recipients.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Everything else that came with it.
    pub attachments: Vec<Attachment>,
    /// The header lines, unfolded.
    #[serde(skip)]
    pub headers: Vec<(String, String)>,
}

/// A part that is neither the text nor the HTML.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Attachment {
    /// The file's name.
    pub name: String,
    /// The media type, without parameters.
    #[serde(rename = "type")]
    pub kind: String,
    /// The content, where it is text.
    pub text: Option<String>,
    /// The content.
    #[serde(skip)]
    pub content: Vec<u8>,
}

impl Letter {
    /// Reads a message; what cannot be read stays empty.
    #[must_use]
    pub fn read(raw: &[u8]) -> Self {
        let Some(message) = MessageParser::default().parse(raw) else { return Self::default() };
        let sender = message.from().and_then(Address::first);
        let from_address = sender.and_then(|sender| sender.address()).map(str::to_owned);
        let from = match (sender.and_then(|sender| sender.name()), &from_address) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (None, Some(address)) => address.clone(),
            _ => String::new(),
        };
        let to = [message.to(), message.cc(), message.bcc()]
            .into_iter()
            .flatten()
            .flat_map(Address::iter)
            .filter_map(|recipient| recipient.address().map(str::to_owned))
            .collect();
        let attachments = message.attachments().map(|part| {
            let kind = part.content_type().map_or_else(
                || "application/octet-stream".to_owned(),
                |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")),
            );
            Attachment {
                name: part.attachment_name().unwrap_or(nameless(&kind)).to_owned(),
                kind,
                text: match &part.body {
                    PartType::Text(text) | PartType::Html(text) => Some(text.to_string()),
                    _ => String::from_utf8(part.contents().to_vec()).ok(),
                },
                content: part.contents().to_vec(),
            }
        });
        Self {
            from,
            from_address,
            to,
            subject: message.subject().unwrap_or_default().to_owned(),
            text: own_part(&message, &message.text_body, false),
            html: own_part(&message, &message.html_body, true),
            attachments: attachments.collect(),
            headers: message
                .headers_raw()
                .map(|(name, value)| {
                    let unfolded = value.split_whitespace().collect::<Vec<_>>().join(" ");
                    (name.to_owned(), unfolded)
                })
                .collect(),
        }
    }
}

/// What mail programs call a part that has no name.
fn nameless(kind: &str) -> &'static str {
    if kind == "text/calendar" { "calendar.ics" } else { "attachment" }
}

/// The parser makes up a text part from HTML and the reverse; only what was
/// sent counts here.
fn own_part(message: &mail_parser::Message<'_>, parts: &[u32], html: bool) -> String {
    parts
        .iter()
        .filter_map(|part| message.parts.get(*part as usize))
        .find_map(|part| match &part.body {
            PartType::Text(text) if !html => Some(text.to_string()),
            PartType::Html(text) if html => Some(text.to_string()),
            _ => None,
        })
        .unwrap_or_default()
}
