//! The description of the routes for programs, made from the same types that
//! they send and get.

use http::StatusCode;
use shared::web::Reply;
use utoipa::OpenApi;

use crate::handlers::{book, browse, certificate, dependents, link, mine, your_data};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kept",
        description = "Appointments of schools, clinics and other organizations. Every route answers a browser with a page and a program with JSON: HTML only where Accept names text/html.",
        license(name = "AGPL-3.0-or-later", identifier = "AGPL-3.0-or-later")
    ),
    paths(
        description,
        browse::front,
        browse::asset,
        certificate::certificate,
        browse::organization,
        browse::privacy,
        browse::event,
        browse::slots,
        book::form,
        book::book,
        link::confirm_page,
        link::confirm,
        link::booking,
        link::calendar,
        link::cancel,
        link::move_page,
        link::move_to,
        mine::mine,
        dependents::list,
        dependents::attach,
        dependents::detach,
        your_data::your_data,
        your_data::correct,
        your_data::json,
        your_data::csv,
        your_data::delete,
    )
)]
struct Description;

/// The description of all functions' routes, put together by `cargo run -- openapi`.
const WHOLE: &str = include_str!("../../../shared/assets/openapi.json");

/// The description of the routes that this function answers.
#[must_use]
pub fn own() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "Looking",
    summary = "This description",
    responses((status = 200, description = "OpenAPI 3.1"))
)]
pub(crate) fn description() -> Reply {
    Reply::written(StatusCode::OK, WHOLE)
}
