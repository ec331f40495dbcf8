//! Resources: the holders of slots, such as a teacher, a nurse or a room.

pub mod rules;
pub mod store;

use crate::ids::ResourceId;

/// The holder of slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its id within the event.
    pub id: ResourceId,
    /// What people call it: `Ms Okafor`. Visitors see it.
    pub name: String,
    /// Where it is found: `Room 12`. May be empty.
    pub place: String,
}
