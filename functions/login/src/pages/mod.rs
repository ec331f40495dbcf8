//! What people see who sign in: each page is a value made of finished texts,
//! and a template that lays them out.
//!
//! Nothing here decides, asks the time or reads a table. Every page works
//! without script but for passkeys, which browsers offer to script alone.

mod account;
mod form;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use askama::Template;
use shared::web::page::{PageHead, WayBack};

pub use account::{AccountPage, PasskeyLine, SessionLine};
pub use form::{Choice, Field, FieldKind, Form, PasskeyForm};

/// The page to sign in.
#[derive(Debug, Clone, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// What stands around the page.
    pub head: PageHead,
    /// What has just happened, such as that a session ended by itself.
    pub news: Option<String>,
    /// Username and password.
    pub form: Form,
    /// The passkey as the only step.
    pub passkey: Option<PasskeyForm>,
    /// For participants: a link by mail. The operator's organization has none.
    pub link: Option<Form>,
    /// Where a forgotten password is replaced.
    pub reset_path: String,
}

/// A page that asks for one thing.
#[derive(Debug, Clone, Template)]
#[template(path = "form.html")]
pub struct FormPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The heading.
    pub title: String,
    /// What one should know before, a paragraph each.
    pub lead: Vec<String>,
    /// What is asked.
    pub form: Form,
    /// The same by a passkey.
    pub passkey: Option<PasskeyForm>,
    /// Where else to go.
    pub ways: Vec<WayBack>,
}

/// A page that says what was done and what comes next.
#[derive(Debug, Clone, Template)]
#[template(path = "said.html")]
pub struct SaidPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The heading.
    pub title: String,
    /// What there is to say, a paragraph each.
    pub lead: Vec<String>,
    /// Where to go on.
    pub way: Option<WayBack>,
}

/// The page that turns on one-time codes.
#[derive(Debug, Clone, Template)]
#[template(path = "codes.html")]
pub struct CodesPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The code to scan: an SVG of our own making, which is why the template
    /// may print it as it is.
    pub picture: String,
    /// The secret, to be typed.
    pub secret: String,
    /// The first code.
    pub form: Form,
    /// The account's page.
    pub back: String,
}

/// The page that shows recovery codes, once.
#[derive(Debug, Clone, Template)]
#[template(path = "recovery.html")]
pub struct RecoveryPage {
    /// What stands around the page.
    pub head: PageHead,
    /// What has just happened.
    pub lead: Vec<String>,
    /// The codes.
    pub codes: Vec<String>,
    /// Where to go on.
    pub next: String,
}
