//! The emergency code: printed once, kept in a safe, and good for one look at
//! the organization's data when nobody who may look can be reached
//! (45 CFR 164.312(a)(2)(ii)).
//!
//! A use is written down as a review that stays open until another
//! administrator has signed it.

use std::fmt;
use std::sync::LazyLock;

use aws_sdk_dynamodb::types::AttributeValue;
use data_encoding::{Encoding, Specification};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::moment;
use super::password::{Hashed, Password, Unhashed};
use super::session::{self, Limits};
use super::subject::Subject;
use crate::dynamo::{self, Item, Key, Write};
use crate::ids::{EmergencyId, MemberId, OrganizationId};
use crate::personal::Note;
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

/// 160 bits: 32 letters and digits.
const BYTES: usize = 20;

/// Crockford's base32, as recovery codes have it.
static LETTERS: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    specification.translate.from.push_str("ABCDEFGHJKMNPQRSTVWXYZoOiIlL");
    specification.translate.to.push_str("abcdefghjkmnpqrstvwxyz001111");
    specification.ignore.push_str("- \t\r\n");
    // Constants that fit together.
    specification.encoding().unwrap_or(data_encoding::BASE32HEX_NOPAD)
});

/// A new code, to be shown and printed this once. It cannot be printed by
/// accident.
pub struct Code(Zeroizing<String>);

impl Code {
    /// The code in eight groups of four, for the page that shows it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[emergency code]")
    }
}

/// The code as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its hash.
    pub hashed: Hashed,
    /// Who made it.
    pub made_by: MemberId,
    /// When.
    pub made: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    made_by: String,
    made: i64,
    /// The hash.
    sealed: Sealed,
}

/// What somebody typed, as the code it is if it is one. What is not is compared
/// all the same.
#[must_use]
pub fn typed(text: &str) -> Option<Password> {
    let bytes = Zeroizing::new(LETTERS.decode(text.as_bytes()).ok()?);
    if bytes.len() != BYTES {
        return None;
    }
    Password::parse(&LETTERS.encode(&bytes)).ok()
}

/// Makes a new code and the write that keeps its hash. One that was made before
/// is void.
///
/// # Errors
/// When there is no randomness or no room to compute a hash just now.
pub async fn make(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    made_by: MemberId,
    now: Timestamp,
) -> Result<(Code, Write), Unhashed> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    service.chance.fill(&mut *bytes).map_err(Trouble::from)?;
    let letters = Zeroizing::new(LETTERS.encode(&*bytes));
    let password = Password::parse(&letters)
        .map_err(|why| Trouble::unavailable("making an emergency code", why.to_string()))?;
    let hashed = service.hasher.hash(&password, &*service.chance).await?;
    let table = &service.settings.tables.identity;
    let key = Key::emergency(organization);
    let sealed = keys.seal(place(&key), &hashed.expose(), &*service.chance)?;
    let row =
        Row { pk: key.pk, sk: key.sk, made_by: made_by.to_string(), made: now.as_second(), sealed };
    let anything = "attribute_exists(pk) OR attribute_not_exists(pk)";
    let write = Write::put(table, dynamo::item(&row)?, anything, [])?;
    let groups: Vec<&str> =
        (0..BYTES * 8 / 20).filter_map(|at| letters.get(at * 4..at * 4 + 4)).collect();
    Ok((Code(Zeroizing::new(groups.join("-"))), write))
}

/// The code that is in force, if there is one.
///
/// # Errors
/// When DynamoDB fails or the item is damaged.
pub async fn find(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
) -> Result<Option<Kept>, Trouble> {
    let table = &service.settings.tables.identity;
    let key = Key::emergency(organization);
    let Some(item) = dynamo::get(&service.dynamo, table, &key).await? else { return Ok(None) };
    let row: Row = dynamo::row(item)?;
    let damaged = |why: &str| Trouble::damaged(format!("the emergency code {key}"), why);
    let hash: String =
        keys.open(place(&key), &row.sealed).map_err(|why| damaged(&why.to_string()))?;
    Ok(Some(Kept {
        hashed: Hashed::from_stored(hash),
        made_by: MemberId::parse(&row.made_by).ok_or_else(|| damaged("who made it"))?,
        made: moment(row.made, &key.sk)?,
    }))
}

/// The write that voids a code: for the transaction of its use, which is lost
/// when somebody else used or replaced it in between.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn voiding(
    service: &Service,
    organization: OrganizationId,
    kept: &Kept,
) -> Result<Write, Trouble> {
    Write::delete(
        &service.settings.tables.identity,
        &Key::emergency(organization),
        "made = :made AND made_by = :by",
        [
            (":made", AttributeValue::N(kept.made.as_second().to_string())),
            (":by", AttributeValue::S(kept.made_by.to_string())),
        ],
    )
}

/// A use of the code, and whether somebody has looked into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Which use.
    pub id: EmergencyId,
    /// When.
    pub at: Timestamp,
    /// Why, in the words of whoever used it.
    pub reason: Note,
    /// From which network: a keyed hash.
    pub network: [u8; 16],
    /// Who made the code: somebody else must sign.
    pub code_by: MemberId,
    /// Who has signed it, and when.
    pub signed: Option<(MemberId, Timestamp)>,
}

#[derive(Serialize, Deserialize)]
struct ReviewRow {
    pk: String,
    sk: String,
    at: i64,
    network: String,
    code_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed_at: Option<i64>,
    /// The reason.
    sealed: Sealed,
}

/// The beginning of every review's sort key.
const REVIEWS: &str = "review#";

/// The write of an open review.
///
/// # Errors
/// When there is no randomness or the SDK refuses to build the request.
pub fn opening_review(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    review: &Review,
) -> Result<Write, Trouble> {
    let table = &service.settings.tables.identity;
    let key = Key::review(organization, review.id);
    let sealed = keys.seal(place(&key), &review.reason.expose(), &*service.chance)?;
    let row = ReviewRow {
        pk: key.pk,
        sk: key.sk,
        at: review.at.as_second(),
        network: crate::ids::to_text(&review.network),
        code_by: review.code_by.to_string(),
        signed_by: None,
        signed_at: None,
        sealed,
    };
    Write::create(table, dynamo::item(&row)?)
}

/// The writes that end what was opened with a code, a session for each; none
/// where it is over. They are lost when one has ended in between.
///
/// # Errors
/// When DynamoDB fails or the SDK refuses to build a request.
pub async fn ending(
    service: &Service,
    organization: OrganizationId,
    review: &Review,
    now: Timestamp,
) -> Result<Vec<Write>, Trouble> {
    // Most uses are of long ago: nothing of theirs need be looked for.
    if now >= review.at + session::rules::EMERGENCY {
        return Ok(Vec::new());
    }
    let subject = Subject::Emergency(review.id);
    let limits = Limits::of(&service.security(organization).await?, subject);
    let running = session::store::list(service, organization, subject, limits, now).await?;
    running
        .iter()
        .map(|session| session::store::ending(service, organization, subject, session.id))
        .collect()
}

/// The write by which a member signs a review; lost when somebody has, or when
/// it was this member who made the code.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn signing_review(
    service: &Service,
    organization: OrganizationId,
    review: EmergencyId,
    member: MemberId,
    now: Timestamp,
) -> Result<Write, Trouble> {
    Write::update(
        &service.settings.tables.identity,
        &Key::review(organization, review),
        "SET signed_by = :member, signed_at = :now",
        "attribute_exists(pk) AND attribute_not_exists(signed_by) AND code_by <> :member",
        [],
        [
            (":member", AttributeValue::S(member.to_string())),
            (":now", AttributeValue::N(now.as_second().to_string())),
        ],
    )
}

/// All uses of the code, the latest first.
///
/// # Errors
/// When DynamoDB fails or a review is damaged.
pub async fn reviews(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
) -> Result<Vec<Review>, Trouble> {
    let table = &service.settings.tables.identity;
    let pk = organization.to_string();
    let items = dynamo::query(&service.dynamo, table, &pk, REVIEWS, true).await?;
    let mut reviews =
        items.into_iter().map(|item| read_review(keys, item)).collect::<Result<Vec<_>, _>>()?;
    reviews.sort_by_key(|review| std::cmp::Reverse(review.at));
    Ok(reviews)
}

fn read_review(keys: &OrganizationKeys, item: Item) -> Result<Review, Trouble> {
    let row: ReviewRow = dynamo::row(item)?;
    let key = Key { pk: row.pk, sk: row.sk };
    let damaged = |why: &str| Trouble::damaged(format!("review {key}"), why);
    let reason: String =
        keys.open(place(&key), &row.sealed).map_err(|why| damaged(&why.to_string()))?;
    let signed = match (row.signed_by, row.signed_at) {
        (Some(member), Some(at)) => Some((
            MemberId::parse(&member).ok_or_else(|| damaged("who signed it"))?,
            moment(at, &key.sk)?,
        )),
        _ => None,
    };
    Ok(Review {
        id: key
            .sk
            .strip_prefix(REVIEWS)
            .and_then(EmergencyId::parse)
            .ok_or_else(|| damaged("its id"))?,
        at: moment(row.at, &key.sk)?,
        reason: Note::parse(&reason).map_err(|why| damaged(&why.to_string()))?,
        network: crate::ids::from_text(&row.network).ok_or_else(|| damaged("its network"))?,
        code_by: MemberId::parse(&row.code_by).ok_or_else(|| damaged("who made the code"))?,
        signed,
    })
}

fn place(key: &Key) -> Place<'_> {
    Place { table: Table::Identity, pk: &key.pk, sk: &key.sk, attribute: "sealed" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_was_written_down() {
        let code = "0123-4567-89ab-cdef-ghjk-mnpq-rstv-wxyz";
        let read = typed(code).unwrap();
        assert_eq!(read.expose(), code.replace('-', ""));
        for other in [
            "0123456789abcdefghjkmnpqrstvwxyz",
            "O123 4567 89AB CDEF GHJK MNPQ RSTV WXYZ",
            "oI23-4567-89ab-cdef-ghjk-mnpq-rstv-wxyz\n",
        ] {
            assert_eq!(typed(other).unwrap().expose(), read.expose(), "{other}");
        }
        for none in ["", "0123", &format!("{code}-0000"), "0123-4567-89ab-cdef-ghjk-mnpq-rstv-wxyu"]
        {
            assert!(typed(none).is_none(), "{none}");
        }
    }
}
