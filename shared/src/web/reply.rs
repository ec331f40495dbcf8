//! A reply as a value, and the headers that every reply carries.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use lambda_http::Body;
use serde::Serialize;

use super::assets::Asset;
use super::cookie::Cookie;
use super::failure::{Fault, Kind};

/// What a page may load and do: its own stylesheet, its own script, its own
/// forms. Nothing comes from elsewhere and nothing may frame it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A reply.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    content_type: &'static str,
    body: Body,
    /// `no-store` unless the reply is the same for everyone.
    cache: &'static str,
    more: Vec<(HeaderName, HeaderValue)>,
    cookies: Vec<HeaderValue>,
}

impl Reply {
    fn new(status: StatusCode, content_type: &'static str, body: Body) -> Self {
        Self {
            status,
            content_type,
            body,
            cache: "no-store",
            more: Vec::new(),
            cookies: Vec::new(),
        }
    }

    /// A page for a browser.
    #[must_use]
    pub fn page(status: StatusCode, html: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", Body::Text(html))
    }

    /// JSON for a program.
    #[must_use]
    pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => Self::new(status, "application/json", Body::Text(text)),
            Err(cause) => {
                tracing::error!(%cause, "a reply could not be written");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "application/json", Body::Empty)
            }
        }
    }

    /// JSON that was written beforehand.
    #[must_use]
    pub fn written(status: StatusCode, json: &'static str) -> Self {
        Self::new(status, "application/json", Body::Text(json.to_owned()))
    }

    /// Sends a browser on with a GET, so that reloading does not post again.
    #[must_use]
    pub fn see_other(path: &str) -> Self {
        Self::new(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", Body::Empty)
            .with(header::LOCATION, path)
    }

    /// A file that is the same for everyone under a name that changes with it.
    #[must_use]
    pub fn asset(asset: &'static Asset) -> Self {
        let mut reply = Self::new(
            StatusCode::OK,
            asset.content_type,
            Body::Text(String::from_utf8_lossy(asset.bytes).into_owned()),
        );
        reply.cache = "public, max-age=31536000, immutable";
        reply
    }

    /// A file to download.
    #[must_use]
    pub fn download(content_type: &'static str, name: &str, text: String) -> Self {
        Self::new(StatusCode::OK, content_type, Body::Text(text))
            .with(header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""))
    }

    /// The headers that a failure adds.
    #[must_use]
    pub fn after(self, fault: &Fault) -> Self {
        let reply = match fault.retry_after {
            Some(wait) => self.with(header::RETRY_AFTER, &wait.as_secs().max(1).to_string()),
            None => self,
        };
        match fault.kind {
            // RFC 9110 section 11.6.1 asks for a challenge; ours is the page to sign in.
            Kind::SignInNeeded | Kind::WrongCredentials => {
                reply.with(header::WWW_AUTHENTICATE, "Session")
            }
            _ => reply,
        }
    }

    /// The reply with a header more. A value that no header can hold is left out.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.more.push((name, value));
        }
        self
    }

    /// The reply with a cookie more, beside those it has.
    #[must_use]
    pub fn with_cookie(mut self, cookie: &Cookie) -> Self {
        match cookie.header() {
            Some(value) => self.cookies.push(value),
            None => tracing::error!(?cookie, "a cookie could not be written"),
        }
        self
    }

    /// The reply's status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The reply as API Gateway takes it.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let constant = [
            (header::CONTENT_TYPE, self.content_type),
            (header::CACHE_CONTROL, self.cache),
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::VARY, "Accept"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
            (
                HeaderName::from_static("permissions-policy"),
                "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            ),
        ];
        for (name, value) in constant {
            headers.insert(name, HeaderValue::from_static(value));
        }
        for (name, value) in self.more {
            headers.insert(name, value);
        }
        for cookie in self.cookies {
            headers.append(header::SET_COOKIE, cookie);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::web::cookie::SameSite;

    #[test]
    fn two_cookies_are_both_sent() {
        let cookie = |name| Cookie::new(name, "1", SameSite::Lax, SignedDuration::ZERO);
        let reply = Reply::see_other("/").with_cookie(&cookie("a")).with_cookie(&cookie("b"));
        let response = reply.into_response();
        let names: Vec<_> = response
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok()?.split('=').next())
            .collect();
        assert_eq!(names, ["__Host-a", "__Host-b"]);
    }
}
