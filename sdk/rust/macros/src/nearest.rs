//! The known name that somebody probably meant.

/// `: did you mean …?`, or nothing where no name is near.
pub(crate) fn hint<'a>(got: &str, known: impl Iterator<Item = &'a str>) -> String {
    // As many slips as a third of the letters, but at least one.
    let most = (got.chars().count() / 3).max(1);
    known
        .map(|name| (strsim::damerau_levenshtein(got, name), name))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map_or_else(String::new, |(_, name)| format!(": did you mean `{name}`?"))
}
