//! Cookies over plain HTTP. A browser takes a cookie that begins with
//! `__Host-` over encrypted connections only, and this machine has none. So
//! the gateway takes the prefix and `Secure` off on the way out and puts the
//! prefix back on the way in. The functions know nothing of it.

use axum::http::{HeaderMap, HeaderValue, header};
use shared::web::cookie::PREFIX;

/// Takes off what a browser would refuse over plain HTTP.
pub(super) fn loosen(headers: &mut HeaderMap) {
    let cookies: Vec<HeaderValue> =
        headers.get_all(header::SET_COOKIE).iter().map(loosened).collect();
    headers.remove(header::SET_COOKIE);
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
}

fn loosened(cookie: &HeaderValue) -> HeaderValue {
    let Ok(text) = cookie.to_str() else { return cookie.clone() };
    let text = text.strip_prefix(PREFIX).unwrap_or(text);
    let kept: Vec<&str> =
        text.split(';').filter(|part| !part.trim().eq_ignore_ascii_case("secure")).collect();
    HeaderValue::from_str(&kept.join(";")).unwrap_or_else(|_| cookie.clone())
}

/// Puts back what [`loosen`] took off. A function sets no cookie without the
/// prefix, so every cookie that comes back without it had it.
pub(super) fn tighten(headers: &mut HeaderMap) {
    let cookies: Vec<HeaderValue> = headers.get_all(header::COOKIE).iter().map(tightened).collect();
    headers.remove(header::COOKIE);
    for cookie in cookies {
        headers.append(header::COOKIE, cookie);
    }
}

fn tightened(cookies: &HeaderValue) -> HeaderValue {
    let Ok(text) = cookies.to_str() else { return cookies.clone() };
    let prefixed: Vec<String> = text
        .split(';')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.starts_with(PREFIX) {
            true => pair.to_owned(),
            false => format!("{PREFIX}{pair}"),
        })
        .collect();
    HeaderValue::from_str(&prefixed.join("; ")).unwrap_or_else(|_| cookies.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    fn texts(headers: &HeaderMap, name: &str) -> Vec<String> {
        headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_cookie_leaves_in_a_form_that_plain_http_can_carry() {
        let mut out = headers(
            "set-cookie",
            &["__Host-session-a=secure; Path=/; Secure; HttpOnly; SameSite=Lax", "b=2; secure"],
        );
        loosen(&mut out);
        let expected = ["session-a=secure; Path=/; HttpOnly; SameSite=Lax", "b=2"];
        assert_eq!(texts(&out, "set-cookie"), expected);
    }

    #[test]
    fn a_cookie_comes_back_under_the_name_it_was_given() {
        let mut back = headers("cookie", &["session-a=1;device=2", "__Host-c=3", ""]);
        tighten(&mut back);
        let expected = ["__Host-session-a=1; __Host-device=2", "__Host-c=3", ""];
        assert_eq!(texts(&back, "cookie"), expected);
    }

    #[test]
    fn a_cookie_of_the_services_own_making_survives_the_way_there_and_back() {
        use shared::ids::OrganizationId;
        use shared::web::{Cookie, Cookies, cookie::session_name};
        let here = OrganizationId::from_bytes([1; 16]);
        let day = jiff::SignedDuration::from_hours(24);
        let mut out = HeaderMap::new();
        out.append(header::SET_COOKIE, Cookie::session(here, "token", day).header().unwrap());
        loosen(&mut out);
        let sent = texts(&out, "set-cookie");
        assert!(!sent[0].contains("__Host-") && !sent[0].contains("Secure"), "{sent:?}");
        let mut back = HeaderMap::new();
        let pair = sent[0].split(';').next().unwrap();
        back.append(header::COOKIE, HeaderValue::from_str(pair).unwrap());
        tighten(&mut back);
        assert_eq!(Cookies::read(&back).get(&session_name(here)), Some("token"));
    }
}
