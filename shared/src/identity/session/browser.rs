//! A browser in coarse words, so that people recognise their own devices.

/// The longest header that is looked at.
const LONGEST: usize = 512;

/// Coarse words for the browser that says this of itself: `Firefox on Windows`.
/// No version and no model: they would tell more than people need to know
/// their own devices by.
#[must_use]
pub fn browser_words(user_agent: Option<&str>) -> String {
    let said = user_agent.unwrap_or_default();
    let end = said.char_indices().nth(LONGEST).map_or(said.len(), |(end, _)| end);
    let said = said[..end].to_ascii_lowercase();
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(part, _)| said.contains(part)).map(|(_, words)| *words)
    };
    // Each claims to be those after it too.
    let browser = first(&[
        ("edg", "Edge"),
        ("opr/", "Opera"),
        ("samsungbrowser", "Samsung Internet"),
        ("firefox", "Firefox"),
        ("fxios", "Firefox"),
        ("crios", "Chrome"),
        ("chrome", "Chrome"),
        ("safari", "Safari"),
    ]);
    let system = first(&[
        ("iphone", "iPhone"),
        ("ipad", "iPad"),
        ("android", "Android"),
        ("cros", "ChromeOS"),
        ("windows", "Windows"),
        ("mac os", "macOS"),
        ("linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A program on {system}"),
        (None, None) => "A program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_told_in_words_that_its_owner_knows() {
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like \
                      Gecko) Chrome/140.0.0.0 Safari/537.36";
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        for (said, words) in [
            (chrome, "Chrome on Windows"),
            (&format!("{chrome} Edg/140.0.0.0"), "Edge on Windows"),
            (safari, "Safari on iPhone"),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.1", "A program"),
        ] {
            assert_eq!(browser_words(Some(said)), words, "{said}");
        }
        assert_eq!(browser_words(None), "A program");
        assert_eq!(browser_words(Some(&"ü".repeat(10_000))), "A program");
    }
}
