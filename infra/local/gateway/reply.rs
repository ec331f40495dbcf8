//! Replies: what a function says becomes HTTP again, and pages say that this
//! is a demonstration.

use super::cookies;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyResponse;
use lambda_http::aws_lambda_events::encodings::Body as LambdaBody;

const STYLESHEET: &str = "<link rel=\"stylesheet\" href=\"/_local/banner.css\">";
const BANNER: &str = "<aside class=\"local-banner\" aria-label=\"Demonstration\"><p>This is a \
    demonstration on this machine. <a href=\"/_local\">Behind the scenes</a> \
    <a href=\"/_local/mail\">Caught mail</a></p></aside>";

/// The service's front page names no organization: here it would lead nowhere.
fn places() -> String {
    let mut places = String::from("<p>Try it at ");
    for (position, (web_name, name)) in crate::demonstration::ORGANIZATIONS.iter().enumerate() {
        let before = if position == 0 { "" } else { " or at " };
        places.push_str(&format!("{before}<a href=\"/{web_name}\">{name}</a>"));
    }
    places.push_str("</p>");
    places
}

/// What belongs to one connection, which here is ours.
const HOP_BY_HOP: [HeaderName; 4] =
    [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::UPGRADE];

/// The HTTP reply; `None` when the function's reply cannot be one.
pub(super) fn compose(
    reply: ApiGatewayProxyResponse,
    sends_bytes: bool,
    at_the_front: bool,
) -> Option<Response> {
    let status = u16::try_from(reply.status_code).ok()?;
    let status = StatusCode::from_u16(status).ok()?;
    let mut headers = reply.multi_value_headers;
    for (name, value) in &reply.headers {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
    // This machine speaks plain HTTP; a browser that believed this header
    // would not find its way back.
    headers.remove(header::STRICT_TRANSPORT_SECURITY);
    cookies::loosen(&mut headers);
    let body = match reply.body {
        None | Some(LambdaBody::Empty) => Body::empty(),
        Some(LambdaBody::Text(text)) if reply.is_base64_encoded && sends_bytes => {
            Body::from(data_encoding::BASE64.decode(text.as_bytes()).ok()?)
        }
        // Without binary media types API Gateway sends the base64 text itself.
        Some(LambdaBody::Text(text)) => {
            if is_page(&headers) {
                Body::from(announce(text, at_the_front))
            } else {
                Body::from(text)
            }
        }
        Some(LambdaBody::Binary(bytes)) => Body::from(bytes),
        Some(_) => return None,
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Some(response)
}

/// A refusal of the gateway's own.
pub(super) fn refuse(status: StatusCode, kind: &str, message: &str, wants_page: bool) -> Response {
    let (media, body) = if wants_page {
        let page = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{message}</title><link rel=\"stylesheet\" href=\"/_local/local.css\"></head>\
             <body><main><h1>{message}</h1><p><a href=\"/_local\">Behind the scenes</a></p>\
             </main></body></html>"
        );
        ("text/html; charset=utf-8", announce(page, false))
    } else {
        let body = serde_json::json!({"error": {"kind": kind, "message": message}});
        ("application/json", body.to_string())
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'self'; frame-ancestors 'none'"),
    );
    response
}

/// Pages are for those who name `text/html`.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|accept| accept.contains("text/html"))
}

fn is_page(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// Puts the banner after the opening body tag and its style into the head. A
/// link that skips to the content stays the first stop of the Tab key.
fn announce(page: String, at_the_front: bool) -> String {
    let head = page.find("</head>");
    let body = page
        .find("<body")
        .and_then(|start| page[start..].find('>').map(|length| start + length + 1))
        .map(|body| body + skip_link(&page[body..]));
    let (Some(head), Some(body)) = (head, body) else { return page };
    if head > body {
        return page;
    }
    let mut announced = String::with_capacity(page.len() + STYLESHEET.len() + BANNER.len());
    announced.push_str(&page[..head]);
    announced.push_str(STYLESHEET);
    announced.push_str(&page[head..body]);
    match BANNER.strip_suffix("</aside>") {
        Some(open) if at_the_front => {
            announced.push_str(&format!("{open}{}</aside>", places()));
        }
        _ => announced.push_str(BANNER),
    }
    announced.push_str(&page[body..]);
    announced
}

/// How long the skip link is that a body begins with.
fn skip_link(body: &str) -> usize {
    const END: &str = "</a>";
    if !body.trim_start().starts_with("<a class=\"skip\"") {
        return 0;
    }
    body.find(END).map_or(0, |end| end + END.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reply(value: serde_json::Value) -> Response {
        compose(serde_json::from_value(value).unwrap(), false, false).unwrap()
    }

    #[test]
    fn a_page_says_that_it_is_a_demonstration() {
        let page =
            announce("<html><head><title>a</title></head><body class=\"b\"><main>".into(), false);
        assert!(page.contains("banner.css\"></head><body class=\"b\"><aside"), "{page}");
        assert!(page.ends_with("</aside><main>"), "{page}");
        assert_eq!(announce("no page".into(), false), "no page");
    }

    #[test]
    fn the_front_page_names_where_to_try_it() {
        let page = announce("<head></head><body><main>".into(), true);
        assert!(
            page.contains("<a href=\"/maple-street-school\">Maple Street School</a>"),
            "{page}"
        );
        assert!(page.contains("</p></aside><main>"), "{page}");
    }

    #[test]
    fn the_skip_link_stays_before_the_banner() {
        let skip = "<a class=\"skip\" href=\"#main\">Skip</a>";
        let page = announce(format!("<head></head><body>\n{skip}\n<main>"), false);
        assert!(page.contains(&format!("<body>\n{skip}<aside")), "{page}");
        assert!(page.ends_with("</aside>\n<main>"), "{page}");
    }

    #[test]
    fn a_plain_machine_does_not_ask_for_encryption() {
        let reply = reply(json!({
            "statusCode": 200,
            "multiValueHeaders": {
                "strict-transport-security": ["max-age=1"],
                "set-cookie": ["a=1", "b=2"],
                "content-type": ["application/json"],
            },
            "body": "{}",
        }));
        assert!(!reply.headers().contains_key("strict-transport-security"));
        assert_eq!(reply.headers().get_all("set-cookie").iter().count(), 2);
    }

    #[test]
    fn a_status_that_is_none_is_refused() {
        let malformed = json!({"statusCode": 7, "multiValueHeaders": {}});
        assert!(compose(serde_json::from_value(malformed).unwrap(), false, false).is_none());
    }
}
