//! A stack on AWS, for the commands that look at data: the same tables and keys
//! that its functions have, named as they are named to them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sealer::SealerSettings;
use shared::ambient::{SystemChance, SystemClock};
use shared::audit::checkpoint::AuditKey;
use shared::patience;
use shared::service::Service;
use shared::settings::{SettingError, Settings};

/// A stack that could not be reached.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The file cannot be read.
    #[error("{file}: {problem}")]
    File {
        /// Which one.
        file: String,
        /// Why.
        problem: String,
    },
    /// It does not say all that it must.
    #[error("{file}: {problem}")]
    Setting {
        /// Which one.
        file: String,
        /// What it lacks.
        problem: SettingError,
    },
    /// Nothing says where the stack is.
    #[error("set AWS_REGION to the region of the stack")]
    NoRegion,
}

/// The tables and keys of a stack, with whatever rights the AWS credentials of
/// the environment have.
pub struct Stack {
    service: Service,
    audit_key: Result<AuditKey, StackError>,
}

impl Stack {
    /// Reads which tables and keys there are from the environment variables of
    /// one of the stack's functions, a JSON object as
    /// `aws lambda get-function-configuration` prints it. Credentials and region
    /// come from where AWS's own tools have them.
    ///
    /// # Errors
    /// [`StackError`] names the file and what is wrong with it.
    pub async fn open(variables: &Path) -> Result<Self, StackError> {
        let file = variables.display().to_string();
        let unread =
            |problem: String| StackError::File { file: variables.display().to_string(), problem };
        let text = std::fs::read(variables).map_err(|problem| unread(problem.to_string()))?;
        let said: BTreeMap<String, String> = serde_json::from_slice(&text)
            .map_err(|problem| unread(format!("not an object of texts: {problem}")))?;
        let variable = |name: &str| said.get(name).cloned();
        let settings = Settings::from_variables(variable)
            .map_err(|problem| StackError::Setting { file: file.clone(), problem })?;
        let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .timeout_config(patience::unhurried())
            .retry_config(patience::again())
            .load()
            .await;
        if config.region().is_none() {
            return Err(StackError::NoRegion);
        }
        let dynamo = aws_sdk_dynamodb::Client::new(&config);
        let kms = aws_sdk_kms::Client::new(&config);
        let audit_key = SealerSettings::from_variables(variable)
            .map(|sealer| AuditKey::new(kms.clone(), sealer.audit_key))
            .map_err(|problem| StackError::Setting { file, problem });
        let (clock, chance) = (Arc::new(SystemClock), Arc::new(SystemChance));
        Ok(Self { service: Service::new(dynamo, kms, clock, chance, settings), audit_key })
    }

    /// What every function works with.
    #[must_use]
    pub const fn service(&self) -> &Service {
        &self.service
    }

    /// The key that authenticates checkpoints of the audit trail.
    ///
    /// # Errors
    /// When the file is not of the function that seals.
    pub const fn audit_key(&self) -> Result<&AuditKey, &StackError> {
        self.audit_key.as_ref()
    }
}
