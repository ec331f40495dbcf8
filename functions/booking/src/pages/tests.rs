//! What holds for every page.

use askama::Template as _;
use shared::web::assets;

use super::{BookingNews, BookingState, samples};

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
fn a_name_with_markup_is_escaped() {
    let html = samples::booking_of_markup().render().unwrap();
    assert!(!html.contains("<script>alert"), "markup got through");
    assert!(
        html.contains("&#60;script&#62;alert(&#34;x&#34;)&#60;/script&#62; &#38; &#39;Sons&#39;")
    );
}

#[test]
fn what_was_typed_cannot_leave_its_attribute() {
    let mut page = samples::book();
    page.email.value = "\" autofocus onfocus=\"alert(1)".into();
    page.note.value = "</textarea><b>".into();
    let html = page.render().unwrap();
    assert!(html.contains("value=\"&#34; autofocus onfocus=&#34;alert(1)\""));
    assert!(html.contains("&#60;/textarea&#62;&#60;b&#62;</textarea>"));
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
fn no_page_carries_a_style_or_script_of_its_own() {
    for (page, html) in samples::rendered() {
        for tag in tags(&html) {
            assert!(!tag.starts_with("style"), "{page}: a style element");
            assert!(
                !tag.starts_with("script") || attribute(tag, "src").is_some(),
                "{page}: a script in the page"
            );
            assert!(!tag.contains(" style="), "{page}: a style attribute in {tag}");
            assert!(
                !tag.split_whitespace()
                    .skip(1)
                    .any(|word| word.starts_with("on") && word.contains('=')),
                "{page}: a script attribute in {tag}"
            );
            assert!(!tag.contains("javascript:"), "{page}: a script in a link: {tag}");
        }
    }
}

#[test]
fn nothing_comes_from_elsewhere() {
    for (page, html) in samples::rendered() {
        for tag in tags(&html) {
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
        let mut ids: Vec<&str> = tags
            .iter()
            .filter_map(|tag| {
                attribute(tag, "id").or_else(|| {
                    tag.split_once(" id=").and_then(|(_, rest)| rest.split_whitespace().next())
                })
            })
            .collect();
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
fn every_page_has_one_main_heading_and_a_title() {
    for (page, html) in samples::rendered() {
        assert_eq!(html.matches("<h1>").count(), 1, "{page}");
        assert_eq!(html.matches("<main ").count(), 1, "{page}");
        assert!(html.contains("<html lang=\"en\">"), "{page}");
        assert!(!html.contains("<title></title>"), "{page}");
    }
}

#[test]
fn no_page_exclaims() {
    for (page, html) in samples::rendered() {
        let text: String =
            html.split('<').filter_map(|rest| rest.split_once('>')).map(|(_, text)| text).collect();
        assert!(!text.contains('!'), "{page}");
    }
}

#[test]
fn errors_stand_in_a_summary_and_at_their_fields() {
    let (_, html) =
        samples::rendered().into_iter().find(|(page, _)| *page == "book-errors").unwrap();
    assert!(html.contains("<li><a href=\"#email\">Email: this email address is not complete."));
    assert!(html.contains("<li><a href=\"#name\">Your name: write your name,"));
    assert!(html.contains("aria-invalid=\"true\" aria-describedby=\"email-error\""));
    assert!(html.contains("value=\"ann@example\""), "what was typed is still there");
    assert!(html.contains("step-free entrance.</textarea>"), "what was typed is still there");
}

#[test]
fn a_time_that_was_taken_leaves_the_form_with_the_nearest_ones() {
    let (_, html) =
        samples::rendered().into_iter().find(|(page, _)| *page == "book-taken").unwrap();
    assert!(html.contains("This time was just taken."));
    assert_eq!(html.matches("type=\"radio\" name=\"slot\"").count(), 3);
    assert!(
        !html.contains("type=\"hidden\" name=\"slot\""),
        "the taken time must not be asked for again"
    );
    assert!(html.contains("value=\"Ann Example\""));
}

#[test]
fn the_stylesheet_stays_below_20_kilobytes_and_the_script_below_10() {
    assert!(assets::stylesheet().bytes.len() < 20_000);
    assert!(assets::script().bytes.len() < 10_000);
}

#[test]
fn a_time_that_was_taken_with_none_near_leads_back_to_the_event() {
    let (_, html) =
        samples::rendered().into_iter().find(|(page, _)| *page == "book-taken-none-near").unwrap();
    assert!(html.contains("We found no other free time"));
    assert!(!html.contains("<ul>"), "a summary without anything to correct");
    assert!(!html.contains("<form"), "a form that cannot end in a booking");
}

#[test]
fn each_row_of_times_says_with_whom_they_are() {
    let (_, html) = samples::rendered().into_iter().find(|(page, _)| *page == "event").unwrap();
    assert!(html.contains("<div class=\"row\" role=\"group\" aria-labelledby=\"r1\">"));
    assert!(html.contains("<h3 id=\"r1\">"));
    assert!(html.contains(">16:10</button>"));
}

#[test]
fn only_a_cancelled_appointment_is_struck_through() {
    let pages = samples::rendered();
    let marked = |name: &str, mark: &str| {
        let (_, html) = pages.iter().find(|(page, _)| *page == name).unwrap();
        html.contains(&format!("<div class=\"{mark}\">"))
    };
    assert!(marked("booking-cancelled", "cancelled"));
    assert!(marked("booking-past", "past"));
    assert!(!marked("booking-past", "cancelled"));
    let style = std::str::from_utf8(assets::stylesheet().bytes).unwrap();
    assert_eq!(style.matches("line-through").count(), 1);
    assert!(style.contains(".cancelled .clock { text-decoration: line-through"));
}

#[test]
fn news_ends_with_what_it_tells_of() {
    let ahead =
        BookingState::Booked { move_path: None, cancel_action: None, calendar_path: String::new() };
    for news in [BookingNews::Booked, BookingNews::Moved] {
        assert!(news.fits(&ahead));
        assert!(!news.fits(&BookingState::Past));
        assert!(!news.fits(&BookingState::Cancelled));
    }
    assert!(BookingNews::Cancelled.fits(&BookingState::Cancelled));
    assert!(!BookingNews::Cancelled.fits(&ahead));
}

#[test]
fn whoever_finds_the_service_busy_can_try_again() {
    let pages = samples::rendered();
    let page = |name: &str| &pages.iter().find(|(page, _)| *page == name).unwrap().1;
    assert!(page("busy").contains("<a class=\"button\" href=\"\">Try again</a>"));
    assert!(page("busy-sent").contains("go back and send it again"));
    assert!(!page("busy-sent").contains("href=\"\""), "its address takes forms alone");
}
