//! What happened becomes mail.
//!
//! Three events wake this function. The Mail table's stream brings what is
//! newly owed; a schedule looks for what the stream dropped and for claims
//! whose holder died; SES says which mails it took. A notice is claimed before
//! its mail goes out and settled afterwards, so however often an event comes,
//! each mail goes out once.

mod deliver;
mod ses;
mod stream;
mod sweep;

use std::sync::Arc;

use serde_json::{Value, json};
use shared::notice::store;
use shared::personal::EmailAddress;
use shared::service::Service;
use shared::settings::{SettingError, required};

/// How mails leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// The address that mails come from. SES must have verified it.
    pub sender: EmailAddress,
    /// The SES configuration set, which demands TLS and reports what was sent.
    pub configuration_set: String,
}

impl MailSettings {
    /// Reads the settings through `variable`, which looks a name up.
    ///
    /// # Errors
    /// [`SettingError`] names the variable.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let sender = required(&variable, "MAIL_SENDER")?;
        let sender = EmailAddress::parse(&sender).map_err(|_| SettingError::Unusable {
            name: "MAIL_SENDER",
            problem: "must be an email address",
        })?;
        Ok(Self { sender, configuration_set: required(&variable, "MAIL_CONFIGURATION_SET")? })
    }
}

/// The function: its clients and settings.
pub struct Notify {
    service: Arc<Service>,
    ses: aws_sdk_ses::Client,
    settings: MailSettings,
}

impl Notify {
    /// Puts the parts together.
    #[must_use]
    pub fn new(service: Arc<Service>, ses: aws_sdk_ses::Client, settings: MailSettings) -> Self {
        Self { service, ses, settings }
    }

    /// Handles one event of any of the three kinds.
    ///
    /// # Errors
    /// When the event is of no known kind, or the whole of it must be tried
    /// again. What fails for a single notice is logged and tried again by itself.
    pub async fn handle(&self, event: Value) -> Result<Value, lambda_runtime::Error> {
        if let Some(records) = event.get("Records").and_then(Value::as_array) {
            return Ok(self.heard_from_stream(records).await);
        }
        match event.get("source").and_then(Value::as_str) {
            Some("aws.events") => Ok(self.sweep().await?),
            Some("aws.ses") => self.heard_from_ses(&event).await,
            _ => Err("the event is neither a stream's, nor a schedule's, nor from SES".into()),
        }
    }

    /// SES says that it took a mail. SES's event names the recipient; the rule
    /// of the template hands on ids alone.
    async fn heard_from_ses(&self, event: &Value) -> Result<Value, lambda_runtime::Error> {
        let message = event.get("message").and_then(Value::as_str);
        let named = event.pointer("/notice/0").and_then(Value::as_str).and_then(ses::read_tag);
        let (Some(message), Some((organization, notice))) = (message, named) else {
            // Somebody else's mail through the same account: not ours to settle.
            tracing::warn!("SES took a mail that names no notice");
            return Ok(json!({ "settled": false }));
        };
        let now = self.service.clock.now();
        let settled = store::accepted(&self.service, organization, notice, message, now).await?;
        Ok(json!({ "settled": settled }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_that_is_no_address_is_refused_by_name() {
        let variable = |sender: &'static str| {
            move |name: &str| match name {
                "MAIL_SENDER" => Some(sender.to_owned()),
                _ => Some("kept".to_owned()),
            }
        };
        assert!(MailSettings::from_variables(variable("appointments@kept.example")).is_ok());
        let refused = MailSettings::from_variables(variable("nobody"));
        assert!(matches!(refused, Err(SettingError::Unusable { name: "MAIL_SENDER", .. })));
        let missing = MailSettings::from_variables(variable(""));
        assert_eq!(missing, Err(SettingError::Missing("MAIL_SENDER")));
    }
}
