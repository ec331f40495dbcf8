//! The people of a team, and whoever else signs in, each with a browser of
//! their own: what they are given in cookies, they send back.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};
use shared::identity::access::{Coverage, Level};
use shared::identity::member::{self, Newcomer, State};
use shared::identity::password::store::Kept;
use shared::identity::password::{self, Password};
use shared::identity::security::{self, Draft, Security};
use shared::identity::{Subject, Username};
use shared::ids::{MemberId, OrganizationId};
use shared::organization::{Organization, PolicyVersion, State as Reach, WebName};
use shared::personal::{EmailAddress, PersonName};
use shared::time::Zone;
use shared::vault::OrganizationKeys;

use crate::world::{Answer, World};

/// A password that every rule accepts.
pub const PASSWORD: &str = "gravel otter violin plum";
/// Another one.
pub const OTHER: &str = "seven clouds under a bridge";

impl World {
    /// The keys of an organization.
    pub async fn keys(&self, organization: OrganizationId) -> std::sync::Arc<OrganizationKeys> {
        self.service().vault.keys(organization, self.now()).await.unwrap().unwrap()
    }

    /// The operator's own organization.
    pub async fn operator(&self) -> Organization {
        let service = self.service();
        let organization = Organization {
            id: OrganizationId::fresh(self.now(), &*service.chance).unwrap(),
            web_name: WebName::operator(),
            name: "The operator".into(),
            zone: Zone::parse("Europe/Dublin").unwrap(),
            state: Reach::Active,
            privacy: PolicyVersion {
                version: 1,
                effective: jiff::civil::date(2026, 1, 1),
                text: "The operator's notice.".into(),
            },
        };
        assert!(shared::organization::store::found(service, &organization).await.unwrap());
        organization
    }

    /// A member in this state, without a password.
    pub async fn listed(
        &self,
        organization: &Organization,
        name: &str,
        level: Level,
        state: State,
    ) -> Person<'_> {
        let service = self.service();
        let keys = self.keys(organization.id).await;
        let mut person = self.person(organization, name);
        let newcomer = Newcomer {
            id: MemberId::fresh(self.now(), &*service.chance).unwrap(),
            username: Username::parse(&person.username).unwrap(),
            name: PersonName::parse(name).unwrap(),
            email: EmailAddress::parse(&person.email).unwrap(),
            level,
            coverage: Coverage::Everything,
        };
        let member = member::rules::new(newcomer, state, self.now());
        member::store::create(service, organization.id, &keys, &member, Vec::new()).await.unwrap();
        person.id = Some(member.id);
        person
    }

    /// A member who can sign in with [`PASSWORD`].
    pub async fn member(
        &self,
        organization: &Organization,
        name: &str,
        level: Level,
    ) -> Person<'_> {
        let person = self.listed(organization, name, level, State::Active).await;
        self.set_password(organization.id, person.subject(), PASSWORD).await;
        person
    }

    /// Gives somebody a password, however old a way it was hashed in.
    pub async fn set_password(&self, organization: OrganizationId, subject: Subject, text: &str) {
        let service = self.service();
        let keys = self.keys(organization).await;
        let typed = Password::parse(text).unwrap();
        let hashed = service.hasher.hash(&typed, &*service.chance).await.unwrap();
        let stands_alone = typed.length() >= 15;
        let chosen = Kept::chosen(hashed, self.now()).that_stands_alone(stands_alone);
        let write =
            password::store::put(service, &keys, organization, subject, &chosen, 0).unwrap();
        assert!(self.commit(vec![write]).await);
    }

    pub async fn commit(&self, writes: Vec<shared::dynamo::Write>) -> bool {
        let service = self.service();
        shared::dynamo::Write::commit_all(&writes, &service.dynamo, &*service.chance).await.unwrap()
    }

    /// Somebody with a browser who is nobody yet.
    pub fn person(&self, organization: &Organization, name: &str) -> Person<'_> {
        let word = name.to_lowercase().replace(' ', ".");
        Person {
            world: self,
            path: format!("/{}", organization.web_name),
            email: format!("{word}@example.org"),
            username: word,
            id: None,
            cookies: Mutex::default(),
        }
    }

    /// Changes the organization's security settings.
    pub async fn secure(&self, organization: OrganizationId, change: impl FnOnce(&mut Draft)) {
        let service = self.service();
        let read = service.read_security(organization).await.unwrap();
        let mut draft = read.draft();
        change(&mut draft);
        let wanted = Security::parse(draft).unwrap();
        let changed =
            security::change(service, organization, &wanted, read.version(), Vec::new()).await;
        assert!(matches!(changed.unwrap(), security::Change::Changed(_)));
        // What processes remember of settings is a second old at most.
        self.advance("PT2S").await;
    }

    /// The records of today, as `action result` words, the oldest first.
    pub async fn records(&self, organization: OrganizationId) -> Vec<shared::audit::Record> {
        let day = shared::audit::day_of(self.now());
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let page =
                shared::audit::read::day(self.service(), organization, day, from).await.unwrap();
            found.extend(page.entries.into_iter().map(|entry| entry.record));
            from = page.next;
            if from.is_none() {
                return found;
            }
        }
    }

    /// How attempts to sign in went today, in words and in order of words.
    pub async fn attempts(&self, organization: OrganizationId) -> Vec<&'static str> {
        let mut results: Vec<_> = self
            .records(organization)
            .await
            .iter()
            .filter(|record| record.action == shared::audit::Action::SignIn)
            .map(|record| record.result.word())
            .collect();
        results.sort_unstable();
        results
    }
}

/// Somebody with a browser.
pub struct Person<'a> {
    pub world: &'a World,
    /// The organization's path.
    pub path: String,
    pub username: String,
    pub email: String,
    pub id: Option<MemberId>,
    pub cookies: Mutex<BTreeMap<String, String>>,
}

impl Person<'_> {
    pub fn subject(&self) -> Subject {
        Subject::Member(self.id.expect("a member"))
    }

    /// The same person on a device that nobody knows.
    pub fn elsewhere(&self) -> Self {
        Self {
            path: self.path.clone(),
            username: self.username.clone(),
            email: self.email.clone(),
            cookies: Mutex::default(),
            ..*self
        }
    }

    fn cookie_header(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, answer: &Answer) {
        let mut cookies = self.cookies.lock().unwrap();
        for header in answer.headers.get_all("set-cookie") {
            let text = header.to_str().unwrap();
            let (pair, rest) = text.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request
            .header("cookie", self.cookie_header())
            .header("user-agent", "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Firefox/140.0");
        let answer = Answer::of(request.send().await.expect("an answer")).await;
        self.keep(&answer);
        answer
    }

    /// As a program asks. `path` begins behind the organization's.
    pub async fn get(&self, path: &str) -> Answer {
        let url = self.world.url(&format!("{}{path}", self.path));
        self.send(self.world.client.get(url)).await
    }

    /// As a browser asks.
    pub async fn page(&self, path: &str) -> Answer {
        let url = self.world.url(&format!("{}{path}", self.path));
        self.send(self.world.client.get(url).header("accept", "text/html")).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let url = self.world.url(&format!("{}{path}", self.path));
        self.send(self.world.client.post(url).json(body)).await
    }

    /// Sends a form as a browser does.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let url = self.world.url(&format!("{}{path}", self.path));
        let request = self
            .world
            .client
            .post(url)
            .header("accept", "text/html,application/xhtml+xml")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("origin", "null")
            .body(body);
        self.send(request).await
    }

    /// The token that the forms of a page carry.
    pub async fn form_token(&self, path: &str) -> String {
        let answer = self.page(path).await;
        let (_, rest) =
            answer.text.split_once("name=\"form_token\" value=\"").expect("a form with a token");
        rest.split('"').next().unwrap().to_owned()
    }

    pub async fn try_password(&self, password: &str) -> Answer {
        self.post("/sign-in", &json!({ "username": self.username, "password": password })).await
    }

    /// Signs in with [`PASSWORD`], and expects to be in.
    pub async fn signs_in(&self) {
        let answer = self.try_password(PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["waiting"], Value::Null, "{}", answer.text);
    }

    /// Whether the session still counts, without extending it.
    pub async fn is_in(&self) -> bool {
        match self.get("/session").await.status {
            200 => true,
            401 => false,
            other => panic!("{other}"),
        }
    }

    /// The last mail's link whose path has this part, behind the organization's path.
    pub async fn mailed_link(&self, part: &str) -> String {
        let mails = self.world.mails(&self.email).await;
        let text = mails.last().expect("a mail")["text"].as_str().unwrap().to_owned();
        let link = text
            .split_whitespace()
            .find(|word| word.starts_with("http") && word.contains(part))
            .unwrap_or_else(|| panic!("no link with {part} in {text}"));
        let path = link.trim_start_matches(self.world.cloud.address());
        path.trim_start_matches(&self.path).trim_end_matches(['.', '>']).to_owned()
    }

    /// The subjects of all mails to them.
    pub async fn subjects(&self) -> Vec<String> {
        let mails = self.world.mails(&self.email).await;
        mails.iter().map(|mail| mail["subject"].as_str().unwrap().to_owned()).collect()
    }
}
