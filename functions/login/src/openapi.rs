//! The description of this function's routes for programs, made from the same
//! types that they send and get.

use utoipa::OpenApi;

use crate::handlers::{
    account, confirm, emergency, factors, invitation, link, passkey, reset, second, session,
    sign_in, sign_up,
};

#[derive(OpenApi)]
#[openapi(paths(
    sign_up::form,
    sign_up::ask,
    sign_up::link,
    sign_up::found,
    sign_in::form,
    sign_in::sign_in,
    second::form,
    second::second,
    passkey::options,
    passkey::passkey,
    link::ask,
    link::page,
    link::spend,
    session::sign_out,
    reset::form,
    reset::ask,
    reset::link,
    reset::reset,
    invitation::page,
    invitation::accept,
    emergency::form,
    emergency::open,
    session::left,
    session::stay,
    account::page,
    confirm::form,
    confirm::confirm,
    account::password_form,
    account::password,
    account::email_form,
    account::email,
    account::email_link,
    account::change_email,
    factors::codes_form,
    factors::codes,
    factors::remove_codes,
    factors::recovery,
    factors::passkey_options,
    factors::add_passkey,
    factors::remove_passkey,
    session::end,
    session::end_others,
    account::meter,
))]
struct Description;

/// The description of the routes that this function answers.
#[must_use]
pub fn description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}
