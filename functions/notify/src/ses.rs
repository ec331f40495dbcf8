//! Handing a mail to SES, and what its failures mean.
//!
//! SendRawEmail knows no idempotency token. So after every failure there is
//! one question: can SES have taken the mail? Where it certainly has not, the
//! notice may be tried again at once. Where nobody knows, it waits for SES's
//! own Send event.

use aws_sdk_ses::config::http::HttpResponse;
use aws_sdk_ses::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use aws_sdk_ses::operation::send_raw_email::SendRawEmailError;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::{MessageTag, RawMessage};
use shared::ids::{NoticeId, OrganizationId};
use shared::notice::letter::Mail;

use crate::MailSettings;

/// The tag by which SES's events name the notice.
pub(crate) const TAG: &str = "notice";

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// SES took it under this id.
    Accepted(String),
    /// SES will never take this one; the word says why.
    Refused(&'static str),
    /// SES has certainly not taken it; another time it may. The word says why.
    NotNow(&'static str),
    /// SES may have taken it. The word says why that is not known.
    Unknown(&'static str),
}

/// The value of the tag: SES allows letters, digits, `_` and `-`.
pub(crate) fn tag(organization: OrganizationId, notice: NoticeId) -> String {
    format!("{organization}-{notice}")
}

/// The organization and notice that a tag's value names.
pub(crate) fn read_tag(value: &str) -> Option<(OrganizationId, NoticeId)> {
    let (organization, notice) = value.split_once('-')?;
    Some((OrganizationId::parse(organization)?, NoticeId::parse(notice)?))
}

/// Sends one mail, once.
pub(crate) async fn send(
    client: &aws_sdk_ses::Client,
    settings: &MailSettings,
    tag: String,
    mail: Mail,
) -> Outcome {
    let (Ok(tag), Ok(message)) = (
        MessageTag::builder().name(TAG).value(tag).build(),
        RawMessage::builder().data(Blob::new(mail.bytes)).build(),
    ) else {
        return Outcome::NotNow("request");
    };
    let answer = client
        .send_raw_email()
        .source(settings.sender.expose())
        .destinations(mail.recipient.expose())
        .configuration_set_name(&settings.configuration_set)
        .tags(tag)
        .raw_message(message)
        .send()
        .await;
    match answer {
        Ok(taken) => Outcome::Accepted(taken.message_id),
        Err(error) => judge(&Failure::of(&error)),
    }
}

/// How a call failed: what is needed to judge it, and nothing that SES quotes
/// of the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Failure {
    /// The request was never put together: no credentials, no endpoint.
    NotBuilt,
    /// No answer within the time.
    TimedOut,
    /// The connection was not made.
    NotConnected,
    /// The connection broke after it was made.
    Broken,
    /// An answer that cannot be read, with its status.
    Unreadable(u16),
    /// SES answered with an error: its status, its code where it names one, and
    /// whether it says that an address is not verified.
    Answered { status: u16, code: Option<String>, unverified: bool },
    /// Something the SDK may invent later.
    Other,
}

impl Failure {
    fn of(error: &SdkError<SendRawEmailError, HttpResponse>) -> Self {
        match error {
            SdkError::ConstructionFailure(_) => Self::NotBuilt,
            SdkError::TimeoutError(_) => Self::TimedOut,
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(error) if error.is_user() => Self::NotBuilt,
                Some(error) if never_connected(error) => Self::NotConnected,
                Some(error) if error.is_timeout() => Self::TimedOut,
                _ => Self::Broken,
            },
            SdkError::ResponseError(answer) => Self::Unreadable(answer.raw().status().as_u16()),
            SdkError::ServiceError(answer) => Self::Answered {
                status: answer.raw().status().as_u16(),
                code: answer.err().code().map(str::to_owned),
                unverified: answer
                    .err()
                    .message()
                    .is_some_and(|text| text.contains("not verified")),
            },
            _ => Self::Other,
        }
    }
}

/// Whether the connection never came about: refused, not found, too slow, no
/// TLS. The SDK keeps its own mark of this to itself, so the chain of causes is
/// asked for the HTTP client's words. Should those change, a test fails, and
/// the failure counts as unknown, which doubles no mail.
fn never_connected(error: &ConnectorError) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        if next.to_string() == "client error (Connect)" {
            return true;
        }
        cause = next.source();
    }
    false
}

/// What a failure means for the mail.
fn judge(failure: &Failure) -> Outcome {
    match failure {
        Failure::NotBuilt => Outcome::NotNow("request"),
        Failure::NotConnected => Outcome::NotNow("connection"),
        Failure::TimedOut => Outcome::Unknown("timeout"),
        Failure::Broken => Outcome::Unknown("broken connection"),
        Failure::Unreadable(400..=499) => Outcome::NotNow("unreadable refusal"),
        Failure::Unreadable(_) => Outcome::Unknown("unreadable answer"),
        Failure::Other => Outcome::Unknown("unforeseen"),
        Failure::Answered { status, code, unverified } => match (code.as_deref(), status) {
            // The sender, or in SES's sandbox the recipient: the operator's to
            // mend, and then every mail that waited goes out.
            (Some("MessageRejected"), _) if *unverified => Outcome::NotNow("unverified"),
            (Some("MessageRejected"), _) => Outcome::Refused("rejected"),
            (Some("InvalidParameterValue" | "ValidationError"), _) => Outcome::Refused("invalid"),
            (Some(code), _) if throttled(code) => Outcome::NotNow("throttled"),
            // Anything else that SES names, it has not done: its own failures,
            // a paused account, a missing permission, a missing configuration.
            (Some(_), 500..) => Outcome::NotNow("failure"),
            (Some(_), _) => Outcome::NotNow("refused for now"),
            // No code: somebody on the way answered, not SES. What they passed
            // on before is known only where they refused the request itself.
            (None, 400..=499) => Outcome::NotNow("refused on the way"),
            (None, _) => Outcome::Unknown("failure on the way"),
        },
    }
}

fn throttled(code: &str) -> bool {
    ["Throttling", "ThrottlingException", "TooManyRequestsException", "LimitExceeded", "SlowDown"]
        .contains(&code)
}

#[cfg(test)]
mod tests {
    use std::io;

    use aws_sdk_ses::error::ErrorMetadata;
    use aws_sdk_ses::types::error::MessageRejected;
    use shared::personal::EmailAddress;

    use super::*;

    type Error = SdkError<SendRawEmailError, HttpResponse>;

    fn answered(status: u16, code: Option<&str>, message: &str) -> Error {
        let mut metadata = ErrorMetadata::builder().message(message);
        if let Some(code) = code {
            metadata = metadata.code(code);
        }
        let metadata = metadata.build();
        let error = match code {
            Some("MessageRejected") => SendRawEmailError::MessageRejected(
                MessageRejected::builder().message(message).meta(metadata).build(),
            ),
            _ => SendRawEmailError::generic(metadata),
        };
        Error::service_error(error, response(status))
    }

    fn response(status: u16) -> HttpResponse {
        HttpResponse::new(status.try_into().unwrap(), "".into())
    }

    fn dispatch(kind: io::ErrorKind) -> Error {
        Error::dispatch_failure(ConnectorError::io(io::Error::from(kind).into()))
    }

    fn verdict(error: &Error) -> Outcome {
        judge(&Failure::of(error))
    }

    #[test]
    fn a_mail_that_ses_rejects_is_undeliverable() {
        let rejected = answered(400, Some("MessageRejected"), "Message contains a virus");
        assert_eq!(verdict(&rejected), Outcome::Refused("rejected"));
        let invalid = answered(400, Some("InvalidParameterValue"), "Illegal address");
        assert_eq!(verdict(&invalid), Outcome::Refused("invalid"));
    }

    #[test]
    fn an_unverified_sender_loses_no_mail() {
        let message = "Email address is not verified. The following identities failed the check";
        assert_eq!(
            verdict(&answered(400, Some("MessageRejected"), message)),
            Outcome::NotNow("unverified")
        );
    }

    #[test]
    fn what_ses_says_it_did_not_do_is_tried_again() {
        for (status, code) in [
            (400, "Throttling"),
            (503, "ServiceUnavailable"),
            (500, "InternalFailure"),
            (403, "AccessDenied"),
            (400, "AccountSendingPausedException"),
            (400, "ConfigurationSetDoesNotExistException"),
            (400, "SomethingNew"),
        ] {
            let outcome = verdict(&answered(status, Some(code), ""));
            assert!(matches!(outcome, Outcome::NotNow(_)), "{code}: {outcome:?}");
        }
    }

    #[test]
    fn an_error_that_is_not_from_ses_leaves_the_outcome_open() {
        for status in [500, 502, 503, 504] {
            let outcome = verdict(&answered(status, None, ""));
            assert!(matches!(outcome, Outcome::Unknown(_)), "{status}: {outcome:?}");
        }
        assert!(matches!(verdict(&answered(413, None, "")), Outcome::NotNow(_)));
    }

    #[test]
    fn an_answer_that_cannot_be_read_may_have_been_a_yes() {
        let unreadable = |status| Error::response_error("not XML", response(status));
        assert!(matches!(verdict(&unreadable(200)), Outcome::Unknown(_)));
        assert!(matches!(verdict(&unreadable(400)), Outcome::NotNow(_)));
    }

    #[test]
    fn a_mail_that_was_not_sent_off_is_tried_again() {
        assert!(matches!(verdict(&Error::construction_failure("no region")), Outcome::NotNow(_)));
        let user = Error::dispatch_failure(ConnectorError::user("bad request".into()));
        assert!(matches!(verdict(&user), Outcome::NotNow(_)));
    }

    #[test]
    fn after_a_timeout_or_a_broken_connection_nobody_knows() {
        assert!(matches!(verdict(&Error::timeout_error("slow")), Outcome::Unknown(_)));
        assert!(matches!(verdict(&dispatch(io::ErrorKind::ConnectionReset)), Outcome::Unknown(_)));
        assert!(matches!(verdict(&dispatch(io::ErrorKind::BrokenPipe)), Outcome::Unknown(_)));
        let slow = Error::dispatch_failure(ConnectorError::timeout("slow".into()));
        assert!(matches!(verdict(&slow), Outcome::Unknown(_)));
        let other = Error::dispatch_failure(ConnectorError::other("half an answer".into(), None));
        assert!(matches!(verdict(&other), Outcome::Unknown(_)));
    }

    /// What comes of a mail when SES is reached at `port`.
    async fn sent_to(port: u16) -> Outcome {
        let credentials = aws_sdk_ses::config::Credentials::new("id", "secret", None, None, "test");
        let config = aws_sdk_ses::Config::builder()
            .behavior_version(aws_sdk_ses::config::BehaviorVersion::latest())
            .region(aws_sdk_ses::config::Region::new("us-east-1"))
            .credentials_provider(credentials)
            .endpoint_url(format!("http://127.0.0.1:{port}"))
            .retry_config(aws_sdk_ses::config::retry::RetryConfig::disabled())
            .timeout_config(
                aws_sdk_ses::config::timeout::TimeoutConfig::builder()
                    .operation_attempt_timeout(std::time::Duration::from_millis(300))
                    .build(),
            )
            .build();
        let address = |text| EmailAddress::parse(text).unwrap();
        let settings = MailSettings {
            sender: address("appointments@kept.example"),
            configuration_set: "kept".into(),
        };
        let mail = Mail { recipient: address("parent@example.org"), bytes: b"Subject: x".to_vec() };
        send(&aws_sdk_ses::Client::from_conf(config), &settings, "o-n".into(), mail).await
    }

    #[tokio::test]
    async fn where_nobody_listens_nothing_was_sent() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(sent_to(port).await, Outcome::NotNow("connection"));
    }

    #[tokio::test]
    async fn who_hangs_up_or_says_nothing_may_have_taken_the_mail() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let silent = tokio::spawn(async move {
            let (first, _) = listener.accept().await.unwrap();
            drop(first);
            let (second, _) = listener.accept().await.unwrap();
            std::future::pending::<()>().await;
            drop(second);
        });
        assert_eq!(sent_to(port).await, Outcome::Unknown("broken connection"));
        assert_eq!(sent_to(port).await, Outcome::Unknown("timeout"));
        silent.abort();
    }

    #[test]
    fn a_tag_names_its_notice_in_characters_that_ses_allows() {
        let (organization, notice) =
            (OrganizationId::from_bytes([1; 16]), NoticeId::from_bytes([255; 16]));
        let value = tag(organization, notice);
        assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert!(value.len() <= 256);
        assert_eq!(read_tag(&value), Some((organization, notice)));
        assert_eq!(read_tag("x-y"), None);
    }
}
