//! The template, the code and the samples agree, and dependencies point one way.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kept::template::Template;
use kept::{LocalCloud, Options};
use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequest;
use serde_json::Value;
use shared::organization::rules::RESERVED;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn template() -> Template {
    let file = root().join("template.yaml");
    Template::parse("template.yaml", &std::fs::read_to_string(file).unwrap()).unwrap()
}

fn function<'a>(template: &'a Template, code: &str) -> &'a kept::template::Function {
    template.functions.iter().find(|function| function.code == code).expect("such a function")
}

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

#[test]
fn every_route_of_the_template_has_an_arm_in_code_and_the_reverse() {
    let template = template();
    let written: BTreeSet<(String, String)> = function(&template, "booking")
        .routes
        .iter()
        .map(|route| (route.method.clone(), route.path.clone()))
        .collect();
    let coded: BTreeSet<(String, String)> = booking::ROUTES
        .iter()
        .map(|(method, path)| (method.to_string(), (*path).to_owned()))
        .collect();
    assert_eq!(written, coded, "template.yaml and booking::ROUTES must name the same routes");
}

#[test]
fn every_route_has_a_sample_event_and_every_sample_a_route() {
    let template = template();
    let routes: BTreeSet<(String, String)> = function(&template, "booking")
        .routes
        .iter()
        .map(|route| (route.method.clone(), route.path.clone()))
        .collect();
    let sampled: BTreeSet<(String, String)> = samples("booking")
        .iter()
        .map(|(_, event)| {
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            (text("httpMethod"), text("resource"))
        })
        .collect();
    assert_eq!(routes, sampled, "add a file to events/booking for each route, and no other");
    let folders: BTreeSet<String> = std::fs::read_dir(root().join("events"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let functions: BTreeSet<String> =
        template.functions.iter().map(|function| function.code.clone()).collect();
    assert_eq!(folders, functions, "each function has a folder of samples, and no other");
}

/// What each sample is answered with, in a world whose demonstration began on
/// Monday 30 November 2026.
const ANSWERS: &[(&str, u16)] = &[
    ("asset", 404),
    ("book", 201),
    ("book-by-form", 303),
    ("book-form", 200),
    ("book-from-another-site", 403),
    ("book-held", 202),
    ("book-malformed", 400),
    ("booking", 404),
    ("bookings", 200),
    ("calendar", 404),
    ("cancel", 404),
    ("confirm", 404),
    ("confirm-page", 404),
    ("dependent-attach", 401),
    ("dependent-detach", 401),
    ("dependents", 303),
    ("event", 200),
    ("front", 200),
    ("move", 404),
    ("move-page", 404),
    ("openapi", 200),
    ("organization", 200),
    ("organization-unknown", 404),
    ("privacy", 200),
    ("slots", 200),
];

#[tokio::test]
async fn every_sample_event_is_answered_as_the_table_says() {
    let starts_at = Some("2026-11-30T12:00:00Z".parse().unwrap());
    let cloud = LocalCloud::start(Options { starts_at, ..Options::default() }).await.unwrap();
    let booking = booking::Booking::new(Arc::clone(cloud.service()));
    let mut answered = Vec::new();
    // The form of a time before it is booked.
    let mut events = samples("booking");
    events.sort_by_key(|(name, _)| name != "book-form");
    for (name, event) in events {
        // It is the event API Gateway sends, and the one lambda_http reads.
        serde_json::from_value::<ApiGatewayProxyRequest>(event.clone()).unwrap();
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let response = booking.handle(request).await;
        answered.push((name, response.status().as_u16()));
    }
    answered.sort();
    let expected: Vec<(String, u16)> =
        ANSWERS.iter().map(|(name, status)| ((*name).to_owned(), *status)).collect();
    assert_eq!(answered, expected);

    let settings = notify::MailSettings {
        sender: shared::personal::EmailAddress::parse("appointments@kept.example").unwrap(),
        configuration_set: "kept".into(),
    };
    let notify = notify::Notify::new(Arc::clone(cloud.service()), cloud.ses().clone(), settings);
    for (name, event) in samples("notify") {
        let answer = notify.handle(event).await;
        assert!(answer.is_ok(), "{name}: {answer:?}");
    }
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
    let coded: BTreeSet<_> = booking::ROUTES
        .iter()
        .map(|(method, path)| (method.to_string(), (*path).to_owned()))
        .collect();
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

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn under(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    sources(&root().join(folder), &mut found);
    found
        .into_iter()
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

#[test]
fn rules_are_pure() {
    for (file, text) in under("shared/src") {
        if !file.ends_with("/rules.rs") {
            continue;
        }
        for forbidden in
            ["aws_sdk", "async ", ".await", "Clock", "Chance", "crate::dynamo", "::store", "tokio"]
        {
            assert!(!text.contains(forbidden), "{file} must not know {forbidden}: rules are pure");
        }
    }
}

#[test]
fn the_domain_knows_no_function_and_functions_do_not_know_each_other() {
    let names = ["booking", "notify", "kept"];
    for (folder, own) in
        [("shared", ""), ("functions/booking", "booking"), ("functions/notify", "notify")]
    {
        let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        for name in names.iter().filter(|name| **name != own) {
            assert!(
                !manifest.lines().any(|line| line.starts_with(&format!("{name}."))),
                "{folder} must not depend on {name}"
            );
        }
    }
}

#[test]
fn tests_of_the_whole_speak_no_function_s_inner_language() {
    for (file, text) in under("tests/kept") {
        if file.ends_with("/wiring.rs") {
            continue;
        }
        assert!(!text.contains("booking::handlers") && !text.contains("use booking"), "{file}");
    }
}

#[test]
fn every_table_is_encrypted_protected_and_recoverable_unless_it_must_not_come_back() {
    let text = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let document: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).unwrap();
    let mut tables = 0;
    for (name, resource) in document["Resources"].as_mapping().unwrap() {
        if resource["Type"].as_str() != Some("AWS::DynamoDB::Table") {
            continue;
        }
        tables += 1;
        let (name, properties) = (name.as_str().unwrap(), &resource["Properties"]);
        assert_eq!(properties["DeletionProtectionEnabled"].as_bool(), Some(true), "{name}");
        assert_eq!(properties["SSESpecification"]["SSEType"].as_str(), Some("KMS"), "{name}");
        let key = &properties["SSESpecification"]["KMSMasterKeyId"];
        assert!(format!("{key:?}").contains("Key.Arn"), "{name} is under {key:?}");
        let recovery = &properties["PointInTimeRecoverySpecification"];
        let enabled = recovery["PointInTimeRecoveryEnabled"].as_bool();
        assert_eq!(enabled, Some(name != "SessionTable"), "{name}");
        if name == "OrganizationKeysTable" {
            assert_eq!(recovery["RecoveryPeriodInDays"].as_u64(), Some(7));
        }
        assert_eq!(resource["DeletionPolicy"].as_str(), Some("Retain"), "{name}");
    }
    assert_eq!(tables, 6);
}

#[test]
fn nothing_travels_unencrypted() {
    let text = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let document: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).unwrap();
    let resources = &document["Resources"];
    let delivery = &resources["MailConfigurationSet"]["Properties"]["DeliveryOptions"];
    assert_eq!(delivery["TlsPolicy"].as_str(), Some("REQUIRE"));
    let api = &resources["Api"]["Properties"];
    assert_eq!(api["Domain"]["SecurityPolicy"].as_str(), Some("TLS_1_2"));
    // A trace of the API would hold personal links.
    assert!(api["TracingEnabled"].is_null());
    // The address that AWS gives an API by itself allows older protocols.
    assert_eq!(api["DisableExecuteApiEndpoint"].as_bool(), Some(true));
    let address = document["Parameters"]["PublicAddress"]["AllowedPattern"].as_str().unwrap();
    assert!(address.starts_with("https://"));
}

#[test]
fn no_function_may_do_everything_to_anything() {
    let text = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let document: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).unwrap();
    let words = |value: &serde_yaml_ng::Value| -> Vec<String> {
        match value {
            serde_yaml_ng::Value::Sequence(list) => {
                list.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
            }
            other => other.as_str().map(str::to_owned).into_iter().collect(),
        }
    };
    let mut policies = 0;
    for (name, resource) in document["Resources"].as_mapping().unwrap() {
        if resource["Type"].as_str() != Some("AWS::IAM::ManagedPolicy") {
            continue;
        }
        policies += 1;
        for statement in
            resource["Properties"]["PolicyDocument"]["Statement"].as_sequence().unwrap()
        {
            let actions = words(&statement["Action"]);
            let everywhere = words(&statement["Resource"]).contains(&"*".to_owned());
            for action in &actions {
                assert!(!action.ends_with(":*") && action != "*", "{name:?} allows {action}");
                let traces = action.starts_with("xray:") || action == "dynamodb:ListStreams";
                assert!(!everywhere || traces, "{name:?} allows {action} on everything");
            }
        }
    }
    assert_eq!(policies, 2, "one policy for each function");
}
