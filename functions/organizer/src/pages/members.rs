//! The members, and inviting one.

use askama::Template;

use super::{Choice, Field, News, PageHead, Problem, Section};

/// The list of members, with the form to invite one.
#[derive(Debug, Clone, Template)]
#[template(path = "members.html")]
pub struct MembersPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The parts of the team's pages that this person may see.
    pub sections: Vec<Section>,
    /// What has just been done.
    pub news: Option<News>,
    /// What is wrong with what was typed.
    pub problems: Vec<Problem>,
    /// Everybody.
    pub members: Vec<MemberLine>,
    /// The form, for whoever may invite.
    pub invite: Option<Invite>,
}

/// The form that invites somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Where it is sent.
    pub action: String,
    /// Whether it is open at once: it was sent before and refused.
    pub open: bool,
    /// Their name.
    pub name: Field,
    /// Where the invitation goes.
    pub email: Field,
    /// What they will sign in with.
    pub username: Field,
    /// What they may do, and where.
    pub access: Access,
}

/// The choice of a level and of what it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The levels, each with what it may do.
    pub levels: Vec<Choice>,
    /// Whether everything is covered.
    pub everything: bool,
    /// The events with what belongs to them.
    pub groups: Vec<TickGroup>,
    /// What is wrong with the choice.
    pub error: Option<String>,
}

/// An event and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickGroup {
    /// The whole event.
    pub event: Tick,
    /// The resources, by name.
    pub resources: Vec<Tick>,
    /// How many of the resources are ticked by themselves.
    pub ticked: usize,
}

/// A box to tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The field's name, which is its id as well.
    pub name: String,
    /// What it stands for.
    pub text: String,
    /// Whether it is ticked.
    pub ticked: bool,
}

/// A member in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberLine {
    /// Their name.
    pub name: String,
    /// The page about them.
    pub path: Option<String>,
    /// What they sign in with.
    pub username: String,
    /// Where mail reaches them.
    pub email: String,
    /// What they may do.
    pub level: &'static str,
    /// Where: `Everything`, `Fall conferences`, `Ms Okafor and 2 more`.
    pub covered: String,
    /// Whether they can sign in: `Invited`, `Active`, `Disabled`.
    pub state: &'static str,
    /// Whether the operator lets them be asked for help.
    pub supporter: bool,
}
