//! A visitor: somebody with a browser, at a local cloud of their own.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use kept::{LocalCloud, Options};
use serde_json::{Value, json};
use shared::event::Event;

use crate::inspection::{Inspector, Kind, screen};
use crate::webdriver::{Chromium, Element, Script, key};

/// The first moment of every story: a Monday in New York, so that the days on
/// the pictures are the same in every run.
const BEGINNING: &str = "2026-11-30T14:00:00Z";

/// How wide the visitor's screen is.
const DESK: u32 = 1280;

/// No way through a page is longer than this.
const MOST_STOPS: usize = 60;

/// What a condition may take to become true.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Visitor {
    pub cloud: LocalCloud,
    pub chromium: Chromium,
    programs: reqwest::Client,
    inspector: Inspector,
}

impl Visitor {
    /// Starts a local cloud with the demonstration, and a browser.
    pub async fn arrive(script: Script) -> Self {
        let starts_at = Some(BEGINNING.parse().expect("a time"));
        let options = Options { starts_at, ..Options::default() };
        let cloud = LocalCloud::start(options).await.expect("the local cloud starts");
        let chromium = Chromium::start(script).await;
        screen(&chromium, DESK).await;
        let zone = json!({ "timezoneId": "America/New_York" });
        chromium.chromium("Emulation.setTimezoneOverride", zone).await;
        let programs = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { cloud, chromium, programs, inspector: Inspector::new() }
    }

    /// Ends everything, and fails if a page was not as it should be.
    pub async fn leave(self) {
        self.chromium.close().await;
        self.cloud.stop().await;
        self.inspector.conclude();
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.cloud.address())
    }

    // ------------------------------------------------------------ what one does

    pub async fn opens(&self, path: &str) {
        self.chromium.open(&self.url(path)).await;
    }

    pub async fn clicks(&self, path: &str) {
        let element = self.finds(path).await;
        self.chromium.click(&element).await.unwrap_or_else(|why| panic!("{path}: {why}"));
    }

    /// Clicks the link, the button or the fold that says exactly this.
    pub async fn chooses(&self, words: &str) {
        self.clicks(&format!(
            "//*[self::a or self::button or self::summary][normalize-space()={}]",
            quoted(words)
        ))
        .await;
    }

    /// Empties the field with this label and types.
    pub async fn fills(&self, label: &str, text: &str) {
        let field = self.finds(&field(label)).await;
        self.chromium.clear(&field).await.expect("a field to clear");
        self.chromium.type_into(&field, text).await.expect("a field to type into");
    }

    /// Chooses from a list by what it says there.
    pub async fn picks(&self, label: &str, words: &str) {
        let path = format!("{}/option[normalize-space()={}]", field(label), quoted(words));
        self.clicks(&path).await;
    }

    pub async fn presses(&self, key: char) {
        self.chromium.press([key]).await;
    }

    pub async fn types(&self, text: &str) {
        self.chromium.press(text.chars()).await;
    }

    /// Presses Tab until what has the focus says this, or is labelled so. At
    /// every stop it must be visible where the focus is.
    pub async fn tabs_to(&self, words: &str) {
        let mut stops = Vec::new();
        for _ in 0..MOST_STOPS {
            self.presses(key::TAB).await;
            let (name, outlined) = self.focus().await;
            assert!(outlined, "the focus on {name:?} cannot be seen");
            if name == words {
                return;
            }
            stops.push(name);
        }
        panic!("Tab does not come to {words:?}; it came to {stops:?}");
    }

    /// The name of what has the focus, after the name of the group it is in, and
    /// whether that can be seen.
    pub async fn focus(&self) -> (String, bool) {
        let script = "const one = document.activeElement;
            const label = one.labels && one.labels.length ? one.labels[0] : null;
            const group = one.closest('li') && one.closest('[role=group]');
            const by = group && document.getElementById(group.getAttribute('aria-labelledby'));
            const name = (by ? by.textContent + ', ' : '') + (label || one).textContent;
            const shown = [one, label].filter(Boolean).some(one => {
                const style = getComputedStyle(one);
                return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
            });
            return [name.replace(/\\s+/g, ' ').trim(), shown];";
        let found = self.chromium.execute(script, &[]).await.expect("a focus");
        (found[0].as_str().unwrap_or_default().to_owned(), found[1] == true)
    }

    // ------------------------------------------------------------ what one sees

    /// The element at an XPath, once it is there.
    pub async fn finds(&self, path: &str) -> Element {
        match self.chromium.find(path).await {
            Ok(element) => element,
            Err(why) => panic!("{why}\nThe page says:\n{}", self.reads().await),
        }
    }

    /// What the page says.
    pub async fn reads(&self) -> String {
        match self.chromium.find("//body").await {
            Ok(body) => self.chromium.text(&body).await.unwrap_or_default(),
            Err(why) => why,
        }
    }

    /// Waits until the page says this.
    pub async fn sees(&self, words: &str) {
        let body = format!("//body[contains(normalize-space(.), {})]", quoted(words));
        self.finds(&body).await;
    }

    /// Fails if the page says this.
    pub async fn does_not_see(&self, words: &str) {
        let page = self.reads().await;
        assert!(!page.contains(words), "the page says {words:?}:\n{page}");
    }

    /// Waits until the page has this heading.
    pub async fn stands_at(&self, heading: &str) {
        self.finds(&format!("//h1[normalize-space()={}]", quoted(heading))).await;
    }

    /// What an element says.
    pub async fn text(&self, path: &str) -> String {
        let element = self.finds(path).await;
        self.chromium.text(&element).await.expect("a text")
    }

    /// Where a link leads, or what a field holds.
    pub async fn property(&self, path: &str, name: &str) -> String {
        let element = self.finds(path).await;
        self.chromium.property(&element, name).await.expect("a property")
    }

    /// Has the page inspected and its pictures taken under this name.
    pub async fn looks_at(&mut self, name: &str) {
        self.inspects(name, Kind::Page).await;
    }

    /// Has the page printed; on how many sheets.
    pub async fn prints(&mut self, name: &str) -> usize {
        let sheets = self.inspector.print(&self.chromium, name).await;
        screen(&self.chromium, DESK).await;
        sheets
    }

    async fn inspects(&mut self, name: &str, kind: Kind) {
        self.inspector.inspect(&self.chromium, name, kind).await;
        screen(&self.chromium, DESK).await;
    }

    // --------------------------------------------------------------- signing in

    /// Signs in with username and password at the page to sign in.
    pub async fn signs_in(&self, username: &str, password: &str) {
        self.stands_at("Sign in").await;
        self.fills("Username", username).await;
        self.fills("Password", password).await;
        self.chooses("Sign in").await;
    }

    pub async fn signs_out(&self) {
        self.chooses("Sign out").await;
        self.sees("You are signed out.").await;
    }

    /// Opens the invitation that was mailed and joins the team.
    pub async fn accepts_the_invitation_to(&self, address: &str, password: &str) {
        self.opens_the_mail_to(address, "Invitation").await;
        self.follows_the_mails_link("Choose a password").await;
        self.fills("New password", password).await;
        self.chooses("Join").await;
        self.stands_at("Team pages").await;
    }

    /// The code that an app with this secret shows now.
    pub fn code(&self, secret: &str) -> String {
        let secret = shared::identity::factor::Secret::parse(&secret.replace(' ', ""));
        secret.expect("a secret").code(self.cloud.service().clock.now()).expect("a code")
    }

    /// Comes back to the page after having looked at something else.
    pub async fn comes_back_to_the_page(&self) {
        let come = "document.dispatchEvent(new Event('visibilitychange'))";
        self.chromium.execute(come, &[]).await.expect("a page");
    }

    // -------------------------------------------------------------------- mail

    /// Opens the newest mail to an address in the catcher, as a page.
    pub async fn opens_the_mail_to(&self, address: &str, subject: &str) {
        assert!(self.cloud.settle().await, "the streams did not drain");
        self.opens("/_local/mail").await;
        let newest = format!(
            "(//li[contains(normalize-space(.), {})]/a[contains(., {})])[1]",
            quoted(&format!("to {address}")),
            quoted(subject)
        );
        self.clicks(&newest).await;
        self.finds("//iframe").await;
    }

    /// Follows the link in the mail that is open.
    pub async fn follows_the_mails_link(&self, words: &str) {
        let frame = self.finds("//iframe").await;
        self.chromium.enter(&frame).await.expect("the mail in its frame");
        self.chooses(words).await;
        self.chromium.leave_frames().await.expect("the page again");
    }

    /// Looks at the mail that is open, as a mail program shows it. The catcher
    /// lets no script run beside it, and so not the inspection's either.
    pub async fn looks_at_the_mail(&mut self, name: &str) {
        let letter = self.property("//iframe", "src").await;
        let (_, _, letter) = self.fetches(&letter).await;
        let page = self.chromium.address().await;
        self.chromium.open("about:blank").await;
        let show = "document.open(); document.write(arguments[0]); document.close();";
        self.chromium.execute(show, &[json!(letter)]).await.expect("the mail alone");
        self.inspects(name, Kind::Mail).await;
        self.chromium.open(&page).await;
    }

    // ---------------------------------------------- what others do meanwhile

    /// The times of an event that are free, as a program gets them.
    pub async fn free_times(&self, event: &str, query: &str) -> Vec<Value> {
        let answer = self.programs.get(self.url(&format!("{event}/slots?{query}"))).send().await;
        let answer: Value = answer.expect("an answer").json().await.expect("a list");
        answer["slots"].as_array().expect("times").clone()
    }

    /// Somebody else books a time, without a browser.
    pub async fn somebody_else_books(&self, event: &str, slot: &str) {
        let mut chance = [0; 6];
        fill(&mut chance);
        let email = format!("{}@example.org", shared::ids::to_text(&chance));
        self.a_family_books(
            event,
            json!({ "slot": slot, "name": "Somebody Else", "email": email }),
        )
        .await;
    }

    /// Books as it is wished, without a browser.
    pub async fn a_family_books(&self, event: &str, wish: Value) {
        let mut chance = [0; 16];
        fill(&mut chance);
        let request = self
            .programs
            .post(self.url(&format!("{event}/bookings")))
            .header("idempotency-key", shared::ids::to_text(&chance))
            .json(&wish);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap_or_default());
    }

    /// What a link gives to a program: status, kind and text.
    pub async fn fetches(&self, url: &str) -> (u16, String, String) {
        let answer = self.programs.get(url).send().await.expect("an answer");
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        (answer.status().as_u16(), kind, answer.text().await.expect("a text"))
    }

    /// The school or clinic changes one of its events.
    pub async fn the_organization_changes(
        &self,
        organization: &str,
        event: &str,
        change: impl FnOnce(&mut Event, Timestamp),
    ) {
        let service = self.cloud.service();
        let now = service.clock.now();
        let stored = service.organization(organization, now).await.expect("DynamoDB");
        let stored = stored.expect("the organization");
        let changed = stored.events.iter().find(|one| one.web_name.as_str() == event);
        let mut changed = changed.expect("the event").clone();
        change(&mut changed, now);
        shared::event::store::put(service, stored.organization.id, &changed)
            .await
            .expect("DynamoDB");
        // What was remembered of it is old by then.
        self.moves_the_clock("PT5S").await;
    }

    /// Time passes.
    pub async fn moves_the_clock(&self, by: &str) {
        let request = self.programs.post(self.url("/_local/clock")).json(&json!({ "advance": by }));
        assert_eq!(request.send().await.expect("an answer").status(), 200);
    }
}

fn fill(chance: &mut [u8]) {
    use shared::ambient::Chance as _;
    shared::ambient::SystemChance.fill(chance).expect("chance");
}

/// Waits until a condition holds.
pub async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what}: that did not come true"));
}

/// The field with this label, which may say as well that it is optional.
fn field(label: &str) -> String {
    format!(
        "//*[@id=//label[normalize-space()={} or normalize-space()={}]/@for]",
        quoted(label),
        quoted(&format!("{label} (optional)"))
    )
}

/// Words as XPath writes them. It knows no escapes.
fn quoted(words: &str) -> String {
    assert!(!words.contains('"'), "{words}");
    format!("\"{words}\"")
}
