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

/// A table: what it is, whatever a deployment or a restore calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Organizations, events, resources, slots, bookings, agendas, participants.
    Schedule,
    /// Members, credentials, factors.
    Identity,
    /// Sessions, counted attempts, single-use links, allowances.
    Session,
    /// Notices owed and sent.
    Mail,
    /// Audit records and their checkpoints.
    Audit,
    /// Wrapped organization keys.
    OrganizationKeys,
    /// What was deleted and erased, to be deleted again after a restore.
    Ledger,
    /// Long work and how far it has come.
    Run,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Schedule,
        Self::Identity,
        Self::Session,
        Self::Mail,
        Self::Audit,
        Self::OrganizationKeys,
        Self::Ledger,
        Self::Run,
    ];

    /// The tables of which there are backups. A restore must revive neither
    /// sessions nor runs, and bring back neither a key that was erased nor a
    /// deletion that was forgotten.
    pub const BACKED_UP: [Self; 4] = [Self::Schedule, Self::Identity, Self::Mail, Self::Audit];

    /// Its word in records and in what sealed values are bound to: it stays
    /// the same when the table itself is replaced by a restored one.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Schedule => "Schedule",
            Self::Identity => "Identity",
            Self::Session => "Session",
            Self::Mail => "Mail",
            Self::Audit => "Audit",
            Self::OrganizationKeys => "OrganizationKeys",
            Self::Ledger => "Ledger",
            Self::Run => "Run",
        }
    }

    /// Reads what [`Table::word`] gave; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.word() == text)
    }
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
    /// What was deleted and erased, without personal data. Never restored over,
    /// and not in the backups.
    pub ledger: String,
    /// Long work and how far it has come; nothing here may come back from a
    /// backup.
    pub run: String,
}

impl Tables {
    /// A table's name.
    #[must_use]
    pub fn name(&self, table: Table) -> &str {
        match table {
            Table::Schedule => &self.schedule,
            Table::Identity => &self.identity,
            Table::Session => &self.session,
            Table::Mail => &self.mail,
            Table::Audit => &self.audit,
            Table::OrganizationKeys => &self.organization_keys,
            Table::Ledger => &self.ledger,
            Table::Run => &self.run,
        }
    }

    /// The same with another name for one of them.
    #[must_use]
    pub fn with(mut self, table: Table, name: String) -> Self {
        let place = match table {
            Table::Schedule => &mut self.schedule,
            Table::Identity => &mut self.identity,
            Table::Session => &mut self.session,
            Table::Mail => &mut self.mail,
            Table::Audit => &mut self.audit,
            Table::OrganizationKeys => &mut self.organization_keys,
            Table::Ledger => &mut self.ledger,
            Table::Run => &mut self.run,
        };
        *place = name;
        self
    }
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
    /// Whether organizations may have a KMS key of their own.
    pub own_keys: bool,
    /// The list of breached passwords that the operator has made, if any.
    pub breached_list: Option<PathBuf>,
}

impl Settings {
    /// The address under which people reach a path of ours.
    #[must_use]
    pub fn address_of(&self, path: &str) -> String {
        format!("{}{path}", self.public_address)
    }

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
                ledger: required(&variable, "LEDGER_TABLE")?,
                run: required(&variable, "RUN_TABLE")?,
            },
            key_id: required(&variable, "KEY_ID")?,
            public_address,
            own_keys: variable("OWN_KEYS").is_some_and(|answer| answer == "yes"),
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
