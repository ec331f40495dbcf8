//! One-time codes (TOTP, RFC 6238): six digits that change every 30 seconds.
//!
//! A code of the step before or after is taken too, for clocks that are a
//! little off; ours is the server's. A step that was used, and every one before
//! it, is never taken again.

use std::fmt;

use jiff::Timestamp;
use totp_rs::{Algorithm, Builder};
use zeroize::Zeroizing;

use super::recovery::Recovery;
use crate::identity::session::SessionId;
use crate::identity::subject::Subject;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

const STEP: u64 = 30;
const DIGITS: u8 = 6;

/// What an app and we both know: 160 bits.
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; 20]>);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

impl Secret {
    /// The secret that one session offers to somebody whose codes are at this
    /// version. It follows from the organization's key: so looking at it writes
    /// nothing down, and no other session, a stranger's above all, is ever
    /// shown it.
    #[must_use]
    pub fn offered(
        keys: &OrganizationKeys,
        subject: Subject,
        session: SessionId,
        version: u64,
    ) -> Self {
        let subject = subject.to_string();
        let version = version.to_be_bytes();
        let half = |which: &[u8]| {
            let parts = [which, subject.as_bytes(), session.as_bytes(), &version];
            Zeroizing::new(keys.proof(b"one-time codes", &parts))
        };
        let (first, second) = (half(b"first"), half(b"second"));
        let mut bytes = Zeroizing::new([0; 20]);
        for (to, from) in bytes.iter_mut().zip(first.iter().chain(second.iter())) {
            *to = *from;
        }
        Self(bytes)
    }

    /// The secret whose text this is.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(data_encoding::BASE32_NOPAD.decode(text.as_bytes()).ok()?);
        bytes.as_slice().try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The secret in base32, for typing it into an app and for a sealed map.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(data_encoding::BASE32_NOPAD.encode(&*self.0))
    }

    /// The address that an app reads, mostly out of a picture of it
    /// ([`super::picture::svg`]).
    #[must_use]
    pub fn address(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let issuer = encode(&issuer.replace(':', " "));
        let account = encode(account);
        let secret = self.text();
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}\
             &algorithm=SHA1&digits={DIGITS}&period={STEP}",
            *secret
        ))
    }

    /// The code that an app shows at `now`.
    ///
    /// # Errors
    /// Never for a secret of this length.
    pub fn code(&self, now: Timestamp) -> Result<String, Trouble> {
        Ok(self.clockwork()?.generate(seconds(now)).to_string())
    }

    /// The step whose code this is, among those that are taken at `now`.
    fn step(&self, typed: &str, now: Timestamp) -> Result<Option<u64>, Trouble> {
        let digits: String =
            typed.chars().filter(|character| !character.is_whitespace()).take(16).collect();
        Ok(self.clockwork()?.check(&digits, seconds(now)))
    }

    fn clockwork(&self) -> Result<totp_rs::Totp, Trouble> {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_step_duration(STEP)
            .with_skew(1)
            .with_secret(totp_rs::Secret::new_stack(*self.0))
            .build()
            .map_err(|cause| Trouble::unavailable("computing a one-time code", cause.to_string()))
    }
}

/// Somebody's one-time codes and recovery codes, as they are kept.
#[derive(Debug, Clone, Default)]
pub struct Codes {
    /// Raised by every change; 0 before they are stored.
    pub version: u64,
    pub(super) confirmed: Option<Confirmed>,
    pub(super) recovery: Recovery,
}

/// A secret that an app has shown to know.
#[derive(Debug, Clone)]
pub(super) struct Confirmed {
    pub(super) secret: Secret,
    pub(super) since: Timestamp,
    pub(super) last_step: u64,
}

/// Why a code was not taken. All of them are one answer to who signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not the code of this moment.
    #[error(
        "This is not the code that the app shows now. Check that the clock of your device is right."
    )]
    Wrong,
    /// It was used before.
    #[error("This code was used already. Wait for the next one.")]
    Used,
    /// There is nothing to compare it with, or no longer.
    #[error("There is no app to compare it with. Please begin again.")]
    Nothing,
}

impl Codes {
    /// Since when there is an app, if there is one.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        self.confirmed.as_ref().map(|confirmed| confirmed.since)
    }

    /// How many recovery codes are left.
    #[must_use]
    pub fn recovery_left(&self) -> usize {
        self.recovery.left()
    }

    /// With a new secret in the place of the old, when this is its code. The
    /// old app serves until then.
    ///
    /// # Errors
    /// [`Refused`], or [`Trouble`] around it.
    pub fn confirmed(
        &self,
        secret: &Secret,
        typed: &str,
        now: Timestamp,
    ) -> Result<Result<Self, Refused>, Trouble> {
        Ok(match secret.step(typed, now)? {
            None => Err(Refused::Wrong),
            Some(last_step) => {
                let confirmed = Some(Confirmed { secret: secret.clone(), since: now, last_step });
                Ok(Self { confirmed, ..self.clone() })
            }
        })
    }

    /// With this code used up, when it is one.
    ///
    /// # Errors
    /// [`Refused`], or [`Trouble`] around it.
    pub fn spent(&self, typed: &str, now: Timestamp) -> Result<Result<Self, Refused>, Trouble> {
        let Some(confirmed) = &self.confirmed else { return Ok(Err(Refused::Nothing)) };
        Ok(match confirmed.secret.step(typed, now)? {
            None => Err(Refused::Wrong),
            Some(step) if step <= confirmed.last_step => Err(Refused::Used),
            Some(last_step) => {
                let confirmed = Some(Confirmed { last_step, ..confirmed.clone() });
                Ok(Self { confirmed, ..self.clone() })
            }
        })
    }

    /// Without an app. Recovery codes stay for who still has a passkey.
    #[must_use]
    pub fn without_app(&self, still_has_passkey: bool) -> Self {
        let recovery = if still_has_passkey { self.recovery.clone() } else { Recovery::default() };
        Self { version: self.version, confirmed: None, recovery }
    }
}

fn seconds(now: Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or(0)
}

/// Percent-encoding that apps read alike: a space is `%20`.
fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn secret() -> Secret {
        Secret(Zeroizing::new(*b"12345678901234567890"))
    }

    fn with_app(now: Timestamp) -> Codes {
        let code = secret().code(now).unwrap();
        Codes::default().confirmed(&secret(), &code, now).unwrap().unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, the last six of its eight digits.
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret().code(at(second)).unwrap(), code);
        }
    }

    #[test]
    fn a_code_is_taken_one_step_early_or_late_and_no_more() {
        let now = at(1_800_000_015);
        let codes = with_app(at(1_700_000_000));
        for (seconds, taken) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            let code = secret().code(now + SignedDuration::from_secs(seconds)).unwrap();
            let found = codes.spent(&code, now).unwrap();
            assert_eq!(found.is_ok(), taken, "{seconds}");
        }
        let spaced = secret().code(now).unwrap();
        let spaced = format!(" {} {}", &spaced[..3], &spaced[3..]);
        assert!(codes.spent(&spaced, now).unwrap().is_ok());
        for text in ["", "12345", "1234567", "abcdef", "１２３４５６", &"1".repeat(10_000)] {
            assert_eq!(codes.spent(text, now).unwrap().unwrap_err(), Refused::Wrong, "{text}");
        }
    }

    #[test]
    fn a_code_that_was_used_and_those_before_it_are_refused() {
        let now = at(1_800_000_015);
        let codes = with_app(at(1_700_000_000));
        let step = |steps: i64| secret().code(now + SignedDuration::from_secs(30 * steps)).unwrap();
        let after = codes.spent(&step(0), now).unwrap().unwrap();
        assert_eq!(after.spent(&step(0), now).unwrap().unwrap_err(), Refused::Used);
        assert_eq!(after.spent(&step(-1), now).unwrap().unwrap_err(), Refused::Used);
        assert!(after.spent(&step(1), now).unwrap().is_ok());
        // The code that confirmed an app does not sign in as well.
        let fresh = with_app(now);
        assert_eq!(fresh.spent(&step(0), now).unwrap().unwrap_err(), Refused::Used);
    }

    #[test]
    fn a_new_app_serves_once_it_is_confirmed_and_the_old_until_then() {
        let now = at(1_800_000_015);
        let codes = with_app(at(1_700_000_000));
        let other = Secret(Zeroizing::new([9; 20]));
        let (old, new) = (secret().code(now).unwrap(), other.code(now).unwrap());
        assert!(codes.spent(&old, now).unwrap().is_ok());
        assert_eq!(codes.spent(&new, now).unwrap().unwrap_err(), Refused::Wrong);
        assert_eq!(codes.confirmed(&other, &old, now).unwrap().unwrap_err(), Refused::Wrong);
        let confirmed = codes.confirmed(&other, &new, now).unwrap().unwrap();
        assert_eq!(confirmed.since(), Some(now));
        assert_eq!(confirmed.spent(&old, now).unwrap().unwrap_err(), Refused::Wrong);
        assert!(Codes::default().spent(&old, now).unwrap().is_err());
    }

    #[test]
    fn the_address_is_what_apps_read_and_the_secret_is_not_printed() {
        let address = secret().address("North School: staff", "ada@example.org");
        assert_eq!(
            *address,
            "otpauth://totp/North%20School%20%20staff:ada@example.org\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=North%20School%20%20staff\
             &algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(format!("{:?}", secret()), "[secret]");
        assert_eq!(*Secret::parse(&secret().text()).unwrap().0, *secret().0);
    }
}
