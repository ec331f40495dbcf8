//! Events: one scheduling occasion, such as a conference day or a screening.

pub mod rules;
pub mod store;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::ids::EventId;
use crate::organization::WebName;
use crate::time::Zone;

/// One scheduling occasion of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its opaque id.
    pub id: EventId,
    /// Its name in addresses, unique within the organization.
    pub web_name: WebName,
    /// Its name as people know it.
    pub name: String,
    /// Where it takes place.
    pub place: String,
    /// What people should know: plain text.
    pub description: String,
    /// What its resources are called: `Teacher`, `Nurse`.
    pub resource_word: String,
    /// The zone in which its times are said.
    pub zone: Zone,
    /// When an address must be proven.
    pub address_proof: AddressProof,
    /// From when visitors may book; `None` for at once.
    pub opens: Option<Timestamp>,
    /// Until when visitors may book; `None` for until each slot begins.
    pub closes: Option<Timestamp>,
    /// The civil days on which it has slots, in order.
    pub days: Vec<Date>,
    /// How much may be booked under addresses nobody has proven.
    pub unproven: UnprovenLimits,
}

/// When the person who books must prove that the address is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressProof {
    /// The booking stands at once.
    After,
    /// The seat is held for fifteen minutes, and the mailed link confirms.
    Before,
}

/// Limits on bookings under unproven addresses. They stop somebody who fills
/// an event with made-up addresses; they are set so that families do not meet them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnprovenLimits {
    /// Under one address at this event, in 24 hours.
    pub per_address: u32,
    /// From one network at this organization, in an hour.
    pub per_network: u32,
    /// At this event, in an hour.
    pub per_event: u32,
}
