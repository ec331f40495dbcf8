//! Somebody's own account.

use askama::Template;
use shared::web::page::{PageHead, WayBack};

use super::{Form, PasskeyForm};

/// Password, second factors and sessions, in one place.
#[derive(Debug, Clone, Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// What stands around the page.
    pub head: PageHead,
    /// What has just been done.
    pub news: Option<String>,
    /// Who it is.
    pub lead: String,
    /// What the organization asks that is not there yet.
    pub owed: Option<String>,
    /// The address.
    pub email: String,
    /// The way to another address, where it can be changed.
    pub email_way: Option<WayBack>,
    /// How the password stands.
    pub password: String,
    /// The way to another one.
    pub password_way: WayBack,
    /// How one-time codes stand.
    pub codes: String,
    /// The way to turn them on, where they are off.
    pub codes_way: Option<WayBack>,
    /// What can be done with them, where they are on.
    pub codes_forms: Vec<Form>,
    /// The passkeys.
    pub passkeys: Vec<PasskeyLine>,
    /// One more.
    pub add_passkey: PasskeyForm,
    /// The sessions, the one in use last in front.
    pub sessions: Vec<SessionLine>,
    /// Ends all but this one, where there are others.
    pub end_others: Option<Form>,
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyLine {
    /// What its owner calls it.
    pub name: String,
    /// The day it was added.
    pub added: String,
    /// Removes it.
    pub remove: Form,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionLine {
    /// The browser, roughly.
    pub browser: String,
    /// Since when.
    pub since: String,
    /// When it was last in use.
    pub seen: String,
    /// Whether it is the one that asks.
    pub this: bool,
    /// Ends it; not for the one that asks, which signs out.
    pub end: Option<Form>,
}
