//! What a visitor reads when there is no page to show.

use askama::Template;

use super::PageHead;

/// A page that says why there is nothing else to see.
#[derive(Debug, Clone, Template)]
#[template(path = "message.html")]
pub struct MessagePage {
    /// What stands around the page.
    pub head: PageHead,
    /// What is the matter.
    pub message: Message,
    /// A way back, if there is a better one than the organization's page.
    pub back: Option<WayBack>,
}

/// What is the matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// There is nothing here, or nothing that this visitor may see.
    NotFound,
    /// Too much was asked in a short time.
    TooManyRequests {
        /// After how many minutes to try again.
        minutes: u32,
    },
    /// Something the service needs does not answer.
    Busy {
        /// Whether a form was sent: its page is a step back, and its address is no page.
        sent: bool,
    },
    /// The request cannot be understood.
    BadRequest {
        /// Why, a sentence each.
        reasons: Vec<String>,
    },
    /// The request was understood and refused.
    Refused {
        /// Why, in a sentence.
        reason: String,
    },
    /// The address is right and what was asked of it is not.
    MethodNotAllowed,
}

impl Message {
    /// The page's heading.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "We cannot find this page",
            Self::TooManyRequests { .. } => "Please wait a little",
            Self::Busy { .. } => "We cannot answer right now",
            Self::BadRequest { .. } => "Something is missing or wrong",
            Self::Refused { .. } => "This cannot be done",
            Self::MethodNotAllowed => "This page does not do that",
        }
    }
}

/// A link that leads somewhere better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayBack {
    /// What it says: `All times`.
    pub text: String,
    /// Where it leads.
    pub path: String,
}
