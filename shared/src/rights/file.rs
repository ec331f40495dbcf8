//! All that is kept about a person, as a file: JSON for programs, CSV for
//! people. The second is made of the first, so that neither can lack what the
//! other has.

use serde_json::Value;

use super::TakenOutShape;
use crate::trouble::Trouble;

/// The file as JSON.
///
/// # Errors
/// When it cannot be written.
pub fn json(taken: &TakenOutShape) -> Result<String, Trouble> {
    serde_json::to_string_pretty(taken).map_err(|cause| Trouble::unavailable("writing JSON", cause))
}

/// The file as CSV (RFC 4180): a line for each thing that is known, with the
/// part it belongs to, the number of its entry there, its name and its value.
///
/// # Errors
/// When it cannot be written.
pub fn csv(taken: &TakenOutShape) -> Result<String, Trouble> {
    let whole = serde_json::to_value(taken)
        .map_err(|cause| Trouble::unavailable("writing a file", cause))?;
    let mut lines = String::from("part,number,name,value\r\n");
    let Value::Object(parts) = whole else { return Ok(lines) };
    for (part, value) in parts {
        match value {
            Value::Array(entries) => {
                for (position, entry) in entries.iter().enumerate() {
                    fields(&mut lines, &part, &(position + 1).to_string(), entry);
                }
            }
            Value::Object(_) => fields(&mut lines, &part, "", &value),
            value => line(&mut lines, [&part, "", "", &text(&value)]),
        }
    }
    Ok(lines)
}

fn fields(lines: &mut String, part: &str, number: &str, entry: &Value) {
    let Value::Object(entry) = entry else {
        return line(lines, [part, number, "", &text(entry)]);
    };
    for (name, value) in entry {
        line(lines, [part, number, name, &text(value)]);
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(several) => several.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn line(lines: &mut String, cells: [&str; 4]) {
    let cells = cells.map(cell);
    lines.push_str(&cells.join(","));
    lines.push_str("\r\n");
}

/// A cell. One that a spreadsheet would take for a formula begins with an
/// apostrophe instead: what somebody typed into a note must not run anything on
/// the machine of who opens the file.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if formula || text.contains([',', '"', '\r', '\n']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_runs_nothing() {
        assert_eq!(cell("plain text"), "plain text");
        assert_eq!(cell("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(cell("one\ntwo"), "\"one\ntwo\"");
        for formula in ["=1+1", "+49 30 1", "-1", "@SUM(A1)", "\t=1"] {
            assert_eq!(cell(formula), format!("\"'{formula}\""));
        }
    }
}
