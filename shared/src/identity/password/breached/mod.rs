//! Passwords that are known to have been stolen elsewhere.
//!
//! The public lists hold the SHA-1 of each: forty gigabytes for a thousand
//! million. `cargo run -- breached-list` makes a file of less than a
//! twentieth of that, which says of every password on the list that it is
//! there, and of one in 4,096 of the others too: whoever meets that chooses
//! another. It takes 1.76 bytes for each entry, and a question is answered by
//! reading two short stretches of it; nothing of it stays in memory.
//!
//! The format, numbers in little-endian order, is a Golomb-coded set:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `KEPTBRL1` |
//! | 8 | how many entries, n |
//! | 8 | how many buckets, b = ⌈n / 128⌉ |
//! | 8 | how many bytes of entries |
//! | 32 | SHA-256 over the 32 bytes before, the SHA-256 of the entries, and the index |
//! | 8 · (b + 1) | the index: at which bit each bucket begins, and where the last ends |
//! | | the entries |
//!
//! An entry is the first 64 bits of a SHA-1, scaled to a number below
//! 4,096 · n; those of a bucket agree in `number / (4,096 · 128)`. Each is
//! written as its distance from the one before, or from the bucket's
//! beginning: the distance's 4,096s as so many ones and a zero, then the rest
//! in 12 bits.

mod build;
mod list;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use build::{Built, build};
use list::List;

use super::Password;
use crate::trouble::Trouble;

/// Of so many passwords that are not on the list, one is taken to be.
pub const ONE_IN: u64 = 1 << REST_BITS;
/// The bits of a distance that are written as they are.
const REST_BITS: u32 = 12;
/// Entries of a bucket, on average.
const BUCKET: u64 = 128;
const MAGIC: &[u8; 8] = b"KEPTBRL1";
/// Everything before the index.
const HEAD: usize = 64;

/// Why a list cannot be made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// A file cannot be read or written.
    #[error("{path}: {problem}")]
    File {
        /// Which file.
        path: String,
        /// What the system says.
        problem: String,
    },
    /// A line of the source is none of a breach list.
    #[error(
        "{path}, line {line}: expected a SHA-1 in 40 hexadecimal digits, with or without a colon and a count after it"
    )]
    Line {
        /// Which file.
        path: String,
        /// Which line.
        line: u64,
    },
    /// The source has no entries.
    #[error("{path} has no entries to keep")]
    Nothing {
        /// Which file.
        path: String,
    },
    /// The made list is not what was made.
    #[error(
        "{path} is no usable list of breached passwords: {why}. Make it again with breached-list"
    )]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl ListError {
    fn file(path: &Path, problem: &std::io::Error) -> Self {
        Self::File { path: path.display().to_string(), problem: problem.to_string() }
    }

    fn damaged(path: &Path, why: &'static str) -> Self {
        Self::Damaged { path: path.display().to_string(), why }
    }
}

impl From<ListError> for Trouble {
    fn from(cause: ListError) -> Self {
        Self::unavailable("asking the list of breached passwords", cause)
    }
}

/// The check against breached passwords, or that there is none.
#[derive(Debug, Default)]
pub struct Breached {
    path: Option<PathBuf>,
    list: OnceLock<Result<List, ListError>>,
}

impl Breached {
    /// The check against the list at `path`; without one the check is off. The
    /// file is opened when it is first needed.
    #[must_use]
    pub fn at(path: Option<PathBuf>) -> Self {
        Self { path, list: OnceLock::new() }
    }

    /// Whether there is a list to check against.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.path.is_some()
    }

    /// Opens the list and reads it through once, some seconds for the largest:
    /// for the start of a function that will need it.
    ///
    /// # Errors
    /// [`ListError`] when the file is not there or is damaged.
    pub fn load(&self) -> Result<(), ListError> {
        match self.list() {
            Some(Err(why)) => Err(why.clone()),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// Whether the password is known to be breached; `None` when the check is
    /// off. A list that is meant to be there and cannot be used is an error: a
    /// password is rather not changed than changed unchecked.
    ///
    /// # Errors
    /// [`ListError`] when the list cannot be used.
    pub fn holds(&self, password: &Password) -> Result<Option<bool>, ListError> {
        match self.list() {
            None => Ok(None),
            Some(Err(why)) => Err(why.clone()),
            Some(Ok(list)) => list.holds(fingerprint(password.expose())).map(Some),
        }
    }

    fn list(&self) -> Option<&Result<List, ListError>> {
        let path = self.path.as_ref()?;
        Some(self.list.get_or_init(|| List::open(path)))
    }
}

/// What stands for a password in the list: the first 64 bits of its SHA-1.
fn fingerprint(password: &str) -> u64 {
    let algorithm = &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY;
    let digest = aws_lc_rs::digest::digest(algorithm, password.as_bytes());
    digest.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The number that an entry is written as, among `entries` of them. It keeps
/// their order.
fn scaled(fingerprint: u64, entries: u64) -> u64 {
    let scaled = (u128::from(fingerprint) * (u128::from(entries) << REST_BITS)) >> 64;
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// The bucket of a number.
const fn bucket(number: u64) -> u64 {
    (number >> REST_BITS) / BUCKET
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn sha1(password: &str) -> String {
        let algorithm = &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY;
        let digest = aws_lc_rs::digest::digest(algorithm, password.as_bytes());
        data_encoding::HEXUPPER.encode(digest.as_ref())
    }

    /// A folder of a test's own, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("kept-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        /// Makes a list of these lines.
        fn list(&self, lines: &str, room: usize) -> Result<(Breached, Built), ListError> {
            let (source, target) = (self.0.join("source.txt"), self.0.join("list"));
            std::fs::write(&source, lines).unwrap();
            let built = build(&source, &target, 1, room)?;
            Ok((Breached::at(Some(target)), built))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn holds(breached: &Breached, password: &str) -> bool {
        breached.holds(&Password::parse(password).unwrap()).unwrap().unwrap()
    }

    #[test]
    fn without_a_list_the_check_is_off_and_says_so() {
        let breached = Breached::at(None);
        assert!(!breached.is_on());
        assert_eq!(breached.load(), Ok(()));
        assert_eq!(breached.holds(&Password::parse("password").unwrap()), Ok(None));
    }

    #[test]
    fn everything_on_the_list_is_found_and_one_in_four_thousand_of_the_rest() {
        let folder = Folder::new("breached-all");
        let mut lines: Vec<String> = (0..100_000)
            .map(|number| format!("{}:{number}\r\n", sha1(&format!("breached {number}"))))
            .collect();
        lines[0] = format!("{}\n", sha1("breached 0").to_lowercase());
        lines[1] = lines[1].replace(":1\r", ":7\r");
        // In the order of the passwords, then in that of the hashes: the same list.
        let (shuffled, built) = folder.list(&lines.concat(), 7_000).unwrap();
        let bytes = std::fs::read(folder.0.join("list")).unwrap();
        lines.sort_by_key(|line| line.to_uppercase());
        let (sorted, _) = folder.list(&lines.concat(), 7_000).unwrap();
        assert_eq!(bytes, std::fs::read(folder.0.join("list")).unwrap());
        assert_eq!(built.entries, 100_000);

        for number in 0..100_000 {
            assert!(holds(&sorted, &format!("breached {number}")), "{number}");
        }
        assert!(holds(&shuffled, "breached 17"));
        let wrong = (0..100_000).filter(|number| holds(&sorted, &format!("good {number}"))).count();
        // 24 are expected; beyond 60 would be a wonder.
        assert!((5..60).contains(&wrong), "{wrong} of 100,000");
        let each = built.bytes as f64 / built.entries as f64;
        assert!((1.70..1.80).contains(&each), "{each} bytes each");
    }

    #[test]
    fn a_short_list_works_too() {
        let folder = Folder::new("breached-short");
        let (breached, built) = folder.list(&sha1("password1"), 10).unwrap();
        assert_eq!(built.entries, 1);
        assert!(breached.is_on());
        assert!(holds(&breached, "password1"));
    }

    #[test]
    fn what_was_seen_seldom_can_be_left_out() {
        let folder = Folder::new("breached-seldom");
        let (source, target) = (folder.0.join("source.txt"), folder.0.join("list"));
        let mut lines = String::new();
        writeln!(lines, "{}:5", sha1("often")).unwrap();
        writeln!(lines, "{}:4", sha1("seldom")).unwrap();
        std::fs::write(&source, lines).unwrap();
        assert_eq!(build(&source, &target, 5, 10).unwrap().entries, 1);
        let why = build(&source, &target, 6, 10).unwrap_err();
        assert!(why.to_string().contains("no entries"), "{why}");
    }

    #[test]
    fn a_damaged_list_is_refused_with_a_reason() {
        let folder = Folder::new("breached-damaged");
        let (_, _) = folder.list(&format!("{}\n{}\n", sha1("a"), sha1("b")), 10).unwrap();
        let path = folder.0.join("list");
        let whole = std::fs::read(&path).unwrap();
        for position in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[position] ^= 4;
            std::fs::write(&path, &bytes).unwrap();
            let why = Breached::at(Some(path.clone())).load().unwrap_err();
            assert!(matches!(why, ListError::Damaged { .. }), "byte {position}: {why}");
        }
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(Breached::at(Some(path.clone())).load().is_err(), "{length} bytes");
        }
        std::fs::write(&path, [whole.as_slice(), b"more"].concat()).unwrap();
        assert!(Breached::at(Some(path.clone())).load().is_err());
        std::fs::remove_file(&path).unwrap();
        let gone = Breached::at(Some(path));
        assert!(gone.is_on());
        assert!(gone.holds(&Password::parse("password").unwrap()).is_err());
    }

    #[test]
    fn a_line_that_is_no_hash_is_named_and_an_old_list_stays() {
        let folder = Folder::new("breached-line");
        let good = sha1("a");
        let (_, _) = folder.list(&good, 10).unwrap();
        let kept = std::fs::read(folder.0.join("list")).unwrap();
        for bad in [
            "password",
            &good[..39],
            "é",
            &format!("{good}:many"),
            &format!("{good}0"),
            &"A".repeat(500),
        ] {
            let why = folder.list(&format!("{good}\n\n{bad}\n{good}"), 10).unwrap_err();
            assert!(matches!(why, ListError::Line { line: 3, .. }), "{bad}: {why}");
        }
        assert_eq!(std::fs::read(folder.0.join("list")).unwrap(), kept);
    }
}
