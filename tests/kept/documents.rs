//! The documents say what is so: what they name is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file of a folder with this ending, leaving out what is built or hidden.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.')
                && !["target", "node_modules", "screenshots"].contains(&&*name)
            {
                files(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

/// The names of all tests under a folder of sources, as cargo says them, with
/// `package` in front where there is one.
fn tests_of(folder: &str, package: &str) -> BTreeSet<String> {
    let base = root().join(folder);
    let mut sources = Vec::new();
    files(&base, ".rs", &mut sources);
    let mut found = BTreeSet::new();
    for source in sources {
        let mut modules: Vec<String> = source
            .strip_prefix(&base)
            .unwrap()
            .with_extension("")
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .filter(|part| !["main", "lib", "mod"].contains(&&**part))
            .collect();
        if !package.is_empty() {
            modules.insert(0, package.to_owned());
        }
        let (mut inner, mut is_test) = (None, false);
        for line in std::fs::read_to_string(&source).unwrap().lines() {
            if let Some((_, name)) =
                line.strip_suffix(" {").and_then(|line| line.split_once("mod "))
            {
                inner = Some(name.to_owned()).filter(|_| !line.starts_with(' '));
            } else if line == "}" {
                inner = None;
            }
            let line = line.trim();
            if line == "#[test]" || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
                let name = rest.split('(').next().unwrap().to_owned();
                let path: Vec<String> =
                    modules.iter().cloned().chain(inner.clone()).chain([name]).collect();
                found.insert(path.join("::"));
                is_test = false;
            }
        }
    }
    found
}

/// What stands between backquotes.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The names of all tests that documents may name.
fn all_tests() -> BTreeSet<String> {
    let mut tests = tests_of("tests/kept", "");
    for (folder, package) in [
        ("shared/src", "shared"),
        ("functions/backup/src", "backup"),
        ("functions/booking/src", "booking"),
        ("functions/login/src", "login"),
        ("functions/notify/src", "notify"),
        ("functions/organizer/src", "organizer"),
        ("functions/retention/src", "retention"),
        ("functions/sealer/src", "sealer"),
        ("infra/local", "kept"),
    ] {
        tests.extend(tests_of(folder, package));
    }
    tests
}

/// The rows of a document's tables that begin with this, as their cells.
fn rows<'a>(document: &'a str, beginning: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
    document
        .lines()
        .filter(move |line| line.starts_with(beginning))
        .map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect())
}

#[test]
fn the_promises_name_files_and_tests_that_exist() {
    let tests = all_tests();
    let promises = read("PROMISES.md");
    let mut ids = BTreeSet::new();
    for cells in rows(&promises, "| ") {
        let [id, _, places, shown] = *cells else {
            panic!("a row of PROMISES.md has four cells: {cells:?}");
        };
        if id == "id" {
            continue;
        }
        assert!(ids.insert(id), "PROMISES.md says {id} twice");
        let (places, shown) = (quoted(places), quoted(shown));
        assert!(!places.is_empty() && !shown.is_empty(), "{id} names no file or no test");
        for place in places {
            assert!(root().join(place).is_file(), "{id} is kept in {place}, which does not exist");
        }
        for test in shown {
            assert!(
                tests.contains(test),
                "{id} is shown by {test}, which is no test: mend the name, or take the row away"
            );
        }
    }
    assert!(ids.len() >= 10, "PROMISES.md has rows: {ids:?}");
}

/// The requirements of levels 1 and 2 of OWASP ASVS 5.0.0 in the chapters that
/// docs/security/asvs.md goes through: section, then how many of its first
/// numbers belong to level 1, then the last that belongs to level 2.
const REQUIREMENTS: [(&str, u32, u32); 22] = [
    ("V6.1", 1, 3),
    ("V6.2", 8, 12),
    ("V6.3", 2, 4),
    ("V6.4", 2, 4),
    ("V6.5", 0, 5),
    ("V6.6", 0, 3),
    ("V6.8", 0, 4),
    ("V7.1", 0, 3),
    ("V7.2", 4, 4),
    ("V7.3", 0, 2),
    ("V7.4", 2, 5),
    ("V7.5", 0, 2),
    ("V7.6", 0, 2),
    ("V8.1", 1, 2),
    ("V8.2", 2, 3),
    ("V8.3", 1, 1),
    ("V8.4", 0, 1),
    ("V16.1", 0, 1),
    ("V16.2", 0, 5),
    ("V16.3", 0, 4),
    ("V16.4", 0, 3),
    ("V16.5", 0, 3),
];

#[test]
fn the_standards_are_answered_row_by_row_with_tests_that_exist() {
    let answers = read("docs/security/asvs.md");
    let tests = all_tests();
    for named in quoted(&answers).into_iter().filter(|it| it.contains("::") && !it.contains('…'))
    {
        assert!(tests.contains(named), "docs/security/asvs.md names {named}, which is no test");
    }
    // The first list: 46 statements in order, each with a test that shows it.
    let numbers: Vec<u32> = rows(&answers, "| ")
        .filter_map(|cells| {
            let number = cells[0].parse().ok()?;
            let [_, _, shown, result] = *cells else { panic!("four cells: {cells:?}") };
            assert!(!quoted(shown).is_empty(), "{number} names no test");
            assert!(result.starts_with("Holds"), "{number}: say what does not hold and why");
            Some(number)
        })
        .collect();
    assert_eq!(numbers, (1..=46).collect::<Vec<_>>());
    // The second: every requirement, with its level and a result.
    let expected: Vec<(String, u32)> = REQUIREMENTS
        .iter()
        .flat_map(|(section, first, last)| {
            (1..=*last).map(move |at| (format!("{section}.{at}"), if at <= *first { 1 } else { 2 }))
        })
        .collect();
    assert_eq!(expected.len(), 76);
    let mut found = Vec::new();
    for cells in rows(&answers, "| V") {
        let [id, level, words, result] = *cells else { panic!("four cells: {cells:?}") };
        found.push((id.to_owned(), level.parse::<u32>().unwrap()));
        let shown = quoted(result).iter().any(|it| it.contains("::"));
        let answered = match result.split([':', '.']).next().unwrap() {
            "Documented" => result.contains("]("),
            "Does not apply" | "Does not hold by default" | "Does not hold in full" => {
                result.len() > 30
            }
            word => word.starts_with("Holds") && shown,
        };
        assert!(answered && words.len() > 10, "{id} is not answered: {result}");
    }
    assert_eq!(found, expected);
}

/// The implementation specifications of the HIPAA Security Rule, by section, in
/// the order of its appendix A: 42 of them, 20 of which are required.
#[test]
fn the_hipaa_rule_is_answered_in_42_rows_with_tests_that_exist() {
    let answers = read("docs/security/hipaa.md");
    let tests = all_tests();
    let (mut cites, mut required) = (BTreeSet::new(), 0);
    for cells in rows(&answers, "| 3") {
        let [cite, _, kind, who, how] = *cells else { panic!("five cells: {cells:?}") };
        assert!(cites.insert(cite), "{cite} stands there twice");
        required += usize::from(kind == "R");
        assert!(["R", "A"].contains(&kind), "{cite}: {kind}");
        for keeper in who.split(", ") {
            let known = ["here", "provider", "operator", "not yet"];
            assert!(known.contains(&keeper), "{cite} is kept by {keeper}");
        }
        let named: Vec<_> = quoted(how).into_iter().filter(|it| it.contains("::")).collect();
        assert!(!who.starts_with("here") || !named.is_empty(), "{cite} names no test");
        for test in named {
            assert!(tests.contains(test), "{cite} is shown by {test}, which is no test");
        }
    }
    assert_eq!((cites.len(), required), (42, 20));
}

#[test]
fn every_decision_is_in_the_index_under_its_number_and_title() {
    let index = read("docs/decisions/README.md");
    let listed: Vec<&str> = index.lines().filter(|line| line.contains("](")).collect();
    let mut pages = Vec::new();
    files(&root().join("docs/decisions"), ".md", &mut pages);
    pages.retain(|page| !page.ends_with("README.md"));
    pages.sort();
    let expected: Vec<String> = pages
        .iter()
        .map(|page| {
            let file = page.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(page).unwrap();
            let title = text.lines().next().unwrap().trim_start_matches("# ");
            let (number, words) =
                title.split_once(". ").expect("a title like: # 1. What was chosen");
            assert!(
                file.starts_with(&format!("{:03}-", number.parse::<u32>().unwrap())),
                "{file} has another number in its title: {title}"
            );
            format!("{number}. [{words}]({file})")
        })
        .collect();
    assert_eq!(listed, expected, "docs/decisions/README.md lists each page: number. [title](file)");
}

/// The targets of a text's links and pictures; what stands in code is none.
fn links(text: &str) -> Vec<String> {
    let mut in_code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect();
        found.extend(
            prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())),
        );
    }
    found
}

/// A heading as links name it.
fn anchor(heading: &str) -> String {
    let kept =
        |character: &char| character.is_alphanumeric() || [' ', '-', '_'].contains(character);
    heading.trim().to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

#[test]
fn no_link_between_documents_is_broken() {
    let mut documents = Vec::new();
    files(&root(), ".md", &mut documents);
    assert!(documents.len() >= 5, "{documents:?}");
    let mut broken = Vec::new();
    for document in &documents {
        for link in links(&std::fs::read_to_string(document).unwrap()) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => document.clone(),
                _ => document.parent().unwrap().join(file),
            };
            let there = target.exists()
                && (heading.is_empty()
                    || std::fs::read_to_string(&target).is_ok_and(|text| {
                        text.lines()
                            .filter(|line| line.starts_with('#'))
                            .any(|line| anchor(line.trim_start_matches('#')) == heading)
                    }));
            if !there {
                let from = document.strip_prefix(root()).unwrap().display().to_string();
                broken.push(format!("{from} links to {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "these lead nowhere: {broken:?}");
}

#[test]
fn the_two_commands_of_the_readme_are_those_that_are_run() {
    let readme = read("README.md");
    let block = readme.split("```sh\n").nth(1).expect("commands").split("```").next().unwrap();
    let [start, test] = *block.lines().collect::<Vec<_>>() else {
        panic!("README.md begins with two commands, and not: {block}");
    };
    assert_eq!(start, "cargo run");
    let check = read(".ci/run");
    assert!(
        check.lines().any(|line| line == format!("stage \"Tests\" tests {test}")),
        ".ci/run tests with another command than {test}"
    );
    // What `cargo run` alone starts is the package of this very test.
    let manifest = read("Cargo.toml");
    assert!(manifest.contains(&format!("default-run = \"{}\"", env!("CARGO_PKG_NAME"))));
}
