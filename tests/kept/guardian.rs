//! Somebody who has signed in, as a participant or as a member, and the
//! organization's list of dependents.

use serde_json::{Value, json};
use shared::dependent::{Dependent, NewDependent, store};
use shared::dynamo::Write;
use shared::identity::access::{Coverage, Level};
use shared::identity::caller::form_token;
use shared::identity::member::{self, Newcomer, State};
use shared::identity::session::{How, Opening, rules::Limits, store as sessions};
use shared::identity::{Subject, Username};
use shared::ids::MemberId;
use shared::organization::Organization;
use shared::personal::{EmailAddress, Identifier, PersonName, SecurityValue};
use shared::web::cookie::session_name;

use crate::world::{Answer, Place, Visitor, World, fresh_key};

/// Somebody who has signed in as a participant.
pub struct Guardian<'a> {
    pub visitor: Visitor<'a>,
    /// What every form of theirs carries.
    pub form_token: String,
    cookie: String,
    path: String,
}

impl World {
    /// Puts somebody on an organization's list.
    pub async fn dependent(
        &self,
        organization: &Organization,
        name: &str,
        identifier: &str,
        security: &str,
    ) -> Option<Dependent> {
        let new = NewDependent {
            name: PersonName::parse(name).unwrap(),
            identifier: Identifier::parse(identifier).unwrap(),
            security: SecurityValue::parse(security).unwrap(),
        };
        let service = self.service();
        let keys = service.vault.keys(organization.id, self.now()).await.unwrap().unwrap();
        let nothing_more = |_| Ok(Vec::new());
        store::add(service, organization.id, &keys, &new, nothing_more, self.now()).await.unwrap()
    }

    /// Signs somebody in, as a mailed link does.
    pub async fn guardian(&self, organization: &Organization, name: &str) -> Guardian<'_> {
        let visitor = self.visitor(name);
        let service = self.service();
        let keys = service.vault.keys(organization.id, self.now()).await.unwrap().unwrap();
        let person = keys.person(&EmailAddress::parse(&visitor.email).unwrap());
        self.signed_in(organization, visitor, Subject::Participant(person), 0).await
    }

    /// Signs in a new member of this level, who covers everything.
    pub async fn of_the_team(&self, organization: &Organization, level: Level) -> Guardian<'_> {
        let visitor = self.visitor(level.word());
        let service = self.service();
        let keys = service.vault.keys(organization.id, self.now()).await.unwrap().unwrap();
        let newcomer = Newcomer {
            id: MemberId::fresh(self.now(), &*service.chance).unwrap(),
            username: Username::parse(level.word()).unwrap(),
            name: PersonName::parse(level.spoken()).unwrap(),
            email: EmailAddress::parse("member@example.org").unwrap(),
            level,
            coverage: Coverage::Everything,
        };
        let member = member::rules::new(newcomer, State::Active, self.now());
        member::store::create(service, organization.id, &keys, &member, Vec::new()).await.unwrap();
        self.signed_in(organization, visitor, Subject::Member(member.id), member.epoch).await
    }

    /// Somebody with a session of that epoch.
    pub async fn signed_in<'a>(
        &'a self,
        organization: &Organization,
        visitor: Visitor<'a>,
        subject: Subject,
        epoch: u32,
    ) -> Guardian<'a> {
        let service = self.service();
        let keys = service.vault.keys(organization.id, self.now()).await.unwrap().unwrap();
        let opening = Opening {
            subject,
            epoch,
            network: [0; 16],
            browser: "Firefox on Linux".into(),
            how: vec![How::Link],
            waiting: None,
        };
        let limits = Limits::of(&service.security(organization.id).await.unwrap(), subject);
        let (write, token, session) =
            sessions::open(service, organization.id, opening, limits, self.now()).unwrap();
        assert!(
            Write::commit_all(&[write], &service.dynamo, &*service.chance).await.unwrap(),
            "the session begins"
        );
        let name = session_name(organization.id);
        Guardian {
            visitor,
            form_token: form_token(&keys, session.id),
            // Over plain HTTP a browser takes no name that promises more.
            cookie: format!("{}={}", name.trim_start_matches("__Host-"), token.expose().as_str()),
            path: format!("/{}", organization.web_name),
        }
    }
}

impl Guardian<'_> {
    fn world(&self) -> &World {
        self.visitor.world
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request =
            self.world().client.get(self.world().url(path)).header("cookie", &self.cookie);
        Answer::of(request.send().await.expect("an answer")).await
    }

    pub async fn page(&self, path: &str) -> Answer {
        let request = self.world().client.get(self.world().url(path));
        let request = request.header("cookie", &self.cookie).header("accept", "text/html");
        Answer::of(request.send().await.expect("an answer")).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.world().client.post(self.world().url(path));
        let request = request.header("cookie", &self.cookie).json(body);
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// Sends a form as their browser does.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .world()
            .client
            .post(self.world().url(path))
            .header("cookie", &self.cookie)
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(body);
        Answer::of(request.send().await.expect("an answer")).await
    }

    pub async fn attach(&self, identifier: &str, security: &str) -> Answer {
        let path = format!("{}/dependents", self.path);
        self.post(&path, &json!({ "identifier": identifier, "security_value": security })).await
    }

    /// Attaches and expects it to be right; the dependent's id.
    pub async fn attaches(&self, identifier: &str, security: &str) -> String {
        let answer = self.attach(identifier, security).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    pub async fn detach(&self, dependent: &str) -> Answer {
        self.post(&format!("{}/dependents/{dependent}/remove", self.path), &json!({})).await
    }

    /// Books, for a dependent or for themselves.
    pub async fn book(&self, place: &Place, slot: &str, dependent: Option<&str>) -> Answer {
        self.book_with_key(place, slot, dependent, &fresh_key()).await
    }

    pub async fn book_with_key(
        &self,
        place: &Place,
        slot: &str,
        dependent: Option<&str>,
        key: &str,
    ) -> Answer {
        let mut wish = self.visitor.wish(slot);
        if let Some(dependent) = dependent {
            wish["dependent"] = dependent.into();
        }
        self.send(place, &wish, key).await
    }

    pub async fn send(&self, place: &Place, wish: &Value, key: &str) -> Answer {
        let url = self.world().url(&format!("{}/bookings", place.path));
        let request = self
            .world()
            .client
            .post(url)
            .header("cookie", &self.cookie)
            .header("idempotency-key", key)
            .json(wish);
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// Books and expects it to stand; the booking's own address.
    pub async fn books(&self, place: &Place, slot: &str, dependent: Option<&str>) -> String {
        let answer = self.book(place, slot, dependent).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["manage_url"].as_str().unwrap().to_owned()
    }

    /// What they have booked, as a program sees it.
    pub async fn bookings(&self) -> Value {
        let answer = self.get(&format!("{}/bookings", self.path)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// The names of those for whom they may book.
    pub async fn dependents(&self) -> Vec<String> {
        let answer = self.get(&format!("{}/dependents", self.path)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let listed = answer.json()["dependents"].as_array().unwrap().clone();
        listed.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    }
}
