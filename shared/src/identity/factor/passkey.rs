//! Passkeys (WebAuthn): keys that a device keeps and uses only after it has
//! recognised its owner, by a finger, a face or a PIN.
//!
//! So a passkey is two factors in one: it is asked for as a second factor, and
//! may be the only step. A ceremony begins with what the page hands to
//! `navigator.credentials` and ends with what came back. What was asked for
//! waits, sealed, in the Session table; it is taken away by whoever comes back
//! with it, so each challenge is answered once.
//!
//! Challenges are drawn by webauthn-rs, from the system's generator.

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, PasskeyAuthentication, PasskeyRegistration, Url,
    Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

use super::store;
use crate::dynamo::{self, Key, Write};
use crate::identity::Subject;
use crate::ids::{self, MemberId, OrganizationId, PersonId};
use crate::personal::Label;
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

/// How long a ceremony may take.
pub const CEREMONY: SignedDuration = SignedDuration::from_mins(5);
/// So many passkeys one may have.
pub const MOST: usize = 20;

/// One of somebody's passkeys.
#[derive(Debug, Clone)]
pub struct Passkey {
    /// The blind index of its credential id: names it in addresses.
    pub id: [u8; 16],
    /// Raised by every change; 0 before it is stored.
    pub version: u64,
    /// What its owner calls it.
    pub label: Label,
    /// When it was added.
    pub since: Timestamp,
    /// When it was used last.
    pub used: Option<Timestamp>,
    pub(super) key: webauthn_rs::prelude::Passkey,
}

/// What a page hands to the browser, and the name of the ceremony to come
/// back with.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The ceremony's name: 26 characters.
    pub ceremony: String,
    /// What `navigator.credentials` takes, binary values in base64url.
    pub options: serde_json::Value,
}

/// Why a ceremony came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// The service's address has no name that passkeys can belong to.
    #[error("Passkeys cannot be used at this address.")]
    NoName,
    /// It is not known: too old, answered already, or somebody else's.
    #[error("This took too long. Please try again.")]
    Gone,
    /// There is no passkey to ask for.
    #[error("There is no passkey here yet.")]
    Nothing,
    /// There are as many as there may be.
    #[error("You have {MOST} passkeys. Remove one before you add another.")]
    TooMany,
    /// The answer is not what was asked for.
    #[error("The passkey was not accepted. Please try again.")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something failed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<WebauthnError> for PasskeyError {
    fn from(why: WebauthnError) -> Self {
        Self::Refused(Box::new(why))
    }
}

#[derive(Serialize, Deserialize)]
struct CeremonyRow {
    pk: String,
    sk: String,
    expires: i64,
    sealed: Sealed,
}

/// What a ceremony is for. Each is opened as what it was begun as.
#[derive(Serialize, Deserialize)]
enum Ceremony {
    Registration { subject: String, state: PasskeyRegistration },
    SecondFactor { subject: String, state: PasskeyAuthentication },
    SignIn { state: DiscoverableAuthentication },
}

/// Begins adding a passkey for somebody who is signed in. `username` and `name`
/// are what the device shows beside it.
///
/// # Errors
/// [`PasskeyError`] says why it cannot begin.
pub async fn begin_registration(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
    username: &str,
    name: &str,
    now: Timestamp,
) -> Result<Begun, PasskeyError> {
    let there = store::passkeys(service, keys, organization, subject).await?;
    if there.len() >= MOST {
        return Err(PasskeyError::TooMany);
    }
    let there: Vec<CredentialID> = there.iter().map(|there| there.key.cred_id().clone()).collect();
    let (options, state) = relying_party(&service.settings.public_address)?
        .start_passkey_registration(handle(subject), username, name, Some(there))?;
    let mut options = json(&options)?;
    // A passkey that the device can find by itself signs in without a username.
    // Where there is no room for such, another kind is as good a second factor.
    if let Some(selection) = options.pointer_mut("/publicKey/authenticatorSelection") {
        selection["residentKey"] = "preferred".into();
    }
    let ceremony = Ceremony::Registration { subject: subject.to_string(), state };
    begin(service, keys, organization, &ceremony, options, now).await
}

/// Ends it: the passkey, and the write that keeps it.
///
/// # Errors
/// [`PasskeyError`] says why there is none.
#[expect(clippy::too_many_arguments, reason = "who, where, what was asked and what came back")]
pub async fn finish_registration(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
    ceremony: &str,
    answer: serde_json::Value,
    label: Label,
    now: Timestamp,
) -> Result<(Passkey, Write), PasskeyError> {
    let begun = take(service, keys, organization, ceremony, now).await?;
    let Ceremony::Registration { subject: of, state } = begun else {
        return Err(PasskeyError::Gone);
    };
    if of != subject.to_string() {
        return Err(PasskeyError::Gone);
    }
    let key = relying_party(&service.settings.public_address)?
        .finish_passkey_registration(&parse(answer)?, &state)?;
    let id = store::passkey_id(keys, key.cred_id());
    let passkey = Passkey { id, version: 0, label, since: now, used: None, key };
    let write = store::put_passkey(service, keys, organization, subject, &passkey)?;
    Ok((passkey, write))
}

/// Begins asking somebody, whose password was right, for a passkey of theirs;
/// also to prove afresh who is there.
///
/// # Errors
/// [`PasskeyError::Nothing`] when there is none to ask for.
pub async fn begin_second_factor(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
    now: Timestamp,
) -> Result<Begun, PasskeyError> {
    let there = store::passkeys(service, keys, organization, subject).await?;
    if there.is_empty() {
        return Err(PasskeyError::Nothing);
    }
    let there: Vec<_> = there.into_iter().map(|there| there.key).collect();
    let (options, state) =
        relying_party(&service.settings.public_address)?.start_passkey_authentication(&there)?;
    let ceremony = Ceremony::SecondFactor { subject: subject.to_string(), state };
    begin(service, keys, organization, &ceremony, json(&options)?, now).await
}

/// Ends it: the passkey as it is after its use, and the write that notes that.
///
/// # Errors
/// [`PasskeyError`] says why it was not accepted.
pub async fn finish_second_factor(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
    ceremony: &str,
    answer: serde_json::Value,
    now: Timestamp,
) -> Result<(Passkey, Write), PasskeyError> {
    let begun = take(service, keys, organization, ceremony, now).await?;
    let Ceremony::SecondFactor { subject: of, state } = begun else {
        return Err(PasskeyError::Gone);
    };
    if of != subject.to_string() {
        return Err(PasskeyError::Gone);
    }
    let found = relying_party(&service.settings.public_address)?
        .finish_passkey_authentication(&parse(answer)?, &state)?;
    // Read again: it may have been removed while the device was asked.
    let id = store::passkey_id(keys, found.cred_id());
    let passkey = store::passkey(service, keys, organization, subject, id).await?;
    let passkey = passkey.ok_or(PasskeyError::Gone)?;
    note_use(service, keys, organization, subject, passkey, &found, now)
}

/// Begins signing in with a passkey alone: whoever it belongs to.
///
/// # Errors
/// [`PasskeyError`] says why it cannot begin.
pub async fn begin_sign_in(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<Begun, PasskeyError> {
    let (mut options, state) =
        relying_party(&service.settings.public_address)?.start_discoverable_authentication()?;
    // Whether it waits in the username field or is asked for by a button is
    // the page's choice.
    options.mediation = None;
    begin(service, keys, organization, &Ceremony::SignIn { state }, json(&options)?, now).await
}

/// Ends it: whose passkey it was, how it is after its use, and the write that
/// notes that.
///
/// # Errors
/// [`PasskeyError`] says why it was not accepted. An unknown passkey is
/// refused like a wrong one.
pub async fn finish_sign_in(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    ceremony: &str,
    answer: serde_json::Value,
    now: Timestamp,
) -> Result<(Subject, Passkey, Write), PasskeyError> {
    let begun = take(service, keys, organization, ceremony, now).await?;
    let Ceremony::SignIn { state } = begun else { return Err(PasskeyError::Gone) };
    let answer = parse(answer)?;
    let relying_party = relying_party(&service.settings.public_address)?;
    let (handle, credential) = relying_party.identify_discoverable_authentication(&answer)?;
    let id = store::passkey_id(keys, credential);
    for subject in subjects(handle) {
        let passkey = store::passkey(service, keys, organization, subject, id).await?;
        let Some(passkey) = passkey else { continue };
        let found =
            relying_party.finish_discoverable_authentication_v2(&answer, state, &passkey.key)?;
        let (passkey, write) =
            note_use(service, keys, organization, subject, passkey, &found, now)?;
        return Ok((subject, passkey, write));
    }
    Err(WebauthnError::CredentialNotFound.into())
}

fn note_use(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
    mut passkey: Passkey,
    found: &webauthn_rs::prelude::AuthenticationResult,
    now: Timestamp,
) -> Result<(Passkey, Write), PasskeyError> {
    passkey.key.update_credential(found);
    passkey.used = Some(now);
    let write = store::put_passkey(service, keys, organization, subject, &passkey)?;
    Ok((passkey, write))
}

/// Who asks: the host of the service's address. On a machine of one's own it is
/// `localhost`, which browsers trust without a certificate.
fn relying_party(public_address: &str) -> Result<Webauthn, PasskeyError> {
    let mut origin = Url::parse(public_address).map_err(|_| PasskeyError::NoName)?;
    if matches!(origin.host_str(), Some("127.0.0.1" | "[::1]")) {
        origin.set_host(Some("localhost")).map_err(|_| PasskeyError::NoName)?;
    }
    let host = origin.domain().ok_or(PasskeyError::NoName)?.to_owned();
    Ok(WebauthnBuilder::new(&host, &origin)
        .map_err(|_| PasskeyError::NoName)?
        .rp_name("Kept")
        .build()?)
}

/// What a device keeps beside a passkey to say whose it is: opaque, and the
/// same for all of somebody's passkeys.
fn handle(subject: Subject) -> Uuid {
    Uuid::from_bytes(match subject {
        Subject::Member(id) => *id.as_bytes(),
        Subject::Participant(id) => *id.as_bytes(),
        Subject::SignUp(id) => *id.as_bytes(),
        Subject::Emergency(id) => *id.as_bytes(),
    })
}

/// Who may be meant by a handle.
fn subjects(handle: Uuid) -> [Subject; 2] {
    let bytes = handle.into_bytes();
    [
        Subject::Member(MemberId::from_bytes(bytes)),
        Subject::Participant(PersonId::from_bytes(bytes)),
    ]
}

async fn begin(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    ceremony: &Ceremony,
    options: serde_json::Value,
    now: Timestamp,
) -> Result<Begun, PasskeyError> {
    let table = &service.settings.tables.session;
    let mut id = [0; 16];
    service.chance.fill(&mut id).map_err(Trouble::from)?;
    let key = Key::ceremony(organization, id);
    let sealed = keys.seal(place(&key), ceremony, &*service.chance)?;
    let expires = (now + CEREMONY).as_second();
    let item = dynamo::item(&CeremonyRow { pk: key.pk, sk: key.sk, expires, sealed })?;
    service
        .dynamo
        .put_item()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)")
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("beginning a passkey ceremony", cause))?;
    Ok(Begun { ceremony: ids::to_text(&id), options })
}

/// Takes a ceremony away: whoever comes second finds none.
async fn take(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    ceremony: &str,
    now: Timestamp,
) -> Result<Ceremony, PasskeyError> {
    use aws_sdk_dynamodb::types::ReturnValue;
    let table = &service.settings.tables.session;
    let key = Key::ceremony(organization, ids::from_text(ceremony).ok_or(PasskeyError::Gone)?);
    let taken = service
        .dynamo
        .delete_item()
        .table_name(table)
        .set_key(Some(key.to_item()))
        .return_values(ReturnValue::AllOld)
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("ending a passkey ceremony", cause))?;
    let row: CeremonyRow = dynamo::row(taken.attributes.ok_or(PasskeyError::Gone)?)?;
    if row.expires <= now.as_second() {
        return Err(PasskeyError::Gone);
    }
    keys.open(place(&key), &row.sealed)
        .map_err(|why| Trouble::damaged(format!("ceremony {key}"), why).into())
}

fn place(key: &Key) -> Place<'_> {
    Place { table: Table::Session, pk: &key.pk, sk: &key.sk, attribute: "sealed" }
}

fn parse<T: DeserializeOwned>(answer: serde_json::Value) -> Result<T, PasskeyError> {
    serde_json::from_value(answer).map_err(|why| PasskeyError::Refused(Box::new(why)))
}

fn json<T: Serialize>(options: &T) -> Result<serde_json::Value, Trouble> {
    serde_json::to_value(options)
        .map_err(|cause| Trouble::unavailable("writing a passkey ceremony", cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_belong_to_the_host_of_the_public_address() {
        for (address, origin) in [
            ("https://kept.example", "https://kept.example/"),
            ("http://localhost:8080", "http://localhost:8080/"),
            ("http://127.0.0.1:8080", "http://localhost:8080/"),
            ("http://[::1]:8080", "http://localhost:8080/"),
        ] {
            let found = relying_party(address).unwrap();
            assert_eq!(found.get_allowed_origins()[0].as_str(), origin);
        }
        for address in ["https://192.0.2.7", "nonsense", ""] {
            assert!(matches!(relying_party(address), Err(PasskeyError::NoName)), "{address}");
        }
    }
}
