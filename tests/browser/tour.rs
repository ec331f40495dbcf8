//! The stories.

use jiff::SignedDuration;

use crate::visitor::{Visitor, until};
use crate::webdriver::{Script, key};

const CONFERENCES: &str = "/maple-street-school/fall-conferences";

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_books_reads_the_mail_moves_and_cancels() {
    let mut parent = Visitor::arrive(Script::On).await;
    parent.opens("/").await;
    parent.stands_at("Appointments, kept").await;
    parent.looks_at("front").await;

    parent.opens("/maple-street-school").await;
    parent.stands_at("Maple Street School").await;
    parent.looks_at("organization").await;
    parent.chooses("Fall conferences").await;
    parent.stands_at("Fall conferences").await;
    parent.looks_at("event").await;

    parent.picks("Teacher", "Ms Okafor").await;
    parent.chooses("Show").await;
    parent.finds("//a[normalize-space()='All teachers']").await;
    parent.does_not_see("Ms Abbott 1").await;
    parent.looks_at("event-teacher").await;
    parent.chooses("18:40").await;
    parent.stands_at("Book Fall conferences").await;
    parent.sees("Ms Okafor").await;
    parent.looks_at("book").await;

    // What the browser lets pass and the school cannot use.
    parent.fills("Your name", "   ").await;
    parent.fills("Email", "ruth@example").await;
    parent.fills("Phone", "call me").await;
    parent.fills("Note", "We come by bus.").await;
    parent.chooses("Book 18:40").await;
    parent.sees("Nothing is booked yet.").await;
    until("the summary takes the focus", || async {
        parent.focus().await.0.contains("Nothing is booked")
    })
    .await;
    for (field, label) in [("name", "Your name"), ("email", "Email"), ("phone", "Phone")] {
        let wrong = format!(
            "//input[@id='{field}'][@aria-invalid='true'][@aria-describedby='{field}-error']"
        );
        parent.finds(&wrong).await;
        let error = parent.text(&format!("//p[@id='{field}-error']")).await;
        let listed = parent.text(&format!("//div[@id='summary']//a[@href='#{field}']")).await;
        let said = listed.strip_prefix(&format!("{label}: ")).unwrap_or_default();
        assert!(said.eq_ignore_ascii_case(&error), "{listed:?} does not say {error:?}");
    }
    assert_eq!(parent.property("//input[@id='email']", "value").await, "ruth@example");
    assert_eq!(parent.property("//textarea[@id='note']", "value").await, "We come by bus.");
    parent.looks_at("book-errors").await;
    parent.clicks("//div[@id='summary']//a[@href='#email']").await;
    until("the link leads to its field", || async { parent.focus().await.0 == "Email" }).await;

    parent.fills("Your name", "Ruth Example").await;
    parent.fills("Email", "ruth@example.org").await;
    parent.fills("Phone", "+1 212 555 0100").await;
    parent.chooses("Book 18:40").await;
    parent.sees("Your appointment is booked.").await;
    parent.looks_at("booking-booked").await;

    parent.opens_the_mail_to("ruth@example.org", "Booked").await;
    parent.looks_at("local-mail").await;
    parent.looks_at_the_mail("mail-booked").await;
    parent.follows_the_mails_link("Move or cancel").await;
    parent.chooses("Move to another time").await;
    parent.chromium.execute("history.back()", &[]).await.expect("a step back");
    parent.stands_at("Fall conferences").await;
    parent.does_not_see("Your appointment is booked.").await;
    parent.sees("Ruth Example").await;
    parent.sees("We come by bus.").await;
    parent.looks_at("booking").await;

    let file = parent.property("//a[normalize-space()='Add to your calendar']", "href").await;
    let (status, kind, calendar) = parent.fetches(&file).await;
    assert_eq!((status, kind.split(';').next()), (200, Some("text/calendar")));
    assert!(calendar.starts_with("BEGIN:VCALENDAR\r\n"), "{calendar}");
    assert!(calendar.contains("TZID=America/New_York:20261210T184000"), "{calendar}");

    parent.chooses("Move to another time").await;
    parent.stands_at("Move your appointment").await;
    parent.looks_at("move").await;
    parent.picks("Teacher", "Ms Okafor").await;
    parent.chooses("Show").await;
    parent.finds("//a[normalize-space()='All teachers']").await;
    parent.chooses("19:10").await;
    parent.sees("Your appointment is moved.").await;
    parent.sees("19:10").await;
    parent.looks_at("booking-moved").await;

    parent.chooses("Cancel this appointment").await;
    parent.looks_at("booking-cancel").await;
    parent.chooses("Cancel 19:10 with Ms Okafor").await;
    parent.sees("Your appointment is cancelled.").await;
    parent.looks_at("booking-cancelled").await;
    parent.opens_the_mail_to("ruth@example.org", "Moved").await;
    parent.opens_the_mail_to("ruth@example.org", "Cancelled").await;
    parent.looks_at_the_mail("mail-cancelled").await;
    parent.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_proven_by_the_button_and_not_by_opening_the_link() {
    let mut patient = Visitor::arrive(Script::On).await;
    patient.opens("/harbor-clinic/screenings").await;
    patient.stands_at("Health screenings").await;
    patient.looks_at("event-clinic").await;
    patient
        .clicks(
            "(//div[@class='row'][contains(., 'Nurse Doyle')]//button[normalize-space()='09:25'])[1]",
        )
        .await;
    patient.fills("Your name", "Niamh Example").await;
    patient.fills("Email", "niamh@example.org").await;
    patient.looks_at("book-clinic").await;
    patient.chooses("Book 09:25").await;
    patient.stands_at("Check your mail").await;
    patient.looks_at("pending").await;

    patient.opens_the_mail_to("niamh@example.org", "Confirm").await;
    patient.looks_at_the_mail("mail-confirm").await;
    patient.follows_the_mails_link("Confirm this appointment").await;
    patient.stands_at("One more step").await;
    patient.looks_at("confirm").await;
    // Opening it once more, as a mail scanner does, changes nothing.
    let link = patient.chromium.address().await;
    patient.chromium.open(&link).await;
    patient.stands_at("One more step").await;
    patient.chooses("Confirm this appointment").await;
    patient.sees("Your appointment is booked.").await;
    patient.chromium.open(&link).await;
    patient.stands_at("This appointment is confirmed").await;
    patient.looks_at("confirmed").await;
    patient.chooses("See your appointment").await;
    patient.sees("Niamh Example").await;

    // Whoever does not press the button loses the time.
    patient.opens("/harbor-clinic/screenings").await;
    patient.clicks("(//div[@class='row'][contains(., 'Nurse Walsh')]//button)[last()]").await;
    patient.fills("Your name", "Slow Example").await;
    patient.fills("Email", "slow@example.org").await;
    patient.clicks("//form[@method='post']//button").await;
    patient.stands_at("Check your mail").await;
    patient.opens_the_mail_to("slow@example.org", "Confirm").await;
    patient.moves_the_clock("PT16M").await;
    patient.follows_the_mails_link("Confirm this appointment").await;
    patient.stands_at("This time is no longer kept for you").await;
    patient.looks_at("confirm-lapsed").await;
    patient.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_alone_books_a_time() {
    let parent = Visitor::arrive(Script::On).await;
    parent.opens("/maple-street-school").await;
    parent.stands_at("Maple Street School").await;
    parent.tabs_to("Fall conferences").await;
    parent.presses(key::ENTER).await;
    parent.stands_at("Fall conferences").await;

    // The list is chosen from by typing, as everywhere.
    parent.tabs_to("Skip to the content").await;
    parent.presses(key::ENTER).await;
    parent.tabs_to("Teacher").await;
    parent.types("Ms Okafor").await;
    parent.tabs_to("Show").await;
    parent.presses(key::ENTER).await;
    parent.finds("//a[normalize-space()='All teachers']").await;

    parent.tabs_to("Ms Okafor, 17:00").await;
    parent.presses(key::RIGHT).await;
    parent.presses(key::RIGHT).await;
    parent.presses(key::LEFT).await;
    assert_eq!(parent.focus().await.0, "Ms Okafor, 17:10");
    parent.presses(key::ENTER).await;
    parent.stands_at("Book Fall conferences").await;

    parent.tabs_to("Your name").await;
    parent.types("Ruth Example").await;
    parent.tabs_to("Email").await;
    parent.types("ruth@example.org").await;
    parent.tabs_to("Book 17:10").await;
    parent.presses(key::ENTER).await;
    parent.sees("Your appointment is booked.").await;

    // And cancels: a fold that opens, a button that says what it does.
    parent.tabs_to("Cancel this appointment").await;
    parent.presses(key::SPACE).await;
    parent.tabs_to("Cancel 17:10 with Ms Okafor").await;
    parent.presses(key::ENTER).await;
    parent.sees("Your appointment is cancelled.").await;
    parent.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_arrow_keys_go_to_the_same_hour_of_the_next_teacher() {
    let parent = Visitor::arrive(Script::On).await;
    parent.opens(CONFERENCES).await;
    parent.tabs_to("Ms Abbott, 17:00").await;
    parent.presses(key::RIGHT).await;
    parent.presses(key::DOWN).await;
    assert_eq!(parent.focus().await.0, "Mr Adeyemi, 17:10");
    parent.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_somebody_else_took_meanwhile_leads_to_the_nearest() {
    let mut parent = Visitor::arrive(Script::On).await;
    let free = parent.free_times(CONFERENCES, "day=2026-12-10").await;
    let slot = free[0]["id"].as_str().expect("an id").to_owned();
    parent.opens(&format!("{CONFERENCES}/book?slot={slot}")).await;
    parent.fills("Your name", "Ruth Example").await;
    parent.fills("Email", "ruth@example.org").await;
    parent.somebody_else_books(CONFERENCES, &slot).await;
    parent.chooses("Book 17:00").await;
    parent.sees("This time was just taken.").await;
    assert_eq!(parent.property("//input[@id='name']", "value").await, "Ruth Example");
    parent.looks_at("book-taken").await;
    parent.clicks("//input[@id='near1']").await;
    let nearest = parent.text("//label[@for='near1']/b").await;
    parent.chooses("Book the chosen time").await;
    parent.sees("Your appointment is booked.").await;
    assert_eq!(parent.text("//time[@class='clock']").await, nearest);

    // Moving to a taken time: the old one stays until a new one is had.
    parent.chooses("Move to another time").await;
    parent.stands_at("Move your appointment").await;
    let choice = "(//div[@class='row']//li/button)[last()]";
    let wanted = parent.property(choice, "value").await;
    parent.somebody_else_books(CONFERENCES, &wanted).await;
    parent.clicks(choice).await;
    parent.sees("This time was just taken. You still have your appointment.").await;
    parent.looks_at("move-taken").await;
    let nearest = parent.text("(//ul[@class='near']//b)[1]").await;
    parent.clicks("(//ul[@class='near']//button)[1]").await;
    parent.sees("Your appointment is moved.").await;
    assert_eq!(parent.text("//time[@class='clock']").await, nearest);

    // The day comes and goes.
    let page = parent.chromium.address().await;
    parent.moves_the_clock("P30D").await;
    parent.chromium.open(&page).await;
    parent.sees("This appointment is over.").await;
    parent.looks_at("booking-past").await;
    parent.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_script_the_same_booking_works() {
    let parent = Visitor::arrive(Script::Off).await;
    parent.opens("/maple-street-school").await;
    parent.chooses("Fall conferences").await;
    parent.picks("Teacher", "Ms Okafor").await;
    parent.chooses("Show").await;
    parent.finds("//a[normalize-space()='All teachers']").await;
    parent.chooses("18:40").await;
    parent.fills("Your name", "   ").await;
    parent.fills("Email", "ruth@example.org").await;
    parent.chooses("Book 18:40").await;
    parent.sees("Nothing is booked yet.").await;
    until("the summary takes the focus", || async {
        parent.focus().await.0.contains("Nothing is booked")
    })
    .await;
    parent.fills("Your name", "Ruth Example").await;
    parent.chooses("Book 18:40").await;
    parent.sees("Your appointment is booked.").await;

    parent.opens_the_mail_to("ruth@example.org", "Booked").await;
    parent.follows_the_mails_link("Move or cancel").await;
    parent.chooses("Move to another time").await;
    parent.clicks("(//div[@class='row']//li/button)[1]").await;
    parent.sees("Your appointment is moved.").await;
    parent.chooses("Cancel this appointment").await;
    parent.clicks("//details//button").await;
    parent.sees("Your appointment is cancelled.").await;
    parent.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_elsewhere_also_reads_their_own_time() {
    let parent = Visitor::arrive(Script::On).await;
    let free = parent.free_times(CONFERENCES, "day=2026-12-10").await;
    let slot = free[0]["id"].as_str().expect("an id");
    let form = format!("{CONFERENCES}/book?slot={slot}");
    parent.opens(&form).await;
    parent.does_not_see("Your device").await;
    let zone = serde_json::json!({ "timezoneId": "Europe/Berlin" });
    parent.chromium.chromium("Emulation.setTimezoneOverride", zone).await;
    parent.opens(&form).await;
    parent.sees("Your device’s time: 23:00 (Berlin)").await;
    parent.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_state_of_a_page_has_words() {
    let mut parent = Visitor::arrive(Script::On).await;
    parent.opens("/maple-street-school/privacy").await;
    parent.stands_at("Privacy notice").await;
    parent.looks_at("privacy").await;
    parent.opens("/maple-street-school/bookings/none").await;
    parent.looks_at("not-found").await;
    // Three of five have the first time, and the fourth reads how few are left.
    let clinic = "/maple-street-school/flu-clinic";
    let slot = parent.free_times(clinic, "").await[0]["id"].as_str().expect("an id").to_owned();
    for _ in 0..3 {
        parent.somebody_else_books(clinic, &slot).await;
    }
    parent.opens(clinic).await;
    parent.sees("2 left").await;
    parent.does_not_see("5 left").await;
    parent.looks_at("event-counted").await;

    // A teacher whose day is full, and a nurse whose only day is.
    for slot in parent.free_times(CONFERENCES, "day=2026-12-10").await.iter().take(1) {
        let resource = slot["resource"].as_str().expect("a teacher");
        let query = format!("day=2026-12-10&resource={resource}");
        for slot in parent.free_times(CONFERENCES, &query).await {
            parent.somebody_else_books(CONFERENCES, slot["id"].as_str().expect("an id")).await;
        }
        parent.opens(&format!("{CONFERENCES}?{query}")).await;
        parent.sees("has no free time on").await;
        parent.looks_at("event-teacher-full").await;
    }
    parent.opens("/_local").await;
    parent.looks_at("local").await;
    parent.opens("/_local/mail").await;
    parent.looks_at("local-mails").await;

    let (school, event) = ("maple-street-school", "fall-conferences");
    parent
        .the_organization_changes(school, event, |event, now| {
            event.opens = Some(now + SignedDuration::from_hours(20));
        })
        .await;
    parent.opens(CONFERENCES).await;
    parent.sees("Booking opens on Tuesday 1 December 2026, 05:00 (New York time).").await;
    parent.looks_at("event-not-yet-open").await;
    parent
        .the_organization_changes(school, event, |event, now| {
            event.opens = None;
            event.closes = Some(now);
        })
        .await;
    parent.opens(CONFERENCES).await;
    parent.sees("Booking is closed.").await;
    parent.looks_at("event-closed").await;

    // Nothing can be read while no key can be had.
    parent.moves_the_clock("PT10M").await;
    parent.cloud.faults().keys_outage(true);
    parent.opens(CONFERENCES).await;
    parent.sees("Nothing was lost. Please try again.").await;
    parent.looks_at("busy").await;
    parent.cloud.faults().keys_outage(false);
    parent.chooses("Try again").await;
    parent.sees("Booking is closed.").await;
    parent.leave().await;
}
