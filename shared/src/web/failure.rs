//! One kind of failure, and the one table from it to a status.

use http::StatusCode;
use jiff::SignedDuration;
use serde::Serialize;
use utoipa::ToSchema;

use crate::personal::Unfit;
use crate::trouble::Trouble;

/// What kind of refusal an answer is: the word that programs act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// There is nothing here, or nothing that the asker may know of.
    NotFound,
    /// A value cannot be used: the field says which.
    Invalid,
    /// The idempotency key belongs to another request.
    KeyReused,
    /// The wish meets the state of things: taken, closed, begun.
    Conflict,
    /// A request from another site.
    Forbidden,
    /// Nobody is signed in, and somebody must be.
    SignInNeeded,
    /// What was given does not prove who somebody is.
    WrongCredentials,
    /// Who is signed in may not do this.
    NotAllowed,
    /// Who is signed in must show once more that it is them.
    ConfirmNeeded,
    /// Too much in too short a time.
    TooManyRequests,
    /// The body is larger than it may be.
    TooLarge,
    /// The body is of a kind that is not read here.
    UnsupportedMediaType,
    /// Something the service needs is failing. Nothing is half done.
    Unavailable,
}

impl Kind {
    /// The status of an answer of this kind.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict => StatusCode::CONFLICT,
            Self::SignInNeeded | Self::WrongCredentials => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::NotAllowed | Self::ConfirmNeeded => StatusCode::FORBIDDEN,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// The field's name.
    pub field: String,
    /// What is wrong and what to do, for people.
    pub message: String,
}

impl From<(&'static str, Unfit)> for FieldProblem {
    fn from((field, unfit): (&'static str, Unfit)) -> Self {
        Self { field: field.to_owned(), message: unfit.to_string() }
    }
}

/// A failure on its way to the asker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind it is.
    pub kind: Kind,
    /// What happened and what to do, for people.
    pub message: String,
    /// What is wrong with which field.
    pub fields: Vec<FieldProblem>,
    /// After how long trying again makes sense.
    pub retry_after: Option<SignedDuration>,
    /// The page on which the asker goes on once they have done what is asked of
    /// them first.
    pub goes_on_at: Option<String>,
}

impl Fault {
    /// A failure of a kind with words for people.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            fields: Vec::new(),
            retry_after: None,
            goes_on_at: None,
        }
    }

    /// Nothing here. One text for all that is unknown, so that nobody learns
    /// what exists by asking.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "There is nothing at this address. Please check the link.")
    }

    /// Nobody is signed in.
    #[must_use]
    pub fn sign_in_needed() -> Self {
        Self::new(Kind::SignInNeeded, "Please sign in first.")
    }

    /// Who is signed in may not do this.
    #[must_use]
    pub fn not_allowed() -> Self {
        Self::new(
            Kind::NotAllowed,
            "Your access level does not include this. An administrator can change it.",
        )
    }

    /// Who is signed in must show once more that it is them.
    #[must_use]
    pub fn confirm_needed() -> Self {
        Self::new(Kind::ConfirmNeeded, "Please confirm first that it is you.")
    }

    /// With the page on which the asker goes on afterwards.
    #[must_use]
    pub fn going_on_at(self, path: String) -> Self {
        Self { goes_on_at: Some(path), ..self }
    }

    /// One field that cannot be used.
    #[must_use]
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            fields: vec![FieldProblem { field: field.to_owned(), message: message.clone() }],
            ..Self::new(Kind::Invalid, message)
        }
    }

    /// Several fields that cannot be used.
    #[must_use]
    pub fn fields(fields: Vec<FieldProblem>) -> Self {
        let message = match fields.as_slice() {
            [only] => only.message.clone(),
            several => format!("Please look at {} things again.", several.len()),
        };
        Self { fields, ..Self::new(Kind::Invalid, message) }
    }

    /// Several fields, each with what is wrong with its value.
    #[must_use]
    pub fn unfit(problems: Vec<(&'static str, Unfit)>) -> Self {
        Self::fields(problems.into_iter().map(FieldProblem::from).collect())
    }

    /// The same failure at a field.
    #[must_use]
    pub fn at(mut self, field: &str) -> Self {
        let message = self.message.clone();
        self.fields.push(FieldProblem { field: field.to_owned(), message });
        self
    }

    /// The same failure with a time after which to try again.
    #[must_use]
    pub fn retry_after(mut self, wait: SignedDuration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

impl From<Trouble> for Fault {
    /// The asker reads that trying again helps; the log gets the causes, here
    /// and only here.
    fn from(trouble: Trouble) -> Self {
        tracing::error!(cause = trouble.chain(), "a request failed");
        Self::new(
            Kind::Unavailable,
            "We could not do this just now. Nothing was lost; please try again in a moment.",
        )
        .retry_after(SignedDuration::from_secs(2))
    }
}
