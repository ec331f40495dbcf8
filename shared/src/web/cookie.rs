//! Cookies: what a browser sends back, and what it is told to keep.
//!
//! Every cookie's name begins with `__Host-`: a browser then takes it over
//! encrypted connections only, from this host alone, for the whole of it.

use std::collections::HashMap;
use std::fmt;

use http::{HeaderMap, HeaderValue, header};
use jiff::SignedDuration;

use crate::ids::OrganizationId;

/// What the name of every cookie begins with.
pub const PREFIX: &str = "__Host-";
/// What the name of every session cookie begins with.
const SESSION: &str = "__Host-session-";

/// The name of an organization's session cookie. Who has signed in at two
/// organizations has two, and each request is asked for its own.
#[must_use]
pub fn session_name(organization: OrganizationId) -> String {
    format!("{SESSION}{organization}")
}

/// Whether a cookie of this name is some organization's session cookie.
#[must_use]
pub fn is_session(name: &str) -> bool {
    name.starts_with(SESSION)
}

/// The cookies of a request.
#[derive(Default)]
pub struct Cookies {
    /// `None` under a name that came with two different values.
    values: HashMap<String, Option<String>>,
}

impl Cookies {
    /// Reads the `Cookie` headers, of which there may be several.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Self {
        let mut values: HashMap<String, Option<String>> = HashMap::new();
        let pairs = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.split_once('='));
        for (name, value) in pairs {
            let (name, value) = (name.trim(), value.trim());
            let value = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'))
                .unwrap_or(value)
                .to_owned();
            values
                .entry(name.to_owned())
                .and_modify(|known| {
                    if known.as_deref() != Some(&value) {
                        *known = None;
                    }
                })
                .or_insert(Some(value));
        }
        Self { values }
    }

    /// The names of all of them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The value of a cookie; `None` when there is none, or two that differ:
    /// which of them is meant is not for us to guess.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.as_deref()
    }
}

impl fmt::Debug for Cookies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Cookies({})", self.values.len())
    }
}

/// Whether a browser sends a cookie along with what another site began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// With links that somebody follows, not with forms of another site or
    /// anything it loads.
    Lax,
    /// Never.
    Strict,
}

/// A cookie for a browser to keep, or to forget.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    name: String,
    value: String,
    same_site: SameSite,
    lifetime: Option<SignedDuration>,
}

impl Cookie {
    /// A session's cookie. The browser forgets it when it is closed, or after
    /// `longest`; when the session is over is the server's to say.
    ///
    /// `Lax`, not `Strict`: who follows a link in a mail to us comes from
    /// another site, and under `Strict` would seem signed out on the first page
    /// they see. A GET changes nothing here, and a form of another site is
    /// refused by its origin and by the missing form token, so `Lax` gives
    /// nothing away.
    #[must_use]
    pub fn session(organization: OrganizationId, token: &str, longest: SignedDuration) -> Self {
        Self {
            name: session_name(organization),
            value: token.to_owned(),
            same_site: SameSite::Lax,
            lifetime: Some(longest),
        }
    }

    /// Any other cookie. The name is given without its prefix.
    #[must_use]
    pub fn new(name: &str, value: &str, same_site: SameSite, lifetime: SignedDuration) -> Self {
        Self {
            name: format!("{PREFIX}{name}"),
            value: value.to_owned(),
            same_site,
            lifetime: Some(lifetime),
        }
    }

    /// Makes a browser forget a session's cookie.
    #[must_use]
    pub fn no_session(organization: OrganizationId) -> Self {
        Self::session(organization, "", SignedDuration::ZERO)
    }

    /// The `Set-Cookie` header, which cannot be printed; `None` when the name
    /// or the value has a character that none may have (RFC 6265 section 4.1.1).
    #[must_use]
    pub fn header(&self) -> Option<HeaderValue> {
        let fits = |text: &str| {
            text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b',' | b';' | b'\\'))
        };
        if !fits(&self.name) || self.name.contains('=') || !fits(&self.value) {
            return None;
        }
        let same_site = match self.same_site {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
        };
        let mut text =
            format!("{}={}; Path=/; Secure; HttpOnly; SameSite={same_site}", self.name, self.value);
        if let Some(lifetime) = self.lifetime {
            text.push_str(&format!("; Max-Age={}", lifetime.as_secs().max(0)));
        }
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Cookie({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: OrganizationId = OrganizationId::from_bytes([1; 16]);

    fn cookies(headers: &[&'static str]) -> Cookies {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append("cookie", HeaderValue::from_static(header));
        }
        Cookies::read(&map)
    }

    #[test]
    fn cookies_are_read_from_several_headers_and_through_odd_spacing() {
        let found = cookies(&["a=1;b=2 ;  c = \"3\"", "; d=4=5;;nonsense; A=6"]);
        for (name, value) in [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4=5"), ("A", "6")] {
            assert_eq!(found.get(name), Some(value), "{name}");
        }
        assert_eq!(found.get("nonsense"), None);
        assert_eq!(cookies(&[]).get("a"), None);
    }

    #[test]
    fn a_cookie_that_comes_with_two_values_has_none() {
        assert_eq!(cookies(&["a=1; a=1"]).get("a"), Some("1"));
        assert_eq!(cookies(&["a=1; a=2"]).get("a"), None);
        assert_eq!(cookies(&["a=1", "a=2", "a=1"]).get("a"), None);
    }

    #[test]
    fn a_session_cookie_is_for_this_host_encrypted_and_out_of_reach_of_scripts() {
        let name = session_name(HERE);
        let twelve = SignedDuration::from_hours(12);
        let cookie = Cookie::session(HERE, "token", twelve);
        let expected =
            format!("{name}=token; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200");
        assert_eq!(cookie.header().unwrap().to_str().unwrap(), expected);
        assert!(name.starts_with("__Host-session-"));
        let gone = Cookie::no_session(HERE).header().unwrap();
        assert!(gone.to_str().unwrap().starts_with(&format!("{name}=; Path=/")));
        assert!(gone.to_str().unwrap().ends_with("Max-Age=0"));
    }

    #[test]
    fn a_cookies_value_cannot_be_printed() {
        let cookie = Cookie::session(HERE, "canary", SignedDuration::ZERO);
        assert!(!format!("{cookie:?} {:?}", cookie.header()).contains("canary"));
        assert!(!format!("{:?}", cookies(&["a=canary"])).contains("canary"));
    }

    #[test]
    fn a_value_that_would_add_to_the_header_is_refused() {
        for value in ["a; Domain=example.org", "a\r\nb", "a b", "a,b", "é"] {
            let cookie = Cookie::new("device", value, SameSite::Strict, SignedDuration::ZERO);
            assert_eq!(cookie.header(), None, "{value:?}");
        }
    }
}
