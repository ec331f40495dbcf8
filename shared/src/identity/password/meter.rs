//! The meter beside a password field: how hard a password is to guess.
//!
//! It is worked out here and sent to the page, which so needs no dictionary.

use zxcvbn::feedback::{Suggestion, Warning};
use zxcvbn::{Entropy, Score};

use super::Password;
use super::rules::{Requirements, fit, parts};

/// zxcvbn looks at no more, and its time grows faster than the length.
const LOOKED_AT: usize = 100;
/// So many of the words around somebody are looked for.
const MOST_WORDS: usize = 40;

/// How a password is to be shown while it is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    /// From 0, guessed at once, to 4, beyond guessing.
    pub score: u8,
    /// The score in a word or two.
    pub words: &'static str,
    /// What would make it better, or what is wrong with it.
    pub advice: Vec<String>,
    /// Whether it would be accepted.
    pub accepted: bool,
}

impl Meter {
    /// Looks at a password as it is being chosen.
    #[must_use]
    pub fn read(password: &Password, requirements: &Requirements<'_>) -> Self {
        let around = requirements.organization.iter().chain(requirements.person).copied();
        let estimate = estimate(password, around);
        let judged = fit(password, requirements);
        let wrong = judged.as_ref().err();
        let mut advice: Vec<String> =
            wrong.into_iter().flatten().map(ToString::to_string).collect();
        if let Some(feedback) = estimate.feedback() {
            advice.extend(feedback.warning().and_then(warning).map(str::to_owned));
            advice.extend(feedback.suggestions().iter().filter_map(suggestion).map(str::to_owned));
        }
        let score =
            if judged.is_ok() { estimate.score() } else { estimate.score().min(Score::Two) };
        let words = match score {
            Score::Zero => "very weak",
            Score::One => "weak",
            Score::Two => "not strong enough",
            Score::Three => "good",
            _ => "very good",
        };
        Self { score: score.into(), words, advice, accepted: judged.is_ok() }
    }
}

/// How many guesses find the password when one knows what is around its owner.
pub(super) fn estimate<'a>(password: &Password, around: impl Iterator<Item = &'a str>) -> Entropy {
    let words: Vec<String> = around
        .flat_map(|name| parts(name).into_iter().chain([name.to_lowercase()]))
        .take(MOST_WORDS)
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let text = password.expose();
    let end = text.char_indices().nth(LOOKED_AT).map_or(text.len(), |(end, _)| end);
    zxcvbn::zxcvbn(text.get(..end).unwrap_or(text), &words)
}

fn warning(warning: Warning) -> Option<&'static str> {
    Some(match warning {
        Warning::StraightRowsOfKeysAreEasyToGuess
        | Warning::ShortKeyboardPatternsAreEasyToGuess => {
            "Keys that lie side by side are easy to guess."
        }
        Warning::RepeatsLikeAaaAreEasyToGuess
        | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
            "Repeating something adds little."
        }
        Warning::SequencesLikeAbcAreEasyToGuess => {
            "Sequences such as abc or 6543 are easy to guess."
        }
        Warning::RecentYearsAreEasyToGuess => "Years of late are easy to guess.",
        Warning::DatesAreOftenEasyToGuess => "Dates are often easy to guess.",
        Warning::ThisIsATop10Password
        | Warning::ThisIsATop100Password
        | Warning::ThisIsACommonPassword
        | Warning::ThisIsSimilarToACommonlyUsedPassword => "Many people use this, or nearly this.",
        Warning::AWordByItselfIsEasyToGuess => "A word by itself is easy to guess.",
        Warning::NamesAndSurnamesByThemselvesAreEasyToGuess
        | Warning::CommonNamesAndSurnamesAreEasyToGuess => "Names are easy to guess.",
    })
}

fn suggestion(suggestion: &Suggestion) -> Option<&'static str> {
    match suggestion {
        Suggestion::UseAFewWordsAvoidCommonPhrases | Suggestion::AddAnotherWordOrTwo => {
            Some("Add a word or two that nobody would expect there.")
        }
        Suggestion::CapitalizationDoesntHelpVeryMuch
        | Suggestion::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase => {
            Some("Capital letters help little.")
        }
        Suggestion::ReversedWordsArentMuchHarderToGuess => {
            Some("Words written backwards help little.")
        }
        Suggestion::PredictableSubstitutionsDontHelpVeryMuch => {
            Some("Signs in place of letters, such as @ for a, help little.")
        }
        Suggestion::AvoidDatesAndYearsThatAreAssociatedWithYou
        | Suggestion::AvoidYearsThatAreAssociatedWithYou
        | Suggestion::AvoidRecentYears => Some("Leave out years and dates that belong to you."),
        // The others say again what the warning says.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &str) -> Meter {
        let requirements = Requirements {
            minimum: 15,
            organization: &["Maple Street School"],
            ..Requirements::default()
        };
        Meter::read(&Password::parse(typed).unwrap(), &requirements)
    }

    #[test]
    fn the_meter_rises_with_the_password_and_says_why_in_plain_words() {
        let weak = read("password");
        assert_eq!((weak.score, weak.words, weak.accepted), (0, "very weak", false));
        assert!(weak.advice.iter().any(|words| words.contains("at least 15")), "{weak:?}");
        let good = read("gravel otter violin plum");
        assert_eq!((good.score, good.words, good.accepted), (4, "very good", true));
        assert_eq!(good.advice, Vec::<String>::new());
    }

    #[test]
    fn what_is_not_accepted_never_looks_good() {
        let short = read("x7!Qp2#vLm9$z");
        assert_eq!((short.score, short.accepted), (2, false));
    }
}
