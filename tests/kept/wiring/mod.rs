//! The template, the code and the samples agree, and dependencies point one way.

mod alarms;
mod layers;
mod protection;
mod rights;
mod routes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use kept::template::Template;
use serde_yaml_ng::Value as Yaml;

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

/// The names of the folders in a folder.
fn folders(folder: &str) -> BTreeSet<String> {
    std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
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
