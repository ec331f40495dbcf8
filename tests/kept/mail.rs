//! What arrives in the mail.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::world::World;

fn calendar(mail: &Value) -> String {
    let attachments = mail["attachments"].as_array().unwrap();
    let file = attachments
        .iter()
        .find(|part| part["name"].as_str().is_some_and(|name| name.ends_with(".ics")));
    let text = file.expect("a calendar file")["text"].as_str().unwrap();
    // Long lines are folded (RFC 5545 section 3.1).
    text.replace("\r\n ", "").replace("\r\n", "\n")
}

fn line<'a>(calendar: &'a str, name: &str) -> &'a str {
    calendar
        .lines()
        .find(|line| line.starts_with(name))
        .unwrap_or_else(|| panic!("no {name} in {calendar}"))
}

#[tokio::test]
async fn booking_moving_and_cancelling_each_send_one_mail_with_its_calendar_file() {
    let world = World::start().await;
    let school = world.school().await;
    let parent = world.visitor("Ada Parent");
    let slots = world.slots(&school).await;
    let manage = parent.books(&school, slots[0]["id"].as_str().unwrap()).await;
    let to = slots[14]["id"].as_str().unwrap();
    assert_eq!(parent.move_to(&manage, to).await.status, 200);
    assert_eq!(parent.cancel(&manage).await.status, 200);
    let mut mails = world.mails(&parent.email).await;
    assert_eq!(mails.len(), 3);
    mails.sort_by_key(|mail| {
        let file = calendar(mail);
        line(&file, "SEQUENCE:").trim_start_matches("SEQUENCE:").parse::<u32>().unwrap()
    });
    let expected = [
        ("Booked:", "METHOD:REQUEST", "20261203T170000", "STATUS:CONFIRMED"),
        ("Moved:", "METHOD:REQUEST", "20261203T181000", "STATUS:CONFIRMED"),
        ("Cancelled:", "METHOD:CANCEL", "20261203T181000", "STATUS:CANCELLED"),
    ];
    let mut identity = None;
    for (mail, (subject, method, start, status)) in mails.iter().zip(expected) {
        let said = mail["subject"].as_str().unwrap();
        assert!(said.starts_with(subject) && said.contains("Thu 3 Dec"), "{said}");
        assert!(!said.contains("Ada"), "{said}");
        let file = calendar(mail);
        assert!(file.contains(method) && file.contains(status), "{file}");
        assert_eq!(line(&file, "DTSTART;"), format!("DTSTART;TZID=America/New_York:{start}"));
        assert!(file.contains("BEGIN:VTIMEZONE") && file.contains("TZOFFSETTO:-0500"), "{file}");
        let uid = line(&file, "UID:").to_owned();
        assert_eq!(*identity.get_or_insert(uid.clone()), uid);
        for part in ["text", "html"] {
            let body = mail[part].as_str().unwrap();
            assert!(body.contains("Ms Number") && body.contains("New York time"), "{body}");
            assert!(body.contains("/north-school/privacy"), "{body}");
        }
    }
    assert!(mails[0]["text"].as_str().unwrap().contains(&manage));
}

#[tokio::test]
async fn a_stream_delivered_twice_sends_each_mail_once() {
    let world = World::start().await;
    let school = world.school().await;
    let clinic = world.clinic().await;
    for number in 0..8 {
        let parent = world.visitor(&format!("Parent {number}"));
        let manage = parent.books(&school, &world.slot(&school, 0).await).await;
        if number % 2 == 0 {
            parent.cancel(&manage).await;
        }
        parent.book(&clinic, &world.slot(&clinic, 0).await).await;
    }
    assert!(world.cloud.settle().await);
    let sent = world.cloud.mailbox().total();
    assert_eq!(sent, 8 + 4 + 8);
    let service = world.service();
    let items = world
        .cloud
        .dynamo()
        .scan()
        .table_name(&service.settings.tables.mail)
        .send()
        .await
        .unwrap()
        .items
        .unwrap();
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
    let settings = notify::MailSettings {
        sender: shared::personal::EmailAddress::parse("appointments@kept.example").unwrap(),
        configuration_set: "kept".into(),
    };
    let notify = notify::Notify::new(Arc::clone(service), world.cloud.ses().clone(), settings);
    for _ in 0..2 {
        let answer = notify.handle(json!({ "Records": records })).await.unwrap();
        assert_eq!(answer["batchItemFailures"], json!([]));
    }
    let schedule = json!({ "source": "aws.events", "detail-type": "Scheduled Event" });
    notify.handle(schedule).await.unwrap();
    assert_eq!(world.cloud.mailbox().total(), sent);
}

#[tokio::test]
async fn the_calendar_file_of_a_booking_can_be_downloaded() {
    let world = World::start().await;
    let school = world.school().await;
    let parent = world.visitor("Ada Parent");
    let manage = parent.books(&school, &world.slot(&school, 0).await).await;
    let path = manage.trim_start_matches(world.cloud.address());
    let file = world.get(&format!("{path}/calendar.ics")).await;
    assert_eq!(file.status, 200);
    assert!(file.header("content-type").starts_with("text/calendar"));
    assert!(file.header("content-disposition").contains("appointment.ics"));
    assert!(file.text.contains("METHOD:PUBLISH") && file.text.ends_with("END:VCALENDAR\r\n"));
    assert!(
        !file.text.contains(path.rsplit('/').next().unwrap()),
        "a shared calendar holds no link"
    );
    assert!(!file.text.contains(&parent.email) && !file.text.contains("Ada"));
    parent.cancel(&manage).await;
    world.get(&format!("{path}/calendar.ics")).await.refused(409, "conflict");
}

#[tokio::test]
async fn a_mail_that_would_lie_by_now_is_not_sent() {
    let world = World::with_faults(6).await;
    let school = world.school().await;
    let parent = world.visitor("Ada Parent");
    world.cloud.faults().mail_outage(true);
    let manage = parent.books(&school, &world.slot(&school, 0).await).await;
    world.notice_failed().await;
    world.advance("PT30M").await;
    assert_eq!(parent.cancel(&manage).await.status, 200);
    world.cloud.faults().mail_outage(false);
    world.advance("PT30M").await;
    for schedule in world.cloud.schedules() {
        world.cloud.fire(&schedule.name);
    }
    let mails = world.mails(&parent.email).await;
    let subjects: Vec<_> =
        mails.iter().map(|mail| format!("{} {}", mail["at"], mail["subject"])).collect();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    assert!(subjects[0].contains("Cancelled:"), "{subjects:?}");
}

#[tokio::test]
async fn an_appointment_across_a_clock_change_is_the_same_in_page_mail_and_calendar() {
    let world = World::start().await;
    let plan = crate::world::Plan {
        days: vec![
            jiff::civil::date(2027, 3, 13),
            jiff::civil::date(2027, 3, 14),
            jiff::civil::date(2027, 3, 15),
        ],
        from: jiff::civil::time(8, 0, 0, 0),
        to: jiff::civil::time(8, 10, 0, 0),
        resources: 1,
        ..crate::world::Plan::school()
    };
    let school = world.found(plan).await;
    let slots = world.slots(&school).await;
    let starts: Vec<_> = slots.iter().map(|slot| slot["start"].as_str().unwrap()).collect();
    assert_eq!(
        starts,
        ["2027-03-13T08:00:00-05:00", "2027-03-14T08:00:00-04:00", "2027-03-15T08:00:00-04:00"]
    );
    for (number, slot) in slots.iter().enumerate() {
        let parent = world.visitor(&format!("Parent {number}"));
        let manage = parent.books(&school, slot["id"].as_str().unwrap()).await;
        let page = world.page(manage.trim_start_matches(world.cloud.address())).await;
        assert!(page.text.contains("08:00"), "{}", page.text);
        let mails = world.mails(&parent.email).await;
        assert!(mails[0]["subject"].as_str().unwrap().contains("08:00"));
        let file = calendar(&mails[0]);
        assert!(line(&file, "DTSTART;").ends_with("T080000"), "{file}");
    }
}
