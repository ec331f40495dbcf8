//! The stylesheet and the script: compiled in, and served under names that
//! carry a hash of their content, so that browsers may keep them for ever.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

/// A file that pages refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// What people call it: `style.css`.
    pub name: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
    /// What it is, for the `Content-Type` header.
    pub content_type: &'static str,
    /// Its name with the hash: `style.0123456789abcdef.css`.
    pub file: String,
    /// Where browsers fetch it: `/assets/` and [`Asset::file`].
    pub path: String,
}

impl Asset {
    fn new(
        stem: &str,
        extension: &str,
        name: &'static str,
        bytes: &'static [u8],
        content_type: &'static str,
    ) -> Self {
        let hash: String =
            HEXLOWER.encode(digest(&SHA256, bytes).as_ref()).chars().take(16).collect();
        let file = format!("{stem}.{hash}.{extension}");
        let path = format!("/assets/{file}");
        Self { name, bytes, content_type, file, path }
    }
}

static STYLESHEET: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "style",
        "css",
        "style.css",
        include_bytes!("../../assets/style.css"),
        "text/css; charset=utf-8",
    )
});

static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "script",
        "js",
        "script.js",
        include_bytes!("../../assets/script.js"),
        "text/javascript; charset=utf-8",
    )
});

/// The one stylesheet.
#[must_use]
pub fn stylesheet() -> &'static Asset {
    &STYLESHEET
}

/// The one script, without which every page works too.
#[must_use]
pub fn script() -> &'static Asset {
    &SCRIPT
}

/// The asset with this hashed file name.
#[must_use]
pub fn find(file: &str) -> Option<&'static Asset> {
    [stylesheet(), script()].into_iter().find(|asset| asset.file == file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_found_by_its_hashed_name_only() {
        assert_eq!(find(&stylesheet().file), Some(stylesheet()));
        assert_eq!(find(&script().file), Some(script()));
        assert_eq!(find("style.css"), None);
        assert_eq!(find("../style.css"), None);
    }

    #[test]
    fn the_stylesheet_stays_below_20_kilobytes_and_the_script_below_10() {
        assert!(stylesheet().bytes.len() < 20_000, "{} bytes", stylesheet().bytes.len());
        assert!(script().bytes.len() < 10_000, "{} bytes", script().bytes.len());
    }
}
