//! The description of the team's routes for programs, made from the same types
//! that they send and get.

use utoipa::OpenApi;

use crate::handlers::{
    appointments, audit, backups, book, dependent, dependents, emergency, erasure, holds, home,
    keys, member, members, operator, person, retention, security, support,
};

/// The routes of the team.
#[derive(OpenApi)]
#[openapi(paths(
    home::home,
    appointments::event,
    book::form,
    book::book,
    appointments::cancel,
    appointments::participant,
    person::json,
    person::csv,
    person::correct,
    person::delete,
    members::list,
    members::invite,
    member::member,
    member::change_access,
    member::disable,
    member::enable,
    member::invite_again,
    member::reset,
    member::end_sessions,
    member::supporter,
    security::settings,
    security::change,
    audit::trail,
    support::list,
    support::allow,
    support::withdraw,
    emergency::standing,
    emergency::make,
    emergency::end,
    emergency::sign,
    keys::list,
    keys::rotate,
    keys::own,
    keys::revoke_links,
    erasure::standing,
    erasure::ask,
    erasure::cancel,
    dependents::list,
    dependents::add,
    dependent::dependent,
    dependent::delete,
    dependents::remove,
    retention::settings,
    retention::change,
    holds::place,
    holds::lift,
    operator::list,
    operator::approve,
    operator::suspend,
    operator::reinstate,
    backups::list,
    backups::take,
    backups::try_out,
))]
struct Description;

/// The description of this function's routes.
#[must_use]
pub fn description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}
