//! A participant who has signed in.

use shared::identity::caller::{self, Touch, form_token, form_token_holds};
use shared::identity::session::rules::Limits;
use shared::identity::{Caller, Session};
use shared::ids::PersonId;
use shared::organization::{Organization, Snapshot};
use shared::participant::store::address;
use shared::personal::EmailAddress;
use shared::web::page::PersonHead;
use shared::web::{Fault, Kind};

use crate::Visit;

/// A participant who has signed in.
pub(crate) struct Guest {
    /// Which.
    pub(crate) person: PersonId,
    /// Their session.
    pub(crate) session: Box<Session>,
    /// The address they have proven, where it is remembered.
    pub(crate) address: Option<EmailAddress>,
    /// What their pages show at the top.
    pub(crate) head: PersonHead,
}

impl Visit<'_> {
    /// The participant who asks, if one has signed in. Whoever else has, as a
    /// member of the team, is nobody here.
    pub(crate) async fn guest(&self, snapshot: &Snapshot) -> Result<Option<Guest>, Fault> {
        let service = &self.function.service;
        let cookies = self.incoming.cookies();
        let caller = caller::identify(service, snapshot, &cookies, Touch::Extend, self.now).await?;
        let Caller::Participant { person, session } = caller else { return Ok(None) };
        let organization = snapshot.organization.id;
        let (address, security) = tokio::try_join!(
            address(service, organization, &snapshot.keys, person),
            service.security(organization),
        )?;
        let path = format!("/{}", snapshot.organization.web_name);
        let ends = session.ends(Limits::of(&security, session.subject));
        let head = PersonHead {
            name: address.as_ref().map_or("Signed in".into(), |it| it.expose().to_owned()),
            manage_path: None,
            account_path: Some(format!("{path}/account")),
            sign_out_path: format!("{path}/sign-out"),
            session_path: format!("{path}/session"),
            form_token: form_token(&snapshot.keys, session.id),
            seconds_left: ends.duration_since(self.now).as_secs().max(0),
        };
        Ok(Some(Guest { person, session, address, head }))
    }

    /// The participant who asks; nobody else goes on.
    pub(crate) async fn signed_in(&self, snapshot: &Snapshot) -> Result<Guest, Fault> {
        self.guest(snapshot).await?.ok_or_else(Fault::sign_in_needed)
    }

    /// Whether a form comes from a page of this very session. A program's
    /// request cannot be made by another site's page, and needs no token.
    pub(crate) fn own_form(
        &self,
        snapshot: &Snapshot,
        guest: &Guest,
        token: Option<&str>,
    ) -> Result<(), Fault> {
        let given = token.unwrap_or_default();
        if !self.incoming.is_form() || form_token_holds(&snapshot.keys, guest.session.id, given) {
            return Ok(());
        }
        Err(Fault::new(
            Kind::Forbidden,
            "This form is from an earlier session. Please open the page again.",
        ))
    }
}

/// Where an organization's participants find what they have booked.
pub(crate) fn bookings_path(organization: &Organization) -> String {
    format!("/{}/bookings", organization.web_name)
}

/// Where they say for whom they book.
pub(crate) fn dependents_path(organization: &Organization) -> String {
    format!("/{}/dependents", organization.web_name)
}

/// Where a link that signs in is asked for.
pub(crate) fn link_path(organization: &Organization) -> String {
    format!("/{}/sign-in/link", organization.web_name)
}
