//! What stands around every page, the pages that say why there is nothing else
//! to see, and the way from a failure to a page or JSON.

use askama::Template;
use http::{Method, Response, StatusCode};
use lambda_http::Body;
use serde::Serialize;
use utoipa::ToSchema;

use super::assets;
use super::failure::{Fault, FieldProblem, Kind};
use super::incoming::Incoming;
use super::reply::Reply;
use crate::organization::Organization;

/// What stands around every page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageHead {
    /// The language the page is written in: `en`.
    pub language: String,
    /// Whose page it is; none where no organization is known.
    pub organization: Option<OrganizationHead>,
    /// Who is signed in, where somebody is.
    pub person: Option<PersonHead>,
    /// A sentence above everything, such as that this is a demonstration.
    pub banner: Option<String>,
    /// Where the stylesheet is.
    pub stylesheet: &'static str,
    /// Where the script is.
    pub script: &'static str,
}

impl PageHead {
    /// An English page of `organization`, or of nobody.
    #[must_use]
    pub fn new(organization: Option<OrganizationHead>) -> Self {
        Self {
            language: "en".into(),
            organization,
            person: None,
            banner: None,
            stylesheet: &assets::stylesheet().path,
            script: &assets::script().path,
        }
    }

    /// The same, for somebody who is signed in.
    #[must_use]
    pub fn of_person(self, person: Option<PersonHead>) -> Self {
        Self { person, ..self }
    }

    /// The same, with a sentence above everything.
    #[must_use]
    pub fn with_banner(self, banner: Option<String>) -> Self {
        Self { banner, ..self }
    }
}

/// The organization that a page belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationHead {
    /// Its name.
    pub name: String,
    /// Its own page.
    pub path: String,
    /// Its privacy notice, if one is in force.
    pub privacy_path: Option<String>,
}

/// Who is signed in, as the head of a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonHead {
    /// What they are called.
    pub name: String,
    /// Where the team's pages begin; none for participants.
    pub manage_path: Option<String>,
    /// Their own account: password, second factors, sessions.
    pub account_path: Option<String>,
    /// Where the form to sign out is sent.
    pub sign_out_path: String,
    /// Where script asks, without staying signed in by it, how long the session lasts.
    pub session_path: String,
    /// What every form of theirs carries.
    pub form_token: String,
    /// In how many seconds the session ends by itself.
    pub seconds_left: i64,
}

/// A page that says why there is nothing else to see.
#[derive(Debug, Clone, Template)]
#[template(path = "message.html")]
pub struct MessagePage {
    /// What stands around the page.
    pub head: PageHead,
    /// What is the matter.
    pub message: Message,
    /// A way back, if there is a better one than the organization's page.
    pub back: Option<WayBack>,
}

/// What is the matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// There is nothing here, or nothing that this visitor may see.
    NotFound,
    /// Too much was asked in a short time.
    TooManyRequests {
        /// After how many minutes to try again.
        minutes: u32,
    },
    /// Something the service needs does not answer.
    Busy {
        /// Whether a form was sent: its page is a step back, and its address is no page.
        sent: bool,
    },
    /// The request cannot be understood.
    BadRequest {
        /// Why, a sentence each.
        reasons: Vec<String>,
    },
    /// The request was understood and refused.
    Refused {
        /// Why, in a sentence.
        reason: String,
    },
    /// The address is right and what was asked of it is not.
    MethodNotAllowed,
}

impl Message {
    /// The page's heading.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "We cannot find this page",
            Self::TooManyRequests { .. } => "Please wait a little",
            Self::Busy { .. } => "We cannot answer right now",
            Self::BadRequest { .. } => "Something is missing or wrong",
            Self::Refused { .. } => "This cannot be done",
            Self::MethodNotAllowed => "This page does not do that",
        }
    }
}

/// A link that leads somewhere better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayBack {
    /// What it says: `All times`.
    pub text: String,
    /// Where it leads.
    pub path: String,
}

/// Why something was not done.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorShape {
    /// The refusal.
    pub error: ErrorBody,
}

/// A refusal: what kind, in words, and where.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// The word for programs.
    pub kind: Kind,
    /// What happened and what to do, for people.
    pub message: String,
    /// The first field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Every field at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
}

impl ErrorBody {
    /// A failure as programs read it.
    #[must_use]
    pub fn of(fault: &Fault) -> Self {
        Self {
            kind: fault.kind,
            message: fault.message.clone(),
            field: fault.fields.first().map(|problem| problem.field.clone()),
            fields: fault.fields.clone(),
        }
    }
}

impl ErrorShape {
    /// A failure as programs read it.
    #[must_use]
    pub fn of(fault: &Fault) -> Self {
        Self { error: ErrorBody::of(fault) }
    }

    fn reply(&self, fault: &Fault) -> Reply {
        Reply::json(fault.kind.status(), self).after(fault)
    }
}

/// A page; one that cannot be rendered becomes a plain apology.
pub fn page(status: StatusCode, template: &impl Template) -> Reply {
    match template.render() {
        Ok(html) => Reply::page(status, html),
        Err(cause) => {
            tracing::error!(%cause, "a page could not be rendered");
            Reply::page(StatusCode::SERVICE_UNAVAILABLE, "Please try again in a moment.".into())
        }
    }
}

/// What became of a request, as API Gateway takes it. What was done is logged
/// with the route, never with the path: a path can hold a personal link.
pub fn finish(incoming: &Incoming, outcome: Result<Reply, Fault>) -> Response<Body> {
    let reply = outcome.unwrap_or_else(|refused| fault(incoming, &refused, None, None));
    tracing::info!(
        route = incoming.route,
        method = %incoming.method,
        status = reply.status().as_u16(),
        "answered"
    );
    reply.into_response()
}

/// A failure as a page of its own, or as JSON.
pub fn fault(
    incoming: &Incoming,
    fault: &Fault,
    organization: Option<&Organization>,
    back: Option<WayBack>,
) -> Reply {
    if !incoming.wants_page() {
        return ErrorShape::of(fault).reply(fault);
    }
    // A browser is led to where it can be put right, and back afterwards.
    let organization_path = format!("/{}", incoming.path("organization"));
    let next = match &fault.goes_on_at {
        Some(path) => path,
        None if incoming.method == Method::GET => incoming.address(),
        None => "",
    };
    let lead = |page: &str| {
        let query =
            form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        Reply::see_other(&format!("{organization_path}/{page}?{query}"))
    };
    match fault.kind {
        Kind::SignInNeeded => return lead("sign-in"),
        Kind::ConfirmNeeded => return lead("account/confirm"),
        _ => {}
    }
    let message = match fault.kind {
        Kind::NotFound => Message::NotFound,
        Kind::TooManyRequests => Message::TooManyRequests {
            minutes: fault
                .retry_after
                .and_then(|wait| u32::try_from((wait.as_secs() + 59) / 60).ok())
                .unwrap_or(1),
        },
        Kind::Unavailable => Message::Busy { sent: incoming.method == Method::POST },
        Kind::Invalid | Kind::KeyReused | Kind::TooLarge | Kind::UnsupportedMediaType => {
            Message::BadRequest { reasons: reasons(fault) }
        }
        Kind::Conflict
        | Kind::Forbidden
        | Kind::SignInNeeded
        | Kind::WrongCredentials
        | Kind::NotAllowed
        | Kind::ConfirmNeeded => Message::Refused { reason: fault.message.clone() },
    };
    let head = PageHead::new(organization.map(head));
    page(fault.kind.status(), &MessagePage { head, message, back }).after(fault)
}

fn reasons(fault: &Fault) -> Vec<String> {
    if fault.fields.is_empty() {
        return vec![fault.message.clone()];
    }
    // A field's name is for programs; who reads a page is told what to do.
    fault.fields.iter().map(|problem| problem.message.clone()).collect()
}

/// An organization at the head of a page.
pub fn head(organization: &Organization) -> OrganizationHead {
    let path = format!("/{}", organization.web_name);
    OrganizationHead {
        name: organization.name.clone(),
        privacy_path: Some(format!("{path}/privacy")),
        path,
    }
}
