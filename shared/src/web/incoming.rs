//! A request as API Gateway hands it over, read once.

use std::collections::HashMap;
use std::net::IpAddr;

use http::{HeaderMap, Method, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};
use serde::de::DeserializeOwned;

use super::cookie::Cookies;
use super::failure::{Fault, FieldProblem, Kind};

/// The largest body that is read.
pub const MOST_BYTES: usize = 64 * 1024;

/// A request, with what the routes need at hand.
#[derive(Debug)]
pub struct Incoming {
    /// The method.
    pub method: Method,
    /// The route's path as template.yaml writes it: `/{organization}/{event}`.
    pub route: String,
    /// Where the request came from, as API Gateway saw it.
    pub network: Option<IpAddr>,
    /// The id under which API Gateway logged it.
    pub request: Option<String>,
    address: String,
    headers: HeaderMap,
    path: HashMap<String, String>,
    query: HashMap<String, String>,
    body: Vec<u8>,
}

impl Incoming {
    /// Reads a request.
    #[must_use]
    pub fn read(request: Request) -> Self {
        let (route, network, id) = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV1(context)) => (
                context.resource_path.clone().unwrap_or_default(),
                context.identity.source_ip.as_deref().and_then(|address| address.parse().ok()),
                context.request_id.clone(),
            ),
            _ => (String::new(), None, None),
        };
        let pairs = |parameters: Option<&lambda_http::aws_lambda_events::query_map::QueryMap>| {
            parameters
                .map(|map| {
                    map.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
                })
                .unwrap_or_default()
        };
        let path = pairs(request.path_parameters_ref());
        let query = pairs(request.query_string_parameters_ref());
        let address = request.raw_http_path().to_owned();
        let (mut parts, body) = request.into_parts();
        for (name, value) in &mut parts.headers {
            // Neither may appear where a request is printed.
            value.set_sensitive(name == header::COOKIE || name == header::AUTHORIZATION);
        }
        let body = match body {
            Body::Empty => Vec::new(),
            Body::Text(text) => text.into_bytes(),
            Body::Binary(bytes) => bytes,
            _ => Vec::new(),
        };
        Self {
            method: parts.method,
            route,
            network,
            request: id,
            address,
            headers: parts.headers,
            path,
            query,
            body,
        }
    }

    /// The path as it was asked for. It may hold a personal link: it goes into
    /// no log and no page but the asker's own.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A variable part of the path.
    #[must_use]
    pub fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A parameter of the query; an empty one counts as absent.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The cookies that came with it.
    #[must_use]
    pub fn cookies(&self) -> Cookies {
        Cookies::read(&self.headers)
    }

    /// Whether the asker wants a page: only when its `Accept` names text/html.
    #[must_use]
    pub fn wants_page(&self) -> bool {
        self.headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "text/html"))
    }

    /// Whether the body is a form's.
    #[must_use]
    pub fn is_form(&self) -> bool {
        self.content_type() == "application/x-www-form-urlencoded"
    }

    /// Whether there is no body.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }

    fn content_type(&self) -> String {
        let kind = self.header("content-type").unwrap_or_default();
        kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Refuses what another site makes a browser send. Browsers say where a
    /// request comes from; a program that says nothing is no browser.
    ///
    /// # Errors
    /// [`Kind::Forbidden`].
    pub fn from_this_site(&self, public_address: &str) -> Result<(), Fault> {
        // Our pages send no referrer, so their own forms carry `Origin: null`:
        // then Sec-Fetch-Site alone tells.
        let stranger = match (self.header("sec-fetch-site"), self.header("origin")) {
            (Some(site), _) => !matches!(site, "same-origin" | "none"),
            (None, Some(origin)) => origin != "null" && origin != public_address,
            (None, None) => false,
        };
        if stranger {
            return Err(Fault::new(
                Kind::Forbidden,
                "This request came from another site. Please use the page of the appointment itself.",
            ));
        }
        Ok(())
    }

    /// The fields of a form by name, in full.
    ///
    /// # Errors
    /// When the body is too large, is no form, or names a field twice.
    pub fn form(&self) -> Result<HashMap<String, String>, Fault> {
        self.small_enough()?;
        let mut fields = HashMap::new();
        for (name, value) in form_urlencoded::parse(&self.body) {
            if fields.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(Fault::field(&name, "This field is there twice."));
            }
        }
        Ok(fields)
    }

    /// The body as a typed request: JSON, or a form whose empty fields are
    /// absent. Unknown fields are refused.
    ///
    /// # Errors
    /// [`Fault`] names the field and the reason.
    pub fn typed<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        if self.is_form() {
            let fields = self.form()?;
            return from_form(fields);
        }
        self.small_enough()?;
        if self.content_type() != "application/json" {
            return Err(Fault::new(
                Kind::UnsupportedMediaType,
                "Send application/json, or the form of the page.",
            ));
        }
        // A list of values in the fields' order would be read too; it is no request.
        let first = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
        if first.is_some_and(|first| *first != b'{') {
            return Err(Fault::field("body", "Send a JSON object: { … }."));
        }
        let reader = &mut serde_json::Deserializer::from_slice(&self.body);
        let read = serde_path_to_error::deserialize(&mut *reader).map_err(|error| {
            let field = error.path().to_string();
            refusal(&field, error.into_inner())
        })?;
        reader.end().map_err(|error| refusal(".", error))?;
        Ok(read)
    }

    fn small_enough(&self) -> Result<(), Fault> {
        if self.body.len() > MOST_BYTES {
            return Err(Fault::new(Kind::TooLarge, "This is too much text: at most 64 KB."));
        }
        Ok(())
    }
}

/// A form's fields as a typed request.
///
/// # Errors
/// [`Fault`] names the field and the reason.
pub fn from_form<T: DeserializeOwned>(fields: HashMap<String, String>) -> Result<T, Fault> {
    let fields: serde_json::Map<String, serde_json::Value> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.into()))
        .collect();
    from_object(fields)
}

/// A request out of the fields of a form that were brought into the form of
/// JSON: for forms that hold more than texts.
///
/// # Errors
/// [`Fault`] names the field and the reason.
pub fn from_object<T: DeserializeOwned>(
    fields: serde_json::Map<String, serde_json::Value>,
) -> Result<T, Fault> {
    serde_path_to_error::deserialize(serde_json::Value::Object(fields)).map_err(|error| {
        let field = error.path().to_string();
        refusal(&field, error.into_inner())
    })
}

/// Says what is wrong with a body without repeating what it said: a value in
/// the wrong place may be a personal one.
fn refusal(path: &str, error: serde_json::Error) -> Fault {
    let said = error.to_string();
    let named = |prefix: &str| {
        said.strip_prefix(prefix).and_then(|rest| rest.split('`').next()).map(str::to_owned)
    };
    let problem = |field: String, message: &str| {
        Fault::fields(vec![FieldProblem { field, message: message.to_owned() }])
    };
    if let Some(field) = named("missing field `") {
        return problem(field, "Please fill this in.");
    }
    if said.starts_with("unknown field `") {
        let field = if path == "." { "body" } else { path };
        return problem(field.to_owned(), "There is no field of this name.");
    }
    if let Some(field) = named("duplicate field `") {
        return problem(field, "This field is there twice.");
    }
    if error.is_data() {
        let field = if path == "." { "body" } else { path };
        return problem(field.to_owned(), &must_be(&said));
    }
    let place = format!("line {}, column {}", error.line(), error.column());
    problem("body".to_owned(), &format!("This is not JSON: see {place}."))
}

/// What kind of value belongs here, by serde's own words for it: they come last,
/// behind the value that was sent.
fn must_be(said: &str) -> String {
    let expected = said.rsplit(", expected ").next().unwrap_or_default();
    let expected = expected.split(" at line ").next().unwrap_or_default();
    if let Some(words) = expected.strip_prefix("one of ").or(Some(expected))
        && words.starts_with('`')
    {
        return format!(
            "This must be one of: {}.",
            words.replace("` or `", "`, `").replace('`', "\"")
        );
    }
    let what = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        words if words.starts_with("struct ") => "an object",
        _ => "a text",
    };
    format!("This must be {what}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Fate {
        Removed,
        Seats,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read is of interest")]
    struct Wish {
        name: Option<String>,
        days: Option<u32>,
        shift: Option<i64>,
        sure: Option<bool>,
        fate: Option<Fate>,
        list: Option<Vec<String>>,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether it can be read is of interest")]
    struct Inner {
        days: u32,
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_told_which_kind_belongs_there_and_is_not_repeated() {
        let table = [
            (json!({ "name": 7 }), "name", "This must be a text."),
            (json!({ "days": "seven" }), "days", "This must be a whole number, 0 or more."),
            (json!({ "days": -3 }), "days", "This must be a whole number, 0 or more."),
            (json!({ "days": 1.5 }), "days", "This must be a whole number, 0 or more."),
            (
                json!({ "days": "x, expected a map" }),
                "days",
                "This must be a whole number, 0 or more.",
            ),
            (json!({ "shift": [] }), "shift", "This must be a whole number."),
            (json!({ "sure": "yes" }), "sure", "This must be true or false."),
            (json!({ "fate": "kept" }), "fate", "This must be one of: \"removed\", \"seats\"."),
            (json!({ "list": "one" }), "list", "This must be a list."),
            (json!({ "inner": "one" }), "inner", "This must be an object."),
            (
                json!({ "inner": { "days": "x" } }),
                "inner.days",
                "This must be a whole number, 0 or more.",
            ),
            (json!({ "inner": {} }), "days", "Please fill this in."),
            (json!({ "more": 1 }), "more", "There is no field of this name."),
        ];
        for (wish, field, message) in table {
            let serde_json::Value::Object(fields) = wish.clone() else { unreachable!() };
            let fault = from_object::<Wish>(fields).unwrap_err();
            assert_eq!(fault.fields.len(), 1, "{wish}");
            let found = (&*fault.fields[0].field, &*fault.fields[0].message);
            assert_eq!(found, (field, message), "{wish}");
            // As a body it has a place as well, which is of no use to anybody here.
            let text = wish.to_string();
            let mut reader = serde_json::Deserializer::from_str(&text);
            let error = serde_path_to_error::deserialize::<_, Wish>(&mut reader).unwrap_err();
            let path = error.path().to_string();
            let fault = refusal(&path, error.into_inner());
            assert_eq!((&*fault.fields[0].field, &*fault.fields[0].message), (field, message));
        }
    }
}
