//! What a function is told by its environment, read once and by name.

use std::path::PathBuf;

/// A variable that a function needs and did not get, or cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The variable is missing or empty.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// The variable says something that cannot be used.
    #[error("the environment variable {name} {problem}")]
    Unusable {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// The names of the tables, as the deployment chose them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// Organizations, events, resources, slots, bookings, agendas, participants.
    pub schedule: String,
    /// Members, credentials, factors.
    pub identity: String,
    /// Sessions, counted attempts, single-use links, allowances; nothing here
    /// may come back from a backup.
    pub session: String,
    /// Notices owed and sent.
    pub mail: String,
    /// Audit records.
    pub audit: String,
    /// Wrapped organization keys.
    pub organization_keys: String,
}

/// What every function needs to know about its surroundings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The tables' names.
    pub tables: Tables,
    /// The KMS key that wraps organization keys: an ARN or a key id.
    pub key_id: String,
    /// Where people reach the service, without a slash at the end.
    pub public_address: String,
    /// The list of breached passwords that the operator has made, if any.
    pub breached_list: Option<PathBuf>,
}

impl Settings {
    /// Reads the settings through `variable`, which looks a name up.
    ///
    /// # Errors
    /// [`SettingError`] names the variable.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let public_address = required(&variable, "PUBLIC_ADDRESS")?;
        if public_address.ends_with('/') || !public_address.starts_with("http") {
            return Err(SettingError::Unusable {
                name: "PUBLIC_ADDRESS",
                problem: "must begin with http:// or https:// and not end with a slash",
            });
        }
        Ok(Self {
            tables: Tables {
                schedule: required(&variable, "SCHEDULE_TABLE")?,
                identity: required(&variable, "IDENTITY_TABLE")?,
                session: required(&variable, "SESSION_TABLE")?,
                mail: required(&variable, "MAIL_TABLE")?,
                audit: required(&variable, "AUDIT_TABLE")?,
                organization_keys: required(&variable, "ORGANIZATION_KEYS_TABLE")?,
            },
            key_id: required(&variable, "KEY_ID")?,
            public_address,
            breached_list: variable("BREACHED_LIST")
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
        })
    }
}

/// One variable that must be there.
///
/// # Errors
/// [`SettingError::Missing`] names it.
pub fn required(
    variable: &impl Fn(&str) -> Option<String>,
    name: &'static str,
) -> Result<String, SettingError> {
    variable(name).filter(|value| !value.is_empty()).ok_or(SettingError::Missing(name))
}

/// The process's environment, for the few lines of a deployed function's `main`.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let found = Settings::from_variables(|name| match name {
            "PUBLIC_ADDRESS" => Some("https://kept.example".into()),
            "SCHEDULE_TABLE" => Some("Schedule".into()),
            _ => None,
        });
        assert_eq!(found, Err(SettingError::Missing("IDENTITY_TABLE")));
    }

    #[test]
    fn an_address_with_a_slash_at_its_end_is_refused() {
        let found = Settings::from_variables(|_| Some("https://kept.example/".into()));
        assert!(matches!(found, Err(SettingError::Unusable { name: "PUBLIC_ADDRESS", .. })));
    }
}
