//! The template, the code and the samples agree, and dependencies point one way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use http::Method;
use kept::template::{Function, Template};
use kept::{LocalCloud, Options};
use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequest;
use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;
use shared::dynamo::Key;
use shared::ids::{OrganizationId, PersonId, RecordId};
use shared::organization::rules::RESERVED;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn template() -> Template {
    let file = root().join("template.yaml");
    Template::parse("template.yaml", &std::fs::read_to_string(file).unwrap()).unwrap()
}

fn document() -> Yaml {
    let text = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    serde_yaml_ng::from_str(&text).unwrap()
}

/// The resources of one type, by logical id.
fn resources(document: &Yaml, kind: &str) -> BTreeMap<String, Yaml> {
    let resources = document["Resources"].as_mapping().unwrap().iter();
    resources
        .filter(|(_, resource)| resource["Type"].as_str() == Some(kind))
        .map(|(name, resource)| (name.as_str().unwrap().to_owned(), resource.clone()))
        .collect()
}

/// A value or a list of them as words; of a reference, what it refers to.
fn words(value: &Yaml) -> Vec<String> {
    match value {
        Yaml::Sequence(list) => list.iter().flat_map(words).collect(),
        Yaml::Tagged(tagged) => words(&tagged.value),
        other => other.as_str().map(str::to_owned).into_iter().collect(),
    }
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

/// The names of the folders in a folder.
fn folders(folder: &str) -> BTreeSet<String> {
    std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
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
    let functions = folders("functions");
    let mut names: Vec<&str> = functions.iter().map(String::as_str).collect();
    names.push("kept");
    let crates = functions.iter().map(|code| (format!("functions/{code}"), code.as_str()));
    for (folder, own) in crates.chain([("shared".to_owned(), "")]) {
        let manifest = std::fs::read_to_string(root().join(&folder).join("Cargo.toml")).unwrap();
        for name in names.iter().filter(|name| **name != own) {
            let depends = |line: &str| {
                let rest = line.strip_prefix(name).map(str::trim_start);
                rest.is_some_and(|rest| rest.starts_with(['.', '=']))
            };
            assert!(!manifest.lines().any(depends), "{folder} must not depend on {name}");
        }
    }
}

#[test]
fn tests_of_the_whole_speak_no_function_s_inner_language() {
    for (file, text) in under("tests/kept") {
        for code in folders("functions") {
            let inner = [format!("{code}::handlers"), format!("{code}::pages")];
            let spoken = inner.iter().any(|words| text.contains(words));
            assert!(!spoken && !text.contains(&format!("use {code}::")), "{file} speaks {code}");
        }
    }
}

/// What keeps each copy of a table: its own properties, or those of each replica,
/// whether a condition makes it or not.
fn copies(resource: &Yaml) -> Vec<&Yaml> {
    let properties = &resource["Properties"];
    let Some(replicas) = properties["Replicas"].as_sequence() else { return vec![properties] };
    let copies = replicas.iter().map(|replica| match replica {
        Yaml::Tagged(condition) if condition.tag == "If" => &condition.value[1],
        replica => replica,
    });
    copies.collect()
}

#[test]
fn every_table_is_encrypted_protected_and_recoverable_unless_it_must_not_come_back() {
    let document = document();
    let mut tables = 0;
    for (name, resource) in document["Resources"].as_mapping().unwrap() {
        let kind = resource["Type"].as_str().unwrap_or_default();
        if !["AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"].contains(&kind) {
            continue;
        }
        tables += 1;
        let (name, properties) = (name.as_str().unwrap(), &resource["Properties"]);
        assert_eq!(properties["SSESpecification"]["SSEType"].as_str(), Some("KMS"), "{name}");
        assert_eq!(resource["DeletionPolicy"].as_str(), Some("Retain"), "{name}");
        for copy in copies(resource) {
            assert_eq!(copy["DeletionProtectionEnabled"].as_bool(), Some(true), "{name}");
            let key = format!("{:?}", copy["SSESpecification"]["KMSMasterKeyId"]);
            let ours = key.contains("Key.Arn") || key.contains("LedgerReplicaKeyArn");
            assert!(ours, "{name} is under {key}");
            let recovery = &copy["PointInTimeRecoverySpecification"];
            let enabled = recovery["PointInTimeRecoveryEnabled"].as_bool();
            let gone_for_good = ["SessionTable", "RunTable"].contains(&name);
            assert_eq!(enabled, Some(!gone_for_good), "{name}");
            let days = match name {
                _ if gone_for_good => None,
                "OrganizationKeysTable" => Some(7),
                _ => Some(35),
            };
            assert_eq!(recovery["RecoveryPeriodInDays"].as_u64(), days, "{name}");
        }
    }
    assert_eq!(tables, 8);
}

#[test]
fn the_ledger_has_a_second_region_where_both_its_region_and_its_key_are_given() {
    let document = document();
    let ledger = &document["Resources"]["LedgerTable"];
    let copies = copies(ledger);
    assert_eq!(copies.len(), 2);
    let said = |value: &Yaml| serde_yaml_ng::to_string(value).unwrap();
    assert!(said(&copies[0]["Region"]).contains("AWS::Region"));
    assert!(said(&copies[1]["Region"]).contains("LedgerRegion"));
    assert!(said(&copies[1]["SSESpecification"]).contains("LedgerReplicaKeyArn"));
    let second = said(&ledger["Properties"]["Replicas"][1]);
    assert!(second.contains("LedgerIsReplicated"), "{second}");
    // Replicas tell each other by the stream, which is there when they are.
    assert!(said(&ledger["Properties"]["StreamSpecification"]).contains("NEW_AND_OLD_IMAGES"));
    let condition = said(&document["Conditions"]["LedgerIsReplicated"]);
    for parameter in ["LedgerRegion", "LedgerReplicaKeyArn"] {
        assert!(condition.contains(parameter), "{condition}");
        assert_eq!(document["Parameters"][parameter]["Default"].as_str(), Some(""));
    }
    // No other table is anywhere else.
    let template = template();
    let elsewhere = template.tables.iter().filter(|table| table.name != "LedgerTable");
    for table in elsewhere {
        let replicas = &document["Resources"][table.name.as_str()]["Properties"]["Replicas"];
        assert!(replicas.is_null(), "{}", table.name);
    }
}

#[test]
fn nothing_travels_unencrypted() {
    let document = document();
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

/// The statements of a policy: what may be done to what.
fn statements(policy: &Yaml) -> Vec<(Vec<String>, Vec<String>)> {
    let statements = &policy["Properties"]["PolicyDocument"]["Statement"];
    let statements = statements.as_sequence().unwrap().iter();
    statements
        .filter(|statement| statement["Effect"].as_str() != Some("Deny"))
        .map(|statement| {
            assert_eq!(statement["Effect"].as_str(), Some("Allow"));
            (words(&statement["Action"]), words(&statement["Resource"]))
        })
        .collect()
}

#[test]
fn no_function_may_do_everything_to_anything() {
    for (name, policy) in resources(&document(), "AWS::IAM::ManagedPolicy") {
        for (actions, to) in statements(&policy) {
            for action in &actions {
                assert!(!action.ends_with(":*") && action != "*", "{name} allows {action}");
                // What cannot be allowed for less. The test below holds what may
                // be done with KMS keys to those of organizations.
                let lists = ["ListStreams", "ListBackups", "ListTables"];
                let lists = lists.iter().any(|list| action == &format!("dynamodb:{list}"));
                let makes = name == "OrganizerPolicy"
                    && ["kms:CreateKey", "kms:TagResource"].contains(&action.as_str());
                let everywhere = to.iter().any(|to| to == "*");
                assert!(
                    !everywhere || lists || makes || action.starts_with("xray:"),
                    "{name} allows {action} on everything"
                );
            }
        }
    }
}

#[test]
fn keys_that_are_not_the_template_s_are_touched_only_where_they_name_an_organization() {
    let mut said = BTreeMap::<String, BTreeSet<String>>::new();
    let mut denied = BTreeMap::<String, BTreeSet<String>>::new();
    let looks = |actions: &[String]| {
        let looking = ["kms:DescribeKey", "kms:ListResourceTags"];
        actions.iter().all(|action| looking.contains(&action.as_str()))
    };
    for (name, policy) in resources(&document(), "AWS::IAM::ManagedPolicy") {
        let statements = &policy["Properties"]["PolicyDocument"]["Statement"];
        for statement in statements.as_sequence().unwrap() {
            let actions = words(&statement["Action"]);
            let to = words(&statement["Resource"]);
            if statement["Effect"].as_str() == Some("Deny") {
                assert_eq!(to, ["Key.Arn", "AuditKey.Arn", "CertificateKey.Arn"], "{name}");
                denied.entry(name.clone()).or_default().extend(actions);
                continue;
            }
            let kms = actions.iter().any(|action| action.starts_with("kms:"));
            if !kms || !to.iter().any(|to| to == "*" || to.ends_with("key/*")) {
                continue;
            }
            let none = &statement["Condition"]["Null"];
            let tag = |kind: &str| &none[format!("aws:{kind}Tag/{}", shared::vault::TAG)];
            let bound = if actions == ["kms:CreateAlias"] {
                // By the alias beside it, which must be allowed too.
                to.len() == 2 && to[0].ends_with(&format!("alias/{}-*", shared::vault::TAG))
            } else if to == ["*"] {
                tag("Request") == "false"
            } else if looks(&actions) {
                // Says of a key what it is, and does nothing with it.
                true
            } else {
                tag("Resource") == "false"
            };
            assert!(bound, "{name} allows {actions:?} on {to:?}");
            said.entry(name.clone()).or_default().extend(actions);
        }
    }
    let mut opens = |name: &str| said.remove(name).unwrap_or_default();
    for policy in ["Booking", "Login", "Notify", "Backup"] {
        assert_eq!(opens(&format!("{policy}Policy")), ["kms:Decrypt".to_owned()].into());
    }
    let may = |actions: &[&str]| -> BTreeSet<String> {
        actions.iter().map(|action| format!("kms:{action}")).collect()
    };
    // Only what erases has keys deleted, and what makes keys could tag any.
    let erases = ["Decrypt", "DescribeKey", "ListResourceTags", "ScheduleKeyDeletion"];
    assert_eq!(opens("RetentionPolicy"), may(&erases));
    let makes = [
        "CreateAlias",
        "CreateKey",
        "Decrypt",
        "DescribeKey",
        "EnableKeyRotation",
        "GenerateDataKeyWithoutPlaintext",
        "TagResource",
    ];
    assert_eq!(opens("OrganizerPolicy"), may(&makes));
    let mut never = |name: &str| denied.remove(name).unwrap_or_default();
    assert_eq!(never("RetentionPolicy"), may(&["ScheduleKeyDeletion"]));
    let tags = ["CreateAlias", "ScheduleKeyDeletion", "TagResource", "UntagResource"];
    assert_eq!(never("OrganizerPolicy"), may(&tags));
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn every_function_has_a_role_a_policy_and_a_log_of_its_own() {
    let document = document();
    let functions = resources(&document, "AWS::Serverless::Function");
    let policies = resources(&document, "AWS::IAM::ManagedPolicy");
    let roles = resources(&document, "AWS::IAM::Role");
    for (id, function) in &functions {
        let name = id.strip_suffix("Function").expect("a function's id ends with Function");
        let properties = &function["Properties"];
        assert_eq!(
            words(&properties["CodeUri"]),
            [format!("target/lambda/{}/", name.to_lowercase())]
        );
        assert_eq!(words(&properties["Role"]), [format!("{name}Role.Arn")], "{id}");
        let log = &properties["LoggingConfig"]["LogGroup"];
        assert_eq!(words(log), [format!("{name}Log")], "{id}");
        let role = &roles[&format!("{name}Role")]["Properties"];
        assert_eq!(words(&role["ManagedPolicyArns"]), [format!("{name}Policy")], "{id}");
        assert!(role["Policies"].is_null(), "{id}: what it may do stands in {name}Policy");
        assert!(policies.contains_key(&format!("{name}Policy")), "{id}");
    }
    assert_eq!(policies.len(), functions.len(), "one policy for each function");
    // AWS Backup has one as well, with the policy that AWS wrote for it.
    assert_eq!(roles.len(), functions.len() + 1, "one role for each function");
    let provider = &roles["ProviderBackupsRole"]["Properties"];
    let policy =
        "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup";
    assert_eq!(words(&provider["ManagedPolicyArns"]), [policy]);
}

/// What the backup function may do with a table of which there are backups and
/// to which it writes: records, and canaries.
const BACKED_UP: &[&str] = &[
    "BatchGetItem",
    "CreateBackup",
    "DescribeContinuousBackups",
    "DescribeTable",
    "DescribeTimeToLive",
    "GetItem",
    "ListTagsOfResource",
    "PutItem",
    "Query",
    "Scan",
];
/// The same for one to which it writes nothing.
const BACKED_UP_AND_NOT_WRITTEN_TO: &[&str] = &[
    "BatchGetItem",
    "CreateBackup",
    "DescribeContinuousBackups",
    "DescribeTable",
    "DescribeTimeToLive",
    "GetItem",
    "ListTagsOfResource",
    "Query",
    "Scan",
];
/// What it may do with the backups of such a table.
const BACKUPS: &[&str] = &["DeleteBackup", "DescribeBackup", "RestoreTableFromBackup"];

/// What each function may do with each table, its indexes and its stream.
/// Whoever widens this says why.
const GRANTS: &[(&str, &str, &[&str])] = &[
    ("Backup", "AuditTable", BACKED_UP),
    ("Backup", "AuditTable/backup/*", BACKUPS),
    ("Backup", "IdentityTable", BACKED_UP_AND_NOT_WRITTEN_TO),
    ("Backup", "IdentityTable/backup/*", BACKUPS),
    ("Backup", "LedgerTable", &["Query", "Scan"]),
    ("Backup", "MailTable", BACKED_UP_AND_NOT_WRITTEN_TO),
    ("Backup", "MailTable/backup/*", BACKUPS),
    ("Backup", "OrganizationKeysTable", &["Query"]),
    ("Backup", "RunTable", &["GetItem", "PutItem", "Query", "UpdateItem"]),
    ("Backup", "RunTable/index/open", &["Query"]),
    // It puts canaries, and nothing else.
    ("Backup", "ScheduleTable", BACKED_UP),
    ("Backup", "ScheduleTable/backup/*", BACKUPS),
    (
        "Backup",
        "tables of a drill",
        &[
            "BatchGetItem",
            "BatchWriteItem",
            "ConditionCheckItem",
            "DeleteItem",
            "DeleteTable",
            "DescribeContinuousBackups",
            "DescribeTable",
            "DescribeTimeToLive",
            "GetItem",
            "ListTagsOfResource",
            "PutItem",
            "Query",
            "RestoreTableFromBackup",
            "Scan",
            "TagResource",
            "UpdateContinuousBackups",
            "UpdateItem",
            "UpdateTable",
            "UpdateTimeToLive",
        ],
    ),
    ("Booking", "AuditTable", &["PutItem"]),
    ("Booking", "IdentityTable", &["GetItem", "Query"]),
    ("Booking", "LedgerTable", &["GetItem", "PutItem"]),
    ("Booking", "MailTable", &["BatchGetItem", "PutItem"]),
    ("Booking", "MailTable/index/concerning", &["Query"]),
    ("Booking", "OrganizationKeysTable", &["Query"]),
    ("Booking", "RunTable", &["GetItem", "PutItem"]),
    (
        "Booking",
        "ScheduleTable",
        &[
            "BatchGetItem",
            "ConditionCheckItem",
            "DeleteItem",
            "GetItem",
            "PutItem",
            "Query",
            "UpdateItem",
        ],
    ),
    ("Booking", "ScheduleTable/index/owned", &["Query"]),
    ("Booking", "SessionTable", &["DeleteItem", "UpdateItem"]),
    ("Login", "AuditTable", &["PutItem"]),
    (
        "Login",
        "IdentityTable",
        &["ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"],
    ),
    ("Login", "MailTable", &["PutItem"]),
    ("Login", "OrganizationKeysTable", &["PutItem", "Query"]),
    ("Login", "ScheduleTable", &["ConditionCheckItem", "GetItem", "PutItem", "Query"]),
    ("Login", "SessionTable", &["DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"]),
    ("Notify", "IdentityTable", &["GetItem", "Query"]),
    ("Notify", "MailTable", &["GetItem", "PutItem", "UpdateItem"]),
    ("Notify", "MailTable stream", &["DescribeStream", "GetRecords", "GetShardIterator"]),
    ("Notify", "MailTable/index/owed", &["Query"]),
    ("Notify", "OrganizationKeysTable", &["Query"]),
    ("Notify", "ScheduleTable", &["GetItem", "Query"]),
    ("Notify", "SessionTable", &["GetItem"]),
    ("Organizer", "AuditTable", &["PutItem", "Query"]),
    ("Booking", "AuditTable/index/about", &["Query"]),
    ("Organizer", "AuditTable/index/about", &["Query"]),
    ("Organizer", "AuditTable/index/guest", &["Query"]),
    ("Organizer", "IdentityTable", &["DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"]),
    ("Organizer", "LedgerTable", &["PutItem"]),
    ("Organizer", "MailTable", &["BatchGetItem", "PutItem"]),
    ("Organizer", "MailTable/index/concerning", &["Query"]),
    ("Organizer", "MailTable/index/settled", &["Query"]),
    ("Organizer", "OrganizationKeysTable", &["PutItem", "Query"]),
    ("Organizer", "RunTable", &["GetItem", "PutItem", "Query"]),
    ("Organizer", "RunTable/index/open", &["Query"]),
    (
        "Organizer",
        "ScheduleTable",
        &[
            "BatchGetItem",
            "ConditionCheckItem",
            "DeleteItem",
            "GetItem",
            "PutItem",
            "Query",
            "UpdateItem",
        ],
    ),
    ("Organizer", "ScheduleTable/index/booked", &["Query"]),
    ("Organizer", "ScheduleTable/index/concerning", &["Query"]),
    ("Organizer", "ScheduleTable/index/ending", &["Query"]),
    ("Organizer", "ScheduleTable/index/owned", &["Query"]),
    ("Organizer", "SessionTable", &["DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"]),
    ("Retention", "AuditTable", &["PutItem"]),
    (
        "Retention",
        "IdentityTable",
        &["BatchWriteItem", "DeleteItem", "Query", "Scan", "UpdateItem"],
    ),
    ("Retention", "LedgerTable", &["GetItem", "PutItem"]),
    (
        "Retention",
        "MailTable",
        &["BatchGetItem", "BatchWriteItem", "DeleteItem", "PutItem", "Scan", "UpdateItem"],
    ),
    ("Retention", "MailTable/index/concerning", &["Query"]),
    ("Retention", "MailTable/index/settled", &["Query"]),
    ("Retention", "OrganizationKeysTable", &["DeleteItem", "Query"]),
    ("Retention", "RunTable", &["BatchWriteItem", "GetItem", "PutItem", "Scan", "UpdateItem"]),
    ("Retention", "RunTable stream", &["DescribeStream", "GetRecords", "GetShardIterator"]),
    ("Retention", "RunTable/index/open", &["Query"]),
    (
        "Retention",
        "ScheduleTable",
        &[
            "BatchGetItem",
            "BatchWriteItem",
            "ConditionCheckItem",
            "DeleteItem",
            "GetItem",
            "PutItem",
            "Query",
            "Scan",
            "UpdateItem",
        ],
    ),
    ("Retention", "ScheduleTable/index/concerning", &["Query"]),
    ("Retention", "ScheduleTable/index/ending", &["Query"]),
    ("Retention", "ScheduleTable/index/owned", &["Query"]),
    ("Retention", "SessionTable", &["BatchWriteItem", "DeleteItem", "Query", "Scan", "UpdateItem"]),
    ("Sealer", "AuditTable", &["PutItem", "Query"]),
    ("Sealer", "AuditTable stream", &["DescribeStream", "GetRecords", "GetShardIterator"]),
];

#[test]
fn every_function_may_do_with_the_tables_what_the_list_says_and_no_more() {
    let mut granted: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for (name, policy) in resources(&document(), "AWS::IAM::ManagedPolicy") {
        for (actions, to) in statements(&policy) {
            let actions = actions.iter().filter_map(|action| action.strip_prefix("dynamodb:"));
            let actions: BTreeSet<String> = actions.map(str::to_owned).collect();
            for to in to.iter().filter(|to| *to != "*" && !actions.is_empty()) {
                let to = to.replace("${", "").replace(".Arn}", "");
                let to = to.replace(".StreamArn", " stream").replace(".Arn", "");
                let of_a_drill = to.ends_with("-drill-*");
                let to = if of_a_drill { "tables of a drill".to_owned() } else { to };
                let function = name.trim_end_matches("Policy").to_owned();
                granted.entry((function, to)).or_default().extend(actions.clone());
            }
        }
    }
    let listed: BTreeMap<(String, String), BTreeSet<String>> = GRANTS
        .iter()
        .map(|(function, table, actions)| {
            let actions = actions.iter().map(|action| (*action).to_owned()).collect();
            (((*function).to_owned(), (*table).to_owned()), actions)
        })
        .collect();
    assert_eq!(listed.len(), GRANTS.len(), "GRANTS says something twice");
    let mut wanted = Vec::new();
    for ((function, table), actions) in &granted {
        if listed.get(&(function.clone(), table.clone())) != Some(actions) {
            wanted.push(format!("(\"{function}\", \"{table}\", &{actions:?})"));
        }
    }
    assert!(wanted.is_empty(), "GRANTS, above, wants {wanted:#?}");
    assert_eq!(listed.len(), granted.len(), "GRANTS names what the template does not grant");
}

/// Whether a key is like a pattern of IAM, in which `*` stands for anything and
/// `?` for one sign.
fn is_like(pattern: &[u8], key: &[u8]) -> bool {
    match (pattern.split_first(), key.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => is_like(rest, key),
        (Some((b'*', rest)), Some((_, behind))) => is_like(rest, key) || is_like(pattern, behind),
        (Some((sign, rest)), Some((first, behind))) => {
            (*sign == b'?' || sign == first) && is_like(rest, behind)
        }
        _ => false,
    }
}

#[test]
fn who_may_put_or_get_within_a_table_is_held_to_the_partitions_they_need() {
    let organization = OrganizationId::from_bytes([0xa7; 16]);
    let day = jiff::civil::date(2026, 11, 30);
    let subject = shared::identity::Subject::Member(shared::ids::MemberId::from_bytes([1; 16]));
    let record = Key::audit(organization, day, RecordId::from_bytes([5; 16])).pk;
    let head = Key::checkpoint(organization, 7).pk;
    let part = Key::checkpoint_part(organization, 7, 0).pk;
    let member = Key::member(organization, shared::ids::MemberId::from_bytes([1; 16])).pk;
    let secrets = [
        Key::username(organization, [1; 16]).pk,
        Key::password(organization, subject).pk,
        Key::codes(organization, subject).pk,
        Key::passkey(organization, subject, [1; 16]).pk,
    ];
    let holds = |policy: &str, table: &str, action: &str| -> Vec<String> {
        let found = &resources(&document(), "AWS::IAM::ManagedPolicy")[policy];
        let statements = &found["Properties"]["PolicyDocument"]["Statement"];
        let about = statements.as_sequence().unwrap().iter().filter(|statement| {
            words(&statement["Action"]).iter().any(|one| one == action)
                && words(&statement["Resource"]).contains(&format!("{table}.Arn"))
        });
        let each = about.flat_map(|statement| {
            let condition = &statement["Condition"]["ForAllValues:StringLike"];
            let patterns = words(&condition["dynamodb:LeadingKeys"]);
            assert!(!patterns.is_empty(), "{policy} may {action} anywhere in {table}");
            patterns
        });
        let patterns: Vec<String> = each.collect();
        assert!(!patterns.is_empty(), "{policy} may not {action} in {table}");
        patterns
    };
    let lets = |patterns: &[String], key: &str| {
        patterns.iter().any(|pattern| is_like(pattern.as_bytes(), key.as_bytes()))
    };
    // Every policy that puts into the audit table is looked at.
    for (name, policy) in resources(&document(), "AWS::IAM::ManagedPolicy") {
        let puts = statements(&policy).into_iter().filter(|(actions, to)| {
            let puts = actions.iter().any(|action| action == "dynamodb:PutItem");
            puts && to.iter().any(|to| to.contains("AuditTable"))
        });
        let puts = puts.count();
        if puts == 0 {
            continue;
        }
        assert_eq!(puts, 1, "{name}");
        let patterns = holds(&name, "AuditTable", "dynamodb:PutItem");
        let seals = name == "SealerPolicy";
        assert_eq!(lets(&patterns, &record), !seals, "{name} and a record");
        assert_eq!(lets(&patterns, &head), seals, "{name} and a checkpoint");
        assert_eq!(lets(&patterns, &part), seals, "{name} and its parts");
    }
    let participant = shared::identity::Subject::Participant(PersonId::from_bytes([1; 16]));
    let own = [
        Key::password(organization, participant).pk,
        Key::passkey(organization, participant, [1; 16]).pk,
    ];
    let gets = holds("BookingPolicy", "IdentityTable", "dynamodb:GetItem");
    let queries = holds("BookingPolicy", "IdentityTable", "dynamodb:Query");
    assert!(lets(&gets, &member));
    for secret in secrets {
        assert!(!lets(&gets, &secret) && !lets(&queries, &secret), "booking may read {secret}");
    }
    // What people take out says whether they have a password.
    for own in own {
        assert!(lets(&gets, &own) && lets(&queries, &own), "booking may not read {own}");
    }
}

#[test]
fn nobody_may_change_or_remove_an_audit_record_or_make_a_checkpoint_but_the_sealer() {
    let allowed = [
        "dynamodb:PutItem",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:BatchGetItem",
        "dynamodb:CreateBackup",
        "dynamodb:DeleteBackup",
        "dynamodb:DescribeBackup",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:ListTagsOfResource",
        // Only into a new table, and only into a drill's.
        "dynamodb:RestoreTableFromBackup",
        "dynamodb:Scan",
    ];
    for (name, policy) in resources(&document(), "AWS::IAM::ManagedPolicy") {
        for (actions, to) in statements(&policy) {
            for action in actions {
                if to.iter().any(|to| to.contains("AuditTable")) {
                    assert!(allowed.contains(&&*action), "{name} allows {action} on records");
                }
                if to.iter().any(|to| to.contains("AuditKey")) || action.ends_with("Mac") {
                    let known = [
                        ("SealerPolicy", "kms:GenerateMac", "AuditKey.Arn"),
                        // Certificates of deletion have a key of their own: who
                        // deletes signs, who shows them checks.
                        ("RetentionPolicy", "kms:GenerateMac", "CertificateKey.Arn"),
                        ("BookingPolicy", "kms:VerifyMac", "CertificateKey.Arn"),
                    ];
                    let here = [(name.as_str(), action.as_str(), to[0].as_str())];
                    let allowed = to.len() == 1 && known.iter().any(|known| here == [*known]);
                    assert!(allowed, "{name} allows {action} on {to:?}");
                }
            }
        }
    }
    let document = document();
    let key = &resources(&document, "AWS::KMS::Key")["AuditKey"];
    assert_eq!(key["Properties"]["KeyUsage"].as_str(), Some("GENERATE_VERIFY_MAC"));
    assert_eq!(key["DeletionPolicy"].as_str(), Some("Retain"));
}

#[test]
fn only_what_erases_may_destroy_a_key_and_it_touches_neither_audit_records_nor_the_ledger() {
    for (name, policy) in resources(&document(), "AWS::IAM::ManagedPolicy") {
        for (actions, to) in statements(&policy) {
            let on = |table: &str| to.iter().any(|to| to.contains(table));
            let may = |action: &str| actions.iter().any(|found| found == action);
            let removes = may("dynamodb:DeleteItem") || may("dynamodb:BatchWriteItem");
            assert!(!removes || !on("AuditTable"), "{name} removes audit records");
            assert!(!removes || !on("LedgerTable"), "{name} removes from the ledger");
            if on("OrganizationKeysTable") && (removes || may("dynamodb:UpdateItem")) {
                assert_eq!(name, "RetentionPolicy", "somebody else may destroy a key");
            }
        }
    }
}

#[test]
fn each_word_that_pages_the_operator_has_its_filter_on_the_right_log_and_its_alarm() {
    let document = document();
    let filters = resources(&document, "AWS::Logs::MetricFilter");
    let alarms = resources(&document, "AWS::CloudWatch::Alarm");
    let paging = [
        ("AuditTrailTouched", "SealerLog", sealer::ALARM),
        ("EmergencyAccess", "LoginLog", shared::identity::door::PAGING_WORD),
        ("DependentsGuessedAt", "BookingLog", shared::dependent::store::PAGING_WORD),
        ("BackupFailed", "BackupLog", shared::backup::FAILED),
        ("BackupLate", "BackupLog", shared::backup::LATE),
        ("BackupUnproven", "BackupLog", shared::backup::UNPROVEN),
        ("KeyCanaryFailed", "BackupLog", shared::backup::KEY_FAILED),
    ];
    assert_eq!(filters.len(), paging.len(), "a filter that no line above names");
    let own = alarms.values().filter(|alarm| alarm["Properties"]["Namespace"] == "Kept");
    assert_eq!(own.count(), paging.len(), "an alarm that no line above names");
    // Who does not tick says no word: that is counted by AWS.
    let ticks = &alarms["BackupTicksMissingAlarm"]["Properties"];
    assert_eq!(ticks["MetricName"].as_str(), Some("Invocations"));
    assert_eq!(ticks["TreatMissingData"].as_str(), Some("breaching"));
    assert_eq!(words(&ticks["Dimensions"][0]["Value"]), ["BackupFunction"]);
    for (name, log, word) in paging {
        let filter = &filters[name]["Properties"];
        assert_eq!(filter["FilterPattern"].as_str(), Some(format!("\"{word}\"").as_str()));
        assert!(format!("{:?}", filter["LogGroupName"]).contains(log), "{name}: {filter:?}");
        let metric = &filter["MetricTransformations"][0];
        assert_eq!(metric["MetricName"].as_str(), Some(name));
        let alarm = &alarms[&format!("{name}Alarm")]["Properties"];
        assert_eq!(alarm["MetricName"].as_str(), Some(name));
        assert_eq!(alarm["Namespace"], metric["MetricNamespace"], "{name}");
        assert_eq!(alarm["Threshold"].as_i64(), Some(1), "{name}: once is enough");
    }
}

#[test]
fn every_alarm_pages_somebody_and_every_function_stream_and_dead_letter_has_one() {
    let document = document();
    let alarms = resources(&document, "AWS::CloudWatch::Alarm");
    let mut watched = BTreeSet::new();
    for (name, alarm) in &alarms {
        let alarm = &alarm["Properties"];
        assert_eq!(words(&alarm["AlarmActions"]), ["Pages"], "{name} pages nobody");
        let of = words(&alarm["Dimensions"][0]["Value"]).concat();
        watched.insert((alarm["MetricName"].as_str().unwrap().to_owned(), of));
    }
    let mut expected = BTreeSet::from([
        ("AuditTrailTouched".to_owned(), String::new()),
        ("EmergencyAccess".to_owned(), String::new()),
        ("ApproximateNumberOfMessagesVisible".to_owned(), "DeadLetters.QueueName".to_owned()),
    ]);
    let said = ["BackupFailed", "BackupLate", "BackupUnproven", "KeyCanaryFailed"];
    for word in said.into_iter().chain(["DependentsGuessedAt"]) {
        expected.insert((word.to_owned(), String::new()));
    }
    // Who has stopped ticking says no word and fails at nothing.
    expected.insert(("Invocations".to_owned(), "BackupFunction".to_owned()));
    for (id, function) in resources(&document, "AWS::Serverless::Function") {
        let events = function["Properties"]["Events"].as_mapping().unwrap();
        if events.values().any(|event| event["Type"] == "DynamoDB") {
            expected.insert(("IteratorAge".to_owned(), id.clone()));
        }
        expected.insert(("Errors".to_owned(), id));
    }
    assert_eq!(watched, expected);
    let topic = &resources(&document, "AWS::SNS::Topic")["Pages"]["Properties"];
    assert_eq!(words(&topic["KmsMasterKeyId"]), ["Key.Arn"]);
    let person = &resources(&document, "AWS::SNS::Subscription")["PagedPerson"]["Properties"];
    assert_eq!(words(&person["TopicArn"]), ["Pages"]);
    assert_eq!(words(&person["Endpoint"]), ["PagedAddress"]);
    // Without these two the page would be lost on its way into the topic.
    let policies = resources(&document, "AWS::SNS::TopicPolicy");
    let publishing = &policies["PagesPolicy"]["Properties"]["PolicyDocument"]["Statement"][0];
    let key = &resources(&document, "AWS::KMS::Key")["Key"]["Properties"]["KeyPolicy"];
    let alarms_only = |statement: &&Yaml| {
        words(&statement["Principal"]["Service"]) == ["cloudwatch.amazonaws.com"]
    };
    assert!(alarms_only(&publishing) && words(&publishing["Action"]) == ["sns:Publish"]);
    let using = key["Statement"].as_sequence().unwrap().iter().find(alarms_only).unwrap();
    assert_eq!(words(&using["Action"]), ["kms:Decrypt", "kms:GenerateDataKey*"]);
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

#[test]
fn the_backups_are_of_the_same_tables_everywhere_and_never_of_what_must_not_come_back() {
    let document = document();
    let backed_up: BTreeSet<String> = shared::settings::Table::BACKED_UP
        .iter()
        .map(|table| format!("{}Table.Arn", table.word()))
        .collect();
    // What the function may back up.
    let policy = &resources(&document, "AWS::IAM::ManagedPolicy")["BackupPolicy"];
    let creates = |actions: &[String]| actions.iter().any(|it| it == "dynamodb:CreateBackup");
    let granted: BTreeSet<String> = statements(policy)
        .into_iter()
        .filter(|(actions, _)| creates(actions))
        .flat_map(|(_, to)| to)
        .collect();
    assert_eq!(granted, backed_up);
    // What AWS backs up by itself.
    let selection = &resources(&document, "AWS::Backup::BackupSelection")["BackupSelection"];
    let selected = words(&selection["Properties"]["BackupSelection"]["Resources"]);
    assert_eq!(selected.into_iter().collect::<BTreeSet<_>>(), backed_up);
    for never in ["SessionTable", "OrganizationKeysTable", "LedgerTable", "RunTable"] {
        assert!(!backed_up.contains(&format!("{never}.Arn")));
    }
}

#[test]
fn the_vault_is_locked_and_keeps_nothing_longer_than_thirty_five_days() {
    let document = document();
    let vault = &resources(&document, "AWS::Backup::BackupVault")["BackupVault"];
    let lock = &vault["Properties"]["LockConfiguration"];
    assert!(lock["MaxRetentionDays"].as_u64().is_some_and(|days| days <= 35), "{lock:?}");
    // Without this the lock can be taken off again.
    assert!(lock["ChangeableForDays"].as_u64().is_some(), "{lock:?}");
    assert_eq!(words(&vault["Properties"]["EncryptionKeyArn"]), ["Key.Arn"]);
    let plan = &resources(&document, "AWS::Backup::BackupPlan")["BackupPlan"];
    let rules = plan["Properties"]["BackupPlan"]["BackupPlanRule"].as_sequence().unwrap();
    for rule in rules {
        let days = rule["Lifecycle"]["DeleteAfterDays"].as_u64();
        assert!(days.is_some_and(|days| days <= 35), "{rule:?}");
        assert_eq!(words(&rule["TargetBackupVault"]), ["BackupVault"]);
    }
    let days = &document["Parameters"]["BackupDays"];
    assert_eq!((days["MinValue"].as_u64(), days["MaxValue"].as_u64()), (Some(7), Some(35)));
}
