//! What the template says of keeping: encryption, backups, second copies.

use std::collections::BTreeSet;

use serde_yaml_ng::Value as Yaml;

use super::{document, resources, statements, template, words};

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
