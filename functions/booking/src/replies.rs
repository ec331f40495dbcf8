//! From an answer to a page or JSON.

use askama::Template;
use http::{Method, StatusCode};
use shared::organization::Organization;
use shared::web::{Fault, Incoming, Kind, Reply};

use crate::pages::{Message, MessagePage, OrganizationHead, PageHead, WayBack};
use crate::wire::{ErrorBody, ErrorShape, SlotShape};

/// A page; one that cannot be rendered becomes a plain apology.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Reply {
    match template.render() {
        Ok(html) => Reply::page(status, html),
        Err(cause) => {
            tracing::error!(%cause, "a page could not be rendered");
            Reply::page(StatusCode::SERVICE_UNAVAILABLE, "Please try again in a moment.".into())
        }
    }
}

/// A failure as JSON.
pub(crate) fn fault_shape(fault: &Fault, nearest: Option<Vec<SlotShape>>) -> Reply {
    let body = ErrorBody {
        kind: fault.kind,
        message: fault.message.clone(),
        field: fault.fields.first().map(|problem| problem.field.clone()),
        fields: fault.fields.clone(),
        nearest,
    };
    Reply::json(fault.kind.status(), &ErrorShape { error: body }).after(fault)
}

/// A failure as a page of its own, or as JSON.
pub(crate) fn fault(
    incoming: &Incoming,
    fault: &Fault,
    organization: Option<&Organization>,
    back: Option<WayBack>,
) -> Reply {
    if !incoming.wants_page() {
        return fault_shape(fault, None);
    }
    let message = match fault.kind {
        Kind::NotFound => Message::NotFound,
        Kind::TooManyRequests => Message::TooManyRequests {
            minutes: fault
                .retry_after
                .and_then(|wait| u32::try_from((wait.as_secs() + 59) / 60).ok())
                .unwrap_or(1),
        },
        Kind::Unavailable => Message::Busy { sent: incoming.method == Method::POST },
        Kind::Invalid | Kind::KeyReused | Kind::TooLarge | Kind::UnsupportedMediaType => {
            Message::BadRequest { reasons: reasons(fault) }
        }
        Kind::Conflict | Kind::Forbidden => Message::Refused { reason: fault.message.clone() },
    };
    let head = PageHead::new(organization.map(head));
    page(fault.kind.status(), &MessagePage { head, message, back }).after(fault)
}

fn reasons(fault: &Fault) -> Vec<String> {
    if fault.fields.is_empty() {
        return vec![fault.message.clone()];
    }
    // A field's name is for programs; who reads a page is told what to do.
    fault.fields.iter().map(|problem| problem.message.clone()).collect()
}

/// An organization at the head of a page.
pub(crate) fn head(organization: &Organization) -> OrganizationHead {
    let path = format!("/{}", organization.web_name);
    OrganizationHead {
        name: organization.name.clone(),
        privacy_path: Some(format!("{path}/privacy")),
        path,
    }
}
