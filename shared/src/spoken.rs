//! Counts as people say them: `no agendas`, `1 agenda`, `4 agendas`.

/// What is called otherwise where there is one of it than by leaving an s away.
const ONE: [(&str, &str); 3] = [
    ("credentials and settings", "credential or setting"),
    (
        "slots, seats, orders and places in an index put right",
        "slot, seat, order or place in an index put right",
    ),
    ("damages found", "damage found"),
];

/// A count of what has this name in the plural, such as `bookings` or `people
/// told again`.
#[must_use]
pub fn counted(count: u64, several: &str) -> String {
    match count {
        0 if several == "damages found" => "no damage found".to_owned(),
        0 => format!("no {several}"),
        1 => format!("1 {}", one_of(several)),
        count => format!("{count} {several}"),
    }
}

/// A count of what has this name in the singular, such as a kind of item.
#[must_use]
pub fn several(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { counted(count, &more_of(one)) }
}

/// Counts in a row.
#[must_use]
pub fn all_counted<'a>(counts: impl IntoIterator<Item = (&'a str, u64)>) -> String {
    let counts = counts.into_iter().map(|(what, count)| counted(count, what));
    counts.collect::<Vec<_>>().join(", ")
}

/// The same of kinds of items.
#[must_use]
pub fn all_several<'a>(counts: impl IntoIterator<Item = (&'a str, u64)>) -> String {
    let counts = counts.into_iter().map(|(what, count)| several(count, what));
    counts.collect::<Vec<_>>().join(", ")
}

/// The phrase with its noun, the first word that ends like several, as one.
fn one_of(several: &str) -> String {
    if let Some((_, one)) = ONE.iter().find(|(known, _)| *known == several) {
        return (*one).to_owned();
    }
    let mut found = false;
    let words = several.split(' ').map(|word| {
        let one = if found { None } else { one(word) };
        found |= one.is_some();
        one.unwrap_or_else(|| word.to_owned())
    });
    words.collect::<Vec<_>>().join(" ")
}

fn one(word: &str) -> Option<String> {
    if word == "people" {
        return Some("person".to_owned());
    }
    if let Some(stem) = word.strip_suffix("ies") {
        return Some(format!("{stem}y"));
    }
    if word.ends_with("sses") {
        return word.strip_suffix("es").map(str::to_owned);
    }
    word.strip_suffix('s').map(str::to_owned)
}

fn more_of(one: &str) -> String {
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ if one.ends_with('s') => one.to_owned(),
        _ => format!("{one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_none_are_said_as_people_say_them() {
        for (several, one) in [
            ("agendas", "1 agenda"),
            ("tallies", "1 tally"),
            ("counts of administrators", "1 count of administrators"),
            ("names of erased organizations", "1 name of erased organizations"),
            ("credentials and settings", "1 credential or setting"),
            ("unknown items", "1 unknown item"),
            ("sealed items opened", "1 sealed item opened"),
            ("damages found", "1 damage found"),
            ("people told again what stands", "1 person told again what stands"),
            ("losses told whose time is not known", "1 loss told whose time is not known"),
            ("agenda entries of nothing removed", "1 agenda entry of nothing removed"),
            ("missing notices owed", "1 missing notice owed"),
        ] {
            assert_eq!(counted(1, several), one);
            assert_eq!(counted(2, several), format!("2 {several}"));
        }
        assert_eq!(counted(0, "damages found"), "no damage found");
        assert_eq!(counted(0, "seats"), "no seats");
    }

    #[test]
    fn kinds_of_items_are_counted_too() {
        for (one, more) in
            [("booking", "3 bookings"), ("tally", "3 tallies"), ("passkey", "3 passkeys")]
        {
            assert_eq!((several(1, one), several(3, one)), (format!("1 {one}"), more.to_owned()));
        }
        assert_eq!(several(3, "codes"), "3 codes");
        assert_eq!(all_counted([("agendas", 1), ("slots", 0)]), "1 agenda, no slots");
        assert_eq!(all_several([("seat", 2)]), "2 seats");
    }
}
