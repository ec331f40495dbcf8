//! People of a team with a session, as their browsers and programs ask.

use serde_json::Value;
use shared::identity::access::{Coverage, Level};
use shared::identity::caller::form_token;
use shared::identity::session::Token;
use shared::identity::{Member, Subject};
use shared::ids::OrganizationId;
use shared::web::cookie::session_name;

use crate::identity::scene::House;
use crate::world::{Answer, World};

/// Somebody who has signed in, or nobody.
pub struct Persona<'a> {
    pub world: &'a World,
    /// The `Cookie` header, where there is one.
    pub cookie: Option<String>,
    /// What their forms carry.
    pub form_token: String,
}

impl House {
    /// Somebody who can sign in and covers this.
    pub async fn covering(&self, username: &str, level: Level, coverage: Coverage) -> Member {
        let member = Member { coverage, ..self.somebody(username, level) };
        self.create(&member, Vec::new()).await.unwrap();
        member
    }

    /// A member's session.
    pub async fn signed_in<'a>(&self, world: &'a World, member: &Member) -> Persona<'a> {
        self.with_session(world, Subject::Member(member.id), member.epoch).await
    }

    /// Anybody's session.
    pub async fn with_session<'a>(
        &self,
        world: &'a World,
        subject: Subject,
        epoch: u32,
    ) -> Persona<'a> {
        let (token, session) = self.open(subject, epoch, None, self.second()).await;
        Persona {
            world,
            cookie: Some(cookie(self.id(), &token)),
            form_token: form_token(&self.snapshot.keys, session.id),
        }
    }
}

fn cookie(organization: OrganizationId, token: &Token) -> String {
    // Over plain HTTP the local gateway keeps the prefix for itself.
    let name = session_name(organization);
    format!("{}={}", name.trim_start_matches("__Host-"), token.expose())
}

impl<'a> Persona<'a> {
    /// Somebody who has not signed in.
    pub fn nobody(world: &'a World) -> Self {
        Self { world, cookie: None, form_token: String::new() }
    }

    pub async fn send(&self, method: &str, path: &str, body: Option<&Value>, page: bool) -> Answer {
        let client = &self.world.client;
        let url = self.world.url(path);
        let mut request = if method == "POST" { client.post(url) } else { client.get(url) };
        if page {
            request = request.header("accept", "text/html");
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Answer::of(request.send().await.expect("an answer")).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, false).await
    }

    pub async fn page(&self, path: &str) -> Answer {
        self.send("GET", path, None, true).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(body), false).await
    }

    /// Sends a form as the page does, with the session's token.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = ("form_token", self.form_token.as_str());
        let fields: Vec<_> = fields.iter().copied().chain([token]).collect();
        self.submit_bare(path, &fields).await
    }

    /// Sends a form with these fields alone.
    pub async fn submit_bare(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = self
            .world
            .client
            .post(self.world.url(path))
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(body);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        Answer::of(request.send().await.expect("an answer")).await
    }
}
