//! The page at the root.

use askama::Template;

use super::PageHead;

/// The service's front page. It names no organization: each gives out its own link.
#[derive(Debug, Clone, Template)]
#[template(path = "front.html")]
pub struct FrontPage {
    /// What stands around the page.
    pub head: PageHead,
}
