use super::events::rate;
use super::*;

fn embedded() -> Template {
    Template::parse(EMBEDDED_NAME, EMBEDDED).unwrap()
}

fn names() -> Names {
    Names {
        parameters: BTreeMap::from([("PublicAddress".into(), "http://localhost:1".into())]),
        key_arns: BTreeMap::from([
            ("Key".into(), "arn:aws:kms:r:1:key/k".into()),
            ("AuditKey".into(), "arn:aws:kms:r:1:key/a".into()),
            ("CertificateKey".into(), "arn:aws:kms:r:1:key/c".into()),
        ]),
    }
}

#[test]
fn the_template_is_read_whole() {
    let template = embedded();
    let notify = template.functions.iter().find(|function| function.code == "notify").unwrap();
    assert_eq!(notify.streams[0].table, "MailTable");
    assert_eq!(notify.streams[0].filters.len(), 1);
    assert_eq!(notify.streams[0].dead_letters.as_deref(), Some("DeadLetters"));
    assert!(notify.streams[0].reports_failures);
    assert_eq!(notify.schedules[0].every, SignedDuration::from_mins(5));
    assert_eq!(notify.rules.len(), 1);
    let mail = template.tables.iter().find(|table| table.name == "MailTable").unwrap();
    assert_eq!(mail.key, ["pk", "sk"]);
    assert_eq!(mail.indexes[0].key, ["owed_by", "owed_since"]);
    assert_eq!(mail.stream_view.as_deref(), Some("KEYS_ONLY"));
    let sessions = template.tables.iter().find(|table| table.name == "SessionTable").unwrap();
    assert_eq!(sessions.expires.as_deref(), Some("expires"));
    let sealer = template.functions.iter().find(|function| function.code == "sealer").unwrap();
    assert_eq!(sealer.streams[0].window, Duration::from_secs(60));
    assert_eq!(sealer.streams[0].maximum_retries, None);
    let audit = template.tables.iter().find(|table| table.name == "AuditTable").unwrap();
    assert_eq!(audit.indexes[0].key, ["about", "sk"]);
    assert!(audit.protected);
    assert_eq!((audit.recovery, sessions.recovery), (Some(35), None));
    let ledger = template.tables.iter().find(|table| table.name == "LedgerTable").unwrap();
    assert_eq!((ledger.protected, ledger.recovery), (true, Some(35)));
    assert_eq!(ledger.stream_view, None);
    let key = template.keys.iter().find(|key| key.name == "AuditKey").unwrap();
    assert_eq!((&*key.spec, &*key.usage), ("HMAC_256", "GENERATE_VERIFY_MAC"));
    assert!(template.routes().any(|(_, route)| route.path == "/{organization}/{event}/bookings"));
    assert_eq!(
        template.configuration_sets,
        [ConfigurationSet { name: "kept".into(), tells_sends: true }]
    );
}

#[test]
fn an_environment_is_resolved_for_this_machine() {
    let environment = embedded().environment("NotifyFunction", &names()).unwrap();
    assert_eq!(environment["MAIL_TABLE"], "MailTable");
    assert_eq!(environment["KEY_ID"], "arn:aws:kms:r:1:key/k");
    assert_eq!(environment["PUBLIC_ADDRESS"], "http://localhost:1");
    assert_eq!(environment["MAIL_SENDER"], "appointments@kept.example");
    assert_eq!(environment["MAIL_CONFIGURATION_SET"], "kept");
    assert!(
        !embedded().environment("BookingFunction", &names()).unwrap().contains_key("MAIL_SENDER")
    );
}

#[test]
fn a_damaged_template_is_named_with_its_place() {
    let refused = Template::parse("broken.yaml", "Resources:\n  A: [1,\n").unwrap_err().to_string();
    assert!(refused.contains("broken.yaml") && refused.contains("line "), "{refused}");
    let refused = Template::parse("empty.yaml", "a: 1").unwrap_err().to_string();
    assert!(refused.contains("Resources"), "{refused}");
}

#[test]
fn what_the_local_cloud_cannot_play_is_refused() {
    let text = "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: a/b/\n      Events:\n        Queue: {Type: SQS, Properties: {}}\n";
    let refused = Template::parse("t.yaml", text).unwrap_err().to_string();
    assert!(refused.contains("Resources.F.Properties.Events.Queue"), "{refused}");
    assert!(refused.contains("SQS"), "{refused}");
}

#[test]
fn a_table_that_is_only_elsewhere_is_refused() {
    let text = EMBEDDED.replace("- Region: !Ref AWS::Region", "- Region: eu-west-2");
    let refused = Template::parse("t.yaml", &text).unwrap_err().to_string();
    assert!(refused.contains("Resources.LedgerTable"), "{refused}");
    assert!(refused.contains("the stack's own region"), "{refused}");
}

#[test]
fn an_unsupported_filter_is_refused_with_its_place() {
    let text =
        EMBEDDED.replace(r#"{"eventName":["INSERT"]}"#, r#"{"eventName":[{"wildcard":"*"}]}"#);
    let refused = Template::parse("t.yaml", &text).unwrap_err().to_string();
    assert!(refused.contains("Events.Owed") && refused.contains("wildcard"), "{refused}");
}

#[test]
fn rates_are_read_as_eventbridge_writes_them() {
    assert_eq!(rate("rate(5 minutes)"), Some(SignedDuration::from_mins(5)));
    assert_eq!(rate("rate(1 hour)"), Some(SignedDuration::from_hours(1)));
    assert_eq!(rate("rate(1 hours)"), None);
    assert_eq!(rate("rate(0 minutes)"), None);
    assert_eq!(rate("cron(0 2 * * ? *)"), None);
}
