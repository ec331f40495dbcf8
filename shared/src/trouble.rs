//! What goes wrong around the domain: a service that does not answer, an item
//! that cannot be read. Refusals, which people can act on, are not troubles.

use std::error::Error;

/// A failure of the machinery. The cause is for the log alone; it never
/// carries a personal value, because none of the values it is made from can
/// be printed.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// DynamoDB, KMS, SES or the random generator failed or was too slow.
    /// Trying again later is right.
    #[error("{doing} failed")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// Something stored does not read as what it must be. `fsck` tells more.
    #[error("{what} cannot be read: {why}")]
    Damaged {
        /// Which thing.
        what: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Trouble {
    /// A service that failed while `doing` something.
    pub fn unavailable(
        doing: &'static str,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable { doing, cause: cause.into() }
    }

    /// A stored thing that does not read as what it must be.
    pub fn damaged(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Damaged { what: what.into(), why: why.to_string() }
    }

    /// The whole chain of causes in one line, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut line = self.to_string();
        let mut cause = self.source();
        while let Some(next) = cause {
            line.push_str(": ");
            line.push_str(&next.to_string());
            cause = next.source();
        }
        line
    }
}

impl From<crate::ambient::NoChance> for Trouble {
    fn from(cause: crate::ambient::NoChance) -> Self {
        Self::unavailable("drawing random bytes", cause)
    }
}
