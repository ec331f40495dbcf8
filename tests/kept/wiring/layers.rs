//! Which part may know which.

use std::path::{Path, PathBuf};

use super::{folders, root};

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
