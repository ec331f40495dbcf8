//! What programs send and get.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A request or an answer without content.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NothingShape {}

/// What the asker may see.
#[derive(Debug, Serialize, ToSchema)]
pub struct HomeShape {
    /// What waits for the asker, in words.
    pub waiting: Vec<String>,
    /// The events of which they cover anything.
    pub events: Vec<EventLineShape>,
}

/// One event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamEventLineShape)]
pub struct EventLineShape {
    /// Its name.
    pub name: String,
    /// Where its appointments are.
    pub path: String,
    /// Its days.
    pub days: Vec<String>,
}

/// The appointments of an event day, as far as the asker covers them.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppointmentsShape {
    /// The event's name.
    pub event: String,
    /// The day; null for an event without days.
    pub day: Option<String>,
    /// The event's zone.
    pub zone: String,
    /// What is booked or held, in the order of time.
    pub appointments: Vec<AppointmentShape>,
    /// Times that are taken by somebody whose data is gone, in the order of time.
    pub seats: Vec<SeatShape>,
}

/// One appointment.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppointmentShape {
    /// Its id.
    pub id: String,
    /// `booked`, `held` or `cancelled`.
    pub state: &'static str,
    /// Whose time it is.
    pub resource: String,
    /// Whose time it is, by name.
    pub resource_name: String,
    /// When it begins.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// The participant's id.
    pub person: String,
    /// Who comes, or who booked for a dependent.
    pub name: String,
    /// For whom it is, when that is somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependent: Option<String>,
    /// Where mail reaches them.
    pub email: String,
    /// A telephone number.
    pub phone: Option<String>,
    /// What they wrote.
    pub note: Option<String>,
}

/// The times of an event day at which the asker may make an appointment.
#[derive(Debug, Serialize, ToSchema)]
pub struct FreeTimesShape {
    /// The event's name.
    pub event: String,
    /// The day; null for an event without days.
    pub day: Option<String>,
    /// The event's zone.
    pub zone: String,
    /// What is free, in the order of time.
    pub slots: Vec<FreeTimeShape>,
}

/// A free time.
#[derive(Debug, Serialize, ToSchema)]
pub struct FreeTimeShape {
    /// Its id.
    pub id: String,
    /// Whose time it is.
    pub resource: String,
    /// Whose time it is, by name.
    pub resource_name: String,
    /// When it begins.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// How many more bookings it takes.
    pub left: u32,
}

/// An appointment for somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppointShape {
    /// The id of the time.
    pub slot: String,
    /// Who comes: one line, at most 100 characters.
    pub name: String,
    /// Where mail reaches them.
    pub email: String,
    /// A telephone number.
    pub phone: Option<String>,
    /// What else is to be known: at most 1,000 characters.
    pub note: Option<String>,
}

/// Why an appointment was not made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotMadeShape {
    /// The refusal.
    pub error: NotMadeBody,
}

/// A refusal, and what is free instead.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotMadeBody {
    /// What every refusal says.
    #[serde(flatten)]
    pub refusal: shared::web::page::ErrorBody,
    /// Free times nearest to the one that was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Vec<FreeTimeShape>>,
}

/// A participant within what the asker covers.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParticipantShape {
    /// Their id.
    pub id: String,
    /// What they have booked.
    pub appointments: Vec<AppointmentShape>,
    /// Who saw their data, the latest first; for whoever may read the audit trail.
    pub looks: Option<Vec<RecordShape>>,
}

/// The members.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembersShape {
    /// By name.
    pub members: Vec<MemberShape>,
}

/// One member.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberShape {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// What they sign in with.
    pub username: String,
    /// Where mail reaches them.
    pub email: String,
    /// `viewer`, `maker`, `resource_administrator`, `event_administrator` or `administrator`.
    pub level: &'static str,
    /// Whether everything is covered.
    pub everything: bool,
    /// The events that are covered as a whole.
    pub events: Vec<String>,
    /// The single resources that are covered: `{event}/{resource}`.
    pub resources: Vec<String>,
    /// `invited`, `active` or `disabled`.
    pub state: &'static str,
    /// Whether organizations may ask for their help.
    pub supporter: bool,
}

/// An invitation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteShape {
    /// Their name.
    pub name: String,
    /// Where the invitation goes.
    pub email: String,
    /// What they will sign in with.
    pub username: String,
    /// What they may do.
    pub level: String,
    /// Whether everything is covered.
    #[serde(default)]
    pub everything: bool,
    /// Events to cover as a whole.
    #[serde(default)]
    pub events: Vec<String>,
    /// Single resources to cover: `{event}/{resource}`.
    #[serde(default)]
    pub resources: Vec<String>,
}

/// What a member may do, and where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessShape {
    /// What they may do.
    pub level: String,
    /// Whether everything is covered.
    #[serde(default)]
    pub everything: bool,
    /// Events to cover as a whole.
    #[serde(default)]
    pub events: Vec<String>,
    /// Single resources to cover: `{event}/{resource}`.
    #[serde(default)]
    pub resources: Vec<String>,
}

/// Whether organizations may ask for a member's help.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupporterShape {
    /// `yes` or `no`.
    pub supporter: String,
}

/// How many sessions were ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndedShape {
    /// How many.
    pub ended: usize,
}

/// The security settings.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecurityShape {
    /// The version that was read; it must still be the newest.
    pub version: u32,
    /// The shortest password where it is the only step, in characters.
    pub shortest_password: u32,
    /// The shortest password where a second step follows, in characters.
    pub shortest_password_with_factor: u32,
    /// Whether a password must mix kinds of characters. Against NIST SP 800-63B-4.
    #[serde(default)]
    pub composition: bool,
    /// After how many days a password must be changed, 0 for never. Against NIST SP 800-63B-4.
    pub password_days: u32,
    /// How many failures in a row lock an account.
    pub failures: u32,
    /// How long the first lock lasts, in minutes.
    pub first_lock_minutes: u32,
    /// After how many minutes without a request a session ends.
    pub idle_minutes: u32,
    /// After how many hours a session ends in any case.
    pub session_hours: u32,
    /// From which level a second step is required; null for none.
    pub factor_from: Option<String>,
}

/// Some of the audit trail, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditShape {
    /// The day, in the organization's zone.
    pub day: String,
    /// The records.
    pub records: Vec<RecordShape>,
    /// The path that goes on, or null at the end of the day.
    pub next: Option<String>,
}

/// One record of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordShape {
    /// Its id.
    pub id: String,
    /// When.
    pub at: String,
    /// Who did it, in words.
    pub who: String,
    /// The word for what was done.
    pub action: &'static str,
    /// Whom or what it is about, in words.
    pub about: String,
    /// The word for the result.
    pub result: &'static str,
    /// The kind of page, where something was shown.
    pub page: Option<String>,
    /// How many people's data was shown.
    pub count: Option<u32>,
}

/// Who may help, and who did.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupportShape {
    /// The persons whom the operator has put on its list.
    pub supporters: Vec<SupporterLineShape>,
    /// Permissions, the newest first.
    pub grants: Vec<GrantShape>,
}

/// A person who may be asked for help.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupporterLineShape {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
}

/// A permission to help.
#[derive(Debug, Serialize, ToSchema)]
pub struct GrantShape {
    /// Its id.
    pub id: String,
    /// Who was let in.
    pub supporter: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub made: String,
    /// Until when.
    pub until: String,
    /// Whether it holds now.
    pub holds: bool,
}

/// A wish for help.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskForHelpShape {
    /// Who may help: an id from the list.
    pub supporter: String,
    /// Why: one line.
    pub reason: String,
    /// For how many hours: 1 to 24.
    pub hours: u32,
}

/// The emergency code and its uses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamEmergencyShape)]
pub struct EmergencyShape {
    /// Since when there is a code; null where there is none.
    pub made: Option<String>,
    /// Uses, the latest first.
    pub uses: Vec<UseShape>,
}

/// A use of the emergency code.
#[derive(Debug, Serialize, ToSchema)]
pub struct UseShape {
    /// Its id.
    pub id: String,
    /// When.
    pub at: String,
    /// The reason that was given.
    pub reason: String,
    /// Whether what it opened still stands open.
    pub running: bool,
    /// Whether another administrator has signed it.
    pub signed: bool,
}

/// A new emergency code: said once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeShape {
    /// The code.
    pub code: String,
}

/// Whether the organization is going to be deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasureShape {
    /// When somebody asked to delete it; null where nobody has.
    pub asked: Option<String>,
    /// Until when any administrator can take that back; then it begins.
    pub until: Option<String>,
    /// Where it can be seen how far it has come, and in the end the certificate.
    pub certificate_url: Option<String>,
    /// For how many hours it can be taken back once it is asked for.
    pub waiting_hours: i64,
}

/// A wish to delete the organization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseShape {
    /// The organization's name in addresses, to say that it is meant.
    #[serde(default)]
    pub web_name: String,
}

/// Every organization of the installation.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationsShape {
    /// The organizations.
    pub organizations: Vec<OrganizationLineShape>,
}

/// One organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationLineShape {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub web_name: String,
    /// `awaiting`, `active` or `suspended`.
    pub state: &'static str,
}

/// How the nights' backups went.
#[derive(Debug, Serialize, ToSchema)]
pub struct BackupsShape {
    /// Since when the newest whole backup is there.
    pub taken: Option<String>,
    /// Of when the newest backup is that was tried out and found right.
    pub proven: Option<String>,
    /// Whether there should be a newer backup by now.
    pub late: bool,
    /// Whether a newer one should have been tried out by now.
    pub unproven: bool,
    /// The nights, the newest first.
    pub nights: Vec<NightShape>,
    /// The drills, the newest first.
    pub drills: Vec<DrillShape>,
}

/// A night's backup.
#[derive(Debug, Serialize, ToSchema)]
pub struct NightShape {
    /// The run's id.
    pub id: String,
    /// The UTC day.
    pub day: String,
    /// Whether somebody asked for it.
    pub by_hand: bool,
    /// `under_way`, `complete` or `given_up`.
    pub state: &'static str,
    /// Since when all of it is there.
    pub taken: Option<String>,
    /// The tables' backups.
    pub tables: Vec<OfTableShape>,
    /// How many organizations' keys opened what they sealed.
    pub keys_opened: u64,
    /// The ids of organizations whose key did not.
    pub keys_failing: Vec<String>,
    /// How many older backups were removed.
    pub removed: Option<u64>,
    /// What stood in the way last.
    pub trouble: Option<String>,
}

/// The backup of one table.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfTableShape {
    /// The table.
    pub table: String,
    /// What DynamoDB calls the backup.
    pub backup: Option<String>,
    /// Whether it can be restored.
    pub available: bool,
    /// How large it is.
    pub bytes: u64,
    /// How many items the table had, as DynamoDB counts them every six hours.
    pub items: u64,
}

/// A backup that was tried out.
#[derive(Debug, Serialize, ToSchema)]
pub struct DrillShape {
    /// The run's id.
    pub id: String,
    /// When it was begun.
    pub begun: String,
    /// Whether somebody asked for it.
    pub by_hand: bool,
    /// `under_way`, `proven`, `found` or `given_up`.
    pub state: &'static str,
    /// Whose night's backup it is, as a UTC day.
    pub of: Option<String>,
    /// How long it took until everything was restored and checked.
    pub seconds: Option<i64>,
    /// What was looked at.
    pub counted: Vec<CountShape>,
    /// What was not as it should be.
    pub findings: Vec<CountShape>,
    /// The first of that in words.
    pub words: Vec<String>,
    /// What stood in the way last.
    pub trouble: Option<String>,
}

/// So many of something.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountShape {
    /// Of what.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// Something that was begun and goes on by itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct BegunShape {
    /// The run's id.
    pub run: String,
}

/// Whom guardians may book for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamDependentsShape)]
pub struct DependentsShape {
    /// By name; at most 200.
    pub dependents: Vec<DependentShape>,
    /// How many are on the list in all.
    pub listed: usize,
}

/// Somebody on the list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamDependentShape)]
pub struct DependentShape {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// What the organization's books call them by.
    pub identifier: String,
}

/// How much is kept about a dependent.
#[derive(Debug, Serialize, ToSchema)]
pub struct DependentDataShape {
    /// Their id.
    pub id: String,
    /// Their name; null where they are no longer on the list.
    pub name: Option<String>,
    /// What the organization's books call them by; null as well.
    pub identifier: Option<String>,
    /// How many appointments a deletion would cancel.
    pub coming: usize,
    /// How many others there are, in whatever state.
    pub others: usize,
    /// How many guardians have attached them.
    pub guardians: usize,
    /// Why nothing can be deleted now, where a legal hold stands in the way.
    pub held: Option<String>,
    /// Whether a deletion is under way.
    pub deleting: bool,
}

/// Somebody who is to be put on the list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDependentShape {
    /// Their name: one line, at most 100 characters.
    pub name: String,
    /// What the organization's books call them by: at most 64 characters.
    pub identifier: String,
    /// What only guardians know: 4 to 64 characters.
    pub security_value: String,
}

/// The keys that the organization's data is sealed under.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeysShape {
    /// The keys, the newest first.
    pub keys: Vec<KeyShape>,
    /// How many records are sealed anew so far; null while nothing is.
    pub sealed_anew: Option<u64>,
    /// Whether the organization can be given a KMS key of its own: it has none,
    /// and whoever runs the service has allowed it.
    pub own_kms_key_offered: bool,
}

/// One key; never the key itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyShape {
    /// Its version, counted from 1.
    pub version: u8,
    /// From when on it seals; the first has done so since there is the organization.
    pub since: Option<String>,
    /// Whether it is the one that seals now.
    pub seals: bool,
    /// Whether KMS wraps it under a key that is this organization's alone.
    pub own_kms_key: bool,
}

/// How long things are kept, as somebody wishes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepingShape {
    /// The version that was read: two who save at once do not undo each other.
    pub version: u32,
    /// For how many days after the day it took place an appointment is kept: 0 to
    /// 3650; null for ever.
    pub bookings_days: Option<u32>,
    /// What becomes of it then: `removed`, or `seats` for a time that somebody
    /// had, without the person.
    pub fate: String,
    /// For how many days somebody is kept who neither books nor signs in: 1 to
    /// 3650; null for ever.
    pub contacts_days: Option<u32>,
    /// For how many days a mail is on the list once it is sent: 7 to 3650; null
    /// for ever.
    pub notices_days: Option<u32>,
}

/// How long things are kept, what the coming night removes, and what is held.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionShape {
    /// How long things are kept.
    pub keeping: KeepingShape,
    /// What the coming night removes.
    pub tonight: TonightShape,
    /// What is not removed or deleted, whatever else is set.
    pub holds: Vec<HoldShape>,
}

/// What the coming night removes.
#[derive(Debug, Serialize, ToSchema)]
pub struct TonightShape {
    /// When it begins.
    pub begins: String,
    /// Appointments, by event.
    pub events: Vec<TonightEventShape>,
    /// People of whom nothing else is kept.
    pub contacts: usize,
    /// Mails of the list.
    pub notices: usize,
    /// How many of all these a hold keeps.
    pub held: usize,
    /// Whether there are more than were counted.
    pub more: bool,
}

/// How many appointments of an event the coming night removes.
#[derive(Debug, Serialize, ToSchema)]
pub struct TonightEventShape {
    /// The event's id.
    pub event: String,
    /// The event's name.
    pub name: String,
    /// How many.
    pub appointments: usize,
}

/// A hold that stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldShape {
    /// What is held: `person`, `dependent` or `event`.
    pub on: &'static str,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Who placed it.
    pub by: String,
    /// When.
    pub since: String,
}

/// A hold that is to be placed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHoldShape {
    /// What is to be held: `person`, `dependent` or `event`.
    pub on: String,
    /// Its id.
    pub id: String,
    /// Why: at most 1,000 characters.
    pub reason: String,
}

/// A hold that is to be lifted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiftHoldShape {
    /// What is held: `person`, `dependent` or `event`.
    pub on: String,
    /// Its id.
    pub id: String,
}

/// A time whose person's data is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamSeatShape)]
pub struct SeatShape {
    /// Whose time, by id.
    pub resource: String,
    /// Whose time, by name.
    pub resource_name: String,
    /// When it begins.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// `deleted`, or `lost` where a restore did not bring the person back.
    pub reason: &'static str,
}

/// What is right, on every appointment of a participant that lies ahead.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectPersonShape {
    /// Their name.
    pub name: String,
    /// A telephone number; left out or empty where there is to be none.
    #[serde(default)]
    pub phone: Option<String>,
}

/// How much was corrected.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonCorrectedShape {
    /// On how many appointments something was different.
    pub corrected: usize,
}

/// A deletion that is under way.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonDeletedShape {
    /// Its id.
    pub deletion: String,
    /// How many appointments it cancels.
    pub cancelled: usize,
    /// Where its certificate will be.
    pub certificate: String,
}
