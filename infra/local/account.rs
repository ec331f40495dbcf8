//! The account and region that everything here pretends to be in.

use crate::error::StartError;
use aws_sdk_dynamodb::config::{Credentials, Region};
use shared::ambient::{Chance, NoChance};

/// The region: the one winterbaume's KMS and every ARN here speak of.
pub(crate) const REGION: &str = "us-east-1";

/// The account: twelve digits that nobody has.
pub(crate) const ACCOUNT: &str = "123456789012";

pub(crate) fn region() -> Region {
    Region::from_static(REGION)
}

/// Signatures are made with these and checked by nobody.
pub(crate) fn credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "local cloud")
}

/// An id as AWS gives them: a version 4 UUID.
pub(crate) fn fresh_id(chance: &dyn Chance) -> Result<String, NoChance> {
    let mut bytes = [0_u8; 16];
    chance.fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

impl From<NoChance> for StartError {
    fn from(problem: NoChance) -> Self {
        Self::part("the local cloud", problem)
    }
}
