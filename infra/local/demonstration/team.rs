//! The people of the demonstration organizations. Nobody has a password until
//! they choose one: each is invited, and the invitation lies in the caught mail.

use jiff::Timestamp;
use jiff::civil::date;
use shared::audit::Actor;
use shared::identity::Username;
use shared::identity::access::{Coverage, Level};
use shared::identity::member::{self, Newcomer};
use shared::identity::team::Team;
use shared::ids::{MemberId, OrganizationId};
use shared::organization::{self, Organization, PolicyVersion, Snapshot, State, WebName};
use shared::participant::Allowances;
use shared::personal::{EmailAddress, PersonName};
use shared::service::Service;
use shared::trouble::Trouble;

use super::{hash, id, zoned};

/// Somebody of a team: name, username before the @, level, and what they cover.
struct Person {
    name: &'static str,
    username: &'static str,
    level: Level,
    covers: Covers,
}

/// What somebody covers, by the names that the demonstration gives.
enum Covers {
    Everything,
    Event(&'static str),
    /// An event, and the kind and name of one of its resources.
    Resource(&'static str, &'static str, &'static str),
}

const fn person(
    name: &'static str,
    username: &'static str,
    level: Level,
    covers: Covers,
) -> Person {
    Person { name, username, level, covers }
}

const OPERATOR: [Person; 2] = [
    person("Olga Persson", "olga", Level::Administrator, Covers::Everything),
    person("Sam Taylor", "sam", Level::Viewer, Covers::Everything),
];

const SCHOOL: [Person; 6] = [
    person("Robin Adeyemi", "robin", Level::Administrator, Covers::Everything),
    person("Dana Whitfield", "dana", Level::Administrator, Covers::Everything),
    person("Chris Moreno", "chris", Level::EventAdministrator, Covers::Event("fall-conferences")),
    person(
        "Nurse Kelly",
        "kelly",
        Level::ResourceAdministrator,
        Covers::Resource("flu-clinic", "nurse", "Nurse Kelly"),
    ),
    person("Pat Ivanova", "pat", Level::Maker, Covers::Event("fall-conferences")),
    person(
        "Ms Okafor",
        "okafor",
        Level::Viewer,
        Covers::Resource("fall-conferences", "teacher", "Ms Okafor"),
    ),
];

const CLINIC: [Person; 3] = [
    person("Aoife Byrne", "aoife", Level::Administrator, Covers::Everything),
    person("Liam Nolan", "liam", Level::Maker, Covers::Event("screenings")),
    person(
        "Nurse Doyle",
        "doyle",
        Level::Viewer,
        Covers::Resource("screenings", "nurse", "Nurse Doyle"),
    ),
];

/// Makes the operator's organization and invites everybody, where nobody has
/// been invited yet.
pub(super) async fn ensure(service: &Service, now: Timestamp) -> Result<(), Trouble> {
    let operator = Organization {
        id: OrganizationId::from_bytes(hash(&["organization", "operator"])),
        web_name: WebName::operator(),
        name: "Harbor Scheduling".to_owned(),
        zone: zoned("UTC")?,
        state: State::Active,
        privacy: PolicyVersion {
            version: 1,
            effective: date(2026, 1, 1),
            text: "This organization keeps the service of a demonstration. It takes no \
                   appointments; what is typed here stays on this machine."
                .to_owned(),
        },
    };
    organization::store::found(service, &operator).await?;
    let [(school, _), (clinic, _)] = super::ORGANIZATIONS;
    for (web_name, people) in
        [("operator", &OPERATOR[..]), (school, &SCHOOL[..]), (clinic, &CLINIC[..])]
    {
        let Some(id) = organization::store::find(service, web_name).await? else { continue };
        if let Some(snapshot) = service.read_organization(id, now).await? {
            invite(service, &snapshot, people, now).await?;
        }
    }
    Ok(())
}

async fn invite(
    service: &Service,
    snapshot: &Snapshot,
    people: &[Person],
    now: Timestamp,
) -> Result<(), Trouble> {
    let organization = snapshot.organization.id;
    if !member::store::list(service, organization, &snapshot.keys).await?.is_empty() {
        return Ok(());
    }
    let allowances = &Allowances::default();
    let team = Team { service, allowances, snapshot, by: Actor::Service, network: None, now };
    for person in people {
        let unfit = |why: shared::personal::Unfit| Trouble::damaged("the demonstration", why);
        let web_name = snapshot.organization.web_name.as_str();
        let address = format!("{}@{web_name}.example", person.username);
        let newcomer = Newcomer {
            id: MemberId::from_bytes(hash(&["member", web_name, person.username])),
            username: Username::parse(&address).map_err(unfit)?,
            name: PersonName::parse(person.name).map_err(unfit)?,
            email: EmailAddress::parse(&address).map_err(unfit)?,
            level: person.level,
            coverage: person.coverage(snapshot)?,
        };
        let failed = |why: member::Failure| match why {
            member::Failure::Trouble(trouble) => trouble,
            member::Failure::Refused(refusal) => {
                Trouble::damaged("the demonstration's team", format!("{refusal:?}"))
            }
        };
        let invited = team.invite(newcomer).await.map_err(failed)?;
        if snapshot.organization.is_operator() && person.level < Level::Administrator {
            team.set_supporter(&invited, true).await.map_err(failed)?;
        }
    }
    Ok(())
}

impl Person {
    fn coverage(&self, snapshot: &Snapshot) -> Result<Coverage, Trouble> {
        let named = |web_name: &str| {
            let mut events = snapshot.events.iter();
            events.find(|event| event.web_name.as_str() == web_name).map(|event| event.id)
        };
        let gone = || Trouble::damaged("the demonstration's team", "an event is missing");
        let chosen = match self.covers {
            Covers::Everything => return Ok(Coverage::Everything),
            Covers::Event(event) => Coverage::only([named(event).ok_or_else(gone)?], []),
            Covers::Resource(event, kind, name) => {
                Coverage::only([], [(named(event).ok_or_else(gone)?, id(kind, name))])
            }
        };
        chosen.map_err(|why| Trouble::damaged("the demonstration's team", why))
    }
}
