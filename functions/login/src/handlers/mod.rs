//! The routes, by what people do.

pub(crate) mod account;
pub(crate) mod confirm;
pub(crate) mod emergency;
pub(crate) mod factors;
pub(crate) mod invitation;
pub(crate) mod link;
pub(crate) mod passkey;
pub(crate) mod reset;
pub(crate) mod second;
pub(crate) mod session;
pub(crate) mod sign_in;
pub(crate) mod sign_up;

use http::StatusCode;
use shared::personal::{EmailAddress, Unfit};
use shared::web::page::{self, PageHead, WayBack};
use shared::web::{Fault, FieldProblem, Reply};

use crate::pages::SaidPage;
use crate::threshold::Threshold;
use crate::wire::SentShape;

/// An address, or what is wrong with it.
fn address(typed: &str) -> Result<EmailAddress, Fault> {
    EmailAddress::parse(typed).map_err(|unfit| Fault::field("email", unfit.to_string()))
}

/// Reads a field, or notes what is wrong with it.
fn checked<T>(problems: &mut Vec<FieldProblem>, field: &str, value: Result<T, Unfit>) -> Option<T> {
    value
        .map_err(|unfit| {
            problems.push(FieldProblem { field: field.to_owned(), message: unfit.to_string() });
        })
        .ok()
}

/// A mail is on its way, if there is somebody to get it: the one answer,
/// whether there is or not.
fn sent(threshold: &Threshold<'_>, head: PageHead, lead: &[&str], way: Option<WayBack>) -> Reply {
    if !threshold.visit.incoming.wants_page() {
        return Reply::json(StatusCode::ACCEPTED, &SentShape { sent: true });
    }
    let shown = SaidPage {
        head,
        title: "Look in your mail".into(),
        lead: lead.iter().map(|words| (*words).to_owned()).collect(),
        way,
    };
    page::page(StatusCode::ACCEPTED, &shown)
}
