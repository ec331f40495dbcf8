//! Signing an organization up.

use http::StatusCode;
use shared::identity::door::{self, Applicant, Wanted};
use shared::organization::WebName;
use shared::personal::{EmailAddress, PersonName};
use shared::time::Zone;
use shared::web::page::{self, PageHead, WayBack};
use shared::web::{Fault, FieldProblem, Reply};

use super::{checked, sent};
use crate::Visit;
use crate::forms;
use crate::pages::{Choice, Field, FieldKind, Form, FormPage, SaidPage};
use crate::threshold::Threshold;
use crate::wire::{FormShape, FoundShape, FoundedShape, SentShape, SignUpShape};
use crate::words;
use shared::web::page::ErrorShape;

/// Zones to choose from on the page; a program may name any other.
const ZONES: [&str; 34] = [
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "America/Anchorage",
    "America/Argentina/Buenos_Aires",
    "America/Bogota",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Phoenix",
    "America/Sao_Paulo",
    "America/Toronto",
    "Asia/Dubai",
    "Asia/Hong_Kong",
    "Asia/Kolkata",
    "Asia/Manila",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Brisbane",
    "Australia/Perth",
    "Australia/Sydney",
    "Europe/Athens",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Europe/London",
    "Europe/Madrid",
    "Pacific/Auckland",
    "Pacific/Honolulu",
];

fn asking() -> FormPage {
    let mut zone = Field::new("zone", "Time zone", FieldKind::Line).typed("America/New_York");
    zone.choices = ZONES
        .iter()
        .map(|zone| Choice { value: (*zone).into(), label: zone.replace('_', " ") })
        .collect();
    FormPage {
        head: PageHead::new(None),
        title: "Offer appointments".into(),
        lead: vec![
            "For schools, clinics and other organizations. We mail you a link to go on.".into(),
        ],
        form: Form::new("/sign-up", "Mail me the link")
            .asking(
                Field::new("organization", "Name of the organization", FieldKind::Line)
                    .at_most(PersonName::LONGEST),
            )
            .asking(zone)
            .asking(
                Field::new("name", "Your name", FieldKind::PersonName).at_most(PersonName::LONGEST),
            )
            .asking(forms::email("Your email")),
        passkey: None,
        ways: Vec::new(),
    }
}

#[utoipa::path(
    get,
    path = "/sign-up",
    tag = "Signing up",
    summary = "What signing an organization up asks for",
    responses(
        (status = 200, description = "What it asks for", body = FormShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn form(visit: &Visit<'_>) -> Result<Reply, Fault> {
    Ok(visit.operator().await?.asks(&asking()))
}

#[utoipa::path(
    post,
    path = "/sign-up",
    tag = "Signing up",
    summary = "Ask for an organization: a link is mailed",
    request_body = SignUpShape,
    responses(
        (status = 202, description = "A mail is on its way", body = SentShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 429, description = "Too many attempts; see Retry-After", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn ask(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.operator().await?;
    if let Err(fault) = asked(&threshold).await {
        return threshold.asks_again(asking(), fault);
    }
    visit.patiently().await;
    let lead = [
        "A link is on its way to you. It works once, within 24 hours.",
        "Nothing is set up until you have opened it.",
    ];
    Ok(sent(&threshold, PageHead::new(None), &lead, None))
}

async fn asked(threshold: &Threshold<'_>) -> Result<(), Fault> {
    let shape: SignUpShape = threshold.sent(None)?;
    let mut problems = Vec::new();
    let organization =
        checked(&mut problems, "organization", PersonName::parse(&shape.organization));
    let name = checked(&mut problems, "name", PersonName::parse(&shape.name));
    let email = checked(&mut problems, "email", EmailAddress::parse(&shape.email));
    let zone = Zone::parse(&shape.zone)
        .map_err(|_| {
            let message = "There is no such time zone. It looks like Europe/Dublin.".to_owned();
            problems.push(FieldProblem { field: "zone".into(), message });
        })
        .ok();
    let (Some(organization), Some(name), Some(email), Some(zone)) =
        (organization, name, email, zone)
    else {
        return Err(Fault::fields(problems));
    };
    let wanted = Wanted { organization, zone, name, email };
    let asked = threshold.door().ask_for_organization(&wanted).await;
    asked.map_err(|failure| words::fault(failure, "email"))
}

async fn applicant(threshold: &Threshold<'_>) -> Result<Applicant, Fault> {
    let link = threshold.visit.incoming.path("link");
    threshold.door().applicant(link).await.map_err(|failure| words::fault(failure, ""))
}

fn founding(threshold: &Threshold<'_>, applicant: &Applicant) -> FormPage {
    let link = threshold.visit.incoming.path("link");
    let address = &threshold.visit.function.service.settings.public_address;
    let name = applicant.wanted.organization.expose();
    let web_name = Field::new("web_name", "Name in links", FieldKind::WebName)
        .hint(format!(
            "Your page is {address}/ with this name after it, and stays so. Small letters, digits and hyphens, 2 to 60 of them."
        ))
        .typed(suggested(name))
        .at_most(60);
    FormPage {
        head: PageHead::new(None),
        title: format!("One more step for {name}"),
        lead: vec![format!(
            "You sign in as {}. Choose the password that goes with it.",
            applicant.wanted.email.expose()
        )],
        form: Form::new(format!("/sign-up/{link}"), "Begin")
            .asking(web_name)
            .asking(forms::new_password(door::least(), None)),
        passkey: None,
        ways: Vec::new(),
    }
}

/// A name in addresses that resembles an organization's name.
fn suggested(name: &str) -> String {
    let mut web_name = String::new();
    for character in name.to_lowercase().chars() {
        if character.is_ascii_alphanumeric() {
            web_name.push(character);
        } else if !web_name.is_empty() && !web_name.ends_with('-') && web_name.len() < 59 {
            web_name.push('-');
        }
    }
    web_name.truncate(60);
    web_name.trim_end_matches('-').to_owned()
}

#[utoipa::path(
    get,
    path = "/sign-up/{link}",
    tag = "Signing up",
    summary = "What making the organization asks for; nothing is spent by looking",
    params(
        ("link" = String, Path, description = "The secret part of a mailed link"),
    ),
    responses(
        (status = 200, description = "What it asks for", body = FormShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn link(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.operator().await?;
    let applicant = applicant(&threshold).await?;
    Ok(threshold.asks(&founding(&threshold, &applicant)))
}

#[utoipa::path(
    post,
    path = "/sign-up/{link}",
    tag = "Signing up",
    summary = "Make the organization and its first administrator",
    params(
        ("link" = String, Path, description = "The secret part of a mailed link"),
    ),
    request_body = FoundShape,
    responses(
        (status = 201, description = "Made; or 202 while it waits for approval", body = FoundedShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "It meets the state of things: taken, or needed", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn found(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.operator().await?;
    let applicant = applicant(&threshold).await?;
    match founded(&threshold, &applicant).await {
        Ok(reply) => Ok(reply),
        Err(fault) => threshold.asks_again(founding(&threshold, &applicant), fault),
    }
}

async fn founded(threshold: &Threshold<'_>, applicant: &Applicant) -> Result<Reply, Fault> {
    let visit = threshold.visit;
    let shape: FoundShape = threshold.sent(None)?;
    let web_name = WebName::parse(&shape.web_name)
        .map_err(|unfit| Fault::field("web_name", sentence(&unfit.to_string())))?;
    let approval = visit.function.settings.approval;
    let founded = threshold.door().found(applicant, web_name, &shape.password, approval).await;
    let founded = founded.map_err(|failure| words::fault(failure, ""))?;
    let path = format!("/{}", founded.organization.web_name);
    match &founded.entry {
        Some(entry) => {
            let reply = if visit.incoming.wants_page() {
                Reply::see_other(&format!("{path}/manage"))
            } else {
                Reply::json(StatusCode::CREATED, &FoundedShape { path, waits: false })
            };
            Ok(Threshold::with_cookies_of(founded.organization.id, reply, entry))
        }
        None if visit.incoming.wants_page() => {
            let shown = SaidPage {
                head: PageHead::new(None),
                title: "Almost there".into(),
                lead: vec![
                    format!(
                        "{} waits for approval. We look at every new organization ourselves and mail you as soon as it is done.",
                        founded.organization.name
                    ),
                    "Until then nobody can reach it, you included.".into(),
                ],
                way: Some(WayBack { text: "To the front page".into(), path: "/".into() }),
            };
            Ok(page::page(StatusCode::ACCEPTED, &shown))
        }
        None => Ok(Reply::json(StatusCode::ACCEPTED, &FoundedShape { path, waits: true })),
    }
}

/// Words as a sentence of their own.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suggested_name_can_stand_in_an_address() {
        for name in ["Birch Lane School", "St. Mary's — Clinic", "École 12", &"long ".repeat(40)]
        {
            let web_name = suggested(name);
            assert!(WebName::parse(&web_name).is_ok(), "{name}: {web_name}");
        }
        assert_eq!(suggested("Birch Lane School"), "birch-lane-school");
        assert_eq!(suggested("学校"), "");
    }

    #[test]
    fn every_zone_of_the_list_exists() {
        assert!(ZONES.iter().all(|zone| Zone::parse(zone).is_ok()));
    }
}
