//! The fields that several pages ask for.

use shared::identity::Username;
use shared::personal::EmailAddress;

use crate::pages::{Field, FieldKind};
use crate::words;

pub(crate) fn username() -> Field {
    Field::new("username", "Username", FieldKind::Username).at_most(Username::LONGEST)
}

pub(crate) fn password() -> Field {
    Field::new("password", "Password", FieldKind::Password)
}

/// A password that is to be, with the meter at `meter`.
pub(crate) fn new_password(least: usize, meter: Option<String>) -> Field {
    let mut field = Field::new("password", "New password", FieldKind::NewPassword)
        .hint(words::password_hint(least));
    field.meter = meter;
    field
}

pub(crate) fn email(label: &'static str) -> Field {
    Field::new("email", label, FieldKind::Email).at_most(EmailAddress::LONGEST)
}

pub(crate) fn code() -> Field {
    Field::new("code", "Code", FieldKind::Code).at_most(60)
}
