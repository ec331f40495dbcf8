//! The stories of a team at work.

use serde_json::json;

use crate::visitor::Visitor;
use crate::webdriver::Script;

const MANAGE: &str = "/maple-street-school/manage";
const CONFERENCES: &str = "/maple-street-school/fall-conferences";
const PASSWORD: &str = "gravel otter violin plum";
const ROBIN: &str = "robin@maple-street-school.example";
const DANA: &str = "dana@maple-street-school.example";
const SAM: &str = "sam@operator.example";
const VERA: &str = "vera@example.org";

/// Families fill all of Ms Okafor's evening and some of the others'.
async fn families_book(visitor: &Visitor) {
    let names =
        ["Maria Lopez", "Paul Meyer", "Niamh O’Connor", "Bartholomew Featherstonehaugh-Williams"];
    let notes =
        [None, Some("We come by bus and may be five minutes late."), None, None, Some("Reading")];
    let okafor = resource(visitor, "Ms Okafor").await;
    let hers = format!("day=2026-12-10&resource={okafor}");
    let hers = visitor.free_times(CONFERENCES, &hers).await;
    let others = visitor.free_times(CONFERENCES, "day=2026-12-10").await;
    let others = others.iter().filter(|slot| slot["resource"] != okafor.as_str()).step_by(97);
    for (some, slot) in hers.iter().chain(others).enumerate() {
        let name = names[some % names.len()];
        let mut wish = json!({
            "slot": slot["id"], "name": name, "email": format!("family.{some}@example.org"),
        });
        if let Some(note) = notes[some % notes.len()] {
            wish["note"] = note.into();
        }
        if some % 2 == 0 {
            wish["phone"] = format!("+1 212 555 {:04}", 100 + some).into();
        }
        visitor.a_family_books(CONFERENCES, wish).await;
    }
}

/// The id of somebody whom appointments are with.
async fn resource(visitor: &Visitor, name: &str) -> String {
    visitor.opens(CONFERENCES).await;
    visitor.property(&format!("//option[normalize-space()='{name}']"), "value").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_invites_a_viewer_who_sees_only_what_they_cover() {
    let mut robin = Visitor::arrive(Script::On).await;
    families_book(&robin).await;
    robin.opens_the_mail_to(ROBIN, "Invitation").await;
    robin.looks_at_the_mail("mail-invitation").await;
    robin.follows_the_mails_link("Choose a password").await;
    robin.stands_at("Join Maple Street School").await;
    robin.fills("New password", "maple street").await;
    robin.sees("This password is").await;
    robin.looks_at("invitation").await;
    robin.fills("New password", PASSWORD).await;
    robin.chooses("Join").await;
    robin.stands_at("Team pages").await;
    robin.looks_at("home").await;

    robin.chooses("Members").await;
    robin.stands_at("Members").await;
    robin.looks_at("members").await;
    robin.chooses("Invite somebody").await;
    robin.fills("Name", "Vera Viewer").await;
    robin.fills("Email", VERA).await;
    robin.fills("Username", "vera").await;
    robin.chooses("Only some of Fall conferences").await;
    robin.looks_at("members-invite").await;
    robin.clicks("//label[normalize-space()='Ms Okafor']").await;
    robin.chooses("Send the invitation").await;
    robin.sees("The invitation is on its way.").await;
    robin.chooses("Vera Viewer").await;
    robin.stands_at("Vera Viewer Invited").await;
    robin.looks_at("member").await;
    robin.signs_out().await;

    let mut vera = robin;
    vera.accepts_the_invitation_to(VERA, PASSWORD).await;
    vera.sees("Ms Okafor").await;
    vera.does_not_see("Flu clinic").await;
    vera.does_not_see("Members").await;
    vera.looks_at("home-viewer").await;
    vera.chooses("Fall conferences").await;
    vera.sees("Niamh O’Connor").await;
    vera.does_not_see("Ms Abbott").await;
    vera.looks_at("appointments-viewer").await;
    assert_eq!(vera.prints("appointments-viewer").await, 1, "a day is one sheet");
    vera.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_looks_after_appointments_dependents_and_rules() {
    let mut robin = Visitor::arrive(Script::On).await;
    families_book(&robin).await;
    robin.accepts_the_invitation_to(ROBIN, PASSWORD).await;
    robin.opens(&format!("{MANAGE}/events/flu-clinic")).await;
    robin.sees("Nobody has booked a time on this day yet.").await;
    robin.looks_at("appointments-none").await;
    robin.opens(MANAGE).await;
    robin.chooses("Fall conferences").await;
    robin.stands_at("Fall conferences").await;
    robin.looks_at("appointments").await;
    assert!(robin.prints("appointments").await > 5, "each has a sheet of their own");
    robin.chooses("Ms Okafor").await;
    robin.does_not_see("Ms Abbott 10").await;
    robin.looks_at("appointments-one").await;
    robin.clicks("(//a[normalize-space()='Maria Lopez'])[1]").await;
    robin.stands_at("Maria Lopez").await;
    robin.clicks("//details[@class='cancel']/summary").await;
    robin.looks_at("participant").await;
    robin.chooses("Cancel this appointment and tell Maria Lopez").await;
    robin.sees("The appointment is cancelled. A mail that says so is on its way.").await;
    robin.looks_at("appointments-cancelled").await;

    robin.chooses("Dependents").await;
    robin.stands_at("Dependents").await;
    robin.looks_at("dependents").await;
    robin.fills("Name", "Ida Berg").await;
    robin.fills("Identifier", "MS-1042").await;
    robin.fills("Security value", "2018-01-01").await;
    robin.chooses("Add").await;
    robin.sees("Nobody is added yet.").await;
    robin.looks_at("dependents-errors").await;

    robin.chooses("Security").await;
    robin.stands_at("Security").await;
    robin.looks_at("security").await;
    robin.fills("Minutes without a click", "20").await;
    robin.chooses("Save").await;
    robin.sees("The settings are saved.").await;
    assert_eq!(robin.property("//input[@id='idle_minutes']", "value").await, "20");

    robin.chooses("Audit trail").await;
    robin.stands_at("Audit trail").await;
    robin.sees("Changed the security settings").await;
    robin.looks_at("audit").await;
    robin.picks("What", "Changed the security settings").await;
    robin.chooses("Show").await;
    robin.does_not_see("Robin Adeyemi Saw personal data").await;
    robin.opens(&format!("{MANAGE}/audit?day=2026-11-02")).await;
    robin.looks_at("audit-none").await;
    robin.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn help_and_emergencies_are_let_in_seen_and_signed() {
    let mut robin = Visitor::arrive(Script::On).await;
    families_book(&robin).await;
    robin.accepts_the_invitation_to(ROBIN, PASSWORD).await;
    robin.chooses("Support").await;
    robin.looks_at("support-none").await;
    robin.signs_out().await;
    robin.accepts_the_invitation_to(SAM, PASSWORD).await;
    robin.looks_at("home-helper").await;

    // Whoever helps has a session of the operator's beside.
    robin.opens(&format!("{MANAGE}/support")).await;
    robin.signs_in(ROBIN, PASSWORD).await;
    robin.stands_at("Support").await;
    robin.picks("Who may help", "Sam Taylor").await;
    robin.fills("Why", "A family’s appointment is shown twice.").await;
    robin.chooses("Let them in").await;
    robin.sees("They can see your appointments now.").await;
    robin.signs_out().await;
    robin.opens(&format!("{MANAGE}/events/fall-conferences")).await;
    robin.stands_at("Fall conferences").await;
    robin.sees("Sam Taylor").await;
    robin.looks_at("appointments-helper").await;
    robin.signs_out().await;
    robin.opens(&format!("{MANAGE}/support")).await;
    robin.signs_in(ROBIN, PASSWORD).await;
    robin.sees("Appointments").await;
    robin.looks_at("support").await;
    robin.chooses("End it now").await;
    robin.sees("They can no longer see anything.").await;

    robin.chooses("Emergency code").await;
    robin.stands_at("Emergency code").await;
    robin.looks_at("emergency-none").await;
    robin.chooses("Make a code").await;
    robin.sees("The code is shown only this once.").await;
    let code = robin.text("//p[@class='secret']").await;
    robin.looks_at("emergency-code").await;
    assert_eq!(robin.prints("emergency-code").await, 1);
    robin.chooses("Done").await;
    robin.sees("There is a code.").await;
    robin.signs_out().await;

    robin.opens("/maple-street-school/emergency").await;
    robin.stands_at("Emergency access").await;
    robin.looks_at("emergency-access").await;
    robin.fills("Printed code", &code).await;
    robin
        .fills(
            "Why it is needed, and who you are",
            "A fire alarm: who is in the building? Jo, caretaker.",
        )
        .await;
    robin.chooses("Open for one hour").await;
    robin.stands_at("Team pages").await;
    robin.looks_at("home-emergency").await;
    robin.chooses("Fall conferences").await;
    robin.sees("Maria Lopez").await;
    robin.signs_out().await;

    robin.opens(MANAGE).await;
    robin.signs_in(ROBIN, PASSWORD).await;
    robin.sees("The emergency code was used").await;
    robin.looks_at("home-emergency-used").await;
    robin.chooses("Review it").await;
    robin.sees("another administrator signs this").await;
    robin.looks_at("emergency-used").await;
    robin.signs_out().await;
    let mut dana = robin;
    dana.accepts_the_invitation_to(DANA, PASSWORD).await;
    dana.chooses("Review it").await;
    dana.looks_at("emergency-to-sign").await;
    dana.chooses("I have looked at this: it was right").await;
    dana.sees("The review is signed.").await;
    dana.sees("Dana Whitfield signed on").await;
    dana.leave().await;
}
