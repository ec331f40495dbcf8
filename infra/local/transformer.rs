//! What of an event a rule hands on, as EventBridge's input transformer has it.

use serde_json::Value;

/// A rule's input transformer: values by their path, and a template that takes
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transformer {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// What stands in the event under these fields.
    Value(Vec<String>),
}

impl Transformer {
    /// Reads a transformer.
    ///
    /// # Errors
    /// Says what of it is malformed, or not supported here.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let template = value.get("InputTemplate").and_then(Value::as_str);
        let template = template.ok_or("its InputTransformer has no InputTemplate")?;
        let mut pieces = Vec::new();
        let mut text = String::new();
        let (mut quoted, mut escaped) = (false, false);
        let mut characters = template.chars();
        while let Some(character) = characters.next() {
            match character {
                '<' if quoted => {
                    return Err(
                        "its InputTemplate has a value inside a text, which is not supported here"
                            .into(),
                    );
                }
                '<' => {
                    let name: String =
                        characters.by_ref().take_while(|character| *character != '>').collect();
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(Piece::Value(path(value, &name)?));
                    continue;
                }
                '"' if !escaped => quoted = !quoted,
                _ => {}
            }
            escaped = character == '\\' && !escaped;
            text.push(character);
        }
        pieces.push(Piece::Text(text));
        let transformer = Self { pieces };
        match transformer.fill(|_| Some(Value::Null)) {
            Some(_) => Ok(transformer),
            None => Err("its InputTemplate is not JSON".into()),
        }
    }

    /// What the function gets of `event`; `None` when the event lacks a value
    /// that the template takes.
    #[must_use]
    pub fn apply(&self, event: &Value) -> Option<Value> {
        self.fill(|path| path.iter().try_fold(event, |value, field| value.get(field)).cloned())
    }

    fn fill(&self, value: impl Fn(&[String]) -> Option<Value>) -> Option<Value> {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Value(path) => filled.push_str(&value(path)?.to_string()),
            }
        }
        serde_json::from_str(&filled).ok()
    }
}

/// The fields that a name of InputPathsMap leads through.
fn path(transformer: &Value, name: &str) -> Result<Vec<String>, String> {
    let path = transformer.get("InputPathsMap").and_then(|paths| paths.get(name));
    let path = path.and_then(Value::as_str);
    let path = path.ok_or_else(|| format!("its InputPathsMap has no path for {name}"))?;
    let fields = path.strip_prefix("$.").filter(|rest| !rest.contains(['[', ']', '*', '\'']));
    match fields {
        Some(fields) => Ok(fields.split('.').map(str::to_owned).collect()),
        None => Err(format!("its InputPathsMap's {path} is not a path of fields")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(template: &str) -> Result<Transformer, String> {
        let paths = json!({"id": "$.detail.mail.messageId", "tag": "$.detail.mail.tags.notice"});
        Transformer::parse(&json!({"InputPathsMap": paths, "InputTemplate": template}))
    }

    #[test]
    fn only_what_the_template_takes_is_handed_on() {
        let transformer =
            parse(r#"{"source": "aws.ses", "message": <id>, "notice": <tag>}"#).unwrap();
        let event = json!({"source": "aws.ses", "detail": {"mail": {
            "messageId": "m\"1", "destination": ["ada@example.org"], "tags": {"notice": ["n1"]},
        }}});
        let handed_on = transformer.apply(&event).unwrap();
        assert_eq!(handed_on, json!({"source": "aws.ses", "message": "m\"1", "notice": ["n1"]}));
        assert_eq!(transformer.apply(&json!({"detail": {}})), None);
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        assert!(parse(r#"{"a": "in <id>"}"#).unwrap_err().contains("inside a text"));
        assert!(parse(r#"{"a": <other>}"#).unwrap_err().contains("other"));
        assert!(parse("{<id>").unwrap_err().contains("not JSON"));
        let listed = json!({"InputPathsMap": {"a": "$.a[0]"}, "InputTemplate": "<a>"});
        assert!(Transformer::parse(&listed).unwrap_err().contains("$.a[0]"));
    }
}
