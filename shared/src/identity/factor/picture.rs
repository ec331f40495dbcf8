//! A QR code as part of a page.

use qrcode::{Color, EcLevel, QrCode};

use crate::trouble::Trouble;

/// Modules of quiet around the code, as ISO/IEC 18004 wants.
const QUIET: usize = 4;

/// Draws `text` as an SVG element that stands in a page as it is; `instead` is
/// said to who cannot see it. It needs no style and is black on white in dark
/// surroundings too, as readers want it.
///
/// # Errors
/// When the text is longer than a code can hold.
pub fn svg(text: &str, instead: &str) -> Result<String, Trouble> {
    use std::fmt::Write as _;
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|cause| Trouble::unavailable("drawing a QR code", cause))?;
    let width = code.width();
    let size = width + 2 * QUIET;
    let mut path = String::new();
    for (row, colors) in code.to_colors().chunks(width).enumerate() {
        for (column, _) in colors.iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", column + QUIET, row + QUIET);
        }
    }
    let instead = escape(instead);
    Ok(format!(
        "<svg class=\"qr\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" \
         shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"{instead}\">\
         <path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_says_in_words_what_it_shows() {
        let picture = svg("otpauth://totp/x", "A code for \"your\" <app> & no other").unwrap();
        assert!(picture.contains("role=\"img\""));
        assert!(picture.contains("A code for &quot;your&quot; &lt;app&gt; &amp; no other"));
        assert!(!picture.contains("style="));
        assert!(svg(&"x".repeat(10_000), "").is_err());
    }
}
