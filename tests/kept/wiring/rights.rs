//! What each function may do, and no more.

use std::collections::{BTreeMap, BTreeSet};

use shared::dynamo::Key;
use shared::ids::{OrganizationId, PersonId, RecordId};

use super::{document, resources, statements, words};

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
