use askama::Template;
use jiff::SignedDuration;
use jiff::civil::date;

use super::super::mail::{HtmlPart, TextPart};
use super::*;
use crate::identity::Subject;
use crate::ids::{DeletionId, EventId, MemberId, OrganizationId};
use crate::notice::account::tests::all;
use crate::notice::owed;
use crate::notice::tests::now;
use crate::organization::{self, PolicyVersion, WebName};
use crate::personal::PersonName;
use crate::time::Zone;
use crate::vault::Sealed;

struct Scene {
    organization: Organization,
    recipient: Recipient,
    sender: EmailAddress,
    about: Option<String>,
    to: Option<Sealed>,
}

fn scene() -> Scene {
    Scene {
        organization: Organization {
            id: OrganizationId::from_bytes([1; 16]),
            web_name: WebName::parse("maple-street-school").unwrap(),
            name: "Maple Street School".into(),
            zone: Zone::parse("America/New_York").unwrap(),
            state: organization::State::Active,
            privacy: PolicyVersion { version: 1, effective: date(2026, 1, 1), text: String::new() },
        },
        recipient: Recipient {
            name: Some(PersonName::parse("Canary Member").unwrap()),
            email: EmailAddress::parse("canary.member@example.org").unwrap(),
        },
        sender: EmailAddress::parse("appointments@kept.example").unwrap(),
        about: Some("Harbor Clinic".into()),
        to: None,
    }
}

impl Scene {
    fn letter<T>(&self, news: News, read: impl FnOnce(AccountLetter<'_>) -> T) -> T {
        let subject = Subject::Member(MemberId::from_bytes([7; 16]));
        let owed = owed::to_subject(self.organization.id, subject, news, [3; 16], now());
        let account = Account { subject, news, occasion: [3; 16], to: self.to.clone() };
        let carries = news.purpose().is_some();
        read(AccountLetter {
            notice: owed.id,
            account: &account,
            since: now(),
            organization: &self.organization,
            about: self.about.as_deref(),
            link: carries.then_some("secret-link"),
            certificate: Some("https://kept.example/certificates/certificate-link"),
            recipient: &self.recipient,
            public_address: "https://kept.example",
            sender: &self.sender,
        })
    }

    fn text(&self, news: News) -> String {
        self.letter(news, |letter| TextPart { view: &letter.view() }.render().unwrap())
    }

    fn html(&self, news: News) -> String {
        self.letter(news, |letter| HtmlPart { view: &letter.view() }.render().unwrap())
    }

    fn mail(&self, news: News) -> String {
        String::from_utf8(self.letter(news, |letter| letter.write(now()).unwrap()).bytes).unwrap()
    }
}

fn headers(mail: &str) -> Vec<String> {
    let (head, _) = mail.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
}

fn soon() -> Timestamp {
    now() + SignedDuration::from_mins(15)
}

#[test]
fn an_invitation_reads_as_text_from_its_first_line_to_its_last() {
    let text = scene().text(News::Invitation(soon()));
    assert_eq!(
        text,
        "Invitation: Maple Street School\n\
         \n\
         You are invited to look after appointments at Maple Street School. Please choose a password first.\n\
         \n\
         The link works once, until Friday 20 November 2026, 10:15 (New York time).\n\
         \n\
         If you do not know why you got this, you need do nothing.\n\
         \n\
         Choose a password:\n\
         https://kept.example/maple-street-school/invitation/secret-link\n\
         \n\
         Maple Street School sends you this with Kept because somebody there gave this address for a member of the team.\n\
         Privacy notice: https://kept.example/maple-street-school/privacy"
    );
}

#[test]
fn a_letter_without_a_button_has_no_gap_in_its_place() {
    let text = scene().text(News::OrganizationRefused);
    assert!(text.contains("runs this service.\n\nMaple Street School sends"), "{text}");
    assert!(!scene().html(News::OrganizationRefused).contains("class=\"button\""));
}

#[test]
fn each_letter_says_in_text_and_page_what_happened_and_where_to_go() {
    let page = "https://kept.example/maple-street-school";
    let table = [
        (News::Invitation(soon()), "Invitation", "choose a password", "/invitation/secret-link"),
        (News::Reset(soon()), "New password", "stays as it is", "/reset/secret-link"),
        (News::SignIn(soon()), "Your appointments", "booked under", "/sign-in/secret-link"),
        (
            News::ConfirmEmail(soon()),
            "Confirm your address",
            "confirm that it is yours",
            "/account/email/secret-link",
        ),
        (News::OrganizationApproved, "Approved", "sign in now", "/sign-in"),
        (News::PasswordChanged, "Password changed", "was changed on Friday 20", "/reset"),
        (News::FactorAdded(Factor::Passkey), "Passkey added", "passkey was added", "/reset"),
        (News::FactorAdded(Factor::Codes), "One-time codes turned on", "turned on", "/reset"),
        (News::FactorAdded(Factor::RecoveryCodes), "New recovery codes", "Earlier ones", "/reset"),
        (News::FactorRemoved(Factor::Passkey), "Passkey removed", "was removed", "/reset"),
        (News::FactorRemoved(Factor::Codes), "One-time codes turned off", "off for", "/reset"),
        (
            News::FactorRemoved(Factor::RecoveryCodes),
            "Recovery codes removed",
            "were removed",
            "/reset",
        ),
        (News::EmailChanged, "Address changed", "comes here", "/sign-in"),
        (News::RecoveryCodeUsed(7), "Recovery code used", "7 are left.", "/reset"),
        (News::RecoveryCodeUsed(0), "Recovery code used", "None is left", "/reset"),
        (News::Locked(soon()), "Sign-in locked", "You can still sign in on a device", "/reset"),
        (News::DeviceLocked(soon()), "Sign-in locked", "no password is taken there", "/reset"),
        (
            News::SecondStepLocked(soon(), FirstStep::Password),
            "Second step locked",
            "choose a new password at once",
            "/reset",
        ),
        (News::EmailAsked, "Another address", "the link no longer works", "/reset"),
        (
            News::SignedInAfterFailures(1),
            "Signed in after wrong attempts",
            "after 1 wrong attempt.",
            "/reset",
        ),
        (
            News::SignedInAfterFailures(4),
            "Signed in after wrong attempts",
            "4 wrong attempts",
            "/reset",
        ),
        (
            News::AdministratorInvited(MemberId::from_bytes([8; 16])),
            "Administrator invited",
            "was invited to be an administrator of Maple Street School",
            "/manage/members",
        ),
        (
            News::AdministratorMade(MemberId::from_bytes([8; 16])),
            "New administrator",
            "became an administrator of Maple Street School",
            "/manage/members",
        ),
        (News::EmergencyUsed, "Emergency code used", "must review", "/manage/emergency"),
        (News::SupportGranted(soon()), "Support may help", "until Friday 20", "/manage/support"),
        (
            News::ErasureAsked(soon(), DeletionId::from_bytes([8; 16])),
            "Deletion asked for",
            "https://kept.example/certificates/certificate-link",
            "/manage/erasure",
        ),
        (News::ErasureTakenBack, "Not deleted", "Nothing was deleted", "/manage"),
        (
            News::AppointmentsLost(EventId::from_bytes([2; 16]), Some(date(2026, 12, 3)), 2),
            "Appointments lost",
            "Harbor Clinic on Thursday 3 December 2026: 2 appointments.",
            "/manage",
        ),
        (
            News::AppointmentsLost(EventId::from_bytes([2; 16]), None, 1),
            "Appointments lost",
            "Harbor Clinic: 1 appointment.",
            "/manage",
        ),
        (
            News::AppointmentMissing(EventId::from_bytes([2; 16])),
            "Please check your appointments",
            "book again what is missing",
            "/sign-in",
        ),
    ];
    let scene = scene();
    for (news, word, says, path) in table {
        let subject = scene.letter(news, |letter| letter.view().subject);
        assert_eq!(subject, format!("{word}: Maple Street School"));
        for part in [scene.text(news), scene.html(news)] {
            assert!(part.contains(word) && part.contains(says), "{says} is not in {part}");
            assert!(part.contains(&format!("{page}{path}")), "{path} is not in {part}");
            assert!(part.contains(&format!("{page}/privacy")), "{part}");
        }
        assert!(headers(&scene.mail(news)).contains(&format!("Subject: {subject}")));
    }
}

#[test]
fn who_signs_up_confirms_at_an_address_of_no_organization() {
    let text = scene().text(News::SignUp(soon()));
    assert!(text.contains("https://kept.example/sign-up/secret-link"), "{text}");
}

#[test]
fn the_operator_is_told_which_organization_waits() {
    let mut scene = scene();
    let news = News::OrganizationWaits(OrganizationId::from_bytes([9; 16]));
    let text = scene.text(news);
    assert!(text.starts_with("Waiting for approval: Harbor Clinic\n"), "{text}");
    assert!(text.contains("/manage/organizations"), "{text}");
    scene.about = None;
    assert!(scene.text(news).contains("An organization asks to use"), "{}", scene.text(news));
}

#[test]
fn the_former_address_is_told_whom_to_ask_and_given_no_link() {
    let scene = Scene { to: Some(Sealed::from_stored(vec![1])), ..scene() };
    let text = scene.text(News::EmailChanged);
    assert!(text.contains("please tell Maple Street School at once"), "{text}");
    assert_eq!(text.matches("https://").count(), 1, "{text}");
}

#[test]
fn who_got_as_far_as_the_second_step_is_not_called_a_stranger() {
    let scene = scene();
    for first in [FirstStep::Password, FirstStep::Link] {
        let text = scene.text(News::SecondStepLocked(soon(), first));
        assert!(!text.contains("was not guessed") && !text.contains("device"), "{text}");
    }
    let text = scene.text(News::SecondStepLocked(soon(), FirstStep::Link));
    assert!(text.contains("the password of your mailbox"), "{text}");
    let text = scene.text(News::DeviceLocked(soon()));
    assert!(!text.contains("You can still sign in"), "{text}");
}

#[test]
fn hostile_names_cannot_add_a_header_or_a_tag() {
    let mut scene = scene();
    let hostile = "School\r\nBcc: eve@example.org\r\n\r\n<b>\"Quoted\", caf\u{e9} \u{202e}";
    scene.organization.name = hostile.into();
    scene.about = Some(hostile.into());
    scene.recipient.name = Some(PersonName::parse("Eve \"x\" <all@example.org>, Bob").unwrap());
    for news in all() {
        let mail = scene.mail(news);
        let found = headers(&mail);
        for name in ["from", "to", "subject", "date", "message-id", "content-type"] {
            let start = format!("{name}:");
            let count = found.iter().filter(|line| line.to_lowercase().starts_with(&start)).count();
            assert_eq!(count, 1, "{name} in {found:#?}");
        }
        for line in &found {
            let line = line.to_lowercase();
            assert!(!line.starts_with("bcc:") && line.is_ascii(), "{found:#?}");
        }
        let to = found.iter().find(|line| line.starts_with("To:")).unwrap();
        assert!(to.ends_with("<canary.member@example.org>"), "{to}");
        assert_eq!(to.matches('@').count(), 1, "{to}");
        assert!(mail.lines().all(|line| line.len() <= 998), "a line is too long for SMTP");
        assert!(!scene.html(news).contains("<b>"), "{}", scene.html(news));
    }
}

#[test]
fn no_subject_holds_anything_the_person_said() {
    let scene = scene();
    for news in all() {
        let subject = scene.letter(news, |letter| letter.view().subject).to_lowercase();
        assert!(!subject.contains("canary") && !subject.contains('@'), "{subject}");
    }
}

#[test]
fn only_a_letter_that_carries_a_link_holds_one_and_its_subject_never_does() {
    let scene = scene();
    for news in all() {
        let carries = news.purpose().is_some();
        assert_eq!(scene.text(news).contains("secret-link"), carries, "{news:?}");
        let subject = scene.letter(news, |letter| letter.view().subject);
        assert!(!subject.contains("secret-link"));
    }
}

#[test]
fn a_mail_written_twice_is_the_same_mail_and_one_without_a_name_can_be_sent() {
    let mut scene = scene();
    for news in all() {
        assert_eq!(scene.mail(news), scene.mail(news));
    }
    scene.recipient.name = None;
    let mail = scene.mail(News::PasswordChanged);
    assert!(headers(&mail).contains(&"To: canary.member@example.org".to_owned()), "{mail}");
}
