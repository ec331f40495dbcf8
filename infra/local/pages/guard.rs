//! Who may look: this machine, and no page of another site in its browser.

use super::refuse;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

/// Refuses names that only point here (DNS rebinding) and changes that another
/// site's page asks for.
pub(super) async fn only_this_machine(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !host_is_local(headers) {
        return refuse(
            StatusCode::FORBIDDEN,
            "forbidden",
            "These pages are for http://localhost on this machine.",
        );
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads && is_cross_site(headers) {
        return refuse(
            StatusCode::FORBIDDEN,
            "forbidden",
            "Another site's page may not change anything here.",
        );
    }
    next.run(request).await
}

fn host_is_local(headers: &HeaderMap) -> bool {
    text(headers, header::HOST).is_some_and(is_local_authority)
}

fn is_local_authority(authority: &str) -> bool {
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    (host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1") && port.parse::<u16>().is_ok()
}

fn is_cross_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site")
        && site != "same-origin"
        && site != "none"
    {
        return true;
    }
    match text(headers, header::ORIGIN) {
        None => false,
        Some(origin) => {
            let host = text(headers, header::HOST).unwrap_or_default();
            origin.strip_prefix("http://") != Some(host)
        }
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_this_machines_names_are_answered() {
        assert!(host_is_local(&headers(&[("host", "localhost:8080")])));
        assert!(host_is_local(&headers(&[("host", "127.0.0.1:8080")])));
        assert!(!host_is_local(&headers(&[("host", "evil.example:8080")])));
        assert!(!host_is_local(&headers(&[("host", "localhost.evil.example")])));
        assert!(!host_is_local(&headers(&[])));
    }

    #[test]
    fn another_sites_page_may_not_change_anything() {
        let host = ("host", "localhost:1");
        assert!(!is_cross_site(&headers(&[host])));
        assert!(!is_cross_site(&headers(&[host, ("origin", "http://localhost:1")])));
        assert!(is_cross_site(&headers(&[host, ("origin", "http://localhost:2")])));
        assert!(is_cross_site(&headers(&[host, ("origin", "null")])));
        assert!(is_cross_site(&headers(&[host, ("sec-fetch-site", "cross-site")])));
        assert!(is_cross_site(&headers(&[host, ("sec-fetch-site", "same-site")])));
        assert!(!is_cross_site(&headers(&[host, ("sec-fetch-site", "same-origin")])));
    }
}
