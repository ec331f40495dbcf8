//! Event patterns, as EventBridge rules and Lambda's stream filters have them.
//!
//! The part that the template may use: exact values, nested fields, `prefix`,
//! `suffix`, `exists`, `anything-but` and `numeric`. Anything else is refused when the
//! template is read, so that a filter never quietly means something else here
//! than it does in the cloud.

use serde_json::{Map, Value};

/// What an event must look like.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern(Vec<(String, Node)>);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Nested(Pattern),
    AnyOf(Vec<Matcher>),
}

#[derive(Debug, Clone, PartialEq)]
enum Matcher {
    Exactly(Value),
    Prefix(String),
    Suffix(String),
    Exists(bool),
    AnythingBut(Vec<Value>),
    AnythingButPrefix(String),
    Numeric(Vec<(Comparison, f64)>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A pattern that this part of the local cloud does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct PatternError {
    /// The path of fields.
    pub place: String,
    /// What is wrong there.
    pub problem: String,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Names the field whose condition is malformed or unsupported.
    pub fn parse(value: &Value) -> Result<Self, PatternError> {
        Self::parse_at("pattern", value)
    }

    fn parse_at(place: &str, value: &Value) -> Result<Self, PatternError> {
        let Value::Object(fields) = value else {
            return Err(refuse(place, "a pattern is an object of fields"));
        };
        let mut parsed = Vec::with_capacity(fields.len());
        for (name, condition) in fields {
            let place = format!("{place}.{name}");
            if name.starts_with('$') {
                return Err(refuse(&place, "this operator is not supported here"));
            }
            let node = match condition {
                Value::Object(_) => Node::Nested(Self::parse_at(&place, condition)?),
                Value::Array(alternatives) if alternatives.is_empty() => {
                    return Err(refuse(&place, "an empty list matches nothing"));
                }
                Value::Array(alternatives) => Node::AnyOf(
                    alternatives
                        .iter()
                        .map(|alternative| matcher(&place, alternative))
                        .collect::<Result<_, _>>()?,
                ),
                _ => return Err(refuse(&place, "a condition is a list or an object")),
            };
            parsed.push((name.clone(), node));
        }
        Ok(Self(parsed))
    }

    /// Whether `event` looks like this.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        self.0.iter().all(|(name, node)| {
            let found = event.get(name);
            match node {
                Node::Nested(nested) => nested.matches(found.unwrap_or(&Value::Null)),
                Node::AnyOf(matchers) => matchers.iter().any(|matcher| matcher.accepts(found)),
            }
        })
    }
}

impl Matcher {
    fn accepts(&self, found: Option<&Value>) -> bool {
        match (self, found) {
            // Only a leaf exists in EventBridge's sense: an object is not one.
            (Self::Exists(wanted), found) => {
                *wanted == found.is_some_and(|value| !value.is_object())
            }
            (_, None) => false,
            // A list in the event matches when one of its elements does.
            (_, Some(Value::Array(elements))) => {
                elements.iter().any(|element| self.accepts(Some(element)))
            }
            (Self::Exactly(wanted), Some(value)) => same(wanted, value),
            (Self::Prefix(prefix), Some(value)) => {
                value.as_str().is_some_and(|text| text.starts_with(prefix.as_str()))
            }
            (Self::Suffix(suffix), Some(value)) => {
                value.as_str().is_some_and(|text| text.ends_with(suffix.as_str()))
            }
            (Self::AnythingBut(unwanted), Some(value)) => {
                !value.is_object() && !unwanted.iter().any(|unwanted| same(unwanted, value))
            }
            (Self::AnythingButPrefix(prefix), Some(value)) => {
                value.as_str().is_some_and(|text| !text.starts_with(prefix.as_str()))
            }
            (Self::Numeric(conditions), Some(value)) => value.as_f64().is_some_and(|number| {
                conditions.iter().all(|(how, than)| how.holds(number, *than))
            }),
        }
    }
}

impl Comparison {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "=" => Self::Equal,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    fn holds(self, number: f64, than: f64) -> bool {
        match self {
            Self::Equal => number == than,
            Self::Less => number < than,
            Self::LessOrEqual => number <= than,
            Self::Greater => number > than,
            Self::GreaterOrEqual => number >= than,
        }
    }
}

/// 1 and 1.0 are the same number to EventBridge.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn matcher(place: &str, alternative: &Value) -> Result<Matcher, PatternError> {
    match alternative {
        Value::Object(operator) => operation(place, operator),
        Value::Array(_) => Err(refuse(place, "a list inside a list")),
        literal => Ok(Matcher::Exactly(literal.clone())),
    }
}

fn operation(place: &str, operator: &Map<String, Value>) -> Result<Matcher, PatternError> {
    let mut entries = operator.iter();
    let (Some((name, operand)), None) = (entries.next(), entries.next()) else {
        return Err(refuse(place, "a condition has exactly one operator"));
    };
    match (name.as_str(), operand) {
        ("prefix", Value::String(prefix)) => Ok(Matcher::Prefix(prefix.clone())),
        ("suffix", Value::String(suffix)) => Ok(Matcher::Suffix(suffix.clone())),
        ("exists", Value::Bool(wanted)) => Ok(Matcher::Exists(*wanted)),
        ("anything-but", Value::Array(unwanted)) if unwanted.iter().all(is_literal) => {
            Ok(Matcher::AnythingBut(unwanted.clone()))
        }
        ("anything-but", Value::Object(inner)) => match inner.get("prefix") {
            Some(Value::String(prefix)) if inner.len() == 1 => {
                Ok(Matcher::AnythingButPrefix(prefix.clone()))
            }
            _ => Err(refuse(place, "anything-but takes values or a prefix here")),
        },
        ("anything-but", literal) if is_literal(literal) => {
            Ok(Matcher::AnythingBut(vec![literal.clone()]))
        }
        ("numeric", Value::Array(parts)) if !parts.is_empty() && parts.len() % 2 == 0 => parts
            .chunks_exact(2)
            .map(|pair| {
                let how = pair[0].as_str().and_then(Comparison::parse);
                how.zip(pair[1].as_f64())
                    .ok_or_else(|| refuse(place, "numeric takes pairs such as \">\", 0"))
            })
            .collect::<Result<_, _>>()
            .map(Matcher::Numeric),
        _ => Err(refuse(place, &format!("the operator {name} is not supported here"))),
    }
}

fn is_literal(value: &Value) -> bool {
    !value.is_object() && !value.is_array()
}

fn refuse(place: &str, problem: &str) -> PatternError {
    PatternError { place: place.to_owned(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(pattern: Value, event: Value, matches: bool) {
        let read = Pattern::parse(&pattern).unwrap();
        assert_eq!(read.matches(&event), matches, "{pattern} against {event}");
    }

    #[test]
    fn every_field_must_match_and_one_alternative_suffices() {
        let pattern =
            json!({"source": ["aws.ses"], "detail-type": ["Email Sent", "Email Bounced"]});
        check(pattern.clone(), json!({"source": "aws.ses", "detail-type": "Email Sent"}), true);
        check(pattern.clone(), json!({"source": "aws.ses", "detail-type": "Email Opened"}), false);
        check(pattern, json!({"detail-type": "Email Sent"}), false);
    }

    #[test]
    fn nested_fields_are_followed() {
        let pattern = json!({"dynamodb": {"Keys": {"pk": {"S": [{"prefix": "notice#"}]}}}});
        check(pattern.clone(), json!({"dynamodb": {"Keys": {"pk": {"S": "notice#1"}}}}), true);
        check(pattern.clone(), json!({"dynamodb": {"Keys": {"pk": {"S": "other#1"}}}}), false);
        check(pattern, json!({"dynamodb": {}}), false);
    }

    #[test]
    fn operators_mean_what_they_mean_in_the_cloud() {
        check(json!({"a": [{"suffix": "#1"}]}), json!({"a": "o#2026-12-01#1"}), true);
        check(json!({"a": [{"suffix": "#1"}]}), json!({"a": "o#checkpoint#000001"}), false);
        check(json!({"a": [{"exists": true}]}), json!({"a": 1}), true);
        check(json!({"a": [{"exists": false}]}), json!({"a": 1}), false);
        check(json!({"a": [{"exists": false}]}), json!({}), true);
        check(json!({"a": [{"anything-but": ["x"]}]}), json!({"a": "y"}), true);
        check(json!({"a": [{"anything-but": "x"}]}), json!({"a": "x"}), false);
        check(json!({"a": [{"anything-but": {"prefix": "x"}}]}), json!({"a": "xy"}), false);
        check(json!({"a": [{"numeric": [">", 0, "<=", 5]}]}), json!({"a": 5}), true);
        check(json!({"a": [{"numeric": [">", 0, "<=", 5]}]}), json!({"a": 6}), false);
        check(json!({"a": [1]}), json!({"a": 1.0}), true);
        check(json!({"a": ["x"]}), json!({"a": ["w", "x"]}), true);
    }

    #[test]
    fn an_unknown_operator_is_refused_by_name_and_place() {
        let refused = Pattern::parse(&json!({"a": {"b": [{"wildcard": "*"}]}})).unwrap_err();
        assert_eq!(refused.place, "pattern.a.b");
        assert!(refused.problem.contains("wildcard"));
    }
}
