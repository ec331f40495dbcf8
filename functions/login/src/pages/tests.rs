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
fn what_was_typed_cannot_leave_its_attribute_and_a_password_is_never_shown_again() {
    let (_, html) =
        samples::rendered().into_iter().find(|(page, _)| *page == "sign-in-refused").unwrap();
    assert!(!html.contains("<script>alert"), "markup got through");
    assert!(html.contains("value=\"&#34;&#62;&#60;script&#62;"));
    assert!(!html.contains("never shown"));
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
fn passwords_are_typed_unseen_pasted_freely_and_filled_in_by_managers() {
    for (page, html) in samples::rendered() {
        for tag in tags(&html) {
            if !attribute(tag, "name").is_some_and(|name| name.contains("password")) {
                continue;
            }
            assert_eq!(attribute(tag, "type"), Some("password"), "{page}: {tag}");
            let filled = attribute(tag, "autocomplete");
            assert!(matches!(filled, Some("current-password" | "new-password")), "{page}: {tag}");
            assert!(!tag.contains("onpaste") && !tag.contains("maxlength"), "{page}: {tag}");
        }
        if html.contains("name=\"username\"") {
            assert!(html.contains("autocomplete=\"username\""), "{page}");
        }
    }
}

#[test]
fn every_form_of_somebody_signed_in_carries_the_form_token() {
    for (page, html) in samples::rendered() {
        if !html.contains("class=\"person\"") {
            continue;
        }
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            assert!(form.contains("name=\"form_token\""), "{page}: {form}");
        }
    }
}

#[test]
fn no_page_carries_a_style_or_script_of_its_own_and_nothing_comes_from_elsewhere() {
    for (page, html) in samples::rendered() {
        for tag in tags(&html) {
            assert!(!tag.starts_with("style"), "{page}: a style element");
            assert!(!tag.starts_with("script") || attribute(tag, "src").is_some(), "{page}: {tag}");
            assert!(!tag.contains(" style="), "{page}: a style attribute in {tag}");
            let scripted = tag
                .split_whitespace()
                .skip(1)
                .any(|word| word.starts_with("on") && word.contains('='));
            assert!(!scripted, "{page}: a script attribute in {tag}");
            for name in ["src", "href", "action"] {
                let elsewhere = attribute(tag, name).is_some_and(|value| {
                    value.contains("://") && !value.starts_with("data:image/svg+xml,")
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
                assert!(ids.binary_search(&reference).is_ok(), "{page}: no id {reference}");
            }
        }
    }
}

#[test]
fn every_page_has_one_main_heading_and_a_title_and_none_exclaims() {
    for (page, html) in samples::rendered() {
        assert_eq!(html.matches("<h1>").count(), 1, "{page}");
        assert!(!html.contains("<title></title>"), "{page}");
        let text: String =
            html.split('<').filter_map(|rest| rest.split_once('>')).map(|(_, text)| text).collect();
        assert!(!text.contains('!'), "{page}");
    }
}

#[test]
fn errors_stand_in_a_summary_and_at_their_fields() {
    let (_, html) =
        samples::rendered().into_iter().find(|(page, _)| *page == "sign-up-errors").unwrap();
    assert!(html.contains("<li><a href=\"#email\">Email: this is not an email address."));
    assert!(html.contains("aria-invalid=\"true\" aria-describedby=\"email-error\""));
    assert!(html.contains("value=\"ann@example\""), "what was typed is still there");
}

#[test]
fn a_passkey_s_form_is_hidden_until_script_shows_it() {
    for (page, html) in samples::rendered() {
        for tag in tags(&html).into_iter().filter(|tag| tag.contains("data-passkey")) {
            assert!(tag.ends_with(" hidden"), "{page}: {tag}");
        }
    }
}
