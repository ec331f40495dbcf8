//! The story of a guardian: no password, and somebody to book for.

use serde_json::json;

use crate::visitor::Visitor;
use crate::webdriver::Script;

const SCHOOL: &str = "/maple-street-school";
const CONFERENCES: &str = "/maple-street-school/fall-conferences";
const RUTH: &str = "ruth@example.org";

async fn comes_by_mail(ruth: &Visitor) {
    ruth.opens("/maple-street-school/bookings").await;
    ruth.fills("Email", RUTH).await;
    ruth.chooses("Mail me a link").await;
    ruth.stands_at("Look in your mail").await;
    ruth.opens_the_mail_to(RUTH, "Your appointments").await;
    ruth.follows_the_mails_link("Show my appointments").await;
    ruth.stands_at("Your appointments").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_sees_what_is_booked_and_books_for_a_dependent() {
    let mut ruth = Visitor::arrive(Script::On).await;
    let free = ruth.free_times(CONFERENCES, "day=2026-12-10").await;
    let free: Vec<_> = free.iter().filter(|one| one["resource"] == free[0]["resource"]).collect();
    let slot = |nth: usize| free[nth]["id"].clone();
    for (nth, name) in [(0, "Ruth Example"), (5, "Ruth Example and family")] {
        let wish = json!({ "slot": slot(nth), "name": name, "email": RUTH });
        ruth.a_family_books(CONFERENCES, wish).await;
    }
    ruth.opens(SCHOOL).await;
    ruth.chooses("Your appointments").await;
    ruth.stands_at("Your appointments").await;
    ruth.looks_at("bookings-signed-out").await;
    ruth.fills("Email", RUTH).await;
    ruth.chooses("Mail me a link").await;
    ruth.stands_at("Look in your mail").await;
    ruth.looks_at("link-sent").await;
    ruth.opens_the_mail_to(RUTH, "Your appointments").await;
    ruth.looks_at_the_mail("mail-link").await;
    ruth.follows_the_mails_link("Show my appointments").await;
    ruth.stands_at("Your appointments").await;
    ruth.looks_at("link").await;
    let link = ruth.chromium.address().await;
    ruth.chooses("Show my appointments").await;
    ruth.sees("Ruth Example and family").await;
    ruth.looks_at("bookings").await;
    assert_eq!(ruth.prints("bookings").await, 1);

    ruth.chooses("People you book for").await;
    ruth.stands_at("People you book for").await;
    ruth.looks_at("for-whom-nobody").await;
    ruth.fills("Identifier", "MS-1042").await;
    ruth.fills("Security value", "2017-04-08").await;
    ruth.chooses("Add").await;
    ruth.sees("Nobody has both").await;
    ruth.looks_at("for-whom-errors").await;
    ruth.fills("Security value", "2017-04-09").await;
    ruth.chooses("Add").await;
    ruth.sees("Now you can book for them too.").await;
    ruth.finds("//th[normalize-space()='Maya Lindgren']").await;
    ruth.looks_at("for-whom").await;

    let wanted = free[8]["id"].as_str().expect("an id");
    ruth.opens(&format!("{CONFERENCES}/book?slot={wanted}")).await;
    ruth.picks("Who is it for?", "Maya Lindgren").await;
    ruth.looks_at("book-for-somebody").await;
    ruth.fills("Your name", "Ruth Example").await;
    ruth.clicks("//form[contains(@action, '/bookings')]//button[starts-with(., 'Book')]").await;
    ruth.sees("Your appointment is booked.").await;
    ruth.looks_at("booking-for-somebody").await;
    ruth.chooses("All your appointments").await;
    ruth.sees("Maya Lindgren").await;

    ruth.signs_out().await;
    ruth.chromium.open(&link).await;
    ruth.stands_at("We cannot find this page").await;

    // The days come and go, and what was then can still be seen and printed.
    ruth.moves_the_clock("P30D").await;
    comes_by_mail(&ruth).await;
    ruth.chooses("Show my appointments").await;
    ruth.sees("3 appointments are over").await;
    ruth.sees("You have no appointments to come.").await;
    ruth.looks_at("bookings-over").await;
    assert_eq!(ruth.prints("bookings-over").await, 1);
    ruth.leave().await;
}
