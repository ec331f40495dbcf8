use super::*;
use crate::clock::MovableClock;
use crate::template::{EMBEDDED, EMBEDDED_NAME};
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::{MessageTag, RawMessage};

const SENDER: &str = "appointments@kept.example";

struct Setting {
    mailbox: Arc<Mailbox>,
    faults: Arc<Faults>,
    client: aws_sdk_ses::Client,
    _desk: Desk,
}

async fn setting() -> Setting {
    let template = Template::parse(EMBEDDED_NAME, EMBEDDED).unwrap();
    let clock = Arc::new(MovableClock::open(None, None).unwrap());
    let faults = Arc::new(Faults::new(None));
    let bus = Arc::new(Bus::default());
    let mailbox = Arc::new(Mailbox::new(&template, clock, Arc::clone(&faults), bus));
    let desk = Desk::start(Arc::clone(&mailbox)).await.unwrap();
    let client = crate::clients::mail(desk.address(), &crate::clients::http());
    Setting { mailbox, faults, client, _desk: desk }
}

fn message(from: &str, body: &str) -> Vec<u8> {
    format!(
        "From: Maple Street School <{from}>\r\nTo: Ada <ada@example.org>\r\n\
         Subject: =?utf-8?q?Booked=3A_Ms_Okafor?=\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=outer\r\n\r\n\
         --outer\r\nContent-Type: multipart/alternative; boundary=inner\r\n\r\n\
         --inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n\
         --inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>{body}</p>\r\n\
         --inner--\r\n\
         --outer\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8; \
         name=appointment.ics\r\nContent-Disposition: attachment; \
         filename=appointment.ics\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n\
         --outer--\r\n"
    )
    .into_bytes()
}

async fn send(setting: &Setting, from: &str, set: &str) -> Result<String, aws_sdk_ses::Error> {
    let raw = RawMessage::builder().data(Blob::new(message(from, "See you."))).build().unwrap();
    let tag = MessageTag::builder().name("notice").value("n1").build().unwrap();
    let request = setting
        .client
        .send_raw_email()
        .raw_message(raw)
        .destinations("ada@example.org")
        .configuration_set_name(set)
        .tags(tag);
    Ok(request.send().await?.message_id)
}

#[tokio::test]
async fn a_mail_is_kept_as_the_recipient_would_read_it() {
    let setting = setting().await;
    let id = send(&setting, SENDER, "kept").await.unwrap();
    let mails = setting.mailbox.mails(Some("ADA@example.org"));
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].id, id);
    assert_eq!(mails[0].tags, [("notice".to_owned(), "n1".to_owned())]);
    let letter = mails[0].letter();
    assert_eq!(letter.subject, "Booked: Ms Okafor");
    assert_eq!(letter.from, format!("Maple Street School <{SENDER}>"));
    assert_eq!(letter.text.trim(), "See you.");
    assert_eq!(letter.html.trim(), "<p>See you.</p>");
    assert_eq!(letter.attachments.len(), 1);
    assert_eq!(letter.attachments[0].name, "appointment.ics");
    assert_eq!(letter.attachments[0].kind, "text/calendar");
    assert!(letter.attachments[0].text.as_deref().unwrap().starts_with("BEGIN:VCALENDAR"));
    assert!(setting.mailbox.mails(Some("nobody@example.org")).is_empty());
}

#[tokio::test]
async fn a_sender_that_is_not_verified_is_refused_as_ses_does() {
    let setting = setting().await;
    let refused = send(&setting, "stranger@example.org", "kept").await.unwrap_err();
    assert!(matches!(refused, aws_sdk_ses::Error::MessageRejected(_)), "{refused:?}");
    assert_eq!(setting.mailbox.total(), 0);
}

#[tokio::test]
async fn a_configuration_set_that_is_not_in_the_template_is_refused() {
    let setting = setting().await;
    let refused = send(&setting, SENDER, "other").await.unwrap_err();
    assert!(
        matches!(refused, aws_sdk_ses::Error::ConfigurationSetDoesNotExistException(_)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_outage_ends_when_it_is_switched_off() {
    let setting = setting().await;
    setting.faults.mail_throttled(true);
    send(&setting, SENDER, "kept").await.unwrap_err();
    setting.faults.mail_throttled(false);
    setting.faults.mail_fails_next(1);
    // The client makes one try of its own: what may have been taken is not sent again.
    send(&setting, SENDER, "kept").await.unwrap_err();
    send(&setting, SENDER, "kept").await.unwrap();
    assert_eq!(setting.mailbox.total(), 1);
}

#[test]
fn only_so_much_mail_is_kept_and_all_of_it_counted() {
    let template = Template::parse(EMBEDDED_NAME, EMBEDDED).unwrap();
    let clock = Arc::new(MovableClock::open(None, None).unwrap());
    let faults = Arc::new(Faults::new(None));
    let mailbox = Mailbox::new(&template, clock, faults, Arc::new(Bus::default()));
    for number in 0..MOST_MAILS + 5 {
        mailbox.keep(Caught {
            id: number.to_string(),
            at: Timestamp::UNIX_EPOCH,
            to: Vec::new(),
            tags: Vec::new(),
            raw: Arc::from(&b""[..]),
        });
    }
    assert_eq!(mailbox.mails(None).len(), MOST_MAILS);
    assert_eq!(mailbox.mails(None)[0].id, "5");
    assert_eq!(mailbox.total(), (MOST_MAILS + 5) as u64);
}

#[test]
fn what_ses_tells_of_a_mail_names_its_recipient_as_the_real_one_does() {
    let letter = Letter::read(&message(SENDER, "See you."));
    let tags = [("notice".to_owned(), "n1".to_owned())];
    let to = ["ada@example.org".to_owned()];
    let told = event("m1", Timestamp::UNIX_EPOCH, Some("kept"), &tags, &to, &letter);
    let mail = &told["detail"]["mail"];
    assert_eq!(mail["destination"], json!(["ada@example.org"]));
    assert_eq!(mail["commonHeaders"]["to"], json!(["ada@example.org"]));
    assert_eq!(mail["commonHeaders"]["subject"], "Booked: Ms Okafor");
    assert_eq!(mail["tags"]["notice"], json!(["n1"]));
}
