//! What pages the operator.

use std::collections::BTreeSet;

use serde_yaml_ng::Value as Yaml;

use super::{document, resources, words};

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
