//! Hashing with argon2id, a few at a time.
//!
//! A verification takes some 20 MiB and tens of milliseconds on purpose. So no
//! more run at once than the machine has processors for, some more may wait,
//! and everybody after that is told to come back: a flood of guesses costs the
//! guessers and nobody else.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use super::rules::{self, Requirements, Unfit};
use super::{Meter, Password};
use crate::ambient::Chance;
use crate::trouble::Trouble;

/// How much work a hash is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// Memory, in KiB.
    pub memory: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Lanes of that memory that could be filled side by side.
    pub lanes: u32,
}

/// What every new hash is made with: OWASP's recommendation, 19 MiB and two
/// passes. Raising it rehashes each password when its owner next signs in.
pub const CURRENT: Parameters = Parameters { memory: 19_456, passes: 2, lanes: 1 };

/// A salt's bytes.
const SALT: usize = 16;
/// A verification's time, roughly, for saying when to come back.
const ONE_TAKES_MS: usize = 50;

impl Parameters {
    fn context(self) -> Result<Argon2<'static>, Trouble> {
        Params::new(self.memory, self.passes, self.lanes, None)
            .map(|params| Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
            .map_err(|cause| Trouble::unavailable("preparing a hash", cause.to_string()))
    }

    /// The parameters that a hash says it was made with.
    fn of(hash: &PasswordHash) -> Option<Self> {
        let params = Params::try_from(hash).ok()?;
        Some(Self { memory: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() })
    }
}

/// A hashed password: a PHC string such as `$argon2id$v=19$m=19456,t=2,p=1$…`.
#[derive(Clone)]
pub struct Hashed(Zeroizing<String>);

impl Hashed {
    /// Takes what [`Self::expose`] gave.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The string, for a sealed map.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Hashed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[hashed password]")
    }
}

/// What comparing a password with a hash found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// It is the password.
    Right,
    /// It is the password, under parameters that are no longer ours: hash it
    /// anew while it is at hand.
    RightButOld,
    /// It is not.
    Wrong,
}

/// Why nothing was computed.
#[derive(Debug, thiserror::Error)]
pub enum Unhashed {
    /// Too many wait already.
    #[error("Many people are signing in at this moment. Please try again in {seconds} seconds.")]
    Busy {
        /// When to come back.
        seconds: u32,
    },
    /// Something failed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Computes hashes, a few at a time, and counts what it compares.
pub struct Hasher {
    parameters: Parameters,
    at_once: usize,
    waiting: usize,
    running: Arc<Semaphore>,
    counts: Arc<Counts>,
    /// A hash of nothing anybody knows, to compare with where there is none.
    dummy: OnceLock<Hashed>,
}

#[derive(Default)]
struct Counts {
    /// Running and waiting.
    inside: AtomicUsize,
    verifications: AtomicU64,
    dummies: AtomicU64,
}

/// A place among those who are running or waiting; given back when dropped.
struct Place(Arc<Counts>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Default for Hasher {
    /// As many at once as there are processors, and 64 waiting.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self::new(CURRENT, processors, 64)
    }
}

impl Hasher {
    /// A hasher that makes hashes with `parameters`, computes `at_once` and
    /// lets `waiting` more wait.
    #[must_use]
    pub fn new(parameters: Parameters, at_once: usize, waiting: usize) -> Self {
        Self {
            parameters,
            at_once,
            waiting,
            running: Arc::new(Semaphore::new(at_once)),
            counts: Arc::default(),
            dummy: OnceLock::new(),
        }
    }

    /// Hashes a password under a fresh salt.
    ///
    /// # Errors
    /// [`Unhashed`] says why there is no hash.
    pub async fn hash(&self, password: &Password, chance: &dyn Chance) -> Result<Hashed, Unhashed> {
        let mut salt = [0; SALT];
        chance.fill(&mut salt).map_err(Trouble::from)?;
        let (password, parameters) = (password.clone(), self.parameters);
        self.compute(move || hash(&password, &salt, parameters)).await
    }

    /// Compares a password with a stored hash.
    ///
    /// # Errors
    /// [`Unhashed`] says why nothing was compared.
    pub async fn verify(&self, password: &Password, stored: &Hashed) -> Result<Verified, Unhashed> {
        let (password, stored, parameters) = (password.clone(), stored.clone(), self.parameters);
        let counts = Arc::clone(&self.counts);
        self.compute(move || {
            counts.verifications.fetch_add(1, Ordering::AcqRel);
            compare(&password, &stored, parameters)
        })
        .await
    }

    /// Does the work of [`Self::verify`] where there is no hash to compare with.
    ///
    /// # Errors
    /// [`Unhashed`] says why nothing was computed.
    pub async fn verify_nothing(
        &self,
        password: &Password,
        chance: &dyn Chance,
    ) -> Result<(), Unhashed> {
        let (password, dummy, parameters) =
            (password.clone(), self.dummy(chance)?, self.parameters);
        let counts = Arc::clone(&self.counts);
        self.compute(move || {
            counts.dummies.fetch_add(1, Ordering::AcqRel);
            compare(&password, &dummy, parameters).map(|_| ())
        })
        .await
    }

    /// Judges a password that somebody chose, in the same line: the longest
    /// ones, full of signs in place of letters, take longer than a hash.
    ///
    /// # Errors
    /// [`Unhashed`] says why it was not judged.
    pub async fn judge(
        &self,
        password: &Password,
        requirements: &Requirements<'_>,
    ) -> Result<Result<(), Vec<Unfit>>, Unhashed> {
        self.apart(password, requirements, rules::fit).await
    }

    /// Reads the meter for a password that somebody is choosing, in the same
    /// line.
    ///
    /// # Errors
    /// [`Unhashed`] says why it was not read.
    pub async fn meter(
        &self,
        password: &Password,
        requirements: &Requirements<'_>,
    ) -> Result<Meter, Unhashed> {
        self.apart(password, requirements, Meter::read).await
    }

    async fn apart<T: Send + 'static>(
        &self,
        password: &Password,
        requirements: &Requirements<'_>,
        look: impl Fn(&Password, &Requirements<'_>) -> T + Send + 'static,
    ) -> Result<T, Unhashed> {
        let password = password.clone();
        let Requirements { minimum, composition, breached, .. } = *requirements;
        let own = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (organization, person) = (own(requirements.organization), own(requirements.person));
        self.compute(move || {
            let organization: Vec<&str> = organization.iter().map(String::as_str).collect();
            let person: Vec<&str> = person.iter().map(String::as_str).collect();
            let (organization, person) = (organization.as_slice(), person.as_slice());
            let requirements =
                Requirements { minimum, composition, organization, person, breached };
            Ok(look(&password, &requirements))
        })
        .await
    }

    /// How many passwords were compared with a stored hash so far.
    #[must_use]
    pub fn verifications(&self) -> u64 {
        self.counts.verifications.load(Ordering::Acquire)
    }

    /// How many were compared with nothing.
    #[must_use]
    pub fn dummies(&self) -> u64 {
        self.counts.dummies.load(Ordering::Acquire)
    }

    /// A hash that was never computed: random bytes in its place.
    fn dummy(&self, chance: &dyn Chance) -> Result<Hashed, Trouble> {
        if let Some(dummy) = self.dummy.get() {
            return Ok(dummy.clone());
        }
        let mut bytes = [0; SALT + 32];
        chance.fill(&mut bytes)?;
        let (salt, output) = bytes.split_at(SALT);
        let text = |bytes: &[u8]| data_encoding::BASE64_NOPAD.encode(bytes);
        let Parameters { memory, passes, lanes } = self.parameters;
        let dummy = Hashed::from_stored(format!(
            "$argon2id$v=19$m={memory},t={passes},p={lanes}${}${}",
            text(salt),
            text(output)
        ));
        Ok(self.dummy.get_or_init(|| dummy).clone())
    }

    /// Computes on a thread of its own once it is its turn. What began is
    /// counted until it ends, even when nobody waits for it any more.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Unhashed> {
        let place = self.enter()?;
        let permit: OwnedSemaphorePermit = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|cause| Trouble::unavailable("waiting to compute a hash", cause))?;
        let computed = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop((permit, place));
            outcome
        });
        let computed =
            computed.await.map_err(|cause| Trouble::unavailable("computing a hash", cause))?;
        Ok(computed?)
    }

    fn enter(&self) -> Result<Place, Unhashed> {
        let room = self.at_once + self.waiting;
        let more = |inside| (inside < room).then_some(inside + 1);
        match self.counts.inside.fetch_update(Ordering::AcqRel, Ordering::Acquire, more) {
            Ok(_) => Ok(Place(Arc::clone(&self.counts))),
            Err(inside) => {
                let wait = (inside * ONE_TAKES_MS / self.at_once.max(1)).div_ceil(1_000);
                Err(Unhashed::Busy { seconds: u32::try_from(wait.max(1)).unwrap_or(60) })
            }
        }
    }
}

fn hash(password: &Password, salt: &[u8], parameters: Parameters) -> Result<Hashed, Trouble> {
    let hash = parameters
        .context()?
        .hash_password_with_salt(password.expose().as_bytes(), salt)
        .map_err(|cause| Trouble::unavailable("computing a hash", cause.to_string()))?;
    Ok(Hashed::from_stored(hash.to_string()))
}

fn compare(
    password: &Password,
    stored: &Hashed,
    parameters: Parameters,
) -> Result<Verified, Trouble> {
    let damaged = |why: &str| Trouble::damaged("a hashed password", why);
    let stored = PasswordHash::new(stored.expose()).map_err(|_| damaged("it is no PHC string"))?;
    let made_with =
        Parameters::of(&stored).ok_or_else(|| damaged("its parameters cannot be used"))?;
    // The verifier takes algorithm, version and parameters from the hash.
    let verifier = parameters.context()?;
    match verifier.verify_password(password.expose().as_bytes(), &stored) {
        Ok(()) if stored.algorithm.as_str() == "argon2id" && made_with == parameters => {
            Ok(Verified::Right)
        }
        Ok(()) => Ok(Verified::RightButOld),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(Verified::Wrong),
        Err(cause) => Err(Trouble::unavailable("computing a hash", cause.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SystemChance;
    use futures::future::join_all;

    /// Little work, for tests of what surrounds it.
    const QUICK: Parameters = Parameters { memory: 8, passes: 1, lanes: 1 };

    fn password(typed: &str) -> Password {
        Password::parse(typed).unwrap()
    }

    #[tokio::test]
    async fn only_the_password_itself_is_right() {
        let hasher = Hasher::default();
        let long = "a".repeat(64);
        let typed = password(&format!("{long}b"));
        let stored = hasher.hash(&typed, &SystemChance).await.unwrap();
        assert!(stored.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(hasher.verify(&typed, &stored).await.unwrap(), Verified::Right);
        for other in
            [format!("{long}c"), long.clone(), format!("{long}b "), format!("A{}b", "a".repeat(63))]
        {
            let found = hasher.verify(&password(&other), &stored).await.unwrap();
            assert_eq!(found, Verified::Wrong, "{other}");
        }
        assert_eq!((hasher.verifications(), hasher.dummies()), (5, 0));
        assert_eq!(format!("{stored:?}"), "[hashed password]");
    }

    #[tokio::test]
    async fn a_hash_made_with_less_work_is_right_but_old() {
        let typed = password("a password of old");
        let old = Hasher::new(QUICK, 1, 0).hash(&typed, &SystemChance).await.unwrap();
        let hasher = Hasher::default();
        assert_eq!(hasher.verify(&typed, &old).await.unwrap(), Verified::RightButOld);
        assert_eq!(hasher.verify(&password("another"), &old).await.unwrap(), Verified::Wrong);
    }

    #[tokio::test]
    async fn ten_thousand_passwords_have_ten_thousand_salts() {
        let hasher = Hasher::new(QUICK, 2, 0);
        let mut salts = std::collections::HashSet::new();
        for _ in 0..10_000 {
            let hashed = hasher.hash(&password("the same"), &SystemChance).await.unwrap();
            let salt = hashed.expose().split('$').nth(4).unwrap().to_owned();
            assert_eq!(data_encoding::BASE64_NOPAD.decode(salt.as_bytes()).unwrap().len(), 16);
            salts.insert(salt);
        }
        assert_eq!(salts.len(), 10_000);
    }

    #[tokio::test]
    async fn where_there_is_nothing_the_same_work_is_done_and_counted_apart() {
        let hasher = Hasher::default();
        for _ in 0..3 {
            hasher.verify_nothing(&password("anything"), &SystemChance).await.unwrap();
        }
        assert_eq!((hasher.verifications(), hasher.dummies()), (0, 3));
        let dummy = hasher.dummy(&SystemChance).unwrap();
        let parsed = PasswordHash::new(dummy.expose()).unwrap();
        assert_eq!(Parameters::of(&parsed), Some(CURRENT));
        assert_eq!(parsed.hash.unwrap().len(), 32);
    }

    #[tokio::test]
    async fn who_finds_the_line_full_is_told_when_to_come_back() {
        let hasher = Hasher::new(CURRENT, 1, 2);
        let typed = password("a password");
        let stored = hasher.hash(&typed, &SystemChance).await.unwrap();
        let answers = join_all((0..20).map(|_| hasher.verify(&typed, &stored))).await;
        let done = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(done, 3);
        for answer in answers.into_iter().filter_map(Result::err) {
            assert!(matches!(answer, Unhashed::Busy { seconds: 1 }), "{answer}");
        }
        // The places were given back.
        assert_eq!(hasher.verify(&typed, &stored).await.unwrap(), Verified::Right);
    }

    #[tokio::test]
    async fn a_password_is_judged_in_the_same_line_as_others_are_compared() {
        let hasher = Hasher::new(CURRENT, 1, 0);
        let requirements = Requirements {
            minimum: 15,
            organization: &["Maple Street School"],
            ..Requirements::default()
        };
        let own = password("MapleStreetSchool");
        let (judged, turned_away) = tokio::join!(
            hasher.judge(&own, &requirements),
            hasher.verify_nothing(&own, &SystemChance)
        );
        assert_eq!(judged.unwrap(), Err(vec![Unfit::OwnWords]));
        assert!(matches!(turned_away, Err(Unhashed::Busy { .. })));
        assert!(!hasher.meter(&own, &requirements).await.unwrap().accepted);
    }

    #[tokio::test]
    async fn a_damaged_hash_is_a_trouble_and_no_wrong_password() {
        let hasher = Hasher::default();
        for text in ["", "plain", "$argon2id$v=19$m=1,t=0,p=0$AAAA$AAAA"] {
            let stored = Hashed::from_stored(text.to_owned());
            let answer = hasher.verify(&password("x"), &stored).await;
            assert!(matches!(answer, Err(Unhashed::Trouble(_))), "{text}: {answer:?}");
        }
    }
}
