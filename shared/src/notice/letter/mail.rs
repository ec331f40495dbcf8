//! A letter's words put into MIME.

use askama::Template;
use jiff::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use crate::ids::NoticeId;
use crate::notice::one_line;
use crate::notice::recipient::Recipient;
use crate::personal::EmailAddress;
use crate::trouble::Trouble;

/// Names are shortened to this many characters in a subject.
const LONGEST_NAME: usize = 60;

/// A mail, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub recipient: EmailAddress,
    /// Headers and parts, as they go out.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Mail({} bytes)", self.bytes.len())
    }
}

/// What the templates show.
pub(super) struct View {
    pub(super) subject: String,
    pub(super) word: &'static str,
    pub(super) headline: Vec<String>,
    pub(super) details: Vec<String>,
    pub(super) paragraphs: Vec<String>,
    pub(super) button: Option<Button>,
    pub(super) reason: String,
    pub(super) privacy: String,
}

/// What can be done about it.
pub(super) struct Button {
    pub(super) label: &'static str,
    pub(super) link: String,
}

#[derive(Template)]
#[template(path = "mail/letter.txt")]
pub(super) struct TextPart<'a> {
    pub(super) view: &'a View,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
pub(super) struct HtmlPart<'a> {
    pub(super) view: &'a View,
}

/// Between whom a mail goes.
#[derive(Clone, Copy)]
pub(super) struct Envelope<'a> {
    pub(super) notice: NoticeId,
    pub(super) organization: &'a str,
    pub(super) sender: &'a EmailAddress,
    pub(super) recipient: &'a Recipient,
}

/// Puts a mail together, dated `now`; `calendar` is a file and its method.
///
/// # Errors
/// [`Trouble::Damaged`] when an address cannot stand in a header.
pub(super) fn write(
    view: View,
    envelope: Envelope<'_>,
    calendar: Option<(&'static str, String)>,
    now: Timestamp,
) -> Result<Mail, Trouble> {
    let Envelope { notice, organization, sender, recipient } = envelope;
    let unfit =
        |why: &dyn std::fmt::Display| Trouble::damaged(format!("the mail of notice {notice}"), why);
    let sender = address(sender).map_err(|why| unfit(&why))?;
    let to = address(&recipient.email).map_err(|why| unfit(&why))?;
    let name = recipient.name.as_ref().map(|name| name.expose().to_owned());
    // Words alone: brackets would make mail programs show, and filters see,
    // an encoded name.
    let from = format!("{} via Kept", one_line(organization));
    let id = format!("<{notice}@{}>", sender.domain());
    let date = std::time::SystemTime::try_from(now).map_err(|why| unfit(&why))?;
    let text = TextPart { view: &view }.render().map_err(|why| unfit(&why))?;
    let html = HtmlPart { view: &view }.render().map_err(|why| unfit(&why))?;
    let message = Message::builder()
        .from(Mailbox::new(Some(from), sender))
        .to(Mailbox::new(name, to))
        .subject(view.subject)
        .message_id(Some(id))
        .date(date)
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    // The boundaries come from the notice, so that nothing is left to chance.
    let either = MultiPart::alternative()
        .boundary(format!("kept-{notice}-either"))
        .singlepart(SinglePart::plain(text))
        .singlepart(SinglePart::html(html));
    let body = match calendar {
        None => either,
        Some((name, file)) => {
            let kind = |text: &str| ContentType::parse(text).map_err(|why| unfit(&why));
            let invitation = kind(&format!("text/calendar; method={name}; charset=utf-8"))?;
            let either = either
                .singlepart(SinglePart::builder().content_type(invitation).body(file.clone()));
            // Another type than the invitation's, so that no calendar takes
            // one appointment for two.
            let attachment = Attachment::new("appointment.ics".to_owned())
                .body(file, kind("application/ics; charset=utf-8")?);
            MultiPart::mixed()
                .boundary(format!("kept-{notice}-mixed"))
                .multipart(either)
                .singlepart(attachment)
        }
    };
    let message = message.multipart(body).map_err(|why| unfit(&why))?;
    Ok(Mail { recipient: recipient.email.clone(), bytes: message.formatted() })
}

/// A name as it stands in a subject.
pub(super) fn short(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

fn address(email: &EmailAddress) -> Result<Address, lettre::address::AddressError> {
    email.expose().parse()
}
