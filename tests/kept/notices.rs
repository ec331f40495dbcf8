//! What signing in owes somebody arrives, once, and only where it should.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use kept::Options;
use serde_json::{Value, json};
use shared::dynamo::{Key, Write};
use shared::identity::access::{Coverage, Level};
use shared::identity::{Member, Subject, Username, member, pass};
use shared::ids::{MemberId, OrganizationId, SignUpId};
use shared::notice::recipient::Recipient;
use shared::notice::{Factor, FirstStep, News, Owed, owed};
use shared::organization::WebName;
use shared::personal::{EmailAddress, PersonName};
use shared::vault::OrganizationKeys;

use crate::world::{Place, Plan, World};

/// A world in which nothing is delivered until a test says so.
struct Quiet {
    world: World,
    notify: notify::Notify,
}

impl Quiet {
    async fn start() -> Self {
        let world = World::with(Options { wakes: kept::Wakes::Nobody, ..Options::default() }).await;
        let settings = notify::MailSettings {
            sender: EmailAddress::parse("appointments@kept.example").unwrap(),
            configuration_set: "kept".into(),
        };
        let service = Arc::clone(world.service());
        let notify = notify::Notify::new(service, world.cloud.ses().clone(), settings);
        Self { world, notify }
    }

    async fn keys(&self, organization: OrganizationId) -> Arc<OrganizationKeys> {
        let now = self.world.now();
        self.world.service().vault.keys(organization, now).await.unwrap().unwrap()
    }

    /// A member who can sign in.
    async fn member(&self, place: &Place, name: &str) -> Subject {
        let service = self.world.service();
        let id = MemberId::fresh(self.world.now(), &*service.chance).unwrap();
        let member = Member {
            id,
            username: Username::parse(&name.to_lowercase().replace(' ', ".")).unwrap(),
            name: PersonName::parse(name).unwrap(),
            email: address(name),
            level: Level::Administrator,
            coverage: Coverage::Everything,
            state: member::State::Active,
            epoch: 1,
            supporter: false,
            made: self.world.now(),
            version: 1,
        };
        let keys = self.keys(place.organization.id).await;
        member::store::create(service, place.organization.id, &keys, &member, Vec::new())
            .await
            .unwrap();
        Subject::Member(id)
    }

    async fn commit(&self, writes: &[Write]) {
        let service = self.world.service();
        assert!(Write::commit_all(writes, &service.dynamo, &*service.chance).await.unwrap());
    }

    async fn owe(&self, owed: &Owed) {
        let table = &self.world.service().settings.tables.mail;
        self.commit(&[owed::owe(table, owed).unwrap()]).await;
    }

    async fn tell(&self, place: &Place, subject: Subject, news: News, occasion: u8) {
        let now = self.world.now();
        self.owe(&owed::to_subject(place.organization.id, subject, news, [occasion; 16], now))
            .await;
    }

    /// Makes a link and owes the mail that brings it.
    async fn send_link(
        &self,
        place: &Place,
        subject: Subject,
        news: fn(Timestamp) -> News,
        address: Option<&EmailAddress>,
    ) {
        let id = place.organization.id;
        let keys = self.keys(id).await;
        let (service, now) = (self.world.service(), self.world.now());
        let writes = owed::link(service, id, &keys, subject, news, address, now).unwrap();
        self.commit(&writes).await;
    }

    async fn items(&self, table: &str) -> Vec<shared::dynamo::Item> {
        let scan = self.world.cloud.dynamo().scan().table_name(table);
        scan.send().await.unwrap().items.unwrap()
    }

    /// Brings everything in the Mail table as the stream would.
    async fn stream(&self) {
        let items = self.items(&self.world.service().settings.tables.mail).await;
        let records: Vec<Value> = items
            .iter()
            .enumerate()
            .map(|(number, item)| {
                json!({
                    "eventID": number.to_string(),
                    "eventName": "INSERT",
                    "eventSource": "aws:dynamodb",
                    "awsRegion": "us-east-1",
                    "dynamodb": {
                        "ApproximateCreationDateTime": 1_796_040_000,
                        "Keys": {
                            "pk": { "S": item["pk"].as_s().unwrap() },
                            "sk": { "S": item["sk"].as_s().unwrap() },
                        },
                        "SequenceNumber": format!("{number:021}"),
                        "SizeBytes": 64,
                        "StreamViewType": "KEYS_ONLY",
                    },
                })
            })
            .collect();
        let answer = self.notify.handle(json!({ "Records": records })).await.unwrap();
        assert_eq!(answer["batchItemFailures"], json!([]));
    }

    async fn sweep(&self) -> Value {
        let schedule = json!({ "source": "aws.events", "detail-type": "Scheduled Event" });
        self.notify.handle(schedule).await.unwrap()
    }

    /// How the notices stand, by kind.
    async fn ends(&self) -> Vec<(String, String)> {
        let table = &self.world.service().settings.tables.mail;
        let text = |item: &shared::dynamo::Item, name: &str| item[name].as_s().unwrap().clone();
        let mut ends: Vec<_> = self
            .items(table)
            .await
            .iter()
            .map(|item| (text(item, "kind"), text(item, "state")))
            .collect();
        ends.sort();
        ends
    }

    async fn suspend(&self, place: &Place, suspended: bool) {
        let state = if suspended { "suspended" } else { "active" };
        let key = Key::organization(place.organization.id);
        self.world
            .cloud
            .dynamo()
            .update_item()
            .table_name(&self.world.service().settings.tables.schedule)
            .set_key(Some(key.to_item()))
            .update_expression("SET #state = :state")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", AttributeValue::S(state.to_owned()))
            .send()
            .await
            .unwrap();
        // What is remembered of it is a second old at most.
        self.world.advance("PT2S").await;
    }
}

fn address(name: &str) -> EmailAddress {
    let local = name.to_lowercase().replace(' ', ".");
    EmailAddress::parse(&format!("{local}@example.org")).unwrap()
}

fn subjects(mails: &[Value]) -> Vec<&str> {
    mails.iter().map(|mail| mail["subject"].as_str().unwrap()).collect()
}

fn text(mail: &Value) -> &str {
    mail["text"].as_str().unwrap()
}

/// The secret part of the link in a mail.
fn link<'a>(mail: &'a Value, part: &str) -> &'a str {
    let (_, rest) = text(mail).split_once(part).unwrap_or_else(|| panic!("{part} in {mail}"));
    rest.split_whitespace().next().unwrap()
}

const ADA: &str = "ada.canary@example.org";

#[tokio::test]
async fn each_news_of_an_account_is_mailed_once_however_often_the_stream_brings_it() {
    let quiet = Quiet::start().await;
    let school = quiet.world.school().await;
    let ada = quiet.member(&school, "Ada Canary").await;
    let Subject::Member(who) = ada else { panic!("{ada:?} is no member") };
    let soon = quiet.world.now() + SignedDuration::from_mins(15);
    let told = [
        (News::OrganizationWaits(school.organization.id), "Waiting for approval"),
        (News::OrganizationApproved, "Approved"),
        (News::OrganizationRefused, "Not approved"),
        (News::PasswordChanged, "Password changed"),
        (News::FactorAdded(Factor::Codes), "One-time codes turned on"),
        (News::FactorAdded(Factor::Passkey), "Passkey added"),
        (News::FactorAdded(Factor::RecoveryCodes), "New recovery codes"),
        (News::FactorRemoved(Factor::Codes), "One-time codes turned off"),
        (News::FactorRemoved(Factor::Passkey), "Passkey removed"),
        (News::EmailChanged, "Address changed"),
        (News::RecoveryCodeUsed(3), "Recovery code used"),
        (News::EmailAsked, "Another address"),
        (News::Locked(soon), "Sign-in locked"),
        (News::DeviceLocked(soon), "Sign-in locked"),
        (News::SecondStepLocked(soon, FirstStep::Password), "Second step locked"),
        (News::SignedInAfterFailures(4), "Signed in after wrong attempts"),
        (News::AdministratorInvited(who), "Administrator invited"),
        (News::AdministratorMade(who), "New administrator"),
        (News::EmergencyUsed, "Emergency code used"),
        (News::SupportGranted(soon), "Support may help"),
        (News::AppointmentsLost(school.event.id, None, 3), "Appointments lost"),
        (News::AppointmentMissing(school.event.id), "Please check your appointments"),
    ];
    for (news, _) in told {
        quiet.tell(&school, ada, news, 1).await;
    }
    quiet.send_link(&school, ada, News::Invitation, None).await;
    quiet.send_link(&school, ada, News::Reset, None).await;
    for _ in 0..3 {
        quiet.stream().await;
    }
    quiet.world.advance("PT10M").await;
    quiet.sweep().await;
    let mails = quiet.world.mails(ADA).await;
    let mut found: Vec<&str> =
        subjects(&mails).into_iter().map(|subject| subject.split(':').next().unwrap()).collect();
    let mut expected: Vec<&str> = told.iter().map(|(_, word)| *word).collect();
    expected.extend(["Invitation", "New password"]);
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert!(quiet.ends().await.iter().all(|(_, state)| state == "sent"));
    for mail in &mails {
        assert!(mail["html"].as_str().unwrap().contains("/north-school/privacy"), "{mail}");
    }
}

#[tokio::test]
async fn the_link_in_a_mail_opens_what_it_is_for() {
    let quiet = Quiet::start().await;
    let school = quiet.world.school().await;
    let ada = quiet.member(&school, "Ada Canary").await;
    let id = school.organization.id;
    let keys = quiet.keys(id).await;
    quiet.send_link(&school, ada, News::Reset, None).await;
    quiet.stream().await;
    let mails = quiet.world.mails(ADA).await;
    let link = link(&mails[0], "/north-school/reset/");
    let (service, now) = (quiet.world.service(), quiet.world.now());
    let found = pass::find(service, id, &keys, pass::Purpose::Reset, link, now).await.unwrap();
    assert_eq!(found.expect("the link opens").subject, ada);
    let other = pass::find(service, id, &keys, pass::Purpose::Invitation, link, now).await;
    assert_eq!(other.unwrap(), None);
}

#[tokio::test]
async fn a_link_that_a_newer_one_has_replaced_is_not_mailed() {
    let quiet = Quiet::start().await;
    let school = quiet.world.school().await;
    let ada = quiet.member(&school, "Ada Canary").await;
    quiet.send_link(&school, ada, News::Reset, None).await;
    quiet.send_link(&school, ada, News::Reset, None).await;
    quiet.stream().await;
    assert_eq!(quiet.world.mails(ADA).await.len(), 1);
    let ends = [("reset".into(), "no_longer_wanted".into()), ("reset".into(), "sent".into())];
    assert_eq!(quiet.ends().await, ends);
}

#[tokio::test]
async fn a_link_that_was_used_or_is_over_is_not_mailed() {
    let quiet = Quiet::start().await;
    let school = quiet.world.school().await;
    let id = school.organization.id;
    let (ada, ben) =
        (quiet.member(&school, "Ada Canary").await, quiet.member(&school, "Ben Canary").await);
    let keys = quiet.keys(id).await;
    quiet.send_link(&school, ada, News::Reset, None).await;
    let (service, now) = (quiet.world.service(), quiet.world.now());
    let used = pass::current(service, id, &keys, ada, pass::Purpose::Reset, now).await;
    quiet.commit(&[pass::spend(service, id, &used.unwrap().unwrap(), now).unwrap()]).await;
    quiet.send_link(&school, ben, News::Reset, None).await;
    quiet.world.advance("PT61M").await;
    quiet.stream().await;
    assert_eq!(quiet.world.cloud.mailbox().total(), 0);
}

#[tokio::test]
async fn who_may_no_longer_sign_in_gets_no_mail_about_it() {
    let quiet = Quiet::start().await;
    let school = quiet.world.school().await;
    let id = school.organization.id;
    let ada = quiet.member(&school, "Ada Canary").await;
    let ben = quiet.member(&school, "Ben Canary").await;
    let gone = Subject::Member(MemberId::from_bytes([9; 16]));
    let (service, keys) = (quiet.world.service(), quiet.keys(id).await);
    let Subject::Member(member) = ben else { unreachable!() };
    let before = member::store::find(service, id, &keys, member).await.unwrap().unwrap();
    let after = Member { state: member::State::Disabled, ..before.clone() };
    let (_, writes) = member::store::changing(service, id, &keys, &before, &after).unwrap();
    quiet.commit(&writes).await;
    for subject in [ada, ben, gone] {
        quiet.tell(&school, subject, News::PasswordChanged, 1).await;
    }
    quiet.stream().await;
    assert_eq!(quiet.world.mails(ADA).await.len(), 1);
    assert_eq!(quiet.world.cloud.mailbox().total(), 1);
    assert_eq!(quiet.ends().await[0].1, "no_longer_wanted");
}

#[tokio::test]
async fn a_participant_is_written_to_under_the_address_they_proved_or_just_typed() {
    let quiet = Quiet::start().await;
    let clinic = quiet.world.clinic().await;
    let keys = quiet.keys(clinic.organization.id).await;
    let ada = Subject::Participant(keys.person(&address("Ada Canary")));
    // Nobody has proven this address: there is nowhere to write to.
    quiet.tell(&clinic, ada, News::PasswordChanged, 1).await;
    quiet.stream().await;
    assert_eq!(quiet.world.cloud.mailbox().total(), 0);
    assert_eq!(quiet.ends().await, [("password_changed".into(), "undeliverable".into())]);
    // The link goes to the address that it will prove.
    let typed = EmailAddress::parse("ADA.Canary@example.org").unwrap();
    quiet.send_link(&clinic, ada, News::SignIn, Some(&typed)).await;
    quiet.stream().await;
    let mails = quiet.world.mails(typed.expose()).await;
    assert_eq!(subjects(&mails), ["Your appointments: south-clinic (test)"]);
    assert_eq!(link(&mails[0], "/south-clinic/sign-in/").len(), 53);
    // Once a booking was confirmed, the address is on file.
    let parent = quiet.world.visitor("Ada Canary");
    parent.book(&clinic, &quiet.world.slot(&clinic, 0).await).await;
    quiet.stream().await;
    let confirm = parent.mailed_link("/confirm/").await;
    let confirmed = quiet.world.submit(&confirm, &[]).await;
    assert!(confirmed.status < 400, "{}", confirmed.text);
    quiet.tell(&clinic, ada, News::PasswordChanged, 2).await;
    quiet.stream().await;
    let mails = quiet.world.mails(ADA).await;
    assert!(subjects(&mails).iter().any(|subject| subject.starts_with("Password changed:")));
}

#[tokio::test]
async fn the_operators_people_and_who_signs_up_are_written_to_in_the_operators_name() {
    let quiet = Quiet::start().await;
    let school = quiet.world.school().await;
    let mut operator = quiet.world.found(Plan { web_name: "the-operator", ..Plan::school() }).await;
    operator.organization.web_name = WebName::operator();
    operator.organization.name = "The Operator".into();
    operator.organization.id =
        OrganizationId::fresh(quiet.world.now(), &*quiet.world.service().chance).unwrap();
    let service = quiet.world.service();
    assert!(shared::organization::store::found(service, &operator.organization).await.unwrap());
    let ada = quiet.member(&operator, "Ada Canary").await;
    quiet.tell(&operator, ada, News::OrganizationWaits(school.organization.id), 1).await;
    let sign_up = Subject::SignUp(SignUpId::from_bytes([8; 16]));
    quiet.send_link(&operator, sign_up, News::SignUp, Some(&address("Ben Canary"))).await;
    quiet.stream().await;
    let mails = quiet.world.mails(ADA).await;
    assert_eq!(subjects(&mails), ["Waiting for approval: north-school (test)"]);
    let page = format!("{}/operator/manage/organizations", quiet.world.cloud.address());
    assert!(text(&mails[0]).contains(&page), "{}", text(&mails[0]));
    let mails = quiet.world.mails("ben.canary@example.org").await;
    assert_eq!(subjects(&mails), ["Confirm your address: The Operator"]);
    let start = format!("{}/sign-up/", quiet.world.cloud.address());
    assert_eq!(link(&mails[0], &start).len(), 53);
    let report = shared::fsck::run_to_end(service).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
}

#[tokio::test]
async fn a_changed_address_is_told_to_the_former_one_which_is_then_forgotten() {
    let quiet = Quiet::start().await;
    let school = quiet.world.school().await;
    let id = school.organization.id;
    let ada = quiet.member(&school, "Ada Canary").await;
    let keys = quiet.keys(id).await;
    let service = quiet.world.service();
    let former = Recipient {
        name: Some(PersonName::parse("Ada Canary").unwrap()),
        email: EmailAddress::parse("former.canary@example.org").unwrap(),
    };
    let news = News::EmailChanged;
    quiet.tell(&school, ada, news, 1).await;
    let owed = owed::to_address(service, id, &keys, ada, news, [1; 16], &former).unwrap();
    quiet.owe(&owed).await;
    let table = &service.settings.tables.mail;
    assert_eq!(quiet.items(table).await.iter().filter(|it| it.contains_key("sealed")).count(), 1);
    quiet.stream().await;
    assert!(text(&quiet.world.mails(ADA).await[0]).contains("comes here"));
    let told = quiet.world.mails("former.canary@example.org").await;
    assert!(text(&told[0]).contains("goes to another address"));
    let items = quiet.items(table).await;
    assert!(items.iter().all(|item| !item.contains_key("sealed")));
    // Nothing of it lay open in a table meanwhile.
    let tables = &service.settings.tables;
    for table in [&tables.mail, &tables.identity, &tables.session, &tables.audit] {
        let all = format!("{:?}", quiet.items(table).await).to_lowercase();
        assert!(!all.contains("canary"), "{table} holds a name or an address");
    }
    // And the check of all items understands such notices.
    let report = shared::fsck::run_to_end(service).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
}

#[tokio::test]
async fn the_notices_of_a_suspended_organization_wait_until_it_may_be_reached_again() {
    let quiet = Quiet::start().await;
    let school = quiet.world.school().await;
    let ada = quiet.member(&school, "Ada Canary").await;
    let parent = quiet.world.visitor("Ben Canary");
    parent.books(&school, &quiet.world.slot(&school, 0).await).await;
    quiet.tell(&school, ada, News::PasswordChanged, 1).await;
    quiet.tell(&school, ada, News::OrganizationRefused, 1).await;
    quiet.suspend(&school, true).await;
    quiet.stream().await;
    quiet.world.advance("PT5M").await;
    let swept = quiet.sweep().await;
    assert_eq!(swept["waiting"], 2, "{swept}");
    // That it was refused is told all the same: it is why it cannot be reached.
    assert_eq!(quiet.world.cloud.mailbox().total(), 1);
    quiet.suspend(&school, false).await;
    quiet.world.advance("PT5M").await;
    quiet.sweep().await;
    assert_eq!(quiet.world.mails(ADA).await.len(), 2);
    assert_eq!(quiet.world.mails(&parent.email).await.len(), 1);
    assert!(quiet.ends().await.iter().all(|(_, state)| state == "sent"));
}

#[tokio::test]
async fn a_sweep_never_tells_an_older_change_after_a_newer_one() {
    let quiet = Quiet::start().await;
    let school = quiet.world.school().await;
    let slots = quiet.world.slots(&school).await;
    let mut parents = Vec::new();
    for number in 0..6 {
        let parent = quiet.world.visitor(&format!("Parent {number}"));
        let id = |slot: usize| slots[slot]["id"].as_str().unwrap();
        let manage = parent.books(&school, id(2 * number)).await;
        assert_eq!(parent.move_to(&manage, id(2 * number + 1)).await.status, 200);
        parents.push(parent);
    }
    // As soon as the sweep looks at them at all.
    quiet.world.advance("PT2M").await;
    quiet.sweep().await;
    for parent in parents {
        let mails = quiet.world.mails(&parent.email).await;
        assert_eq!(mails.len(), 1, "{:?}", subjects(&mails));
        assert!(subjects(&mails)[0].starts_with("Moved:"), "{:?}", subjects(&mails));
    }
}

#[tokio::test]
async fn what_ses_says_of_a_mail_reaches_the_function_without_the_recipient() {
    let world = World::start().await;
    let template = world.cloud.template();
    let rules: Vec<_> = template.functions.iter().flat_map(|function| &function.rules).collect();
    let event = json!({
        "source": "aws.ses",
        "detail-type": "Email Sent",
        "detail": { "mail": {
            "messageId": "m1",
            "destination": [ADA],
            "commonHeaders": { "to": [ADA], "subject": "Booked" },
            "tags": { "ses:configuration-set": ["kept"], "notice": ["n1"] },
        }},
    });
    let woken: Vec<_> = rules.iter().filter(|rule| rule.pattern.matches(&event)).collect();
    assert_eq!(woken.len(), 1);
    let transformer = woken[0].transformer.as_ref().expect("only ids are handed on");
    let handed_on = transformer.apply(&event).unwrap();
    assert_eq!(handed_on, json!({ "source": "aws.ses", "message": "m1", "notice": ["n1"] }));
}

#[tokio::test]
async fn the_word_of_ses_settles_a_notice_whose_sender_died() {
    let quiet = Quiet::start().await;
    let school = quiet.world.school().await;
    let ada = quiet.member(&school, "Ada Canary").await;
    let now = quiet.world.now();
    let owed = owed::to_subject(school.organization.id, ada, News::PasswordChanged, [1; 16], now);
    quiet.owe(&owed).await;
    let tag = format!("{}-{}", owed.organization, owed.id);
    let event = json!({ "source": "aws.ses", "message": "m1", "notice": [tag] });
    assert_eq!(quiet.notify.handle(event).await.unwrap(), json!({ "settled": true }));
    quiet.stream().await;
    assert_eq!(quiet.world.cloud.mailbox().total(), 0);
}
