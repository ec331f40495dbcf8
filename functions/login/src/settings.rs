//! What the deployment chooses about signing in.

use std::time::Duration;

use shared::settings::{SettingError, required};

/// What the deployment chooses about signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSettings {
    /// How long after its arrival a failed attempt is answered, whatever was wrong.
    pub failure_answer: Duration,
    /// Whether the operator approves an organization before it can be reached.
    pub approval: bool,
}

impl LoginSettings {
    /// Reads the settings through `variable`, which looks a name up.
    ///
    /// # Errors
    /// [`SettingError`] names the variable.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let milliseconds = required(&variable, "FAILURE_ANSWER_MILLISECONDS")?
            .parse::<u64>()
            .ok()
            .filter(|milliseconds| (50..=10_000).contains(milliseconds))
            .ok_or(SettingError::Unusable {
                name: "FAILURE_ANSWER_MILLISECONDS",
                problem: "must be a number from 50 to 10000",
            })?;
        let approval = match required(&variable, "APPROVAL")?.as_str() {
            "yes" => true,
            "no" => false,
            _ => {
                return Err(SettingError::Unusable {
                    name: "APPROVAL",
                    problem: "must be yes or no",
                });
            }
        };
        Ok(Self { failure_answer: Duration::from_millis(milliseconds), approval })
    }
}
