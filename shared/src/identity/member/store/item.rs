//! A member's item.

use serde::{Deserialize, Serialize};

use crate::ambient::Chance;
use crate::dynamo::{self, Item, Key};
use crate::identity::access::{Coverage, Level};
use crate::identity::member::{Member, State};
use crate::identity::moment;
use crate::identity::username::Username;
use crate::ids::{EventId, MemberId, OrganizationId, ResourceId};
use crate::personal::{EmailAddress, PersonName, Unfit};
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    level: String,
    everything: bool,
    /// `{event}` or `{event}#{resource}`.
    covered: Vec<String>,
    state: String,
    epoch: u32,
    supporter: bool,
    made: i64,
    version: u32,
    sealed: Sealed,
}

#[derive(Serialize, Deserialize)]
struct Fields<'a> {
    username: std::borrow::Cow<'a, str>,
    name: std::borrow::Cow<'a, str>,
    email: std::borrow::Cow<'a, str>,
}

/// Writes a member as their item.
pub(super) fn write(
    organization: OrganizationId,
    keys: &OrganizationKeys,
    member: &Member,
    chance: &dyn Chance,
) -> Result<Item, Trouble> {
    let key = Key::member(organization, member.id);
    let fields = Fields {
        username: member.username.expose().into(),
        name: member.name.expose().into(),
        email: member.email.expose().into(),
    };
    let place = Place { table: Table::Identity, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
    let sealed = keys.seal(place, &fields, chance)?;
    let (everything, covered) = match &member.coverage {
        Coverage::Everything => (true, Vec::new()),
        Coverage::Only { events, resources } => {
            let events = events.iter().map(ToString::to_string);
            let resources = resources.iter().map(|(event, resource)| format!("{event}#{resource}"));
            (false, events.chain(resources).collect())
        }
    };
    dynamo::item(&Row {
        pk: key.pk,
        sk: key.sk,
        level: member.level.word().to_owned(),
        everything,
        covered,
        state: member.state.word().to_owned(),
        epoch: member.epoch,
        supporter: member.supporter,
        made: member.made.as_second(),
        version: member.version,
        sealed,
    })
}

/// Reads a member out of their item.
pub(super) fn read(keys: &OrganizationKeys, item: Item) -> Result<Member, Trouble> {
    let row: Row = dynamo::row(item)?;
    let damaged = |why: String| Trouble::damaged(row.sk.clone(), why);
    let unfit = |what: &'static str| move |why: Unfit| format!("its {what}: {why}");
    let place = Place { table: Table::Identity, pk: &row.pk, sk: &row.sk, attribute: "sealed" };
    let fields: Fields<'_> =
        keys.open(place, &row.sealed).map_err(|why| damaged(why.to_string()))?;
    Ok(Member {
        id: row
            .sk
            .strip_prefix("member#")
            .and_then(MemberId::parse)
            .ok_or_else(|| damaged("its id".into()))?,
        username: Username::parse(&fields.username).map_err(unfit("username")).map_err(damaged)?,
        name: PersonName::parse(&fields.name).map_err(unfit("name")).map_err(damaged)?,
        email: EmailAddress::parse(&fields.email).map_err(unfit("email")).map_err(damaged)?,
        level: Level::parse(&row.level).ok_or_else(|| damaged("its level".into()))?,
        coverage: coverage(row.everything, &row.covered)
            .ok_or_else(|| damaged("its coverage".into()))?,
        state: State::parse(&row.state).ok_or_else(|| damaged("its state".into()))?,
        epoch: row.epoch,
        supporter: row.supporter,
        made: moment(row.made, &row.sk)?,
        version: row.version,
    })
}

/// Whether the item is that of an administrator who can sign in.
pub(super) fn administers(item: Item) -> Result<bool, Trouble> {
    let row: Row = dynamo::row(item)?;
    let damaged = |what: &str| Trouble::damaged(row.sk.clone(), what);
    let level = Level::parse(&row.level).ok_or_else(|| damaged("its level"))?;
    let state = State::parse(&row.state).ok_or_else(|| damaged("its state"))?;
    Ok(state == State::Active && level == Level::Administrator)
}

fn coverage(everything: bool, covered: &[String]) -> Option<Coverage> {
    if everything {
        return covered.is_empty().then_some(Coverage::Everything);
    }
    let (mut events, mut resources) = (Vec::new(), Vec::new());
    for text in covered {
        match text.split_once('#') {
            None => events.push(EventId::parse(text)?),
            Some((event, resource)) => {
                resources.push((EventId::parse(event)?, ResourceId::parse(resource)?));
            }
        }
    }
    Coverage::only(events, resources).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SystemChance;
    use crate::identity::member::rules::tests::member;
    use crate::vault::tests::keys;

    const HERE: OrganizationId = OrganizationId::from_bytes([1; 16]);

    #[test]
    fn a_member_survives_their_own_item_and_nothing_personal_lies_open_in_it() {
        let event = EventId::from_bytes([3; 16]);
        let room = (EventId::from_bytes([4; 16]), ResourceId::from_bytes([5; 8]));
        for coverage in [Coverage::Everything, Coverage::only([event], [room]).unwrap()] {
            let member = Member { coverage, ..member(Level::ResourceAdministrator, State::Active) };
            let item = write(HERE, &keys(1), &member, &SystemChance).unwrap();
            let text = format!("{item:?}").to_lowercase();
            assert!(!text.contains("example.org") && !text.contains("\"ada\""), "{text}");
            assert_eq!(read(&keys(1), item).unwrap(), member);
        }
    }

    #[test]
    fn a_sealed_member_does_not_open_as_another() {
        let member = member(Level::Viewer, State::Active);
        let mut item = write(HERE, &keys(1), &member, &SystemChance).unwrap();
        let other = Key::member(HERE, MemberId::from_bytes([9; 16]));
        item.extend(other.to_item());
        assert!(matches!(read(&keys(1), item), Err(Trouble::Damaged { .. })));
    }
}
