//! The two demonstration organizations, made through the domain like any other
//! data. What they hold is the same on every machine; their days are counted
//! from the day of the start, and added when none lies ahead.

mod team;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::civil::{Date, Time, Weekday, date, time};
use jiff::{Timestamp, ToSpan};
use shared::dependent::{self, NewDependent};
use shared::event::{AddressProof, Event, UnprovenLimits};
use shared::ids::{EventId, OrganizationId, ResourceId};
use shared::organization::{Organization, PolicyVersion, State, WebName};
use shared::personal::{Identifier, PersonName, SecurityValue, Unfit};
use shared::resource::Resource;
use shared::service::Service;
use shared::slot::rules::{Stretch, fill};
use shared::time::Zone;
use shared::trouble::Trouble;
use shared::{event, organization, resource, slot};

/// The web names of the demonstration organizations, with their names.
pub const ORGANIZATIONS: [(&str, &str); 2] =
    [("maple-street-school", "Maple Street School"), ("harbor-clinic", "Harbor Clinic")];

/// Whom guardians may book for at the school, to try it: name, identifier,
/// security value. All made up.
pub const DEPENDENTS: [(&str, &str, &str); 4] = [
    ("Maya Lindgren", "MS-1042", "2017-04-09"),
    ("Leo Lindgren", "MS-1043", "2019-11-23"),
    ("Amara Obi", "MS-2210", "2016-02-17"),
    ("Tomas Rivera", "MS-2305", "2018-08-30"),
];

/// Makes what is missing of the demonstration data.
///
/// # Errors
/// When DynamoDB or KMS fails.
pub async fn ensure(service: &Service) -> Result<(), Trouble> {
    let now = service.clock.now();
    for plan in [maple_street_school()?, harbor_clinic()?] {
        plan.ensure(service, now).await?;
    }
    team::ensure(service, now).await
}

struct Plan {
    organization: Organization,
    dependents: &'static [(&'static str, &'static str, &'static str)],
    occasions: Vec<Occasion>,
}

struct Occasion {
    event: Event,
    resources: Vec<Resource>,
    /// The day of the week on which its days begin, at least this far ahead.
    begins: (Weekday, i8),
    /// For each of its days, how many days after the first it is and what is filled.
    days: Vec<(i32, Filled)>,
}

#[derive(Clone, Copy)]
struct Filled {
    from: Time,
    to: Time,
    minutes: u16,
    pause: u16,
    except: Option<(Time, Time)>,
    capacity: u32,
}

impl Plan {
    async fn ensure(&self, service: &Service, now: Timestamp) -> Result<(), Trouble> {
        let id = self.organization.id;
        organization::store::found(service, &self.organization).await?;
        let keys =
            service.vault.keys(id, now).await?.ok_or_else(|| {
                Trouble::damaged("the demonstration", "an organization has no key")
            })?;
        // Who was taken off the list meanwhile stays off it.
        if dependent::store::all(service, id, &keys).await?.is_empty() {
            for (name, identifier, security) in self.dependents {
                let unfit = |why: Unfit| Trouble::damaged("the demonstration", why);
                let new = NewDependent {
                    name: PersonName::parse(name).map_err(unfit)?,
                    identifier: Identifier::parse(identifier).map_err(unfit)?,
                    security: SecurityValue::parse(security).map_err(unfit)?,
                };
                let nothing_more = |_| Ok(Vec::new());
                dependent::store::add(service, id, &keys, &new, nothing_more, now).await?;
            }
        }
        let stored = service.read_organization(id, now).await?;
        for occasion in &self.occasions {
            let mut event = stored
                .iter()
                .flat_map(|snapshot| &snapshot.events)
                .find(|event| event.id == occasion.event.id)
                .unwrap_or(&occasion.event)
                .clone();
            let today = event.zone.day(now);
            if event.days.iter().any(|day| *day > today) {
                continue;
            }
            resource::store::put_all(service, id, &keys, event.id, &occasion.resources).await?;
            let days = occasion.days_from(today)?;
            let mut slots = Vec::new();
            for (day, filled) in &days {
                for resource in &occasion.resources {
                    slots.extend(fill(filled.stretch(*day), resource.id, &event.zone).0);
                }
            }
            slot::store::put_all(service, id, event.id, &slots).await?;
            // The days last: an event whose making was cut short is made again.
            event.days.extend(days.iter().map(|(day, _)| *day));
            event::store::put(service, id, &event).await?;
        }
        Ok(())
    }
}

impl Occasion {
    fn days_from(&self, today: Date) -> Result<Vec<(Date, Filled)>, Trouble> {
        let (weekday, ahead) = self.begins;
        let unplaced = |why: jiff::Error| Trouble::damaged("the demonstration's days", why);
        let earliest = today.checked_add(i64::from(ahead).days()).map_err(unplaced)?;
        let first = if earliest.weekday() == weekday {
            earliest
        } else {
            earliest.nth_weekday(1, weekday).map_err(unplaced)?
        };
        let day = |(after, filled): &(i32, Filled)| {
            Ok((first.checked_add(i64::from(*after).days()).map_err(unplaced)?, *filled))
        };
        self.days.iter().map(day).collect()
    }
}

impl Filled {
    const fn stretch(self, day: Date) -> Stretch {
        Stretch {
            day,
            from: self.from,
            to: self.to,
            minutes: self.minutes,
            pause: self.pause,
            except: self.except,
            capacity: self.capacity,
        }
    }
}

const LIMITS: UnprovenLimits =
    UnprovenLimits { per_address: 30, per_network: 3_000, per_event: 5_000 };

fn maple_street_school() -> Result<Plan, Trouble> {
    let organization = organization(0, "America/New_York", "the school")?;
    let evening = Filled {
        from: time(17, 0, 0, 0),
        to: time(20, 0, 0, 0),
        minutes: 10,
        pause: 0,
        except: Some((time(18, 20, 0, 0), time(18, 40, 0, 0))),
        capacity: 1,
    };
    let morning = Filled {
        from: time(9, 0, 0, 0),
        to: time(12, 0, 0, 0),
        except: Some((time(10, 20, 0, 0), time(10, 40, 0, 0))),
        ..evening
    };
    let conferences = Occasion {
        event: event(
            &organization,
            "fall-conferences",
            "Fall conferences",
            "Main building",
            "Ten minutes with each teacher. Please come a few minutes early. If you cannot come, \
             cancel, so that another family can have the time.",
            "Teacher",
            AddressProof::After,
        )?,
        resources: TEACHERS
            .iter()
            .enumerate()
            .map(|(number, name)| Resource {
                id: id("teacher", name),
                name: (*name).to_owned(),
                place: format!("Room {}", 101 + number % 20 + number / 20 * 100),
            })
            .collect(),
        begins: (Weekday::Thursday, 7),
        days: vec![(0, evening), (1, evening), (2, morning)],
    };
    let flu_clinic = Occasion {
        event: event(
            &organization,
            "flu-clinic",
            "Flu clinic",
            "Ground floor",
            "A flu shot for children and grown-ups. Please bring your insurance card and wear \
             short sleeves.",
            "Nurse",
            AddressProof::After,
        )?,
        resources: vec![Resource {
            id: id("nurse", "Nurse Kelly"),
            name: "Nurse Kelly".into(),
            place: "Health office".into(),
        }],
        begins: (Weekday::Monday, 7),
        days: vec![(
            0,
            Filled {
                from: time(8, 0, 0, 0),
                to: time(12, 0, 0, 0),
                minutes: 15,
                pause: 0,
                except: Some((time(10, 0, 0, 0), time(10, 15, 0, 0))),
                capacity: 5,
            },
        )],
    };
    Ok(Plan { organization, dependents: &DEPENDENTS, occasions: vec![conferences, flu_clinic] })
}

fn harbor_clinic() -> Result<Plan, Trouble> {
    let organization = organization(1, "Europe/Dublin", "the clinic")?;
    let day = Filled {
        from: time(9, 0, 0, 0),
        to: time(16, 40, 0, 0),
        minutes: 20,
        pause: 5,
        except: Some((time(12, 30, 0, 0), time(13, 15, 0, 0))),
        capacity: 1,
    };
    let screenings = Occasion {
        event: event(
            &organization,
            "screenings",
            "Health screenings",
            "Harbor Clinic, second floor",
            "Twenty minutes: blood pressure, blood sugar and a talk about the results. Please do \
             not eat for three hours before.",
            "Nurse",
            AddressProof::Before,
        )?,
        resources: ["Nurse Byrne", "Nurse Doyle", "Nurse Walsh"]
            .iter()
            .enumerate()
            .map(|(number, name)| Resource {
                id: id("nurse", name),
                name: (*name).to_owned(),
                place: format!("Room {}", 21 + number),
            })
            .collect(),
        begins: (Weekday::Monday, 3),
        days: (0..5).map(|after| (after, day)).collect(),
    };
    Ok(Plan { organization, dependents: &[], occasions: vec![screenings] })
}

fn organization(number: usize, zone: &str, called: &str) -> Result<Organization, Trouble> {
    let (web_name, name) = ORGANIZATIONS[number];
    Ok(Organization {
        id: OrganizationId::from_bytes(hash(&["organization", web_name])),
        web_name: named(web_name)?,
        name: name.to_owned(),
        zone: zoned(zone)?,
        state: State::Active,
        privacy: PolicyVersion {
            version: 1,
            effective: date(2026, 1, 1),
            text: format!(
                "This is the notice of a demonstration. What you type here stays on this machine.\n\n\
                 When you book, {called} asks for your name and your email address, and for a \
                 telephone number and a note if you want to give them. They are used for this \
                 appointment and for nothing else. Nobody outside {called} gets them, apart from \
                 the processor named below.\n\n\
                 You can see, move and cancel your appointment with the link in your mail. To have \
                 your data corrected or deleted, ask {called}."
            ),
        },
    })
}

fn event(
    organization: &Organization,
    web_name: &str,
    name: &str,
    place: &str,
    description: &str,
    resource_word: &str,
    address_proof: AddressProof,
) -> Result<Event, Trouble> {
    Ok(Event {
        id: EventId::from_bytes(hash(&["event", organization.web_name.as_str(), web_name])),
        web_name: named(web_name)?,
        name: name.to_owned(),
        place: place.to_owned(),
        description: description.to_owned(),
        resource_word: resource_word.to_owned(),
        zone: organization.zone.clone(),
        address_proof,
        opens: None,
        closes: None,
        days: Vec::new(),
        unproven: LIMITS,
    })
}

fn named(web_name: &str) -> Result<WebName, Trouble> {
    WebName::parse(web_name).map_err(|why| Trouble::damaged("the demonstration", why))
}

fn zoned(zone: &str) -> Result<Zone, Trouble> {
    Zone::parse(zone).map_err(|why| Trouble::damaged("the demonstration", why))
}

fn id(kind: &str, name: &str) -> ResourceId {
    ResourceId::from_bytes(hash(&[kind, name]))
}

/// The same bytes for the same words, everywhere.
fn hash<const N: usize>(words: &[&str]) -> [u8; N] {
    let said = format!("kept demonstration/{}", words.join("/"));
    let mut cut = [0; N];
    for (to, from) in cut.iter_mut().zip(digest(&SHA256, said.as_bytes()).as_ref()) {
        *to = *from;
    }
    cut
}

const TEACHERS: [&str; 60] = [
    "Ms Abbott",
    "Mr Adeyemi",
    "Ms Alvarez",
    "Mr Arden",
    "Ms Baptiste",
    "Mr Becker",
    "Ms Bianchi",
    "Mr Brandt",
    "Ms Castellanos",
    "Mr Chandra",
    "Ms Chen",
    "Mr Clarke",
    "Ms Dasgupta",
    "Mr Delgado",
    "Ms Dubois",
    "Mr Eriksen",
    "Ms Farouk",
    "Mr Fitzgerald",
    "Ms Fontaine",
    "Mr Goldstein",
    "Ms Grant",
    "Mr Haddad",
    "Ms Hayashi",
    "Mr Hughes",
    "Ms Ivanova",
    "Mr Jansen",
    "Ms Johansson",
    "Mr Kapoor",
    "Ms Kim",
    "Mr Kowalczyk",
    "Ms Laurent",
    "Mr Lindqvist",
    "Ms Lopez",
    "Mr Maguire",
    "Ms Mbeki",
    "Mr Moreau",
    "Ms Nakamura",
    "Mr Novak",
    "Ms O'Brien",
    "Ms Okafor",
    "Mr Olsen",
    "Ms Papadopoulos",
    "Mr Park",
    "Ms Quispe",
    "Mr Rahman",
    "Ms Reyes",
    "Mr Rossi",
    "Ms Sato",
    "Mr Schneider",
    "Ms Silva",
    "Mr Singh",
    "Ms Sorensen",
    "Mr Tanaka",
    "Ms Torres",
    "Mr Usman",
    "Ms Vargas",
    "Mr Weber",
    "Ms Williams",
    "Mr Yilmaz",
    "Ms Zhang",
];
