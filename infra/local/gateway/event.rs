//! The event that a REST API hands to a function.

use super::routes::Match;
use crate::account::ACCOUNT;
use axum::http::{HeaderMap, Method, request};
use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What an event is made of.
pub(super) struct Parts<'a> {
    pub(super) found: &'a Match<'a>,
    pub(super) method: &'a Method,
    pub(super) request: &'a request::Parts,
    pub(super) body: &'a [u8],
    pub(super) peer: SocketAddr,
    pub(super) id: &'a str,
    pub(super) stage: &'a str,
    pub(super) now: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    resource: &'a str,
    path: &'a str,
    http_method: &'a str,
    headers: Headers<'a>,
    multi_value_headers: MultiValueHeaders<'a>,
    query_string_parameters: Option<BTreeMap<&'a str, &'a str>>,
    multi_value_query_string_parameters: Option<&'a BTreeMap<String, Vec<String>>>,
    path_parameters: Option<BTreeMap<&'a str, &'a str>>,
    stage_variables: Option<()>,
    request_context: Context<'a>,
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    account_id: &'static str,
    api_id: &'static str,
    resource_id: &'static str,
    resource_path: &'a str,
    http_method: &'a str,
    path: &'a str,
    protocol: &'static str,
    stage: &'a str,
    domain_name: Cow<'a, str>,
    domain_prefix: &'static str,
    request_id: &'a str,
    extended_request_id: &'a str,
    request_time: String,
    request_time_epoch: i64,
    identity: Identity<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    source_ip: String,
    user_agent: Option<Cow<'a, str>>,
}

pub(super) fn compose(parts: &Parts<'_>) -> serde_json::Result<String> {
    let headers = &parts.request.headers;
    let method = parts.method.as_str();
    let path = parts.request.uri.path();
    let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if let Some(text) = parts.request.uri.query() {
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            query.entry(name.into_owned()).or_default().push(value.into_owned());
        }
    }
    // Of repeated parameters the last stands in the single-valued map.
    let single = query
        .iter()
        .filter_map(|(name, values)| Some((name.as_str(), values.last()?.as_str())))
        .collect();
    let event = Event {
        resource: parts.found.resource,
        path,
        http_method: method,
        headers: Headers(headers),
        multi_value_headers: MultiValueHeaders(headers),
        query_string_parameters: (!query.is_empty()).then_some(single),
        multi_value_query_string_parameters: (!query.is_empty()).then_some(&query),
        path_parameters: (!parts.found.variables.is_empty())
            .then(|| parts.found.variables.iter().copied().collect()),
        stage_variables: None,
        request_context: Context {
            account_id: ACCOUNT,
            api_id: "local",
            resource_id: "local",
            resource_path: parts.found.resource,
            http_method: method,
            path,
            protocol: "HTTP/1.1",
            stage: parts.stage,
            domain_name: headers.get("host").map_or(Cow::Borrowed("localhost"), text),
            domain_prefix: "localhost",
            request_id: parts.id,
            extended_request_id: parts.id,
            request_time: parts.now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            request_time_epoch: parts.now.as_millisecond(),
            // The connection's other end; a header could say anything.
            identity: Identity {
                source_ip: parts.peer.ip().to_string(),
                user_agent: headers.get("user-agent").map(text),
            },
        },
        // A REST API without binary types reads every body as text.
        body: (!parts.body.is_empty()).then(|| String::from_utf8_lossy(parts.body)),
        is_base64_encoded: false,
    };
    serde_json::to_string(&event)
}

/// Of repeated headers the last stands in the single-valued map.
struct Headers<'a>(&'a HeaderMap);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.keys_len()))?;
        for name in self.0.keys() {
            if let Some(value) = self.0.get_all(name).iter().next_back() {
                map.serialize_entry(name.as_str(), &text(value))?;
            }
        }
        map.end()
    }
}

struct MultiValueHeaders<'a>(&'a HeaderMap);

impl Serialize for MultiValueHeaders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.keys_len()))?;
        for name in self.0.keys() {
            let values: Vec<_> = self.0.get_all(name).iter().map(text).collect();
            map.serialize_entry(name.as_str(), &values)?;
        }
        map.end()
    }
}

fn text(value: &axum::http::HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use lambda_http::RequestExt;

    #[test]
    fn the_event_is_read_by_the_real_request_type() {
        let (request, ()) = Request::builder()
            .uri("/maple/flu?day=2026-12-03&resource=a&resource=b%20c")
            .header("host", "localhost:8080")
            .header("x-forwarded-for", "203.0.113.9")
            .header("accept", "text/html")
            .body(())
            .unwrap()
            .into_parts();
        let variables = vec![("organization", "maple"), ("event", "flu")];
        let found = Match { resource: "/{organization}/{event}", function: 0, variables };
        let event = compose(&Parts {
            found: &found,
            method: &Method::GET,
            request: &request,
            body: b"",
            peer: "127.0.0.1:5000".parse().unwrap(),
            id: "id",
            stage: "live",
            now: Timestamp::UNIX_EPOCH,
        })
        .unwrap();
        let read = lambda_http::request::from_str(&event).unwrap();
        assert_eq!(read.path_parameters().first("organization"), Some("maple"));
        let query = read.query_string_parameters();
        assert_eq!(query.all("resource"), Some(vec!["a", "b c"]));
        let context = read.request_context();
        let lambda_http::request::RequestContext::ApiGatewayV1(context) = context else {
            panic!("a REST event is read as one");
        };
        assert_eq!(context.resource_path.as_deref(), Some("/{organization}/{event}"));
        assert_eq!(context.identity.source_ip.as_deref(), Some("127.0.0.1"));
        assert_eq!(read.headers()["accept"], "text/html");
    }
}
