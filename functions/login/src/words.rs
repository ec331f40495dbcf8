//! What people read when the door refuses.

use jiff::SignedDuration;
use shared::identity::door::{Failure, Refusal};
use shared::web::{Fault, FieldProblem, Kind};

/// The one answer to every attempt that does not let somebody in.
pub(crate) const NOT_RIGHT: &str = "This username and password do not fit together. After several \
     failed attempts we lock an account for a while; you can still choose a new password.";

/// A refusal in words, at `field` where one is at fault.
pub(crate) fn fault(failure: Failure, field: &str) -> Fault {
    match failure {
        Failure::Trouble(trouble) => trouble.into(),
        Failure::Refused(refusal) => refused(refusal, field),
    }
}

fn refused(refusal: Refusal, field: &str) -> Fault {
    let at = |fault: Fault| if field.is_empty() { fault } else { fault.at(field) };
    match refusal {
        Refusal::NotRight => match field {
            "" => Fault::new(Kind::WrongCredentials, NOT_RIGHT),
            "code" => Fault::new(Kind::WrongCredentials, "This code opens nothing.").at(field),
            _ => Fault::new(Kind::WrongCredentials, "This is not your password.").at(field),
        },
        Refusal::TooMany(wait) => Fault::new(
            Kind::TooManyRequests,
            format!(
                "There were too many attempts from here. Please try again in {}.",
                spoken(wait)
            ),
        )
        .retry_after(wait),
        Refusal::TooManyMails(wait) => at(Fault::new(
            Kind::TooManyRequests,
            format!(
                "Enough mails were asked for with this for now. Please try again in {}.",
                spoken(wait)
            ),
        ))
        .retry_after(wait),
        Refusal::Locked(wait) => Fault::new(
            Kind::TooManyRequests,
            format!("There were too many wrong attempts. Please try again in {}.", spoken(wait)),
        )
        .retry_after(wait),
        Refusal::Gone => Fault::not_found(),
        Refusal::Password(reasons) => Fault::fields(
            reasons
                .into_iter()
                .map(|message| FieldProblem { field: "password".into(), message })
                .collect(),
        ),
        Refusal::Code(why) => at(Fault::new(Kind::WrongCredentials, why.to_string())),
        Refusal::Passkey(words) => Fault::new(Kind::WrongCredentials, words),
        Refusal::WebNameTaken => Fault::new(
            Kind::Conflict,
            "Another organization has this name in addresses. Choose a different one.",
        )
        .at("web_name"),
        Refusal::UsernameTaken => at(Fault::new(
            Kind::Conflict,
            "Somebody else of your organization signs in with this address.",
        )),
        Refusal::NotFresh => Fault::confirm_needed(),
        Refusal::FactorNeeded => Fault::new(
            Kind::Conflict,
            "Your organization asks for a second step. Add another one before you remove this one.",
        ),
        Refusal::Overtaken => Fault::new(
            Kind::Conflict,
            "Something changed at the same moment. Please look again and repeat it.",
        ),
    }
}

/// `12 minutes`, `2 hours`
pub(crate) fn spoken(wait: SignedDuration) -> String {
    match (wait.as_secs() + 59) / 60 {
        ..=1 => "a minute".into(),
        minutes @ 2..=90 => format!("{minutes} minutes"),
        minutes => format!("{} hours", (minutes + 59) / 60),
    }
}

/// Whether the page that was sent is shown again with what is wrong.
pub(crate) const fn can_be_put_right(kind: Kind) -> bool {
    matches!(kind, Kind::Invalid | Kind::WrongCredentials | Kind::Conflict | Kind::TooManyRequests)
}

/// What a new password must be, before one is typed.
pub(crate) fn password_hint(least: usize) -> String {
    format!(
        "At least {least} characters. A few words that do not belong together are easy to remember."
    )
}
