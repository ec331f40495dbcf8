//! Dependents: the people an appointment is about when somebody else books it.
//!
//! The organization keeps a list of them, each with an identifier of its own
//! books (a pupil's number) and a security value that only guardians know. A
//! participant who gives both attaches the dependent and may book for them. A
//! dependent may have several guardians; each sees their own bookings only.
//!
//! What a guardian is attached to is the person, not the identifier: an
//! identifier that is given to somebody new makes a new dependent, and whoever
//! was attached to the former one stays with that one.
//!
//! The security value is kept as a keyed hash and not as argon2id. It is short,
//! often a date of birth: no slow hash keeps a few thousand values from being
//! tried, and the key, which no table holds, does. Guessing through the pages
//! is throttled, see [`rules`].

mod item;
pub mod rules;
pub mod store;

pub(crate) use item::{AttachedRow, IdentifierRow, Row, Standing, read};

use jiff::Timestamp;

use crate::ids::DependentId;
use crate::personal::{Identifier, PersonName, SecurityValue};

/// A dependent on the organization's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// Its id.
    pub id: DependentId,
    /// What they are called.
    pub name: PersonName,
    /// What the organization's books call them by.
    pub identifier: Identifier,
    /// Raised by every change, from 1.
    pub version: u32,
    /// When they were put on the list.
    pub made: Timestamp,
}

/// Somebody who is to be put on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDependent {
    /// What they are called.
    pub name: PersonName,
    /// What the organization's books call them by.
    pub identifier: Identifier,
    /// What only guardians know.
    pub security: SecurityValue,
}

/// A guardian's guess: what it takes to attach a dependent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What the organization's books call them by.
    pub identifier: Identifier,
    /// What only guardians know.
    pub security: SecurityValue,
}
