//! From an answer to a page or JSON.

use shared::web::page::ErrorBody as Refusal;
use shared::web::{Fault, Reply};

pub(crate) use shared::web::page::{fault, head, page};

use crate::wire::{ErrorBody, ErrorShape, SlotShape};

/// A failure as JSON, with the free times nearest to the wanted one.
pub(crate) fn fault_shape(fault: &Fault, nearest: Option<Vec<SlotShape>>) -> Reply {
    let body = ErrorBody { refusal: Refusal::of(fault), nearest };
    Reply::json(fault.kind.status(), &ErrorShape { error: body }).after(fault)
}
