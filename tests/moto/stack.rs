//! `kept --aws`: the operator's commands against a stack whose DynamoDB and KMS
//! are moto's, reached as AWS's are, over HTTP with credentials of the environment.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use aws_sdk_dynamodb::types::TableStatus;
use jiff::civil::date;
use kept::template::{EMBEDDED, EMBEDDED_NAME, Template};
use shared::ambient::{SystemChance, SystemClock};
use shared::backup::{Name, forgotten, store};
use shared::booking::store::{Desk, Wish, Wisher};
use shared::booking::{Contact, IdempotencyKey};
use shared::ids::{DeletionId, OrganizationId, PersonId, RunId};
use shared::ledger::{self, Entry, Fate, Forgotten};
use shared::participant::Allowances;
use shared::personal::{EmailAddress, PersonName};
use shared::service::Service;
use shared::settings::{Settings, Table};
use shared::slot;

use super::Moto;

/// The environment variables of the stack's functions.
fn variables(key: &str, audit_key: &str) -> BTreeMap<String, String> {
    let tables = [
        ("SCHEDULE_TABLE", "ScheduleTable"),
        ("IDENTITY_TABLE", "IdentityTable"),
        ("SESSION_TABLE", "SessionTable"),
        ("MAIL_TABLE", "MailTable"),
        ("AUDIT_TABLE", "AuditTable"),
        ("ORGANIZATION_KEYS_TABLE", "OrganizationKeysTable"),
        ("LEDGER_TABLE", "LedgerTable"),
        ("RUN_TABLE", "RunTable"),
        ("KEY_ID", key),
        ("AUDIT_KEY_ID", audit_key),
        ("PUBLIC_ADDRESS", "https://kept.example"),
    ];
    tables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Two visitors book at the school; who the second of them is.
async fn two_book(service: &Service) -> (OrganizationId, PersonId) {
    let now = service.clock.now();
    let found = service.occasion("maple-street-school", "fall-conferences", now).await.unwrap();
    let occasion = found.unwrap();
    let (organization, event) = (occasion.organization().id, occasion.event());
    let day = *event.days.last().unwrap();
    let slots = slot::store::of_day(service, organization, event.id, day, None).await.unwrap();
    let allowances = Allowances::default();
    let desk = Desk { service, allowances: &allowances, occasion: &occasion, now };
    let mut second = None;
    for (name, slot) in ["Ada Ray", "Ben Ray"].into_iter().zip(slots) {
        let address = format!("{}@example.org", &name[..3]);
        let wish = Wish {
            slot: slot.id,
            contact: Contact {
                name: PersonName::parse(name).unwrap(),
                email: EmailAddress::parse(&address).unwrap(),
                phone: None,
                note: None,
            },
            dependent: None,
            wisher: Wisher::Visitor,
            key: IdempotencyKey::parse(&format!("the-booking-of-{}", &name[..3])).unwrap(),
            network: [7; 16],
        };
        second = Some(desk.book(&wish).await.unwrap().person);
    }
    (organization, second.unwrap())
}

/// The program, as somebody starts it whose environment has credentials.
fn kept(moto: &Moto, variables: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kept"))
        .arg("--aws")
        .arg(variables)
        .args(words)
        .env("AWS_ENDPOINT_URL", format!("http://{}", moto.address))
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "moto")
        .env("AWS_SECRET_ACCESS_KEY", "moto")
        .output()
        .unwrap()
}

#[tokio::test]
async fn a_stack_is_begun_checked_and_a_night_of_it_restored_beside_it_by_the_operator_s_commands()
{
    let moto = Moto::start();
    let client = moto.client();
    let template = Template::parse(EMBEDDED_NAME, EMBEDDED).unwrap();
    moto.make_tables(&template).await;
    let kms = moto.keys();
    let made = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    let audit = kms
        .create_key()
        .key_spec(aws_sdk_kms::types::KeySpec::Hmac256)
        .key_usage(aws_sdk_kms::types::KeyUsageType::GenerateVerifyMac);
    let audit = audit.send().await.unwrap().key_metadata.unwrap();
    let said = variables(&made.arn.unwrap(), &audit.arn.unwrap());
    let settings = Settings::from_variables(|name| said.get(name).cloned()).unwrap();
    let (clock, chance) = (Arc::new(SystemClock), Arc::new(SystemChance));
    let service = Service::new(client.clone(), kms, clock, chance, settings);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("variables.json");
    std::fs::write(&file, serde_json::to_vec(&said).unwrap()).unwrap();
    let text = |output: &Output| {
        format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    };
    let operator = ["operator", "--name", "Harbor Scheduling", "--zone", "Europe/Dublin"];
    let who = ["--administrator", "Olga Persson", "--email", "olga@example.org"];
    let begun = kept(&moto, &file, &[&operator[..], &who].concat());
    assert!(begun.status.success(), "{}", text(&begun));
    assert!(text(&begun).contains("Olga Persson <olga@example.org> is invited."), "{begun:?}");
    assert!(text(&begun).contains("https://kept.example/operator/manage"), "{begun:?}");

    kept::demonstration::ensure(&service).await.unwrap();
    let (organization, person) = two_book(&service).await;
    let night = date(2026, 11, 30);
    for table in Table::BACKED_UP {
        let name = Name { day: night, run: RunId::from_bytes([7; 16]), table };
        store::ask(&service, name).await.unwrap();
    }
    // Afterwards the second one's data is deleted.
    let now = service.clock.now();
    let entry = Entry {
        id: DeletionId::fresh(now, &SystemChance).unwrap(),
        organization,
        what: Forgotten::Person(person, Fate::Removed),
        at: now,
        ended: None,
        certificate: None,
    };
    ledger::put(&service, &entry).await.unwrap();

    let checked = kept(&moto, &file, &["fsck"]);
    assert!(checked.status.success(), "{}", text(&checked));
    let verified = kept(&moto, &file, &["audit", "verify"]);
    assert!(verified.status.code().is_some_and(|code| code < 2), "{}", text(&verified));
    assert!(text(&verified).contains("record"), "{}", text(&verified));

    let restore = ["restore", "--from", "2026-11-30", "--to", "-restored"];
    let restored = kept(&moto, &file, &restore);
    let said_of_it = text(&restored);
    assert!(restored.status.success(), "{said_of_it}");
    assert!(said_of_it.contains("ScheduleTable-restored"), "{said_of_it}");
    assert!(said_of_it.contains("The ledger removed again: ") && said_of_it.contains("1 booking"));
    assert!(said_of_it.contains("Holding what came back"), "it tells what it does: {said_of_it}");
    for table in Table::BACKED_UP {
        let name = service.settings.tables.name(table);
        let new = format!("{name}-restored");
        let status = store::table_status(&service, &new).await.unwrap();
        assert_eq!(status, Some(TableStatus::Active), "{new}");
        let [live, back] = [name, &new].map(|name| forgotten::of(&service, name));
        assert_eq!(back.await.unwrap(), live.await.unwrap(), "{new}");
    }
    // The same once more goes on and says so; another night there is not, and no stack.
    let again = text(&kept(&moto, &file, &restore));
    assert!(again.contains("were there already") && again.contains("repaired"), "{again}");
    let none = kept(&moto, &file, &["restore", "--from", "2026-11-29", "--to", "-other"]);
    assert!(text(&none).contains("there are of: 2026-11-30"), "{}", text(&none));
    let lost = kept(&moto, &folder.path().join("nowhere.json"), &["fsck"]);
    assert!(!lost.status.success() && text(&lost).contains("nowhere.json"), "{}", text(&lost));
    std::fs::write(&file, "{\"PUBLIC_ADDRESS\":\"https://kept.example\"}").unwrap();
    let part = kept(&moto, &file, &["fsck"]);
    assert!(text(&part).contains("SCHEDULE_TABLE"), "{}", text(&part));
}
