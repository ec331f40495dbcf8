//! One member.

use askama::Template;

use super::{Access, MemberLine, News, PageHead, Problem, Section};

/// A member, with what an administrator can do about them.
#[derive(Debug, Clone, Template)]
#[template(path = "member.html")]
pub struct MemberPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// What is wrong with what was chosen.
    pub problems: Vec<Problem>,
    /// Who.
    pub member: MemberLine,
    /// Since when: `Monday 30 November 2026`.
    pub since: String,
    /// Where the list of members is.
    pub members_path: String,
    /// The page with what they did and saw.
    pub trail_path: Option<String>,
    /// The form to change what they may do, and where it is sent.
    pub access: Option<(String, Access)>,
    /// What else can be done about them.
    pub deeds: Vec<Deed>,
    /// Why some of it cannot be done.
    pub hint: Option<&'static str>,
}

/// Something that can be done, with a button of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// What happens then.
    pub explained: &'static str,
    /// Where the form is sent.
    pub action: String,
    /// What the button says.
    pub button: String,
    /// Whether it takes something away.
    pub harm: bool,
    /// Fields that are sent with it.
    pub fields: Vec<(&'static str, String)>,
}
