//! Chromium, driven over the WebDriver protocol: JSON over HTTP, so that the
//! client the other tests have already is enough.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What a key is called in the protocol.
pub mod key {
    pub const TAB: char = '\u{E004}';
    pub const ENTER: char = '\u{E007}';
    pub const LEFT: char = '\u{E012}';
    pub const RIGHT: char = '\u{E014}';
    pub const DOWN: char = '\u{E015}';
    pub const SPACE: char = ' ';
}

/// The name under which the protocol hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long the driver looks for an element before it says there is none.
const PATIENCE_MILLISECONDS: u64 = 10_000;

/// Whether pages may run their script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    On,
    Off,
}

/// A running Chromium with its driver. Both end with this value, however the
/// test ends.
pub struct Chromium {
    client: reqwest::Client,
    session: String,
    driver: Driver,
    _profile: TempDir,
}

/// An element of the page that is shown.
#[derive(Debug, Clone)]
pub struct Element(String);

struct Driver {
    process: Child,
    address: String,
    /// The driver writes to it now and then, and would end if nobody could read.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts a driver of the test's own, on a port that the driver picks.
    fn start() -> Self {
        let mut process = Command::new(program())
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver starts: on Debian, install chromium and chromium-driver");
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        let mut line = String::new();
        let port = loop {
            line.clear();
            let read = output.read_line(&mut line).expect("chromedriver says its port");
            assert!(read > 0, "chromedriver ended before it said its port");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim().trim_end_matches('.').to_owned();
            }
        };
        Self { process, address: format!("http://127.0.0.1:{port}"), _output: output }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Chromium hangs on a pipe of the driver's and ends with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The driver on the search path, else where Debian puts it.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("chromedriver"))
        .find(|file| file.is_file())
        .unwrap_or_else(|| Path::new("/usr/bin/chromedriver").to_owned())
}

impl Chromium {
    /// A fresh browser that knows nothing.
    pub async fn start(script: Script) -> Self {
        let driver = Driver::start();
        let profile = tempfile::tempdir().expect("a folder for the browser's profile");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let javascript = match script {
            Script::On => 1,
            Script::Off => 2,
        };
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "timeouts": { "implicit": PATIENCE_MILLISECONDS, "script": 30_000 },
            "goog:chromeOptions": {
                "args": [
                    "--headless",
                    // As root, which CI is, Chromium's own sandbox does not start.
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    // It asks nobody but the page's server.
                    "--disable-quic",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--no-first-run",
                    "--remote-debugging-pipe",
                    "--force-color-profile=srgb",
                    "--hide-scrollbars",
                    format!("--user-data-dir={}", profile.path().display()),
                ],
                "prefs": { "profile.managed_default_content_settings.javascript": javascript },
            },
        } } });
        let answer = send(
            &client,
            Method::POST,
            &format!("{}/session", driver.address),
            Some(&capabilities),
        )
        .await
        .unwrap_or_else(|why| panic!("Chromium did not start: {why}"));
        let id = answer["sessionId"].as_str().expect("a session's id");
        let session = format!("{}/session/{id}", driver.address);
        Self { client, session, driver, _profile: profile }
    }

    /// Ends the browser in good order.
    pub async fn close(self) {
        let _ = send(&self.client, Method::DELETE, &self.session, None).await;
        drop(self.driver);
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, String> {
        send(&self.client, method, &format!("{}{path}", self.session), body).await
    }

    async fn tell(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Opens an address and waits until its page is loaded.
    pub async fn open(&self, url: &str) {
        self.tell("/url", &json!({ "url": url }))
            .await
            .unwrap_or_else(|why| panic!("{url} does not open: {why}"));
    }

    /// The address of the page that is shown.
    pub async fn address(&self) -> String {
        let url = self.ask(Method::GET, "/url", None).await.expect("an address");
        url.as_str().expect("an address").to_owned()
    }

    /// The element at an XPath; the driver waits for it to appear.
    pub async fn find(&self, path: &str) -> Result<Element, String> {
        let found = self.tell("/element", &json!({ "using": "xpath", "value": path })).await?;
        Ok(Element(found[ELEMENT].as_str().ok_or("no element")?.to_owned()))
    }

    /// Clicks it as a mouse would: what lies over it is hit instead.
    pub async fn click(&self, element: &Element) -> Result<(), String> {
        self.tell(&format!("/element/{}/click", element.0), &json!({})).await.map(|_| ())
    }

    /// Empties a field.
    pub async fn clear(&self, element: &Element) -> Result<(), String> {
        self.tell(&format!("/element/{}/clear", element.0), &json!({})).await.map(|_| ())
    }

    /// Types into an element.
    pub async fn type_into(&self, element: &Element, text: &str) -> Result<(), String> {
        let path = format!("/element/{}/value", element.0);
        self.tell(&path, &json!({ "text": text })).await.map(|_| ())
    }

    /// What an element says to who sees it.
    pub async fn text(&self, element: &Element) -> Result<String, String> {
        let text = self.ask(Method::GET, &format!("/element/{}/text", element.0), None).await?;
        Ok(text.as_str().ok_or("no text")?.to_owned())
    }

    /// A property of an element, as script would read it.
    pub async fn property(&self, element: &Element, name: &str) -> Result<String, String> {
        let path = format!("/element/{}/property/{name}", element.0);
        let value = self.ask(Method::GET, &path, None).await?;
        Ok(value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
    }

    /// What follows is about the document inside a frame.
    pub async fn enter(&self, frame: &Element) -> Result<(), String> {
        self.tell("/frame", &json!({ "id": { ELEMENT: frame.0 } })).await.map(|_| ())
    }

    /// What follows is about the page again.
    pub async fn leave_frames(&self) -> Result<(), String> {
        self.tell("/frame", &json!({ "id": null })).await.map(|_| ())
    }

    /// Presses keys one after the other, wherever the focus is.
    pub async fn press(&self, keys: impl IntoIterator<Item = char>) {
        let actions: Vec<Value> = keys
            .into_iter()
            .flat_map(|key| {
                [
                    json!({ "type": "keyDown", "value": key }),
                    json!({ "type": "keyUp", "value": key }),
                ]
            })
            .collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        self.tell("/actions", &body).await.unwrap_or_else(|why| panic!("keys: {why}"));
    }

    /// Runs script from outside, which no policy of the page forbids.
    pub async fn execute(&self, script: &str, arguments: &[Value]) -> Result<Value, String> {
        self.tell("/execute/sync", &json!({ "script": script, "args": arguments })).await
    }

    /// Gives the browser a device that holds passkeys, whose owner agrees to
    /// whatever it asks.
    pub async fn add_authenticator(&self) {
        let device = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserConsenting": true, "isUserVerified": true,
        });
        self.tell("/webauthn/authenticator", &device).await.expect("an authenticator");
    }

    /// A command of Chromium's own protocol.
    pub async fn chromium(&self, command: &str, parameters: Value) -> Value {
        self.tell("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
            .await
            .unwrap_or_else(|why| panic!("{command}: {why}"))
    }
}

async fn send(
    client: &reqwest::Client,
    method: Method,
    url: &str,
    body: Option<&Value>,
) -> Result<Value, String> {
    let mut request = client.request(method, url);
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.map_err(|error| format!("{url}: {error}"))?;
    let succeeded = answer.status().is_success();
    let answer: Value = answer.json().await.map_err(|error| format!("{url}: {error}"))?;
    let value = answer["value"].clone();
    if succeeded {
        return Ok(value);
    }
    // The rest is the driver's own stack.
    let message = value["message"].as_str().unwrap_or_default().lines().next().unwrap_or_default();
    Err(format!("{}: {message}", value["error"].as_str().unwrap_or("no reason")))
}
