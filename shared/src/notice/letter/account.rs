//! Letters to somebody who signs in, or is about to be able to.

use jiff::Timestamp;
use jiff::civil::Date;

use super::mail::{self, Button, Envelope, Mail, View};
use crate::ids::NoticeId;
use crate::notice::recipient::Recipient;
use crate::notice::{Account, Factor, FirstStep, News, one_line};
use crate::organization::Organization;
use crate::personal::EmailAddress;
use crate::time::day_without_year;
use crate::trouble::Trouble;

/// What a mail about an account is written from.
#[derive(Clone, Copy)]
pub struct AccountLetter<'a> {
    /// The notice.
    pub notice: NoticeId,
    /// What it says.
    pub account: &'a Account,
    /// Since when it is owed: when it happened.
    pub since: Timestamp,
    /// The organization whose account it is.
    pub organization: &'a Organization,
    /// What the news are about is called, where that is another organization,
    /// another member or an event, and its name is known.
    pub about: Option<&'a str>,
    /// The secret part of the link, where the news carry one.
    pub link: Option<&'a str>,
    /// The address of the certificate, where the news are of an erasure.
    pub certificate: Option<&'a str>,
    /// To whom it goes.
    pub recipient: &'a Recipient,
    /// Where people reach the service.
    pub public_address: &'a str,
    /// From which address the mail comes.
    pub sender: &'a EmailAddress,
}

/// The words of one letter.
struct Words {
    word: &'static str,
    paragraphs: Vec<String>,
    button: Option<Button>,
}

const NOTHING_TO_DO: &str = "If it was you, you need do nothing.";

impl AccountLetter<'_> {
    /// Writes the mail, dated `now`.
    ///
    /// # Errors
    /// [`Trouble::Damaged`] when an address cannot stand in a header.
    pub fn write(&self, now: Timestamp) -> Result<Mail, Trouble> {
        let envelope = Envelope {
            notice: self.notice,
            organization: &self.organization.name,
            sender: self.sender,
            recipient: self.recipient,
        };
        mail::write(self.view(), envelope, None, now)
    }

    pub(super) fn view(&self) -> View {
        let Words { word, paragraphs, button } = self.words();
        let name = match self.account.news {
            News::OrganizationWaits(_) => self.waiting(),
            _ => self.name(),
        };
        View {
            subject: format!("{word}: {}", mail::short(&name)),
            word,
            headline: vec![name],
            details: Vec::new(),
            paragraphs,
            button,
            reason: self.reason(),
            privacy: format!("{}/privacy", self.page()),
        }
    }

    fn words(&self) -> Words {
        let organization = self.name();
        let words = |word, paragraphs: &[&str], button| Words {
            word,
            paragraphs: paragraphs.iter().map(|text| (*text).to_owned()).collect(),
            button,
        };
        let happened = self.moment(self.since);
        match self.account.news {
            News::Invitation(until) => words(
                "Invitation",
                &[
                    &format!(
                        "You are invited to look after appointments at {organization}. Please choose a password first."
                    ),
                    &self.once(until),
                    "If you do not know why you got this, you need do nothing.",
                ],
                self.personal("invitation", "Choose a password"),
            ),
            News::Reset(until) => words(
                "New password",
                &[
                    "Somebody, perhaps you, asked to choose a new password for your account.",
                    &self.once(until),
                    "If it was not you, you need do nothing: your password stays as it is.",
                ],
                self.personal("reset", "Choose a new password"),
            ),
            News::SignIn(until) => words(
                "Your appointments",
                &[
                    "Somebody, perhaps you, asked to see the appointments that are booked under this address.",
                    &self.once(until),
                    "If it was not you, you need do nothing. Whoever has the link can see your appointments, so please do not pass it on.",
                ],
                self.personal("sign-in", "Show my appointments"),
            ),
            News::SignUp(until) => words(
                "Confirm your address",
                &[
                    "Somebody, perhaps you, gave this address to sign up an organization.",
                    &self.once(until),
                    "If it was not you, you need do nothing.",
                ],
                self.link.map(|link| Button {
                    label: "Confirm my address",
                    link: format!("{}/sign-up/{link}", self.public_address),
                }),
            ),
            News::ConfirmEmail(until) => words(
                "Confirm your address",
                &[
                    &format!(
                        "Somebody, perhaps you, gave this address for an account at {organization}. Please confirm that it is yours."
                    ),
                    &self.once(until),
                    "If it was not you, you need do nothing.",
                ],
                self.personal("account/email", "Confirm my address"),
            ),
            News::OrganizationWaits(_) => words(
                "Waiting for approval",
                &[&format!(
                    "{} asks to use this service. Nobody can reach it before you approve it.",
                    self.waiting()
                )],
                self.page_button("Approve or refuse", "manage/organizations"),
            ),
            News::OrganizationApproved => words(
                "Approved",
                &[&format!("{organization} is approved. You can sign in now and set it up.")],
                self.page_button("Sign in", "sign-in"),
            ),
            News::OrganizationRefused => words(
                "Not approved",
                &[
                    "The organization that you signed up was not approved. If you think that this is a mistake, please write to whoever runs this service.",
                ],
                None,
            ),
            News::EmailAsked => words(
                "Another address",
                &[
                    &format!(
                        "Somebody signed in to your account at {organization} asked on {happened} that mail about it goes to another address. It changes when the link that was mailed there is opened, within 24 hours."
                    ),
                    &format!(
                        "{NOTHING_TO_DO} If not, choose a new password at once: that ends every other sign-in, and the link no longer works."
                    ),
                ],
                self.page_button("Choose a new password", "reset"),
            ),
            News::AppointmentsLost(_, day, count) => self.appointments_lost(day, count),
            News::AppointmentMissing(_) => words(
                "Please check your appointments",
                &[
                    &format!(
                        "After a failure, {organization} had to go back to an earlier copy of its records. An appointment of yours at {} may be missing from it.",
                        self.event()
                    ),
                    &format!(
                        "Please look whether all your appointments are there, and book again what is missing. If you are not sure, ask {organization}."
                    ),
                ],
                self.page_button("Show my appointments", "sign-in"),
            ),
            News::EmailChanged => self.email_changed(&happened),
            News::PasswordChanged
            | News::FactorAdded(_)
            | News::FactorRemoved(_)
            | News::RecoveryCodeUsed(_)
            | News::SignedInAfterFailures(_) => {
                let (word, what) = self.happened(&happened);
                words(
                    word,
                    &[
                        &what,
                        &format!(
                            "{NOTHING_TO_DO} If not, choose a new password at once: that also ends every other sign-in."
                        ),
                    ],
                    self.page_button("Choose a new password", "reset"),
                )
            }
            News::Locked(until) => self.locked(
                &format!("Until {} no password is taken on a device that is new to us. You can still sign in on a device on which you have signed in before.", self.moment(until)),
                "you need do nothing",
            ),
            News::DeviceLocked(until) => self.locked(
                &format!("It was on a device on which you have signed in before. Until {} no password is taken there.", self.moment(until)),
                "somebody else uses that device",
            ),
            News::SecondStepLocked(until, first) => self.second_step_locked(until, first),
            News::AdministratorInvited(_) => self.new_administrator(
                "Administrator invited",
                &format!("was invited to be an administrator of {organization} on {happened}"),
            ),
            News::AdministratorMade(_) => self.new_administrator(
                "New administrator",
                &format!("became an administrator of {organization} on {happened}"),
            ),
            News::EmergencyUsed => words(
                "Emergency code used",
                &[
                    &format!(
                        "The emergency code of {organization} was used on {happened}. For one hour it shows the appointments and the people at {organization}; it changes nothing, and it works no more."
                    ),
                    "An administrator other than the one who used it must review what was looked at.",
                ],
                self.page_button("Review it", "manage/emergency"),
            ),
            News::SupportGranted(until) => words(
                "Support may help",
                &[
                    &format!(
                        "An administrator of {organization} lets support look at its data until {}, in order to help. Everything that support looks at is on record.",
                        self.moment(until)
                    ),
                    "You can withdraw this at any time.",
                ],
                self.page_button("See the record, or withdraw", "manage/support"),
            ),
            News::ErasureAsked(until, _) => words(
                "Deletion asked for",
                &[
                    &format!(
                        "An administrator asked on {happened} to delete {organization} and everything it keeps here. Until {} every administrator can take this back. After that, nobody can.",
                        self.moment(until)
                    ),
                    "Until then everything works as before. Then the key is destroyed that all personal data is sealed under, and all data is removed.",
                    &match self.certificate {
                        Some(address) => format!(
                            "How far it has come, and at the end a signed certificate, will be at {address} . Please keep this address: nobody can be written to afterwards."
                        ),
                        None => "At the end there will be a signed certificate.".to_owned(),
                    },
                ],
                self.page_button("See it, or take it back", "manage/erasure"),
            ),
            News::ErasureTakenBack => words(
                "Not deleted",
                &[&format!(
                    "The deletion of {organization} was taken back on {happened}. Nothing was deleted, and everything goes on as before."
                )],
                self.page_button("Go to the team pages", "manage"),
            ),
        }
    }

    /// What of the appointments at an event is not known any more.
    fn appointments_lost(&self, day: Option<Date>, count: u32) -> Words {
        let (organization, event) = (self.name(), self.event());
        let what = if count == 1 { "1 appointment" } else { &format!("{count} appointments") };
        let (where_to, then) = match day {
            Some(day) => (
                format!("{event} on {} {}", day_without_year(day), day.year()),
                "The times stay taken: nobody else can book them, and whoever was told of one can come. Please expect people then who are not on your list.",
            ),
            None => (
                event,
                "Neither their times nor, for all of them, who made them are known. Please expect people who are not on your list, and find them a time.",
            ),
        };
        Words {
            word: "Appointments lost",
            paragraphs: vec![
                format!(
                    "After a failure, {organization} had to go back to an earlier copy of its records, and not everything could be put together again."
                ),
                format!("Lost from the list of {where_to}: {what}."),
                then.to_owned(),
            ],
            button: self.page_button("See the appointments", "manage"),
        }
    }

    /// The event that the news are about.
    fn event(&self) -> String {
        let name = self.about.map(one_line).filter(|name| !name.is_empty());
        name.unwrap_or_else(|| "an event".to_owned())
    }

    /// What happened to the account, in a word and in a sentence.
    fn happened(&self, when: &str) -> (&'static str, String) {
        let organization = self.name();
        match self.account.news {
            News::FactorAdded(Factor::Passkey) => (
                "Passkey added",
                format!("A passkey was added to your account at {organization} on {when}."),
            ),
            News::FactorAdded(Factor::Codes) => (
                "One-time codes turned on",
                format!(
                    "One-time codes were turned on for your account at {organization} on {when}."
                ),
            ),
            News::FactorAdded(Factor::RecoveryCodes) => (
                "New recovery codes",
                format!(
                    "New recovery codes were made for your account at {organization} on {when}. Earlier ones no longer work."
                ),
            ),
            News::FactorRemoved(Factor::Passkey) => (
                "Passkey removed",
                format!("A passkey was removed from your account at {organization} on {when}."),
            ),
            News::FactorRemoved(Factor::Codes) => (
                "One-time codes turned off",
                format!(
                    "One-time codes were turned off for your account at {organization} on {when}."
                ),
            ),
            News::FactorRemoved(Factor::RecoveryCodes) => (
                "Recovery codes removed",
                format!(
                    "The recovery codes of your account at {organization} were removed on {when}."
                ),
            ),
            News::RecoveryCodeUsed(left) => {
                let left = match left {
                    0 => "None is left: please make new ones.".to_owned(),
                    1 => "One is left: please make new ones.".to_owned(),
                    left => format!("{left} are left."),
                };
                (
                    "Recovery code used",
                    format!(
                        "A recovery code was used to sign in to your account at {organization} on {when}. {left}"
                    ),
                )
            }
            News::SignedInAfterFailures(failures) => {
                let attempts = if failures == 1 { "attempt" } else { "attempts" };
                (
                    "Signed in after wrong attempts",
                    format!(
                        "Somebody signed in to your account at {organization} on {when}, after {failures} wrong {attempts}."
                    ),
                )
            }
            _ => (
                "Password changed",
                format!("The password of your account at {organization} was changed on {when}."),
            ),
        }
    }

    /// Wrong passwords: what waits, and what it means if it was not the owner.
    fn locked(&self, waits: &str, otherwise: &str) -> Words {
        let paragraphs = vec![
            "Somebody typed a wrong password for your account too often.".to_owned(),
            waits.to_owned(),
            format!(
                "If you forgot your password, choose a new one. If it was not you, {otherwise}: your password was not guessed."
            ),
        ];
        let button = self.page_button("Choose a new password", "reset");
        Words { word: "Sign-in locked", paragraphs, button }
    }

    /// Wrong codes: whoever typed them had the first step right.
    fn second_step_locked(&self, until: Timestamp, first: FirstStep) -> Words {
        let (whoever, otherwise) = match first {
            FirstStep::Password => (
                "Somebody who knows your password",
                "choose a new password at once: somebody else knows the one you have",
            ),
            FirstStep::Link => (
                "Somebody with a link that was mailed to you",
                "somebody else reads your mail: please change the password of your mailbox at once",
            ),
        };
        let paragraphs = vec![
            format!(
                "{whoever} typed wrong codes at the second step too often. They must wait until {}.",
                self.moment(until)
            ),
            format!("If it was you, try again then. If not, {otherwise}."),
        ];
        let button = match first {
            FirstStep::Password => self.page_button("Choose a new password", "reset"),
            FirstStep::Link => None,
        };
        Words { word: "Second step locked", paragraphs, button }
    }

    fn new_administrator(&self, word: &'static str, what: &str) -> Words {
        let name = self.about.map(one_line).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| "Somebody".to_owned());
        let paragraphs = vec![
            format!("{name} {what}. An administrator sees and changes everything there."),
            "If none of you meant this, please take it back at once, and see in the audit trail who did it.".to_owned(),
        ];
        Words { word, paragraphs, button: self.page_button("See the members", "manage/members") }
    }

    fn email_changed(&self, when: &str) -> Words {
        let organization = self.name();
        let changed =
            format!("The address of your account at {organization} was changed on {when}.");
        let former = self.account.to.is_some();
        // Who holds the account now also gets its mail: a new password would
        // go to them.
        let paragraphs = if former {
            vec![
                format!("{changed} From now on mail about it goes to another address."),
                format!("{NOTHING_TO_DO} If not, please tell {organization} at once."),
            ]
        } else {
            vec![format!("{changed} From now on mail about it comes here.")]
        };
        let button = if former { None } else { self.page_button("Sign in", "sign-in") };
        Words { word: "Address changed", paragraphs, button }
    }

    fn reason(&self) -> String {
        let organization = self.name();
        let because = match self.account.news {
            News::Invitation(_) => "somebody there gave this address for a member of the team",
            News::SignIn(_) => "this address was typed on its page",
            News::SignUp(_) | News::OrganizationRefused => {
                "this address was given to sign up an organization"
            }
            News::ConfirmEmail(_) => "this address was given for an account there",
            News::OrganizationWaits(_)
            | News::AdministratorInvited(_)
            | News::AdministratorMade(_)
            | News::EmergencyUsed
            | News::SupportGranted(_)
            | News::ErasureAsked(..)
            | News::ErasureTakenBack
            | News::AppointmentsLost(..) => "you are one of its administrators",
            News::AppointmentMissing(_) => "this address was given for an appointment there",
            News::EmailChanged if self.account.to.is_some() => {
                "this was the address of your account there"
            }
            _ => "this is the address of your account there",
        };
        format!("{organization} sends you this with Kept because {because}.")
    }

    fn once(&self, until: Timestamp) -> String {
        format!("The link works once, until {}.", self.moment(until))
    }

    /// `Thursday 3 December 2026, 18:40 (New York time)`
    fn moment(&self, instant: Timestamp) -> String {
        let zone = &self.organization.zone;
        format!("{}, {} ({})", zone.long_day(instant), zone.clock(instant), zone.spoken())
    }

    fn name(&self) -> String {
        one_line(&self.organization.name)
    }

    /// Which organization waits.
    fn waiting(&self) -> String {
        let name = self.about.map(one_line).filter(|name| !name.is_empty());
        name.unwrap_or_else(|| "An organization".to_owned())
    }

    fn page(&self) -> String {
        format!("{}/{}", self.public_address, self.organization.web_name)
    }

    fn page_button(&self, label: &'static str, path: &str) -> Option<Button> {
        Some(Button { label, link: format!("{}/{path}", self.page()) })
    }

    fn personal(&self, path: &str, label: &'static str) -> Option<Button> {
        let link = self.link?;
        Some(Button { label, link: format!("{}/{path}/{link}", self.page()) })
    }
}

#[cfg(test)]
mod tests;
