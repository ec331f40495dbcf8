//! What programs send and get. No request holds more than these fields: nobody
//! sets by a field what only the service decides.

use serde::{Deserialize, Serialize};
use shared::identity::door::{Account, Entry, Inside};
use shared::identity::password::meter::Meter;
use utoipa::ToSchema;

use crate::pages::Form;

/// A username and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInShape {
    /// The username: a member's, or a participant's address.
    pub username: String,
    /// The password.
    pub password: String,
    /// Where a browser wants to go afterwards.
    pub next: Option<String>,
}

/// The code of an app, or a recovery code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondShape {
    /// The code.
    pub code: String,
    /// Where a browser wants to go afterwards.
    pub next: Option<String>,
}

/// What a passkey is to answer is asked for; what a form holds besides goes along.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionsShape {
    /// Not used here: the form of the page sends it.
    pub next: Option<String>,
    /// Not used here: the form of the page sends it.
    pub name: Option<String>,
    /// Not used here: the form of the page sends it.
    pub ceremony: Option<String>,
    /// Not used here: the form of the page sends it.
    pub credential: Option<String>,
}

/// A passkey's answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyShape {
    /// Which question it answers.
    pub ceremony: String,
    /// The browser's PublicKeyCredential, as JSON in a text.
    pub credential: String,
    /// Where a browser wants to go afterwards.
    pub next: Option<String>,
}

/// A new passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasskeyShape {
    /// What its owner calls it.
    pub name: String,
    /// Which question it answers.
    pub ceremony: String,
    /// The browser's PublicKeyCredential, as JSON in a text.
    pub credential: String,
}

/// An address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailShape {
    /// The address.
    pub email: String,
}

/// Whose password is to be replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetShape {
    /// The username: a member's, or a participant's address.
    pub username: String,
}

/// A password that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasswordShape {
    /// The password.
    pub password: String,
}

/// The password in force and the one that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordShape {
    /// The password in force, where there is one.
    pub current: Option<String>,
    /// The new one.
    pub password: String,
    /// Where a browser wants to go afterwards.
    pub next: Option<String>,
}

/// The password once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmShape {
    /// The password.
    pub password: Option<String>,
    /// With a passkey instead: which question it answers.
    pub ceremony: Option<String>,
    /// With a passkey instead: the browser's PublicKeyCredential, as JSON in a text.
    pub credential: Option<String>,
    /// Where a browser wants to go afterwards.
    pub next: Option<String>,
}

/// An organization that somebody asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUpShape {
    /// Its name.
    pub organization: String,
    /// Its zone in the IANA database.
    pub zone: String,
    /// The name of who asks.
    pub name: String,
    /// Their address.
    pub email: String,
}

/// What makes the organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FoundShape {
    /// Its name in addresses.
    pub web_name: String,
    /// The first administrator's password.
    pub password: String,
}

/// The printed emergency code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyShape {
    /// The code.
    pub code: String,
    /// Why it is used.
    pub reason: String,
}

/// Where a browser wants to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NextShape {
    /// Where.
    pub next: Option<String>,
}

/// A request or an answer without content.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NothingShape {}

/// Somebody came in.
#[derive(Serialize, ToSchema)]
pub struct InShape {
    /// What is still owed before the session is worth anything: `factor`,
    /// `new_factor`, `new_password`, or null.
    pub waiting: Option<String>,
    /// Whose session it is: `member`, `participant` or `emergency`.
    pub kind: &'static str,
    /// Until when the session lasts in any case, in seconds from now.
    pub longest_seconds: i64,
}

impl InShape {
    /// Who came in, as programs read it.
    #[must_use]
    pub fn of(entry: &Entry, now: jiff::Timestamp) -> Self {
        use shared::identity::Subject;
        let ends = entry.session.begun + entry.longest;
        Self {
            waiting: entry.session.waiting.map(|waiting| waiting.word().to_owned()),
            kind: match entry.session.subject {
                Subject::Participant(_) => "participant",
                Subject::Emergency(_) => "emergency",
                Subject::Member(_) | Subject::SignUp(_) => "member",
            },
            longest_seconds: ends.duration_since(now).as_secs(),
        }
    }
}

/// What a form asks for.
#[derive(Serialize, ToSchema)]
pub struct FormShape {
    /// Where it is sent.
    pub action: String,
    /// The names of its fields.
    pub fields: Vec<String>,
}

impl FormShape {
    /// A form as programs read it.
    #[must_use]
    pub fn of(form: &Form) -> Self {
        let fields = form.fields.iter().map(|field| field.name.to_owned()).collect();
        Self { action: form.action.clone(), fields }
    }
}

/// It was done.
#[derive(Serialize, ToSchema)]
pub struct DoneShape {
    /// Always true.
    pub done: bool,
}

/// If there is somebody to be mailed, they are.
#[derive(Serialize, ToSchema)]
pub struct SentShape {
    /// Always true, whether or not there is.
    pub sent: bool,
}

/// The organization that was made.
#[derive(Serialize, ToSchema)]
pub struct FoundedShape {
    /// Its path.
    pub path: String,
    /// Whether it waits for the operator's approval.
    pub waits: bool,
}

/// What a passkey is to answer.
#[derive(Serialize, ToSchema)]
pub struct CeremonyShape {
    /// Its name, to be sent back with the answer.
    pub ceremony: String,
    /// The browser's options.
    #[schema(value_type = Object)]
    pub options: serde_json::Value,
}

/// How long a session lasts if nothing more is asked.
#[derive(Serialize, ToSchema)]
pub struct LeftShape {
    /// In whole seconds.
    pub seconds_left: i64,
}

/// A new secret of one-time codes.
#[derive(Serialize, ToSchema)]
pub struct SecretShape {
    /// The secret, in base32.
    pub secret: String,
}

/// Recovery codes, shown this once.
#[derive(Serialize, ToSchema)]
pub struct RecoveryShape {
    /// The codes; empty where the old ones stay.
    pub recovery_codes: Vec<String>,
}

/// How hard a password is to guess.
#[derive(Serialize, ToSchema)]
pub struct MeterShape {
    /// From 0 to 4.
    pub score: u8,
    /// The same in a word or two.
    pub words: String,
    /// What would make it better, or what is wrong with it.
    pub advice: Vec<String>,
    /// Whether it would be accepted.
    pub accepted: bool,
}

impl MeterShape {
    /// A look at the meter as programs read it.
    #[must_use]
    pub fn of(meter: Meter) -> Self {
        Self {
            score: meter.score,
            words: meter.words.to_owned(),
            advice: meter.advice,
            accepted: meter.accepted,
        }
    }
}

/// Somebody's own account.
#[derive(Serialize, ToSchema)]
pub struct AccountShape {
    /// What they sign in with.
    pub username: String,
    /// Where mail reaches them.
    pub email: String,
    /// Whether there is a password.
    pub password: bool,
    /// Whether one-time codes are on.
    pub codes: bool,
    /// How many recovery codes are left.
    pub recovery_codes_left: usize,
    /// Whether the organization asks for a second factor that is not there.
    pub factor_owed: bool,
    /// Passkeys.
    pub passkeys: Vec<PasskeyLineShape>,
    /// Sessions.
    pub sessions: Vec<SessionLineShape>,
}

/// A passkey.
#[derive(Serialize, ToSchema)]
pub struct PasskeyLineShape {
    /// Its id.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub since: String,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub struct SessionLineShape {
    /// Its id; it opens nothing.
    pub id: String,
    /// The browser, roughly.
    pub browser: String,
    /// Since when.
    pub begun: String,
    /// When it was last in use.
    pub seen: String,
    /// Whether it is the one that asks.
    pub this: bool,
}

impl AccountShape {
    /// An account as programs read it.
    #[must_use]
    pub fn of(inside: &Inside, account: &Account) -> Self {
        let email = inside.email().expose().to_owned();
        Self {
            username: inside
                .member()
                .map_or_else(|| email.clone(), |member| member.username.expose().to_owned()),
            email,
            password: account.password.is_some(),
            codes: account.factors.codes.since().is_some(),
            recovery_codes_left: account.factors.codes.recovery_left(),
            factor_owed: account.factor_owed,
            passkeys: account
                .factors
                .passkeys
                .iter()
                .map(|passkey| PasskeyLineShape {
                    id: shared::ids::to_text(&passkey.id),
                    name: passkey.label.expose().to_owned(),
                    since: passkey.since.to_string(),
                })
                .collect(),
            sessions: account
                .sessions
                .iter()
                .map(|session| SessionLineShape {
                    id: session.id.to_string(),
                    browser: session.browser.clone(),
                    begun: session.begun.to_string(),
                    seen: session.seen.to_string(),
                    this: session.id == inside.session.id,
                })
                .collect(),
        }
    }
}
