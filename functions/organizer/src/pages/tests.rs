//! What holds for every page.

use super::samples;

/// The start tags of a page, without their brackets.
fn tags(html: &str) -> Vec<&str> {
    html.split('<')
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .filter(|tag| !tag.starts_with(['/', '!']))
        .collect()
}

/// The value of an attribute in a start tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next())
}

#[test]
fn a_name_with_markup_is_escaped_wherever_it_stands() {
    for (page, html) in samples::rendered() {
        assert!(!html.contains("<script>alert"), "{page}: markup got through");
    }
    assert!(samples::page("participant-markup").contains("&#60;script&#62;alert"));
}

#[test]
fn every_field_has_a_label() {
    for (page, html) in samples::rendered() {
        for tag in tags(&html) {
            let field =
                ["input ", "select ", "textarea "].iter().any(|start| tag.starts_with(start));
            if !field || attribute(tag, "type") == Some("hidden") {
                continue;
            }
            let id = attribute(tag, "id")
                .unwrap_or_else(|| panic!("{page}: a field without an id: {tag}"));
            assert!(html.contains(&format!("<label for=\"{id}\">")), "{page}: no label for {id}");
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_the_token_of_the_session() {
    for (page, html) in samples::rendered() {
        for form in html.split("<form ").skip(1) {
            let form = form.split("</form>").next().unwrap();
            let posts = form.split('>').next().unwrap().contains("method=\"post\"");
            let carries = form.contains("name=\"form_token\" value=\"t0ken\"");
            assert_eq!(posts, carries, "{page}: {form}");
        }
    }
}

#[test]
fn no_page_carries_a_style_or_script_of_its_own_and_nothing_comes_from_elsewhere() {
    for (page, html) in samples::rendered() {
        for tag in tags(&html) {
            assert!(!tag.starts_with("style"), "{page}: a style element");
            assert!(!tag.contains(" style="), "{page}: a style attribute in {tag}");
            assert!(
                !tag.starts_with("script") || attribute(tag, "src").is_some(),
                "{page}: a script in the page"
            );
            for name in ["src", "href", "action"] {
                let elsewhere = attribute(tag, name).is_some_and(|value| {
                    value.contains("://") && !value.starts_with("data:image/svg+xml,")
                        || value.starts_with("javascript:")
                });
                assert!(!elsewhere, "{page}: {tag}");
            }
        }
    }
}

#[test]
fn ids_are_unique_and_what_refers_to_them_finds_them() {
    for (page, html) in samples::rendered() {
        let tags = tags(&html);
        let mut ids: Vec<&str> = tags.iter().filter_map(|tag| attribute(tag, "id")).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{page}: an id stands twice");
        for tag in tags {
            let named = ["aria-labelledby", "aria-describedby", "for"]
                .iter()
                .filter_map(|name| attribute(tag, name));
            for reference in named
                .flat_map(str::split_whitespace)
                .chain(attribute(tag, "href").and_then(|path| path.strip_prefix('#')))
            {
                assert!(
                    ids.binary_search(&reference).is_ok(),
                    "{page}: nothing has the id {reference}"
                );
            }
        }
    }
}

#[test]
fn every_page_has_one_main_heading_and_speaks_calmly() {
    for (page, html) in samples::rendered() {
        assert_eq!(html.matches("<h1>").count(), 1, "{page}");
        assert!(!html.contains("<title></title>"), "{page}");
        let text: String =
            html.split('<').filter_map(|rest| rest.split_once('>')).map(|(_, text)| text).collect();
        assert!(!text.contains('!'), "{page} exclaims");
    }
}

#[test]
fn the_two_switches_against_the_standard_say_so_and_so_does_a_check_that_is_off() {
    let page = samples::page("security");
    for switch in ["composition", "password_days"] {
        let (_, after) = page.split_once(&format!("for=\"{switch}\"")).unwrap();
        let beside: String = after.chars().take(200).collect();
        assert!(beside.contains("gainst NIST SP 800-63B-4"), "{switch}: {beside}");
    }
    assert!(page.contains("The check against breached passwords is off"));
    assert!(!samples::page("security-wrong").contains("is off: whoever runs"));
}

#[test]
fn errors_stand_in_a_summary_and_at_their_fields_and_what_was_typed_is_still_there() {
    let page = samples::page("security-wrong");
    assert!(page.contains("<li><a href=\"#failures\">"));
    assert!(page.contains("value=\"101\" required aria-describedby=\"failures-error failures-hint\" aria-invalid=\"true\""));
}

#[test]
fn cancelling_says_what_it_does_and_to_whom() {
    let page = samples::page("participant");
    assert!(page.contains("Cancel this appointment and tell Maria Lopez</button>"));
    assert!(page.contains("This cannot be undone."));
}

#[test]
fn a_code_is_printed_with_what_it_does() {
    let page = samples::page("emergency-code");
    assert!(page.contains("shown only this once") && page.contains("For one hour"));
    assert!(!page.contains("name=\"code\""), "a page to print asks for nothing");
}

#[test]
fn every_route_is_described_with_its_answers_and_no_request_takes_unknown_fields() {
    let description = serde_json::to_value(crate::description()).unwrap();
    let mut described = std::collections::BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            described.insert((method.to_uppercase(), path.clone()));
            let answers = operation["responses"].as_object().unwrap();
            for status in ["401", "403", "404", "503"] {
                let home = status == "403" || answers.contains_key(status);
                assert!(home, "{method} {path} says nothing of {status}");
            }
            let request = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                .as_str()
                .and_then(|name| name.rsplit('/').next());
            if let Some(request) = request {
                let schema = &description["components"]["schemas"][request];
                assert_eq!(schema["additionalProperties"], false, "{request}");
            }
        }
    }
    let coded: std::collections::BTreeSet<_> = crate::ROUTES
        .iter()
        .map(|(method, path)| (method.to_string(), (*path).to_owned()))
        .collect();
    assert_eq!(described, coded);
}
