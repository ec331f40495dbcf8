//! What must be true of members, of the usernames that lead to them, and of
//! the count of administrators.

use super::shut;
use crate::dynamo::{Item, Key};
use crate::fsck::damage::Damage;
use crate::fsck::look::{Look, Need};
use crate::fsck::subject::{Subject, Table};
use crate::identity::Member;
use crate::identity::member::store;
use crate::ids::{MemberId, OrganizationId};

/// The member whom a username names, where it reads.
pub(super) fn named_by(item: &Item) -> Option<MemberId> {
    store::named_by(item.clone()).ok()
}

/// The member, where they read; without the organization's keys nothing does.
fn read(item: &Item, organization: OrganizationId, look: &Look) -> Option<Member> {
    store::read(look.keys(organization)?, item.clone()).ok()
}

/// Where the username of a member lies.
fn own_username(member: &Member, organization: OrganizationId, look: &Look) -> Option<Key> {
    Some(Key::username(organization, member.username.index(look.keys(organization)?)))
}

/// What a member must have around them.
pub(super) fn around(subject: &Subject, organization: OrganizationId, look: &Look) -> Vec<Need> {
    let Some(member) = read(&subject.item, organization, look) else { return Vec::new() };
    let counted = member.administers().then(|| Key::administrators(organization));
    let keys = own_username(&member, organization, look).into_iter().chain(counted);
    keys.map(|key| Need::Item(Table::Identity, key)).collect()
}

pub(super) fn check_member(
    subject: &Subject,
    organization: OrganizationId,
    id: MemberId,
    look: &Look,
) -> Vec<Damage> {
    let Some(keys) = look.keys(organization) else { return Vec::new() };
    let Some(member) = read(&subject.item, organization, look) else {
        return vec![shut(subject, keys)];
    };
    let there = |key: &Key| look.item(Table::Identity, key);
    let mut damages = Vec::new();
    let username = own_username(&member, organization, look);
    // One that does not read is a finding of its own.
    let leads_here = username
        .and_then(|key| there(&key))
        .is_some_and(|item| named_by(item).is_none_or(|named| named == id));
    if !leads_here {
        damages.push(Damage::NoUsername);
    }
    if member.administers() && there(&Key::administrators(organization)).is_none() {
        damages.push(Damage::NoAdministrators);
    }
    damages
}

pub(super) fn check_username(
    subject: &Subject,
    organization: OrganizationId,
    index: [u8; 16],
    look: &Look,
) -> Vec<Damage> {
    let Some(named) = named_by(&subject.item) else { return vec![Damage::Unreadable] };
    let stray = vec![Damage::StrayUsername(named)];
    let Some(item) = look.item(Table::Identity, &Key::member(organization, named)) else {
        return stray;
    };
    let Some(keys) = look.keys(organization) else { return Vec::new() };
    match read(item, organization, look) {
        Some(member) if member.username.index(keys) != index => stray,
        // One that does not read is a finding of its own.
        Some(_) | None => Vec::new(),
    }
}

pub(super) fn check_administrators(subject: &Subject, look: &Look) -> Vec<Damage> {
    let Ok(said) = store::counted(&subject.item) else { return vec![Damage::Unreadable] };
    let mut counted = 0;
    for item in look.members(&subject.key.pk) {
        match store::administers(item.clone()) {
            Ok(administers) => counted += u32::from(administers),
            // Without a member who does not read there is nothing to compare with.
            Err(_) => return Vec::new(),
        }
    }
    match said == counted {
        true => Vec::new(),
        false => vec![Damage::WrongAdministrators { said, counted }],
    }
}
