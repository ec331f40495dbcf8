//! The description of all routes for programs: what each function says of its
//! own, in one document. It is kept as a file that the booking function serves,
//! because functions do not know each other; a test holds the file against this.

use utoipa::openapi::OpenApi;

/// The descriptions of the functions that answer requests.
#[must_use]
pub fn parts() -> [OpenApi; 3] {
    [booking::description(), login::description(), organizer::description()]
}

/// All of them as one document.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn whole() -> serde_json::Result<String> {
    let [first, others @ ..] = parts();
    let whole = others.into_iter().fold(first, OpenApi::merge_from);
    let mut text = serde_json::to_string_pretty(&whole)?;
    text.push('\n');
    Ok(text)
}
