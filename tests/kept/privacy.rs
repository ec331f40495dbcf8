//! Personal values stay where they belong, and addresses tell nothing.

use std::path::Path;

use serde_json::{Value, json};

use crate::crash::Program;
use crate::world::{Answer, World, fresh_key};

const NAME: &str = "Canaryname Zzyzx";
const EMAIL: &str = "canary.zzyzx@canary.example";
const PHONE: &str = "+15550199887";
const NOTE: &str = "canarynote about a peanut allergy";

const MEMBER: &str = "Canarymember Quagga";
const USERNAME: &str = "canary.quagga.username";
const MEMBER_EMAIL: &str = "canary.quagga@canary.example";
const DEPENDENT: &str = "Canarychild Okapi";
const IDENTIFIER: &str = "CANARYPUPIL-77201";
const SECURITY_VALUE: &str = "canarysecret 2015-04-03";
const GRANT_REASON: &str = "canaryreason for letting support in";
const EMERGENCY_REASON: &str = "canaryreason for an emergency";

const CANARIES: [&str; 12] = [
    NAME,
    EMAIL,
    PHONE,
    NOTE,
    MEMBER,
    USERNAME,
    MEMBER_EMAIL,
    DEPENDENT,
    IDENTIFIER,
    SECURITY_VALUE,
    GRANT_REASON,
    EMERGENCY_REASON,
];

/// Values as they might lie somewhere: plain, in another case, escaped for an
/// address, or encoded.
fn spellings(values: &[&str]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for value in values {
        let escaped: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        for text in [(*value).to_owned(), value.to_uppercase(), value.to_lowercase(), escaped] {
            found.push(text.into_bytes());
        }
        for shift in 0..3 {
            // Base64 of a text inside a longer one, at each of its three alignments.
            let padded = format!("{}{value}", " ".repeat(shift));
            let encoded = data_encoding::BASE64_NOPAD.encode(padded.as_bytes());
            found.push(encoded.as_bytes()[4..encoded.len() - 4].to_vec());
        }
        found.push(data_encoding::HEXLOWER.encode(value.as_bytes()).into_bytes());
    }
    found
}

/// Fails when one of the values lies among the bytes, however it is spelled.
pub fn assert_tells_none(values: &[&str], what: &str, bytes: &[u8]) {
    for spelling in spellings(values) {
        assert!(
            !bytes.windows(spelling.len()).any(|window| window == spelling),
            "{what} holds a personal value: {}",
            String::from_utf8_lossy(&spelling)
        );
    }
}

fn assert_no_canary(what: &str, bytes: &[u8]) {
    assert_tells_none(&CANARIES, what, bytes);
}

/// All files in a folder and in those below it.
pub fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path) } else { vec![path] }
        })
        .collect()
}

/// An administrator of the demonstration's school, signed in by the invitation:
/// what their requests carry.
async fn accept(address: &str, organization: &str, email: &str) -> String {
    let client = reqwest::Client::new();
    client.post(format!("{address}/_local/settle")).send().await.unwrap();
    let mails = client.get(format!("{address}/_local/mail")).send().await.unwrap();
    let mails: Value = mails.json().await.unwrap();
    let invitation = mails["mail"]
        .as_array()
        .unwrap()
        .iter()
        .find(|mail| mail.to_string().contains(email) && mail.to_string().contains("/invitation/"))
        .expect("an invitation");
    let text = invitation["text"].as_str().unwrap();
    let path = format!("{address}/{organization}/invitation/");
    let link = text.split_whitespace().find(|word| word.starts_with(&path)).expect("its link");
    let password = json!({ "password": crate::people::PASSWORD });
    let joined = client.post(link).json(&password).send().await.unwrap();
    assert_eq!(joined.status(), 200, "{email} accepts");
    let cookies = joined.headers().get_all("set-cookie").iter();
    cookies
        .filter_map(|cookie| cookie.to_str().unwrap().split(';').next())
        .collect::<Vec<_>>()
        .join("; ")
}

/// Whoever works here writes down what is personal too: of colleagues, of
/// dependents, and why somebody was let in.
async fn the_team_says_what_nobody_else_may_read(address: &str) {
    let school = "maple-street-school";
    let client = reqwest::Client::new();
    let robin = accept(address, school, "robin@maple-street-school.example").await;
    accept(address, "operator", "sam@operator.example").await;
    let ask = async |path: &str, body: Option<Value>| {
        let url = format!("{address}/{school}{path}");
        let request = match body {
            Some(body) => client.post(url).json(&body),
            None => client.get(url),
        };
        let answer = request.header("cookie", &robin).send().await.unwrap();
        Answer::of(answer).await
    };
    let member = json!({
        "name": MEMBER, "username": USERNAME, "email": MEMBER_EMAIL,
        "level": "viewer", "everything": true
    });
    let dependent = json!({
        "name": DEPENDENT, "identifier": IDENTIFIER, "security_value": SECURITY_VALUE
    });
    for (path, body) in [("/manage/members", &member), ("/manage/dependents", &dependent)] {
        let added = ask(path, Some(body.clone())).await;
        assert_eq!(added.status, 201, "{path}: {}", added.text);
        // The same again is refused, and a refusal is logged no more than the rest.
        assert_eq!(ask(path, Some(body.clone())).await.status, 409, "{path}");
    }
    let support = ask("/manage/support", None).await.json();
    let supporter = support["supporters"][0]["id"].clone();
    let grant = json!({ "supporter": supporter, "reason": GRANT_REASON, "hours": 1 });
    let granted = ask("/manage/support", Some(grant)).await;
    assert_eq!(granted.status, 201, "{}", granted.text);
    for path in ["/manage/members", "/manage/dependents", "/manage/support", "/manage/emergency"] {
        assert_eq!(ask(path, None).await.status, 200, "{path}");
    }
    let made = ask("/manage/emergency", Some(json!({}))).await;
    let code = made.json()["code"].clone();
    // Whoever uses the code has no session: this one would end by it.
    let reason = json!({ "code": code, "reason": EMERGENCY_REASON });
    let url = format!("{address}/{school}/emergency");
    let opened = Answer::of(client.post(url).json(&reason).send().await.unwrap()).await;
    assert_eq!(opened.status, 200, "{}", opened.text);
    // A wrong password, typed under the name of a colleague.
    let wrong = json!({ "username": USERNAME, "password": NOTE });
    assert_eq!(ask("/sign-in", Some(wrong)).await.status, 401);
}

#[tokio::test]
async fn no_personal_value_lies_in_a_file_a_log_line_or_a_queue() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let filter = "info,kept=trace,booking=trace,login=trace,notify=trace,organizer=trace,\
                  sealer=trace,shared=trace";
    let program = Program::logging(&data, filter, std::fs::File::create(&log).unwrap().into());
    let address = program.address.clone();
    let client = reqwest::Client::new();

    let mut links = Vec::new();
    let get = |path: String| {
        let request = client.get(format!("{address}{path}"));
        async move { Answer::of(request.send().await.unwrap()).await }
    };
    let post = |url: String, body: Value| {
        let request = client.post(url).header("idempotency-key", fresh_key()).json(&body);
        async move { Answer::of(request.send().await.unwrap()).await }
    };
    for (event, status) in
        [("maple-street-school/fall-conferences", 201), ("harbor-clinic/screenings", 202)]
    {
        let slots = get(format!("/{event}/slots")).await.json()["slots"].clone();
        let wish = |slot: &Value| json!({ "slot": slot["id"], "name": NAME, "email": EMAIL, "phone": PHONE, "note": NOTE });
        let booked = post(format!("{address}/{event}/bookings"), wish(&slots[0])).await;
        assert_eq!(booked.status, status, "{}", booked.text);
        // What is refused must not be logged either.
        post(format!("{address}/{event}/bookings"), wish(&slots[0])).await;
        post(
            format!("{address}/{event}/bookings"),
            json!({ "slot": NAME, "name": EMAIL, "email": NOTE }),
        )
        .await;
        post(format!("{address}/{event}/bookings"), json!({ NOTE: 1, "name": { EMAIL: NAME } }))
            .await;
        get(format!("/{event}/slots?day={}", EMAIL)).await;
        if status == 201 {
            let manage = booked.json()["manage_url"].as_str().unwrap().to_owned();
            links.push(manage.rsplit('/').next().unwrap().to_owned());
            let moved = post(format!("{manage}/move"), json!({ "slot": slots[70]["id"] })).await;
            assert_eq!(moved.status, 200, "{}", moved.text);
            post(format!("{manage}/cancel"), json!({})).await;
        }
    }
    the_team_says_what_nobody_else_may_read(&address).await;
    let settled = client.post(format!("{address}/_local/settle")).send().await.unwrap();
    assert!(settled.status().is_success());
    let mail = get("/_local/mail".into()).await;
    assert!(mail.text.contains(MEMBER_EMAIL), "the invitation did go out");
    assert!(mail.text.contains(EMAIL), "the mails did go out");
    let (_, confirm) = mail.text.split_once("/harbor-clinic/confirm/").expect("a confirm link");
    links.push(confirm.chars().take_while(char::is_ascii_alphanumeric).collect());
    let letters = get("/_local/dead-letters".into()).await;
    assert_no_canary("a dead letter", letters.text.as_bytes());

    // While it runs, its write-ahead log included; and after it has ended.
    let mut running = Some(program);
    for ended in [false, true] {
        if ended && let Some(program) = running.take() {
            program.kill();
        }
        let all = files(&data);
        assert!(all.len() >= 2, "{all:?}");
        for file in all {
            assert_no_canary(&file.display().to_string(), &std::fs::read(&file).unwrap());
        }
    }
    let logged = std::fs::read(&log).unwrap();
    assert!(logged.len() > 1_000, "it logged too little to prove anything");
    assert_no_canary("the log", &logged);
    let logged = String::from_utf8_lossy(&logged);
    assert_eq!(links.len(), 2);
    for link in links {
        assert!(!logged.contains(&link), "a link was logged");
    }
}

#[tokio::test]
async fn every_sealed_map_is_bound_to_its_place_in_the_table() {
    let world = World::start().await;
    let school = world.school().await;
    let (ada, ben) = (world.visitor("Ada"), world.visitor("Ben"));
    let adas = ada.books(&school, &world.slot(&school, 0).await).await;
    let bens = ben.books(&school, &world.slot(&school, 3).await).await;
    let table = &world.service().settings.tables.schedule;
    let client = world.cloud.dynamo();
    let items = client.scan().table_name(table).send().await.unwrap().items.unwrap();
    let bookings: Vec<_> =
        items.iter().filter(|item| item["sk"].as_s().unwrap() == "booking").collect();
    // Somebody with the table but not the keys swaps two sealed maps.
    for (to, from) in [(0, 1), (1, 0)] {
        client
            .update_item()
            .table_name(table)
            .key("pk", bookings[to]["pk"].clone())
            .key("sk", bookings[to]["sk"].clone())
            .update_expression("SET sealed = :other")
            .expression_attribute_values(":other", bookings[from]["sealed"].clone())
            .send()
            .await
            .unwrap();
    }
    for manage in [adas, bens] {
        let path = manage.trim_start_matches(world.cloud.address());
        world.get(path).await.refused(503, "unavailable");
    }
}

#[tokio::test]
async fn where_addresses_are_proven_first_the_answer_is_the_same_for_known_and_unknown_ones() {
    let world = World::start().await;
    let clinic = world.clinic().await;
    let slots = world.slots(&clinic).await;
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap().to_owned();
    assert_eq!(slots[0]["start"], slots[1]["start"]);
    let known = world.visitor("Known Patient");
    known.book(&clinic, &id(0)).await;
    let link = known.mailed_link("/confirm/").await;
    assert_eq!(world.post(&world.url(&link), &json!({})).await.status, 200);
    // The same person at the same time, and somebody nobody knows.
    let again = known.book(&clinic, &id(1)).await;
    let other = world.visitor("Unknown").book(&clinic, &id(2)).await;
    assert_eq!((again.status, &again.text), (other.status, &other.text));
    // Only who proves the address learns what is in the way.
    let link = known.mailed_link("/confirm/").await;
    let told = world.post(&world.url(&link), &json!({})).await.refused(409, "conflict");
    assert!(told["message"].as_str().unwrap().contains("another appointment"));
}

#[tokio::test]
async fn one_visitor_s_page_shows_nothing_of_another() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.visitor("Ada Zzyzx");
    let slot = world.slot(&school, 0).await;
    ada.books(&school, &slot).await;
    let ben = world.visitor("Ben Parent");
    let bens = ben.books(&school, &world.slot(&school, 5).await).await;
    let path = bens.trim_start_matches(world.cloud.address()).to_owned();
    let mut seen = vec![world.page(&path).await, world.get(&path).await];
    for page in
        ["/north-school", &school.path, &format!("{}/slots", school.path), &format!("{path}/move")]
    {
        seen.push(world.page(page).await);
        seen.push(world.get(page).await);
    }
    seen.push(ben.book(&school, &slot).await);
    for answer in seen {
        assert!(!answer.text.contains("Zzyzx") && !answer.text.contains("ada.zzyzx"));
    }
}

#[tokio::test]
async fn a_booking_records_the_privacy_notice_in_force() {
    let world = World::start().await;
    let school = world.school().await;
    let parent = world.visitor("Ada Parent");
    parent.books(&school, &world.slot(&school, 0).await).await;
    let service = world.service();
    let items = world
        .cloud
        .dynamo()
        .scan()
        .table_name(&service.settings.tables.schedule)
        .send()
        .await
        .unwrap()
        .items
        .unwrap();
    let booking = items.iter().find(|item| item["sk"].as_s().unwrap() == "booking").unwrap();
    assert_eq!(booking["privacy_version"].as_n().unwrap(), "3");
    assert_eq!(world.get("/north-school/privacy").await.json()["version"], 3);
    // Wherever personal data is asked for, the notice is linked.
    let slot = world.slot(&school, 0).await;
    let form = world.page(&format!("{}/book?slot={slot}", school.path)).await;
    assert!(form.text.contains("href=\"/north-school/privacy\""));
}
