//! template.yaml, read as the local cloud needs it: functions with what wakes
//! them, tables, keys, mail. What is not in the template does not exist here,
//! and what the local cloud cannot play is refused at the start rather than
//! left out in silence.

mod document;
mod events;
mod tables;

pub use document::Names;
pub(crate) use tables::DEFAULT_RECOVERY_DAYS;
pub use tables::{Attribute, Index, Table};

use crate::error::StartError;
use crate::pattern::Pattern;
use crate::transformer::Transformer;
use document::{Document, Problem};
use jiff::SignedDuration;
use serde_yaml_ng::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// The template that this binary was built with.
pub const EMBEDDED: &str = include_str!("../../template.yaml");

/// The name under which messages speak of [`EMBEDDED`].
pub const EMBEDDED_NAME: &str = "template.yaml";

/// Everything of the template that the local cloud plays.
#[derive(Debug, Clone)]
pub struct Template {
    /// Which file it came from.
    pub file: String,
    /// The functions, by logical id.
    pub functions: Vec<Function>,
    /// The tables, by logical id.
    pub tables: Vec<Table>,
    /// The KMS keys.
    pub keys: Vec<KeyResource>,
    /// SES configuration sets.
    pub configuration_sets: Vec<ConfigurationSet>,
    /// The logical ids of the queues.
    pub queues: Vec<String>,
    /// Whether the API sends any body as bytes; REST APIs otherwise speak text.
    pub binary_media_types: Vec<String>,
    /// The API's stage.
    pub stage: String,
    document: Document,
}

/// One function and what wakes it.
#[derive(Debug, Clone)]
pub struct Function {
    /// The logical id.
    pub name: String,
    /// The last part of CodeUri, which is the name of the binary.
    pub code: String,
    /// How long one call may take.
    pub timeout: Duration,
    /// Its routes.
    pub routes: Vec<Route>,
    /// The table streams it reads.
    pub streams: Vec<StreamSource>,
    /// Its schedules.
    pub schedules: Vec<Schedule>,
    /// Its rules on the default event bus.
    pub rules: Vec<Rule>,
}

/// One route of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The event's name in the template.
    pub name: String,
    /// The method, in capitals.
    pub method: String,
    /// The path, with variables in braces.
    pub path: String,
}

/// A function's subscription to a table's stream.
#[derive(Debug, Clone)]
pub struct StreamSource {
    /// The event's name in the template.
    pub name: String,
    /// The table's logical id.
    pub table: String,
    /// Records in one call at most.
    pub batch_size: usize,
    /// How long records are gathered before a call that they do not fill.
    pub window: Duration,
    /// Whether the stream is read from its beginning.
    pub from_beginning: bool,
    /// How often a failed batch is tried again; endlessly without it.
    pub maximum_retries: Option<u32>,
    /// Whether replies name the records that failed.
    pub reports_failures: bool,
    /// Any of these wakes the function; none means every record does.
    pub filters: Vec<Pattern>,
    /// The logical id of the queue for what could not be worked off.
    pub dead_letters: Option<String>,
}

/// A function's schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The event's name in the template.
    pub name: String,
    /// The name of the rule that SAM makes of it.
    pub rule: String,
    /// As written, such as `rate(5 minutes)`.
    pub expression: String,
    /// The time between two firings.
    pub every: SignedDuration,
}

/// A function's rule on the default event bus.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The event's name in the template.
    pub name: String,
    /// Which events wake the function.
    pub pattern: Pattern,
    /// What of them it gets; without one, all of it.
    pub transformer: Option<Transformer>,
}

/// A KMS key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyResource {
    /// The logical id.
    pub name: String,
    /// Its kind, such as `SYMMETRIC_DEFAULT` or `HMAC_256`.
    pub spec: String,
    /// What it is for, such as `ENCRYPT_DECRYPT` or `GENERATE_VERIFY_MAC`.
    pub usage: String,
}

/// An SES configuration set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationSet {
    /// The name that mails give.
    pub name: String,
    /// Whether what SES took is told to the event bus.
    pub tells_sends: bool,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`StartError::Template`] with the file and the place.
    pub fn parse(file: &str, text: &str) -> Result<Self, StartError> {
        Self::read(file, text).map_err(|problem| StartError::Template {
            file: file.to_owned(),
            place: problem.place,
            problem: problem.text,
        })
    }

    fn read(file: &str, text: &str) -> Result<Self, Problem> {
        let document = Document::parse(text)?;
        let mut template = Self {
            file: file.to_owned(),
            functions: Vec::new(),
            tables: Vec::new(),
            keys: Vec::new(),
            configuration_sets: Vec::new(),
            queues: Vec::new(),
            binary_media_types: Vec::new(),
            stage: "live".to_owned(),
            document: document.clone(),
        };
        for (name, kind, properties) in document.resources()? {
            let place = format!("Resources.{name}.Properties");
            match kind.as_str() {
                "AWS::Serverless::Function" => {
                    template.functions.push(function(&document, &name, &place, properties)?);
                }
                "AWS::DynamoDB::Table" => {
                    template.tables.push(tables::table(&name, &place, properties)?);
                }
                "AWS::DynamoDB::GlobalTable" => {
                    template.tables.push(tables::global_table(&name, &place, properties)?);
                }
                "AWS::KMS::Key" => {
                    let word = |field| properties.get(field).and_then(Value::as_str);
                    template.keys.push(KeyResource {
                        spec: word("KeySpec").unwrap_or("SYMMETRIC_DEFAULT").to_owned(),
                        usage: word("KeyUsage").unwrap_or("ENCRYPT_DECRYPT").to_owned(),
                        name,
                    });
                }
                "AWS::SQS::Queue" => template.queues.push(name),
                "AWS::SES::ConfigurationSet" => {
                    let given = properties.get("Name").and_then(Value::as_str);
                    template.configuration_sets.push(ConfigurationSet {
                        name: given.unwrap_or(&name).to_owned(),
                        tells_sends: tells_sends(&document, &name)?,
                    });
                }
                "AWS::Serverless::Api" => {
                    if let Some(stage) = properties.get("StageName").and_then(Value::as_str) {
                        template.stage = stage.to_owned();
                    }
                    template.binary_media_types = strings(properties.get("BinaryMediaTypes"));
                }
                _ => {}
            }
        }
        template.check_references()?;
        Ok(template)
    }

    /// The environment of one function, resolved for this machine.
    ///
    /// # Errors
    /// [`StartError::Template`] when a value cannot be resolved.
    pub fn environment(
        &self,
        function: &str,
        names: &Names,
    ) -> Result<BTreeMap<String, String>, StartError> {
        self.document.environment(function, names).map_err(|problem| StartError::Template {
            file: self.file.clone(),
            place: problem.place,
            problem: problem.text,
        })
    }

    /// A parameter's default.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.document.parameter(name)
    }

    /// All routes, with the function that each belongs to.
    pub fn routes(&self) -> impl Iterator<Item = (&Function, &Route)> {
        self.functions
            .iter()
            .flat_map(|function| function.routes.iter().map(move |route| (function, route)))
    }

    fn check_references(&self) -> Result<(), Problem> {
        for function in &self.functions {
            for stream in &function.streams {
                let place =
                    format!("Resources.{}.Properties.Events.{}", function.name, stream.name);
                let table = self.tables.iter().find(|table| table.name == stream.table);
                match table {
                    None => {
                        return Err(Problem::at(
                            &place,
                            "its stream's table is not in the template",
                        ));
                    }
                    Some(table) if table.stream_view.is_none() => {
                        return Err(Problem::at(&place, "its table has no stream"));
                    }
                    Some(_) => {}
                }
                if let Some(queue) = &stream.dead_letters
                    && !self.queues.contains(queue)
                {
                    return Err(Problem::at(
                        &place,
                        "its dead letter queue is not in the template",
                    ));
                }
            }
        }
        Ok(())
    }
}

fn function(
    document: &Document,
    name: &str,
    place: &str,
    properties: &Value,
) -> Result<Function, Problem> {
    let code = properties
        .get("CodeUri")
        .and_then(Value::as_str)
        .and_then(|uri| uri.trim_end_matches('/').rsplit('/').next())
        .ok_or_else(|| Problem::at(place, "CodeUri is missing"))?;
    let seconds = properties
        .get("Timeout")
        .or_else(|| document.globals("Timeout"))
        .map_or(Some(3), Value::as_u64)
        .ok_or_else(|| Problem::at(place, "Timeout is not a number of seconds"))?;
    let mut function = Function {
        name: name.to_owned(),
        code: code.to_owned(),
        timeout: Duration::from_secs(seconds),
        routes: Vec::new(),
        streams: Vec::new(),
        schedules: Vec::new(),
        rules: Vec::new(),
    };
    if let Some(wakers) = properties.get("Events") {
        events::read(&mut function, &format!("{place}.Events"), wakers)?;
    }
    Ok(function)
}

/// Whether a destination hands this set's `send` events to the event bus.
fn tells_sends(document: &Document, set: &str) -> Result<bool, Problem> {
    Ok(document.resources()?.iter().any(|(_, kind, properties)| {
        let destination = properties.get("EventDestination");
        kind == "AWS::SES::ConfigurationSetEventDestination"
            && properties.get("ConfigurationSetName").and_then(document::referenced).as_deref()
                == Some(set)
            && destination.and_then(|it| it.get("EventBridgeDestination")).is_some()
            && destination.and_then(|it| it.get("Enabled")).and_then(Value::as_bool) == Some(true)
            && strings(destination.and_then(|it| it.get("MatchingEventTypes")))
                .iter()
                .any(|kind| kind.eq_ignore_ascii_case("send"))
    }))
}

fn strings(value: Option<&Value>) -> Vec<String> {
    value
        .and_then(Value::as_sequence)
        .map(|items| items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
