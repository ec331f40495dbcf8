//! The security settings.

use askama::Template;

use super::{Choice, Field, News, PageHead, Problem, Section};

/// Passwords, lockout, sessions and second factors.
#[derive(Debug, Clone, Template)]
#[template(path = "security.html")]
pub struct SecurityPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// What is wrong with what was typed.
    pub problems: Vec<Problem>,
    /// Why nothing was saved, where no field is at fault.
    pub refusal: Option<String>,
    /// Where the form is sent.
    pub action: String,
    /// The version that was read: two who save at once do not undo each other.
    pub version: String,
    /// The shortest password where it is the only step.
    pub shortest_password: Field,
    /// The shortest password where a second step follows.
    pub shortest_password_with_factor: Field,
    /// Whether a password must mix kinds of characters.
    pub composition: bool,
    /// After how many days it must be changed; 0 for never.
    pub password_days: Field,
    /// Whether a list of breached passwords is there.
    pub breached_check: bool,
    /// How many failures in a row lock an account.
    pub failures: Field,
    /// How long the first lock lasts.
    pub first_lock_minutes: Field,
    /// After how many idle minutes a session ends.
    pub idle_minutes: Field,
    /// After how many hours it ends in any case.
    pub session_hours: Field,
    /// From which level a second step is required.
    pub factor_from: Vec<Choice>,
    /// Where the keys are.
    pub keys_path: String,
    /// Where the organization is deleted, for whoever may.
    pub erasure: Option<String>,
}
