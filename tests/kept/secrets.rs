//! What opens an account is kept nowhere as it was typed, and what failed is
//! told without its causes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use shared::identity::factor::Secret;
use shared::trouble::Trouble;
use shared::web::Fault;

use crate::crash::Program;
use crate::people::PASSWORD;
use crate::world::Answer;

const WRONG: &str = "canary wrong guess of somebody";

/// A text as it might lie somewhere: as it is, escaped for an address, or encoded.
fn guises(text: &str) -> Vec<Vec<u8>> {
    let escaped: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let mut found = vec![text.as_bytes().to_vec(), escaped.into_bytes()];
    for shift in 0..3 {
        // Base64 of a text inside a longer one, at each of its three alignments.
        let padded = format!("{}{text}", " ".repeat(shift));
        let encoded = data_encoding::BASE64_NOPAD.encode(padded.as_bytes());
        found.push(encoded.as_bytes()[4..encoded.len() - 4].to_vec());
    }
    found.push(data_encoding::HEXLOWER.encode(text.as_bytes()).into_bytes());
    found
}

fn assert_none(what: &str, bytes: &[u8], secrets: &[(&str, String)]) {
    for (name, secret) in secrets {
        for guise in guises(secret) {
            assert!(
                !bytes.windows(guise.len()).any(|window| window == guise),
                "{what} holds the {name}"
            );
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path) } else { vec![path] }
        })
        .collect()
}

/// The secret part of a cookie that an answer sets.
fn cookie(answer: &Answer, part: &str) -> (String, String) {
    let cookies = answer.headers.get_all("set-cookie");
    let pair = cookies
        .iter()
        .map(|header| header.to_str().unwrap().split(';').next().unwrap())
        .find(|pair| pair.contains(part))
        .expect("a cookie");
    let (name, value) = pair.split_once('=').unwrap();
    (name.to_owned(), value.to_owned())
}

#[tokio::test]
async fn no_password_token_link_or_code_lies_in_a_file_a_log_line_or_a_queue() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let filter = "info,kept=trace,booking=trace,login=trace,organizer=trace,notify=trace,\
                  sealer=trace,shared=trace";
    let program = Program::logging(&data, filter, std::fs::File::create(&log).unwrap().into());
    let address = program.address.clone();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.build().unwrap();
    let send = async |method: &str, path: &str, cookie: &str, body: Value| {
        let url = format!("{address}{path}");
        let request = match method {
            "GET" => client.get(url),
            _ => client.post(url).json(&body),
        };
        Answer::of(request.header("cookie", cookie).send().await.unwrap()).await
    };
    send("POST", "/_local/settle", "", json!({})).await;
    let mail = send("GET", "/_local/mail", "", Value::Null).await;
    let (_, link) = mail.text.split_once("/maple-street-school/invitation/").expect("a mail");
    let link: String = link.chars().take_while(char::is_ascii_alphanumeric).collect();
    let path = format!("/maple-street-school/invitation/{link}");
    let joined = send("POST", &path, "", json!({ "password": PASSWORD })).await;
    assert_eq!(joined.status, 200, "{}", joined.text);
    let (name, token) = cookie(&joined, "session");
    let session = format!("{name}={token}");
    let (_, device) = cookie(&joined, "device");

    let school = |rest: &str| format!("/maple-street-school{rest}");
    let begun = send("GET", &school("/account/codes"), &session, Value::Null).await;
    let secret = begun.json()["secret"].as_str().unwrap().to_owned();
    let now: Value = send("GET", "/_local/clock", "", Value::Null).await.json();
    let now: jiff::Timestamp = now["now"].as_str().expect("a time").parse().unwrap();
    let code = Secret::parse(&secret).unwrap().code(now).unwrap();
    let on = send("POST", &school("/account/codes"), &session, json!({ "code": code })).await;
    assert_eq!(on.status, 200, "{}", on.text);
    let recovery = on.json()["recovery_codes"][0].as_str().unwrap().to_owned();
    // What is refused must not be kept or logged either.
    let wrong = json!({ "username": "robin", "password": WRONG });
    send("POST", &school("/sign-in"), "", wrong).await;
    send("POST", &school("/sign-in"), "", json!({ "username": WRONG, WRONG: WRONG })).await;
    send("POST", &school("/account/meter"), "", json!({ "password": WRONG })).await;
    let change = json!({ "current": WRONG, "password": PASSWORD });
    send("POST", &school("/account/password"), &session, change).await;
    send("GET", &school(&format!("/reset/{link}")), "", Value::Null).await;
    send("POST", "/_local/settle", "", json!({})).await;

    let secrets = [
        ("password", PASSWORD.to_owned()),
        ("wrong password", WRONG.to_owned()),
        ("session's token", token[27..].to_owned()),
        ("device's proof", device[device.len() - 26..].to_owned()),
        ("mailed link", link[27..].to_owned()),
        ("secret of the app", secret),
        ("recovery code", recovery.replace('-', "")),
        ("recovery code as it is written", recovery),
    ];
    let letters = send("GET", "/_local/dead-letters", "", Value::Null).await;
    assert_none("a dead letter", letters.text.as_bytes(), &secrets);
    program.kill();
    for file in files(&data) {
        assert_none(&file.display().to_string(), &std::fs::read(&file).unwrap(), &secrets);
    }
    let logged = std::fs::read(&log).unwrap();
    assert!(logged.len() > 1_000, "it logged too little to prove anything");
    assert_none("the log", &logged, &secrets);
}

/// What is logged, to be read afterwards.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_failed_is_logged_with_its_causes_and_told_without_them() {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let fault = tracing::subscriber::with_default(log, || {
        Fault::from(Trouble::unavailable("reading a member", "the table Identity is not there"))
    });
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("ERROR") && logged.contains("the table Identity is not there"));
    assert_eq!(fault.kind.status(), 503);
    assert!(!fault.message.contains("Identity") && fault.fields.is_empty(), "{fault:?}");
}

#[test]
fn only_its_owner_types_a_password_and_nobody_is_asked_for_a_hint() {
    let mut passwords = Vec::new();
    for described in [login::description(), organizer::description()] {
        let described = serde_json::to_value(described).unwrap();
        passwords.extend(typed_passwords(&described));
    }
    passwords.sort_unstable();
    assert_eq!(
        passwords,
        [
            "/sign-up/{link}",
            "/{organization}/account/confirm",
            "/{organization}/account/meter",
            "/{organization}/account/password",
            "/{organization}/invitation/{link}",
            "/{organization}/reset/{link}",
            "/{organization}/sign-in",
        ],
        "nobody else's password is typed anywhere"
    );
}

/// The routes of a description whose requests hold a password. None asks for a
/// hint or for something that others know as well.
fn typed_passwords(described: &Value) -> Vec<String> {
    let fields_of = |shape: &str| -> Vec<String> {
        let properties = &described["components"]["schemas"][shape]["properties"];
        properties.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default()
    };
    let mut found = Vec::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        let body = &methods["post"]["requestBody"]["content"]["application/json"]["schema"];
        let Some(shape) = body["$ref"].as_str() else { continue };
        for field in fields_of(shape.rsplit('/').next().unwrap()) {
            for word in ["hint", "question", "answer", "secret_word", "birth"] {
                assert!(!field.contains(word), "{path} asks for {field}");
            }
            if field == "password" {
                found.push(path.clone());
            }
        }
    }
    found
}
