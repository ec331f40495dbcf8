//! What a new password must be.
//!
//! Length, and being hard to guess, as NIST SP 800-63B-4 section 3.1.1.2 has
//! it. The older rule of four kinds of characters goes against that standard
//! and is off unless an organization turns it on.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Password;
use super::meter::estimate;

/// The shortest password that is the only thing asked for.
pub const MINIMUM_ALONE: usize = 15;
/// The shortest password beside which a second factor is asked for.
pub const MINIMUM_WITH_SECOND_FACTOR: usize = 8;

/// Fewer guesses than these find a password that somebody has the hash of.
const FEW_GUESSES: u64 = 100_000_000;
/// So much of a password must be something else than words around its owner.
const OTHERWISE: usize = 8;
/// Shorter words are found in too much.
const SHORTEST_WORD: usize = 3;
/// What the service calls itself and what it is for.
const PRODUCT: [&str; 2] = ["Kept", "appointment"];

/// What is asked of a password, and what is known around its owner.
#[derive(Debug, Clone, Copy, Default)]
pub struct Requirements<'a> {
    /// The least number of characters.
    pub minimum: usize,
    /// Whether all four kinds of characters must be there.
    pub composition: bool,
    /// The organization's name and its name in addresses.
    pub organization: &'a [&'a str],
    /// The person's username, email address and name.
    pub person: &'a [&'a str],
    /// Whether the list of breached passwords holds it; `None` where there is
    /// no list.
    pub breached: Option<bool>,
}

/// Why a password is not accepted, said to the person who chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Too few characters.
    #[error(
        "This is too short: use at least {minimum} characters. A few words that do not belong together are easy to remember."
    )]
    TooShort {
        /// How many there must be.
        minimum: usize,
    },
    /// Among what everybody tries first.
    #[error(
        "This is one of the first things that somebody would try. Choose something less common."
    )]
    Guessable,
    /// Little more than a name that belongs to the person or the organization.
    #[error(
        "This is little more than your own name, your address, the name of the organization, or words like Kept and appointment. Choose something that has nothing to do with them."
    )]
    OwnWords,
    /// In the list of breached passwords.
    #[error(
        "This password is in a list of passwords that were stolen elsewhere. Choose another, and change it wherever else you use it."
    )]
    Breached,
    /// Not all four kinds of characters.
    #[error(
        "Your organization wants small and capital letters, a digit, and another sign such as ! or a space."
    )]
    Composition,
}

/// Judges a password that somebody chose.
///
/// # Errors
/// Everything that is wrong with it, so that it is said at once.
pub fn fit(password: &Password, requirements: &Requirements<'_>) -> Result<(), Vec<Unfit>> {
    let minimum = requirements.minimum;
    let words = || {
        let around = requirements.organization.iter().chain(requirements.person);
        around.copied().chain(PRODUCT)
    };
    let mut unfit = Vec::new();
    if password.length() < minimum {
        unfit.push(Unfit::TooShort { minimum });
    }
    if is_own(password, words()) {
        unfit.push(Unfit::OwnWords);
    } else if estimate(password, words()).guesses() < FEW_GUESSES {
        unfit.push(Unfit::Guessable);
    }
    if requirements.breached == Some(true) {
        unfit.push(Unfit::Breached);
    }
    if requirements.composition && !has_all_kinds(password) {
        unfit.push(Unfit::Composition);
    }
    if unfit.is_empty() { Ok(()) } else { Err(unfit) }
}

/// Whether little is left of the password without words around its owner.
fn is_own<'a>(password: &Password, around: impl Iterator<Item = &'a str>) -> bool {
    let mut words: Vec<String> = around.flat_map(parts).collect();
    // The longest first: "anna" would leave half of "annabel" behind.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let folded = zeroize::Zeroizing::new(fold(password.expose()));
    let mut left = folded.clone();
    for word in &words {
        if left.contains(word.as_str()) {
            *left = left.replace(word.as_str(), "");
        }
    }
    left.len() < folded.len() && left.chars().count() < OTHERWISE
}

/// The words that a name is made of, and the name in one word. Of an address,
/// only what is before the @.
pub(super) fn parts(name: &str) -> Vec<String> {
    let name = name.rsplit_once('@').map_or(name, |(local, _)| local);
    let mut words: Vec<String> =
        name.split(|character: char| !character.is_alphanumeric()).map(fold).collect();
    words.push(fold(name));
    words.retain(|word| word.chars().count() >= SHORTEST_WORD);
    words
}

/// A text without case, accents and punctuation, and with signs that stand for
/// letters as those letters: `M4pl€-Str33t` and `maple street` look the same
/// where they are the same.
fn fold(text: &str) -> String {
    text.nfkd()
        .filter(|character| !is_combining_mark(*character))
        .flat_map(char::to_lowercase)
        .map(|character| match character {
            '4' | '@' => 'a',
            '8' => 'b',
            '(' | '<' => 'c',
            '3' | '€' => 'e',
            '6' | '9' => 'g',
            '1' | '!' | '|' | 'l' => 'i',
            '0' => 'o',
            '5' | '$' => 's',
            '7' | '+' => 't',
            '2' => 'z',
            other => other,
        })
        .filter(|character| character.is_alphanumeric())
        .collect()
}

fn has_all_kinds(password: &Password) -> bool {
    let any = |of: fn(char) -> bool| password.expose().chars().any(of);
    any(char::is_lowercase)
        && any(char::is_uppercase)
        && any(char::is_numeric)
        && any(|character| !character.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: Requirements<'static> = Requirements {
        minimum: MINIMUM_ALONE,
        composition: false,
        organization: &["Maple Street School", "maple-street"],
        person: &["ada.okafor", "Ada.Okafor@mail.example.org", "Adanna \u{d3}kafor"],
        breached: None,
    };
    const WITH_SECOND_FACTOR: Requirements<'static> =
        Requirements { minimum: MINIMUM_WITH_SECOND_FACTOR, ..ALONE };

    fn judge(typed: &str, requirements: &Requirements<'_>) -> Vec<Unfit> {
        fit(&Password::parse(typed).unwrap(), requirements).err().unwrap_or_default()
    }

    #[test]
    fn fifteen_characters_are_enough_alone_and_eight_beside_a_second_factor() {
        let long = "jx4vq82mwhs9ctk";
        assert_eq!(judge(&long[..14], &ALONE), [Unfit::TooShort { minimum: 15 }]);
        assert_eq!(judge(long, &ALONE), []);
        assert_eq!(judge(&long[..7], &WITH_SECOND_FACTOR)[0], Unfit::TooShort { minimum: 8 });
        assert_eq!(judge(&long[..8], &WITH_SECOND_FACTOR), []);
        assert!(Unfit::TooShort { minimum: 15 }.to_string().contains("at least 15 characters"));
    }

    #[test]
    fn small_letters_alone_are_fine_and_so_is_every_length_up_to_the_longest() {
        for typed in [
            "plumgravelotter",
            "violin under seven clouds",
            "\u{43c}\u{435}\u{434}\u{43b}\u{435}\u{43d}\u{43d}\u{43e} \u{447}\u{435}\u{440}\u{435}\u{437} \u{43b}\u{435}\u{441}",
        ] {
            assert_eq!(judge(typed, &ALONE), [], "{typed}");
        }
        let words = "gravel otter violin plum ".repeat(6);
        for length in [64, 100, 101, 128] {
            assert_eq!(judge(&words[..length], &ALONE), [], "{length}");
        }
    }

    #[test]
    fn words_around_the_owner_are_refused_however_they_are_dressed_up() {
        for typed in [
            "Maple Street School",
            "maplestreetschool2026",
            "M4pl3-Str33t-Sch00l!",
            "ada.okafor.12345",
            "AdannaOkafor1999",
            "4d4nn4_\u{f3}k4f0r!!",
            "keptkeptkeptkept",
            "Kept-Kept-2026!",
            "k3ptmaple-street!",
            "My-Appointment-1",
        ] {
            let unfit = judge(typed, &WITH_SECOND_FACTOR);
            assert!(unfit.contains(&Unfit::OwnWords), "{typed}: {unfit:?}");
        }
        // A name within something else is not the trouble.
        assert_eq!(judge("nobody at maple street plays the bassoon", &ALONE), []);
    }

    #[test]
    fn what_is_quickly_guessed_is_refused_however_long_it_is() {
        for typed in [
            "passwordpassword",
            "aaaaaaaaaaaaaaaaaaaa",
            "qwertyuiopasdfghjkl",
            "1234567890123456",
            "abcdefghijklmnopq",
            "P@ssw0rdP@ssw0rd",
            &"ab".repeat(64),
        ] {
            assert_eq!(judge(typed, &ALONE), [Unfit::Guessable], "{typed}");
        }
    }

    #[test]
    fn a_breached_password_is_refused_where_there_is_a_list() {
        let typed = "plum gravel otter violin";
        let with = |breached| judge(typed, &Requirements { breached, ..ALONE });
        assert_eq!(with(Some(true)), [Unfit::Breached]);
        assert_eq!(with(Some(false)), []);
        assert_eq!(with(None), []);
    }

    #[test]
    fn kinds_of_characters_are_asked_for_only_where_the_old_rule_is_on() {
        let old = Requirements { composition: true, ..ALONE };
        assert_eq!(judge("plum gravel otter violin", &old), [Unfit::Composition]);
        assert_eq!(judge("Plum gravel 7 otter violin", &old), []);
        assert_eq!(judge("plum gravel otter violin", &ALONE), []);
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let all = Requirements { composition: true, breached: Some(true), ..ALONE };
        let unfit = judge("okafor", &all);
        assert_eq!(unfit.len(), 4, "{unfit:?}");
        assert!(unfit.iter().all(|why| why.to_string().ends_with('.')));
    }

    /// The dictionary as it lies in zxcvbn's own source, so that it is the one
    /// of the version in use.
    fn dictionary() -> Vec<String> {
        let cargo = |arguments: &[&str]| {
            std::process::Command::new(env!("CARGO"))
                .args(arguments)
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .output()
                .unwrap()
        };
        let version = String::from_utf8(cargo(&["-vV"]).stdout).unwrap();
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        // Of other platforms, a fresh machine has fetched nothing.
        let metadata = cargo(&[
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--locked",
            "--filter-platform",
            host,
        ]);
        let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
        let package = metadata["packages"].as_array().unwrap().iter();
        let package = package.clone().find(|package| package["name"] == "zxcvbn").unwrap();
        let manifest = std::path::Path::new(package["manifest_path"].as_str().unwrap());
        let lists = manifest.parent().unwrap().join("src/frequency_lists.rs");
        let lists = std::fs::read_to_string(lists).unwrap();
        let passwords = lists.split("const PASSWORDS: &str = \"").nth(1).unwrap();
        passwords.split('"').next().unwrap().split(',').map(str::to_owned).collect()
    }

    #[test]
    fn every_one_of_the_three_thousand_commonest_of_policy_length_is_refused() {
        let dictionary = dictionary();
        for requirements in [WITH_SECOND_FACTOR, ALONE] {
            let long_enough = |word: &&String| word.chars().count() >= requirements.minimum;
            let common: Vec<_> = dictionary.iter().filter(long_enough).take(3_000).collect();
            if requirements.minimum == 8 {
                assert_eq!(common.len(), 3_000);
            }
            for word in common {
                let unfit = judge(word, &requirements);
                let refused = unfit.contains(&Unfit::Guessable) || unfit.contains(&Unfit::OwnWords);
                assert!(refused, "{word}");
            }
        }
    }
}
