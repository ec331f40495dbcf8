//! Pages as people meet them, for tests to look at.

use askama::Template as _;
use shared::web::page::{OrganizationHead, PersonHead};

use super::*;

const ORGANIZATION: &str = "/maple-street-school";

/// Every page in every state, rendered, by name.
pub(crate) fn rendered() -> Vec<(&'static str, String)> {
    let pages: Vec<(&'static str, askama::Result<String>)> = vec![
        ("sign-in", sign_in().render()),
        ("sign-in-refused", sign_in_refused().render()),
        ("second", second().render()),
        ("sign-up", sign_up(None).render()),
        ("sign-up-errors", sign_up(Some("This is not an email address.")).render()),
        ("sent", sent().render()),
        ("codes", codes().render()),
        ("recovery", recovery().render()),
        ("account", account().render()),
        ("account-bare", account_bare().render()),
    ];
    pages.into_iter().map(|(name, html)| (name, html.unwrap())).collect()
}

fn head() -> PageHead {
    PageHead::new(Some(OrganizationHead {
        name: "Maple Street School".into(),
        path: ORGANIZATION.into(),
        privacy_path: Some(format!("{ORGANIZATION}/privacy")),
    }))
}

fn signed_in() -> PageHead {
    head().of_person(Some(PersonHead {
        name: "Ann Example".into(),
        manage_path: Some(format!("{ORGANIZATION}/manage")),
        account_path: Some(format!("{ORGANIZATION}/account")),
        sign_out_path: format!("{ORGANIZATION}/sign-out"),
        session_path: format!("{ORGANIZATION}/session"),
        form_token: "token".into(),
        seconds_left: 900,
    }))
}

fn passkey(form: Form) -> PasskeyForm {
    PasskeyForm {
        form,
        options: format!("{ORGANIZATION}/sign-in/passkey/options"),
        refused: "The passkey gave no answer. Try again, or use your password.".into(),
    }
}

pub(crate) fn sign_in() -> SignInPage {
    let mut email = Field::new("email", "Email", FieldKind::Email).at_most(254);
    email.other_id = Some("link-email");
    SignInPage {
        head: head(),
        news: Some("You were signed out because nothing happened for 15 minutes.".into()),
        form: Form::new(format!("{ORGANIZATION}/sign-in"), "Sign in")
            .with("next", "/maple-street-school/manage")
            .asking(Field::new("username", "Username", FieldKind::Username).at_most(254))
            .asking(Field::new("password", "Password", FieldKind::Password)),
        passkey: Some(passkey(Form::new(
            format!("{ORGANIZATION}/sign-in/passkey"),
            "Sign in with a passkey",
        ))),
        link: Some(
            Form::new(format!("{ORGANIZATION}/sign-in/link"), "Mail me a link").asking(email),
        ),
        reset_path: format!("{ORGANIZATION}/reset"),
    }
}

/// What was typed stands there again, with markup in it; the password does not.
pub(crate) fn sign_in_refused() -> SignInPage {
    let mut page = SignInPage { news: None, ..sign_in() };
    page.form.refusal = Some("This username and password do not fit together.".into());
    page.form.fields[0].value = "\"><script>alert(1)</script>".into();
    page.form.fields[1].value = "never shown".into();
    page
}

fn second() -> FormPage {
    FormPage {
        head: head(),
        title: "One more step".into(),
        lead: vec!["Type the code that your app shows now.".into()],
        form: Form::new(format!("{ORGANIZATION}/sign-in/second"), "Go on")
            .asking(Field::new("code", "Code", FieldKind::Code).at_most(40)),
        passkey: Some(passkey(Form::new(
            format!("{ORGANIZATION}/sign-in/passkey"),
            "Use a passkey",
        ))),
        ways: vec![WayBack {
            text: "Sign in as somebody else".into(),
            path: format!("{ORGANIZATION}/sign-in"),
        }],
    }
}

fn sign_up(error: Option<&str>) -> FormPage {
    let mut zone = Field::new("zone", "Time zone", FieldKind::Line).typed("Europe/Dublin");
    zone.choices = ["America/New_York", "Europe/Dublin"]
        .iter()
        .map(|zone| Choice { value: (*zone).into(), label: zone.replace('_', " ") })
        .collect();
    let mut password = Field::new("password", "Password", FieldKind::NewPassword)
        .hint("At least 15 characters. A few words in a row are good.");
    password.meter = Some(format!("{ORGANIZATION}/account/meter"));
    FormPage {
        head: PageHead::new(None),
        title: "Offer appointments".into(),
        lead: vec!["We mail you a link to go on.".into()],
        form: Form::new("/sign-up", "Mail me the link")
            .asking(Field::new("organization", "Name of the school or clinic", FieldKind::Line))
            .asking(zone)
            .asking(
                Field::new("email", "Email", FieldKind::Email)
                    .typed("ann@example")
                    .wrong(error.map(Into::into)),
            )
            .asking(password),
        passkey: None,
        ways: Vec::new(),
    }
}

fn sent() -> SaidPage {
    SaidPage {
        head: head(),
        title: "Look in your mail".into(),
        lead: vec!["If somebody here has this address, a link is on its way.".into()],
        way: Some(WayBack { text: "Back".into(), path: ORGANIZATION.into() }),
    }
}

fn codes() -> CodesPage {
    CodesPage {
        head: signed_in(),
        picture: "<svg class=\"qr\" role=\"img\" aria-label=\"A code to scan\"></svg>".into(),
        secret: "JBSW Y3DP EHPK 3PXP".into(),
        form: Form::new(format!("{ORGANIZATION}/account/codes"), "Turn on")
            .of("token")
            .asking(Field::new("code", "Code", FieldKind::Code).at_most(40)),
        back: format!("{ORGANIZATION}/account"),
    }
}

fn recovery() -> RecoveryPage {
    RecoveryPage {
        head: signed_in(),
        lead: vec!["One-time codes are on.".into()],
        codes: (0..10).map(|number| format!("abcd-efgh-ijkl-mno{number}")).collect(),
        next: format!("{ORGANIZATION}/account"),
    }
}

fn account() -> AccountPage {
    let act = |path: &str, button: &str| {
        Form::new(format!("{ORGANIZATION}/account/{path}"), button).of("token")
    };
    AccountPage {
        head: signed_in(),
        news: Some("Your password is changed.".into()),
        lead: "Ann Example, administrator".into(),
        owed: None,
        email: "ann@example.org".into(),
        email_way: Some(WayBack { text: "Change".into(), path: "/x".into() }),
        password: "Set on 3 December 2026.".into(),
        password_way: WayBack { text: "Change".into(), path: "/x".into() },
        codes: "On. 9 recovery codes are left.".into(),
        codes_way: None,
        codes_forms: vec![
            act("recovery", "Make new recovery codes"),
            act("codes/remove", "Turn off"),
        ],
        passkeys: vec![PasskeyLine {
            name: "Telephone".into(),
            added: "3 December 2026".into(),
            remove: act("passkeys/x/remove", "Remove"),
        }],
        add_passkey: passkey(
            act("passkeys", "Add a passkey")
                .asking(Field::new("name", "What to call it", FieldKind::Line).at_most(60)),
        ),
        sessions: vec![
            SessionLine {
                browser: "Firefox on Windows".into(),
                since: "today, 9:12".into(),
                seen: "now".into(),
                this: true,
                end: None,
            },
            SessionLine {
                browser: "Safari on iPhone".into(),
                since: "Mon 30 November, 18:40".into(),
                seen: "today, 8:02".into(),
                this: false,
                end: Some(act("sessions/x/end", "End")),
            },
        ],
        end_others: Some(act("sessions/end", "End all others")),
    }
}

fn account_bare() -> AccountPage {
    AccountPage {
        news: None,
        owed: Some("Your organization asks for a second step. Please add one.".into()),
        email_way: None,
        codes: "Off.".into(),
        codes_way: Some(WayBack { text: "Turn on".into(), path: "/x".into() }),
        codes_forms: Vec::new(),
        passkeys: Vec::new(),
        end_others: None,
        ..account()
    }
}
