//! Routes, the samples of what wakes a function, and the description of all of it.

use std::collections::BTreeSet;

use http::Method;
use kept::template::Function;
use kept::{LocalCloud, Options};
use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequest;
use serde_json::{Value, json};
use shared::dynamo::Key;
use shared::ids::{OrganizationId, RecordId};
use shared::organization::rules::RESERVED;

use super::{document, folders, resources, root, template};

fn samples(function: &str) -> Vec<(String, Value)> {
    let mut found: Vec<_> = std::fs::read_dir(root().join("events").join(function))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap())
        })
        .collect();
    found.sort_by(|one: &(String, Value), other| one.0.cmp(&other.0));
    found
}

/// The functions that answer requests, each with the routes it says it answers.
/// A new one adds its line.
const ANSWERING: &[(&str, &[(Method, &str)])] =
    &[("booking", booking::ROUTES), ("login", login::ROUTES), ("organizer", organizer::ROUTES)];

type RouteNames = BTreeSet<(String, String)>;

/// The routes that a function's code names; none when it answers no requests.
fn coded(function: &str) -> RouteNames {
    let routes = ANSWERING.iter().find(|(code, _)| *code == function);
    routes
        .into_iter()
        .flat_map(|(_, routes)| *routes)
        .map(|(method, path)| (method.to_string(), (*path).to_owned()))
        .collect()
}

fn written(function: &Function) -> RouteNames {
    function.routes.iter().map(|route| (route.method.clone(), route.path.clone())).collect()
}

#[test]
fn every_route_of_the_template_has_an_arm_in_code_and_the_reverse() {
    let template = template();
    for function in &template.functions {
        let code = &function.code;
        assert_eq!(
            written(function),
            coded(code),
            "template.yaml and {code}::ROUTES must name the same routes; ANSWERING, above, must \
             name {code}"
        );
    }
    for (code, _) in ANSWERING {
        let known = template.functions.iter().any(|function| function.code == *code);
        assert!(known, "the template has no function {code}");
    }
}

#[test]
fn every_route_has_a_sample_event_and_every_sample_a_route() {
    let template = template();
    for function in &template.functions {
        let code = &function.code;
        let samples = samples(code);
        let sampled: RouteNames = samples
            .iter()
            .filter(|(_, event)| event.get("httpMethod").is_some())
            .map(|(_, event)| {
                let text = |name: &str| event[name].as_str().unwrap().to_owned();
                (text("httpMethod"), text("resource"))
            })
            .collect();
        let routes = written(function);
        assert_eq!(routes, sampled, "add a file to events/{code} for each route, and no other");
        let has = |kind: &str| {
            samples.iter().any(|(_, event)| match kind {
                "stream" => event.get("Records").is_some(),
                "schedule" => event["source"] == "aws.events",
                // A rule may hand on less than the whole event, but for its source.
                _ => event["source"].is_string() && event["source"] != "aws.events",
            })
        };
        assert!(function.streams.is_empty() || has("stream"), "{code} has no sample of a stream");
        assert!(
            function.schedules.is_empty() || has("schedule"),
            "{code} has no sample of a schedule"
        );
        assert!(function.rules.is_empty() || has("rule"), "{code} has no sample of an event");
    }
    assert_eq!(
        folders("events"),
        template.functions.iter().map(|function| function.code.clone()).collect(),
        "each function has a folder of samples, and no other"
    );
    assert_eq!(
        folders("functions"),
        template.functions.iter().map(|function| function.code.clone()).collect(),
        "each folder of functions is a function of the template, and the reverse"
    );
}

/// What each sample of a request is answered with, in a world whose
/// demonstration began on Monday 30 November 2026: function, sample, status.
const ANSWERS: &[(&str, &str, u16)] = &[
    ("booking", "asset", 404),
    ("booking", "book", 201),
    ("booking", "book-by-form", 303),
    ("booking", "book-form", 200),
    ("booking", "book-from-another-site", 403),
    ("booking", "book-held", 202),
    ("booking", "book-malformed", 400),
    ("booking", "booking", 404),
    ("booking", "bookings", 200),
    ("booking", "calendar", 404),
    ("booking", "cancel", 404),
    ("booking", "certificate", 404),
    ("booking", "confirm", 404),
    ("booking", "confirm-page", 404),
    ("booking", "dependent-attach", 401),
    ("booking", "dependent-detach", 401),
    ("booking", "dependents", 303),
    ("booking", "event", 200),
    ("booking", "front", 200),
    ("booking", "move", 404),
    ("booking", "move-page", 404),
    ("booking", "openapi", 200),
    ("booking", "organization", 200),
    ("booking", "organization-unknown", 404),
    ("booking", "privacy", 200),
    ("booking", "slots", 200),
    ("booking", "your-data", 303),
    ("booking", "your-data-correct", 401),
    ("booking", "your-data-csv", 303),
    ("booking", "your-data-delete", 401),
    ("booking", "your-data-json", 303),
    ("login", "account", 303),
    ("login", "ask-for-link", 202),
    ("login", "codes", 401),
    ("login", "codes-form", 303),
    ("login", "codes-remove", 401),
    ("login", "confirm", 401),
    ("login", "confirm-form", 303),
    ("login", "email", 401),
    ("login", "email-form", 303),
    ("login", "email-link", 404),
    ("login", "email-link-page", 404),
    ("login", "emergency", 401),
    ("login", "emergency-form", 200),
    ("login", "invitation", 404),
    ("login", "invitation-page", 404),
    ("login", "link", 404),
    ("login", "link-page", 404),
    ("login", "meter", 200),
    ("login", "new-passkey", 401),
    ("login", "new-passkey-options", 401),
    ("login", "passkey", 401),
    ("login", "passkey-options", 200),
    ("login", "passkey-remove", 401),
    ("login", "password", 401),
    ("login", "password-form", 303),
    ("login", "recovery", 401),
    ("login", "reset", 202),
    ("login", "reset-form", 200),
    ("login", "reset-link", 404),
    ("login", "reset-link-page", 404),
    ("login", "second", 401),
    ("login", "second-form", 303),
    ("login", "session", 303),
    ("login", "session-end", 401),
    ("login", "sessions-end", 401),
    ("login", "sign-in", 401),
    ("login", "sign-in-form", 200),
    ("login", "sign-out", 200),
    ("login", "sign-up", 202),
    ("login", "sign-up-form", 200),
    ("login", "sign-up-link", 404),
    ("login", "sign-up-link-page", 404),
    ("login", "stay", 401),
    ("organizer", "audit", 303),
    ("organizer", "backup-take", 401),
    ("organizer", "backup-try-out", 401),
    ("organizer", "backups", 303),
    ("organizer", "book-form", 303),
    ("organizer", "book", 401),
    ("organizer", "cancel", 401),
    ("organizer", "dependent", 303),
    ("organizer", "dependent-add", 401),
    ("organizer", "dependent-delete", 401),
    ("organizer", "dependent-remove", 401),
    ("organizer", "dependents", 303),
    ("organizer", "emergency-end", 401),
    ("organizer", "emergency-make", 401),
    ("organizer", "emergency-sign", 401),
    ("organizer", "emergency", 303),
    ("organizer", "erasure", 303),
    ("organizer", "erasure-ask", 401),
    ("organizer", "erasure-cancel", 401),
    ("organizer", "event", 303),
    ("organizer", "hold-lift", 401),
    ("organizer", "hold-place", 401),
    ("organizer", "home", 303),
    ("organizer", "invite", 401),
    ("organizer", "member-access", 401),
    ("organizer", "member-disable", 401),
    ("organizer", "member-enable", 401),
    ("organizer", "member-invite", 401),
    ("organizer", "member-reset", 401),
    ("organizer", "member-sessions-end", 401),
    ("organizer", "member-supporter", 401),
    ("organizer", "member", 303),
    ("organizer", "keys", 303),
    ("organizer", "keys-own", 401),
    ("organizer", "keys-revoke-links", 401),
    ("organizer", "keys-rotate", 401),
    ("organizer", "members", 303),
    ("organizer", "organization-approve", 401),
    ("organizer", "organization-reinstate", 401),
    ("organizer", "organization-suspend", 401),
    ("organizer", "organizations", 303),
    ("organizer", "participant", 303),
    ("organizer", "participant-correct", 401),
    ("organizer", "participant-csv", 303),
    ("organizer", "participant-delete", 401),
    ("organizer", "participant-json", 303),
    ("organizer", "retention-change", 401),
    ("organizer", "retention", 303),
    ("organizer", "security-change", 401),
    ("organizer", "security", 303),
    ("organizer", "support-grant", 401),
    ("organizer", "support-withdraw", 401),
    ("organizer", "support", 303),
];

#[tokio::test]
async fn every_sample_event_is_answered_as_the_table_says() {
    let starts_at = Some("2026-11-30T12:00:00Z".parse().unwrap());
    let cloud = LocalCloud::start(Options { starts_at, ..Options::default() }).await.unwrap();
    let mut answered = BTreeSet::new();
    for code in folders("events") {
        // The form of a time before it is booked.
        let mut events = samples(&code);
        events.sort_by_key(|(name, _)| name != "book-form");
        for (name, event) in events {
            let request = event.get("httpMethod").is_some();
            if request {
                // It is the event API Gateway sends, and the one lambda_http reads.
                serde_json::from_value::<ApiGatewayProxyRequest>(event.clone()).unwrap();
            }
            let answer = cloud.call(&code, event).await;
            let answer = answer.unwrap_or_else(|problem| panic!("{code}/{name}: {problem}"));
            if request {
                answered.insert((code.clone(), name, answer["statusCode"].as_u64().unwrap()));
            }
        }
    }
    let expected: BTreeSet<(String, String, u64)> = ANSWERS
        .iter()
        .map(|(code, name, status)| ((*code).to_owned(), (*name).to_owned(), u64::from(*status)))
        .collect();
    assert_eq!(answered, expected);
    cloud.stop().await;
}

#[test]
fn the_first_words_of_addresses_are_reserved() {
    let template = template();
    for (_, route) in template.routes() {
        for (level, word) in route.path.trim_start_matches('/').split('/').take(2).enumerate() {
            let variable = word.starts_with('{');
            assert!(
                word.is_empty() || variable || RESERVED.contains(&word),
                "level {} of {} is {word}: add it to organization::rules::RESERVED",
                level + 1,
                route.path
            );
        }
    }
}

#[tokio::test]
async fn the_description_names_every_route_and_only_those() {
    let world = crate::world::World::start().await;
    let description = world.get("/openapi.json").await.json();
    let mut described = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            described.insert((method.to_uppercase(), path.clone()));
            assert!(!operation["responses"].as_object().unwrap().is_empty());
        }
    }
    let coded: BTreeSet<_> =
        ["booking", "login", "organizer"].into_iter().flat_map(coded).collect();
    assert_eq!(described, coded);
    // Nothing it refers to is missing.
    let text = description.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(description["components"]["schemas"][name].is_object(), "{name} is not described");
    }
    let book = &description["components"]["schemas"]["BookShape"];
    assert_eq!(book["additionalProperties"], false);
}

#[test]
fn the_description_that_is_served_is_the_one_that_the_functions_give() {
    let kept = std::fs::read_to_string(root().join("shared/assets/openapi.json")).unwrap();
    let whole = kept::description::whole().unwrap();
    assert!(kept == whole, "cargo run -- openapi > shared/assets/openapi.json");
    // Two functions may call different things by one name; a program could not.
    let mut schemas: std::collections::BTreeMap<String, Value> = std::collections::BTreeMap::new();
    let mut twice = BTreeSet::new();
    for part in kept::description::parts() {
        let part = serde_json::to_value(&part).unwrap();
        for (name, schema) in part["components"]["schemas"].as_object().unwrap() {
            if schemas.insert(name.clone(), schema.clone()).is_some_and(|known| known != *schema) {
                twice.insert(name.clone());
            }
        }
    }
    assert!(twice.is_empty(), "{twice:?} mean two things each");
}

#[test]
fn what_is_refused_before_a_function_says_when_to_come_back() {
    let document = document();
    let api = &document["Resources"]["Api"]["Properties"];
    for kind in ["THROTTLED", "DEFAULT_5XX"] {
        let after = &api["GatewayResponses"][kind]["ResponseParameters"]["Headers"]["Retry-After"];
        let seconds = after.as_str().and_then(|after| after.trim_matches('\'').parse::<u32>().ok());
        assert!(seconds.is_some_and(|seconds| seconds > 0), "{kind}: {after:?}");
    }
    // Whatever makes the login function compute a hash is let through at a rate
    // at which its machines are not all taken at once.
    let login = &resources(&document, "AWS::Serverless::Function")["LoginFunction"]["Properties"];
    let machines = login["ReservedConcurrentExecutions"].as_u64().unwrap();
    let mut limited = BTreeSet::new();
    for setting in api["MethodSettings"].as_sequence().unwrap() {
        assert_eq!(setting["DataTraceEnabled"].as_bool(), Some(false), "{setting:?}");
        let path = setting["ResourcePath"].as_str().unwrap();
        if path != "/*" {
            assert!(setting["ThrottlingBurstLimit"].as_u64().unwrap() <= machines, "{path}");
            let path = path[1..].replace("~1", "/");
            limited.insert((setting["HttpMethod"].as_str().unwrap().to_owned(), path));
        }
    }
    let hashing: BTreeSet<(String, String)> = [
        "/sign-up/{link}",
        "/{organization}/account/confirm",
        "/{organization}/account/meter",
        "/{organization}/account/password",
        "/{organization}/emergency",
        "/{organization}/invitation/{link}",
        "/{organization}/reset/{link}",
        "/{organization}/sign-in",
        "/{organization}/sign-in/passkey",
        "/{organization}/sign-in/second",
    ]
    .map(|path| ("POST".to_owned(), path.to_owned()))
    .into();
    assert_eq!(limited, hashing);
    assert!(hashing.is_subset(&coded("login")), "a limit on what is no route");
}

#[test]
fn a_written_record_wakes_the_sealer_and_a_written_checkpoint_does_not() {
    let template = template();
    let sealer = template.functions.iter().find(|function| function.code == "sealer").unwrap();
    let wakes = |event: &str, key: &Key| {
        let keys = json!({ "pk": { "S": key.pk }, "sk": { "S": key.sk } });
        let record = json!({ "eventName": event, "dynamodb": { "Keys": keys } });
        sealer.streams[0].filters.iter().any(|filter| filter.matches(&record))
    };
    let organization = OrganizationId::from_bytes([1; 16]);
    let day = jiff::civil::date(2026, 11, 30);
    for last in 0..=255 {
        let id = RecordId::from_bytes([last; 16]);
        assert!(wakes("INSERT", &Key::audit(organization, day, id)));
    }
    for number in 0..100 {
        let checkpoint = Key::checkpoint(organization, number);
        let part = Key::checkpoint_part(organization, number, 0);
        assert!(!wakes("INSERT", &checkpoint) && !wakes("INSERT", &part));
        assert!(wakes("REMOVE", &checkpoint) && wakes("MODIFY", &part));
    }
}
