//! The stories of coming in and going out.

use crate::visitor::{Visitor, until};
use crate::webdriver::Script;

const PASSWORD: &str = "gravel otter violin plum";
const ANN: &str = "ann@example.org";
const SIGN_IN: &str = "/birch-lane-school/sign-in";

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_signs_up_and_its_administrator_comes_in_in_every_way() {
    let mut ann = Visitor::arrive(Script::On).await;
    ann.opens("/").await;
    ann.chooses("sign up here").await;
    ann.stands_at("Offer appointments").await;
    ann.looks_at("sign-up").await;
    ann.fills("Name of the organization", "Birch Lane School").await;
    ann.picks("Time zone", "Europe/Dublin").await;
    ann.fills("Your name", "Ann Example").await;
    ann.fills("Your email", "ann@example").await;
    ann.chooses("Mail me the link").await;
    ann.sees("Please look at this again:").await;
    ann.looks_at("sign-up-errors").await;
    assert_eq!(ann.property("//select[@id='zone']", "value").await, "Europe/Dublin");
    ann.fills("Your email", ANN).await;
    ann.chooses("Mail me the link").await;
    ann.stands_at("Look in your mail").await;
    ann.looks_at("sign-up-sent").await;

    ann.opens_the_mail_to(ANN, "Confirm").await;
    ann.looks_at_the_mail("mail-sign-up").await;
    ann.follows_the_mails_link("Confirm my address").await;
    ann.stands_at("One more step for Birch Lane School").await;
    ann.looks_at("sign-up-link").await;
    ann.fills("New password", "birch lane school").await;
    ann.chooses("Begin").await;
    ann.sees("Please look at this again:").await;
    ann.looks_at("sign-up-link-errors").await;
    ann.fills("New password", PASSWORD).await;
    ann.chooses("Begin").await;
    ann.stands_at("Team pages").await;
    ann.looks_at("home-empty").await;

    ann.signs_out().await;
    ann.looks_at("sign-in").await;
    ann.signs_in(ANN, "not the password at all").await;
    ann.sees("do not fit together").await;
    until("the refusal takes the focus", || async {
        ann.focus().await.0.contains("do not fit together")
    })
    .await;
    assert_eq!(ann.property("//input[@id='username']", "value").await, ANN);
    ann.looks_at("sign-in-refused").await;
    ann.signs_in(ANN, PASSWORD).await;
    ann.stands_at("Team pages").await;

    turns_on_one_time_codes(&mut ann).await;
    adds_a_passkey(&mut ann).await;
    is_signed_out_by_itself(&mut ann).await;
    ann.leave().await;
}

async fn turns_on_one_time_codes(ann: &mut Visitor) {
    ann.chooses("Ann Example").await;
    ann.stands_at("Your account").await;
    ann.looks_at("account-bare").await;
    ann.chooses("Turn on one-time codes").await;
    ann.stands_at("Turn on one-time codes").await;
    ann.finds("//*[@class='qr']").await;
    let secret = ann.text("//p[@class='secret']").await;
    ann.fills("Code", "000000").await;
    ann.chooses("Turn on").await;
    ann.finds("//div[@role='alert']").await;
    assert_eq!(ann.text("//p[@class='secret']").await, secret, "the app's entry still holds");
    ann.looks_at("codes").await;
    ann.fills("Code", &ann.code(&secret)).await;
    ann.chooses("Turn on").await;
    ann.stands_at("Your recovery codes").await;
    ann.looks_at("recovery").await;
    assert_eq!(ann.prints("recovery").await, 1);
    ann.chooses("I have kept them").await;
    ann.sees("On since").await;
    ann.signs_out().await;

    // No code is taken twice.
    ann.moves_the_clock("PT1M").await;
    ann.signs_in(ANN, PASSWORD).await;
    ann.stands_at("One more step").await;
    ann.looks_at("second").await;
    ann.fills("Code", &ann.code(&secret)).await;
    ann.chooses("Go on").await;
    ann.stands_at("Team pages").await;
}

async fn adds_a_passkey(ann: &mut Visitor) {
    ann.chromium.add_authenticator().await;
    ann.chooses("Ann Example").await;
    ann.fills("What to call the new passkey", "Laptop").await;
    ann.chooses("Add a passkey").await;
    ann.sees("The passkey is added.").await;
    ann.finds("//th[normalize-space()='Laptop']").await;
    ann.looks_at("account").await;

    // It is enough by itself, and it shows as well that it is still her.
    ann.signs_out().await;
    ann.chooses("Sign in with a passkey").await;
    ann.stands_at("Team pages").await;
    ann.moves_the_clock("PT14M").await;
    ann.chooses("Ann Example").await;
    ann.moves_the_clock("PT14M").await;
    ann.opens("/birch-lane-school/account/codes").await;
    ann.stands_at("Is it you?").await;
    ann.looks_at("confirm-account").await;
    ann.chooses("Use a passkey").await;
    ann.stands_at("Turn on one-time codes").await;
}

async fn is_signed_out_by_itself(ann: &mut Visitor) {
    let warning = "//div[@role='alertdialog'][not(@hidden)]";
    ann.opens("/birch-lane-school/manage").await;
    ann.does_not_see("You will be signed out").await;
    ann.moves_the_clock("PT13M15S").await;
    ann.comes_back_to_the_page().await;
    ann.finds(warning).await;
    ann.sees("Are you still there? You will be signed out in 1:").await;
    ann.looks_at("stay").await;
    ann.chooses("Stay signed in").await;
    ann.finds("//div[@role='alertdialog'][@hidden]").await;

    // Asking how long is left is no reason to stay signed in.
    ann.moves_the_clock("PT14M").await;
    ann.comes_back_to_the_page().await;
    ann.finds(warning).await;
    ann.moves_the_clock("PT2M").await;
    ann.comes_back_to_the_page().await;
    ann.sees("You were signed out because nothing happened for a while.").await;
    assert!(ann.chromium.address().await.contains(SIGN_IN));
    ann.looks_at("sign-in-ended").await;
    ann.opens("/birch-lane-school/manage/members").await;
    ann.signs_in(ANN, PASSWORD).await;
    ann.stands_at("One more step").await;
    ann.chooses("Use a passkey").await;
    ann.stands_at("Members").await;
}
