//! The template as a document: its resources, and what its references mean on
//! this machine.

use crate::account::{ACCOUNT, REGION};
use serde_yaml_ng::Value;
use serde_yaml_ng::value::TaggedValue;
use std::collections::BTreeMap;

/// What is wrong with a template, and where.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) place: String,
    pub(super) text: String,
}

impl Problem {
    pub(super) fn at(place: &str, text: impl Into<String>) -> Self {
        Self { place: place.to_owned(), text: text.into() }
    }
}

/// What the template cannot know: how things are named on this machine.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Parameters that have another value than their default.
    pub parameters: BTreeMap<String, String>,
    /// The ARNs of the keys, by logical id.
    pub key_arns: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
pub(super) struct Document(Value);

impl Document {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let value: Value = serde_yaml_ng::from_str(text).map_err(|error| {
            let place = error.location().map_or_else(
                || "the document".to_owned(),
                |location| format!("line {}, column {}", location.line(), location.column()),
            );
            Problem { place, text: error.to_string() }
        })?;
        if !value.is_mapping() {
            return Err(Problem::at("the document", "it is not a mapping with Resources"));
        }
        Ok(Self(value))
    }

    /// Name, type and properties of every resource, in the template's order.
    pub(super) fn resources(&self) -> Result<Vec<(String, String, &Value)>, Problem> {
        let resources = self
            .0
            .get("Resources")
            .and_then(Value::as_mapping)
            .ok_or_else(|| Problem::at("Resources", "this section is missing"))?;
        resources
            .iter()
            .map(|(name, resource)| {
                let name = name.as_str().unwrap_or("?").to_owned();
                let kind = resource
                    .get("Type")
                    .and_then(Value::as_str)
                    .ok_or_else(|| Problem::at(&format!("Resources.{name}"), "it has no Type"))?;
                let properties = resource.get("Properties").unwrap_or(&Value::Null);
                Ok((name, kind.to_owned(), properties))
            })
            .collect()
    }

    /// A property that Globals gives to every function.
    pub(super) fn globals(&self, property: &str) -> Option<&Value> {
        self.0.get("Globals")?.get("Function")?.get(property)
    }

    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        text(self.0.get("Parameters")?.get(name)?.get("Default")?)
    }

    pub(super) fn environment(
        &self,
        function: &str,
        names: &Names,
    ) -> Result<BTreeMap<String, String>, Problem> {
        let own = self
            .0
            .get("Resources")
            .and_then(|resources| resources.get(function))
            .and_then(|resource| resource.get("Properties"))
            .and_then(|properties| properties.get("Environment"));
        let mut resolved = BTreeMap::new();
        for environment in [self.globals("Environment"), own].into_iter().flatten() {
            let variables = environment.get("Variables").and_then(Value::as_mapping);
            for (name, value) in variables.into_iter().flatten() {
                let name = name.as_str().unwrap_or("?");
                let place = format!("the environment variable {name} of {function}");
                resolved.insert(name.to_owned(), self.resolve(&place, value, names)?);
            }
        }
        Ok(resolved)
    }

    fn resolve(&self, place: &str, value: &Value, names: &Names) -> Result<String, Problem> {
        if let Some(plain) = text(value) {
            return Ok(plain);
        }
        match call(value) {
            Some(("Ref", Value::String(name))) => self.reference(place, name, names),
            Some(("GetAtt", argument)) => {
                let (resource, attribute) = dotted(argument)
                    .ok_or_else(|| Problem::at(place, "its GetAtt is malformed"))?;
                self.attribute(place, &resource, &attribute, names)
            }
            Some(("Sub", Value::String(pattern))) => self.substitute(place, pattern, names),
            _ => Err(Problem::at(place, "the local cloud cannot resolve this value")),
        }
    }

    fn reference(&self, place: &str, name: &str, names: &Names) -> Result<String, Problem> {
        if let Some(given) = names.parameters.get(name) {
            return Ok(given.clone());
        }
        match name {
            "AWS::Region" => return Ok(REGION.to_owned()),
            "AWS::AccountId" => return Ok(ACCOUNT.to_owned()),
            "AWS::Partition" => return Ok("aws".to_owned()),
            "AWS::StackName" => return Ok("kept".to_owned()),
            "AWS::URLSuffix" => return Ok("amazonaws.com".to_owned()),
            _ => {}
        }
        if let Some(default) = self.parameter(name) {
            return Ok(default);
        }
        if let Some(arn) = names.key_arns.get(name) {
            // A reference to a key is its id, the ARN's last part.
            return Ok(arn.rsplit('/').next().unwrap_or(arn).to_owned());
        }
        let resource = self.0.get("Resources").and_then(|resources| resources.get(name));
        match resource {
            None => {
                Err(Problem::at(place, format!("{name} is neither a parameter nor a resource")))
            }
            Some(resource) => {
                let given =
                    resource.get("Properties").and_then(|properties| properties.get("Name"));
                Ok(given.and_then(Value::as_str).unwrap_or(name).to_owned())
            }
        }
    }

    fn attribute(
        &self,
        place: &str,
        resource: &str,
        attribute: &str,
        names: &Names,
    ) -> Result<String, Problem> {
        if let ("Arn", Some(arn)) = (attribute, names.key_arns.get(resource)) {
            return Ok(arn.clone());
        }
        let kind = self
            .0
            .get("Resources")
            .and_then(|resources| resources.get(resource))
            .and_then(|resource| resource.get("Type"))
            .and_then(Value::as_str);
        match (kind, attribute) {
            (Some("AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable"), "Arn") => {
                Ok(format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{resource}"))
            }
            (Some("AWS::SQS::Queue"), "Arn") => {
                Ok(format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{resource}"))
            }
            (None, _) => Err(Problem::at(place, format!("there is no resource {resource}"))),
            _ => Err(Problem::at(
                place,
                format!("the local cloud does not know {resource}.{attribute}"),
            )),
        }
    }

    fn substitute(&self, place: &str, pattern: &str, names: &Names) -> Result<String, Problem> {
        let mut result = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, tail) = after
                .split_once('}')
                .ok_or_else(|| Problem::at(place, "its Sub has an open brace"))?;
            result.push_str(before);
            result.push_str(&match name.split_once('.') {
                Some((resource, attribute)) => self.attribute(place, resource, attribute, names)?,
                None => self.reference(place, name, names)?,
            });
            rest = tail;
        }
        result.push_str(rest);
        Ok(result)
    }
}

/// `!Ref x` and `{Ref: x}`, `!GetAtt a.b` and `{"Fn::GetAtt": [a, b]}`.
fn call(value: &Value) -> Option<(&str, &Value)> {
    match value {
        Value::Tagged(tagged) => {
            let TaggedValue { tag, value } = tagged.as_ref();
            let name = match () {
                () if *tag == "Ref" => "Ref",
                () if *tag == "GetAtt" => "GetAtt",
                () if *tag == "Sub" => "Sub",
                () => return None,
            };
            Some((name, value))
        }
        Value::Mapping(mapping) if mapping.len() == 1 => {
            let (name, argument) = mapping.iter().next()?;
            let name = name.as_str()?;
            Some((name.strip_prefix("Fn::").unwrap_or(name), argument))
        }
        _ => None,
    }
}

/// The resource that a `Ref` or the first half of a `GetAtt` names.
pub(super) fn referenced(value: &Value) -> Option<String> {
    match call(value)? {
        ("Ref", name) => name.as_str().map(str::to_owned),
        ("GetAtt", argument) => dotted(argument).map(|(resource, _)| resource),
        _ => None,
    }
}

fn dotted(argument: &Value) -> Option<(String, String)> {
    match argument {
        Value::String(both) => {
            both.split_once('.').map(|(one, other)| (one.to_owned(), other.to_owned()))
        }
        Value::Sequence(parts) => match parts.as_slice() {
            [Value::String(one), Value::String(other)] => Some((one.clone(), other.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// A scalar as CloudFormation passes it on: as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
