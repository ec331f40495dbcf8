//! The order in which people look for each other.

/// What names are sorted by: the last word, then all of it. So `Ms Abbott`
/// comes before `Mr Adeyemi`, and titles keep nobody together.
#[must_use]
pub fn sorted_by(name: &str) -> (String, String) {
    let last = name.split_whitespace().next_back().unwrap_or_default();
    (last.to_lowercase(), name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_by_their_last_word_and_then_by_all_of_it() {
        let mut names = ["Ms Okafor", "Mr Adeyemi", "Library", "Ms Abbott", "Dr Ann de Okafor", ""];
        names.sort_by_key(|name| sorted_by(name));
        let expected = ["", "Ms Abbott", "Mr Adeyemi", "Library", "Dr Ann de Okafor", "Ms Okafor"];
        assert_eq!(names, expected);
    }
}
