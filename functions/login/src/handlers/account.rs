//! Somebody's own account: what is there, the password, the address.

use http::StatusCode;
use shared::identity::caller::Touch;
use shared::identity::door::Account;
use shared::identity::session::Waiting;
use shared::personal::Label;
use shared::web::page::{self, WayBack};
use shared::web::{Fault, Reply};

use super::{address, sent};
use crate::Visit;
use crate::forms;
use crate::pages::{
    AccountPage, Field, FieldKind, Form, FormPage, PasskeyForm, PasskeyLine, SaidPage, SessionLine,
};
use crate::threshold::{Present, Threshold};
use crate::wire::{
    AccountShape, ChangePasswordShape, DoneShape, EmailShape, FormShape, MeterShape,
    NewPasswordShape, NothingShape, SentShape,
};
use crate::words;
use shared::web::page::ErrorShape;

#[utoipa::path(
    get,
    path = "/{organization}/account",
    tag = "One's own account",
    summary = "One's own account",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    responses(
        (status = 200, description = "The account", body = AccountShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn page(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present().await?;
    let account = threshold.door().account(&present.inside).await;
    let account = account.map_err(|failure| words::fault(failure, ""))?;
    if !visit.incoming.wants_page() {
        let shape = AccountShape::of(&present.inside, &account);
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    let head = threshold.head_of(&present).await?;
    let news = match visit.incoming.query("done") {
        Some("password") => Some("Your password is changed. Everywhere else you are signed out."),
        Some("added") => Some("The passkey is added."),
        Some("removed") => Some("It is removed."),
        Some("ended") => Some("The sign-in is ended there."),
        _ => None,
    };
    let shown = shown(&threshold, &present, &account, head, news);
    Ok(page::page(StatusCode::OK, &shown))
}

fn shown(
    threshold: &Threshold<'_>,
    present: &Present,
    account: &Account,
    head: page::PageHead,
    news: Option<&str>,
) -> AccountPage {
    let inside = &present.inside;
    let token = threshold.token(&inside.session);
    let act = |path: &str, button: &str| {
        Form::new(threshold.path(&format!("/account{path}")), button).of(token.clone())
    };
    let way = |path: &str, text: &str| WayBack {
        text: text.to_owned(),
        path: threshold.path(&format!("/account{path}")),
    };
    let zone = &threshold.organization().zone;
    let day = |moment| zone.long_day(moment);
    let codes = &account.factors.codes;
    let left = codes.recovery_left();
    let recovery = match left {
        0 => "No recovery codes are left.".to_owned(),
        1 => "One recovery code is left.".to_owned(),
        _ => format!("{left} recovery codes are left."),
    };
    let mut codes_forms = Vec::new();
    if account.factors.any() {
        codes_forms.push(act("/recovery", "Make new recovery codes"));
    }
    if codes.since().is_some() {
        codes_forms.push(act("/codes/remove", "Turn off one-time codes"));
    }
    AccountPage {
        head,
        news: news.map(str::to_owned),
        lead: match inside.member() {
            Some(member) => {
                let level = member.level.spoken().to_lowercase();
                format!("{}, {level}. You sign in as {}.", member.name.expose(), member.username.expose())
            }
            None => "You book here under your address.".into(),
        },
        owed: account.factor_owed.then(|| {
            "Your organization asks for a second step. Please turn on one-time codes or add a passkey.".into()
        }),
        email: inside.email().expose().to_owned(),
        email_way: inside.member().map(|_| way("/email", "Change the address")),
        password: match &account.password {
            Some(kept) if kept.must_change => format!(
                "Set on {}. You choose another one when you sign in next.",
                day(kept.set_at)
            ),
            Some(kept) => format!("Set on {}.", day(kept.set_at)),
            None => "You have none, and need none: we can mail you a link each time.".into(),
        },
        password_way: way(
            "/password",
            if account.password.is_some() { "Change the password" } else { "Set a password" },
        ),
        codes: match codes.since() {
            Some(since) => format!("On since {}. {recovery}", day(since)),
            None if account.factors.any() => format!("Off. {recovery}"),
            None => "Off. With them, a stolen password alone opens nothing.".into(),
        },
        codes_way: codes.since().is_none().then(|| way("/codes", "Turn on one-time codes")),
        codes_forms,
        passkeys: account
            .factors
            .passkeys
            .iter()
            .map(|passkey| PasskeyLine {
                name: passkey.label.expose().to_owned(),
                added: day(passkey.since),
                remove: act(
                    &format!("/passkeys/{}/remove", shared::ids::to_text(&passkey.id)),
                    "Remove",
                ),
            })
            .collect(),
        add_passkey: PasskeyForm {
            form: act("/passkeys", "Add a passkey").asking(
                Field::new("name", "What to call the new passkey", FieldKind::Line)
                    .at_most(Label::LONGEST),
            ),
            options: threshold.path("/account/passkeys/options"),
            refused: "The browser made no passkey. Try again, or use another device.".into(),
        },
        sessions: account
            .sessions
            .iter()
            .map(|session| {
                let this = session.id == inside.session.id;
                let when = |moment| format!("{}, {}", day(moment), zone.clock(moment));
                SessionLine {
                    browser: session.browser.clone(),
                    since: when(session.begun),
                    seen: if this { "now".into() } else { when(session.seen) },
                    this,
                    end: (!this).then(|| act(&format!("/sessions/{}/end", session.id), "End")),
                }
            })
            .collect(),
        end_others: (account.sessions.len() > 1).then(|| act("/sessions/end", "End all others")),
    }
}

async fn changing(
    threshold: &Threshold<'_>,
    present: &Present,
    next: Option<&str>,
) -> Result<FormPage, Fault> {
    let account = threshold.door().account(&present.inside).await;
    let account = account.map_err(|failure| words::fault(failure, ""))?;
    let service = &threshold.visit.function.service;
    let security = service.security(threshold.organization().id).await?;
    let least = security.shortest_password(account.factors.any()) as usize;
    let token = threshold.token(&present.inside.session);
    let mut form = Form::new(threshold.path("/account/password"), "Set this password").of(token);
    if let Some(next) = threshold.next(next) {
        form = form.with("next", next);
    }
    if account.password.is_some() {
        form = form.asking(Field::new("current", "Password now", FieldKind::Password));
    }
    let form = form.asking(forms::new_password(least, Some(threshold.path("/account/meter"))));
    let lead = match present.waiting {
        Some(_) => {
            "Your password is too old, or somebody may know it. Choose another one to go on."
        }
        None => "Wherever else you are signed in, you are signed out.",
    };
    Ok(FormPage {
        head: threshold.head_of(present).await?,
        title: "Choose a password".into(),
        lead: vec![lead.into()],
        form,
        passkey: None,
        ways: match present.waiting {
            Some(_) => Vec::new(),
            None => vec![WayBack {
                text: "Back to your account".into(),
                path: threshold.path("/account"),
            }],
        },
    })
}

#[utoipa::path(
    get,
    path = "/{organization}/account/password",
    tag = "One's own account",
    summary = "What another password asks for",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    responses(
        (status = 200, description = "What it asks for", body = FormShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn password_form(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present_or_owing(Waiting::NewPassword).await?;
    let shown = changing(&threshold, &present, visit.incoming.query("next")).await?;
    Ok(threshold.asks(&shown))
}

#[utoipa::path(
    post,
    path = "/{organization}/account/password",
    tag = "One's own account",
    summary = "Choose another password; all other sessions end",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = ChangePasswordShape,
    responses(
        (status = 200, description = "Changed", body = DoneShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 429, description = "Too many attempts; see Retry-After", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn password(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present_or_owing(Waiting::NewPassword).await?;
    let mut next = None;
    let fault = match threshold.sent::<ChangePasswordShape>(Some(&present.inside.session)) {
        Ok(shape) => {
            next = shape.next;
            let current = shape.current.unwrap_or_default();
            let door = threshold.door();
            match door.change_password(&present.inside, &current, &shape.password).await {
                Ok(entry) if present.waiting.is_some() => {
                    return Ok(threshold.come_in(&entry, next.as_deref()));
                }
                Ok(entry) => {
                    let reply = threshold.done("/account?done=password");
                    return Ok(threshold.with_cookies(reply, &entry));
                }
                Err(failure) => match threshold.refused(failure, "current", "/account/password") {
                    Ok(reply) => return Ok(reply),
                    Err(fault) => fault,
                },
            }
        }
        Err(fault) => fault,
    };
    let shown = changing(&threshold, &present, next.as_deref()).await?;
    threshold.asks_again(shown, fault)
}

async fn other_address(threshold: &Threshold<'_>, present: &Present) -> Result<FormPage, Fault> {
    let token = threshold.token(&present.inside.session);
    Ok(FormPage {
        head: threshold.head_of(present).await?,
        title: "Change your address".into(),
        lead: vec![
            format!("Mail reaches you at {} now.", present.inside.email().expose()),
            "We mail a link to the new address. It changes once you have opened that link.".into(),
        ],
        form: Form::new(threshold.path("/account/email"), "Mail me the link")
            .of(token)
            .asking(forms::email("New address")),
        passkey: None,
        ways: vec![WayBack {
            text: "Back to your account".into(),
            path: threshold.path("/account"),
        }],
    })
}

/// Only members have an address to change: a participant is their address.
async fn members_only(threshold: &Threshold<'_>, present: &Present) -> Result<(), Fault> {
    if present.inside.member().is_some() {
        return Ok(());
    }
    Err(threshold.not_allowed(&threshold.caller(Touch::Peek).await?).await)
}

#[utoipa::path(
    get,
    path = "/{organization}/account/email",
    tag = "One's own account",
    summary = "What another address asks for",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    responses(
        (status = 200, description = "What it asks for", body = FormShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn email_form(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present().await?;
    members_only(&threshold, &present).await?;
    if !present.inside.session.is_fresh(visit.now) {
        return Err(Fault::confirm_needed());
    }
    Ok(threshold.asks(&other_address(&threshold, &present).await?))
}

#[utoipa::path(
    post,
    path = "/{organization}/account/email",
    tag = "One's own account",
    summary = "Have a link mailed to another address",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = EmailShape,
    responses(
        (status = 202, description = "A mail is on its way", body = SentShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 429, description = "Too many mails; see Retry-After", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn email(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present().await?;
    members_only(&threshold, &present).await?;
    let asked = async {
        let shape: EmailShape = threshold.sent(Some(&present.inside.session))?;
        address(&shape.email)
    };
    let fault = match asked.await {
        Ok(email) => match threshold.door().ask_for_email(&present.inside, &email).await {
            Ok(()) => {
                let lead = [
                    "A link is on its way to the new address. It works once, within 24 hours. We tell your present address too.",
                ];
                let way = WayBack {
                    text: "Back to your account".into(),
                    path: threshold.path("/account"),
                };
                let head = threshold.head_of(&present).await?;
                return Ok(sent(&threshold, head, &lead, Some(way)));
            }
            Err(failure) => match threshold.refused(failure, "email", "/account/email") {
                Ok(reply) => return Ok(reply),
                Err(fault) => fault,
            },
        },
        Err(fault) => fault,
    };
    threshold.asks_again(other_address(&threshold, &present).await?, fault)
}

#[utoipa::path(
    get,
    path = "/{organization}/account/email/{link}",
    tag = "One's own account",
    summary = "A mailed link; nothing is spent by looking",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("link" = String, Path, description = "The secret part of a mailed link"),
    ),
    responses(
        (status = 200, description = "What it asks for", body = FormShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn email_link(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let link = visit.incoming.path("link");
    let found = threshold.door().email_of_link(link).await?;
    let email = found.ok_or_else(|| threshold.gone())?.email;
    let shown = FormPage {
        head: threshold.head(),
        title: "Change your address".into(),
        lead: vec![format!(
            "From now on, mail from here goes to {}. Wherever you are signed in now, you are signed out.",
            email.expose()
        )],
        form: Form::new(threshold.path(&format!("/account/email/{link}")), "Change it"),
        passkey: None,
        ways: Vec::new(),
    };
    Ok(threshold.asks(&shown))
}

#[utoipa::path(
    post,
    path = "/{organization}/account/email/{link}",
    tag = "One's own account",
    summary = "Change the address to the one that the link proves",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("link" = String, Path, description = "The secret part of a mailed link"),
    ),
    request_body = NothingShape,
    responses(
        (status = 200, description = "Changed", body = DoneShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "It meets the state of things: taken, or needed", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn change_email(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let _: NothingShape = threshold.sent(None)?;
    let changed = threshold.door().change_email(visit.incoming.path("link")).await;
    let email = changed.map_err(|failure| words::fault(failure, ""))?;
    if !visit.incoming.wants_page() {
        return Ok(threshold.done("/sign-in"));
    }
    let shown = SaidPage {
        head: threshold.head(),
        title: "Your address is changed".into(),
        lead: vec![format!(
            "Mail from here now goes to {}. We have told your former address too. You are signed out everywhere.",
            email.expose()
        )],
        way: Some(WayBack { text: "Sign in".into(), path: threshold.path("/sign-in") }),
    };
    Ok(page::page(StatusCode::OK, &shown))
}

/// How hard a password is to guess that is being chosen: for the page's script.
#[utoipa::path(
    post,
    path = "/{organization}/account/meter",
    tag = "One's own account",
    summary = "How hard a password is to guess",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = NewPasswordShape,
    responses(
        (status = 200, description = "The meter", body = MeterShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 429, description = "Too many attempts; see Retry-After", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn meter(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let caller = threshold.caller(Touch::Peek).await?;
    let inside = threshold.door().inside(&caller).await?;
    let shape: NewPasswordShape = threshold.sent(None)?;
    let meter = threshold.door().meter(inside.as_ref(), &shape.password).await;
    let meter = meter.map_err(|failure| words::fault(failure, "password"))?;
    Ok(Reply::json(StatusCode::OK, &MeterShape::of(meter)))
}
