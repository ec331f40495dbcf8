//! What wakes a function: routes, streams, schedules, rules.

use super::document::{self, Problem};
use super::{Function, Route, Rule, Schedule, StreamSource, strings};
use crate::pattern::Pattern;
use crate::transformer::Transformer;
use jiff::SignedDuration;
use serde_yaml_ng::Value;
use std::time::Duration;

pub(super) fn read(function: &mut Function, place: &str, events: &Value) -> Result<(), Problem> {
    let events =
        events.as_mapping().ok_or_else(|| Problem::at(place, "it is not a mapping of events"))?;
    for (name, event) in events {
        let name = name.as_str().unwrap_or("?");
        let place = format!("{place}.{name}");
        let properties = event.get("Properties").unwrap_or(&Value::Null);
        match event.get("Type").and_then(Value::as_str) {
            Some("Api") => function.routes.push(route(name, &place, properties)?),
            Some("DynamoDB") => function.streams.push(stream(name, &place, properties)?),
            Some("Schedule") => {
                let rule = format!("{}{name}", function.name);
                function.schedules.push(schedule(name, rule, &place, properties)?);
            }
            Some("EventBridgeRule") => function.rules.push(rule(name, &place, properties)?),
            Some(other) => {
                return Err(Problem::at(
                    &place,
                    format!("the local cloud cannot play events of type {other}"),
                ));
            }
            None => return Err(Problem::at(&place, "it has no Type")),
        }
    }
    Ok(())
}

fn route(name: &str, place: &str, properties: &Value) -> Result<Route, Problem> {
    let method = word(place, properties, "Method")?.to_ascii_uppercase();
    let path = word(place, properties, "Path")?;
    if !path.starts_with('/') {
        return Err(Problem::at(place, "its Path does not begin with a slash"));
    }
    if path.contains("+}") {
        return Err(Problem::at(place, "the local cloud does not know greedy path variables"));
    }
    Ok(Route { name: name.to_owned(), method, path })
}

fn stream(name: &str, place: &str, properties: &Value) -> Result<StreamSource, Problem> {
    let table = properties
        .get("Stream")
        .and_then(document::referenced)
        .ok_or_else(|| Problem::at(place, "its Stream does not name a table of the template"))?;
    let from_beginning = match word(place, properties, "StartingPosition")?.as_str() {
        "TRIM_HORIZON" => true,
        "LATEST" => false,
        other => {
            return Err(Problem::at(place, format!("StartingPosition {other} is not supported")));
        }
    };
    let on_failure = properties.get("DestinationConfig").and_then(|config| config.get("OnFailure"));
    let dead_letters = match on_failure {
        None => None,
        Some(destination) => Some(
            destination
                .get("Destination")
                .and_then(document::referenced)
                .ok_or_else(|| Problem::at(place, "its OnFailure does not name a queue"))?,
        ),
    };
    let retries = properties.get("MaximumRetryAttempts").and_then(Value::as_i64).unwrap_or(-1);
    Ok(StreamSource {
        name: name.to_owned(),
        table,
        batch_size: properties
            .get("BatchSize")
            .and_then(Value::as_u64)
            .and_then(|size| usize::try_from(size).ok())
            .unwrap_or(100)
            .clamp(1, 10_000),
        window: Duration::from_secs(
            properties.get("MaximumBatchingWindowInSeconds").and_then(Value::as_u64).unwrap_or(0),
        ),
        from_beginning,
        maximum_retries: u32::try_from(retries).ok(),
        reports_failures: strings(properties.get("FunctionResponseTypes"))
            .iter()
            .any(|kind| kind == "ReportBatchItemFailures"),
        filters: filters(place, properties)?,
        dead_letters,
    })
}

fn filters(place: &str, properties: &Value) -> Result<Vec<Pattern>, Problem> {
    let filters = properties
        .get("FilterCriteria")
        .and_then(|criteria| criteria.get("Filters"))
        .and_then(Value::as_sequence);
    filters
        .into_iter()
        .flatten()
        .map(|filter| {
            let text = word(place, filter, "Pattern")?;
            let json: serde_json::Value = serde_json::from_str(&text)
                .map_err(|error| Problem::at(place, format!("its filter is not JSON: {error}")))?;
            parse_pattern(place, &json)
        })
        .collect()
}

fn schedule(
    name: &str,
    rule: String,
    place: &str,
    properties: &Value,
) -> Result<Schedule, Problem> {
    let expression = word(place, properties, "Schedule")?;
    let every = rate(&expression).ok_or_else(|| {
        Problem::at(
            place,
            format!("the local cloud knows rate(5 minutes) and the like, not {expression}"),
        )
    })?;
    Ok(Schedule { name: name.to_owned(), rule, expression, every })
}

fn rule(name: &str, place: &str, properties: &Value) -> Result<Rule, Problem> {
    let pattern = properties
        .get("Pattern")
        .ok_or_else(|| Problem::at(place, "it has no Pattern"))
        .and_then(|pattern| {
            serde_json::to_value(pattern)
                .map_err(|error| Problem::at(place, format!("its Pattern is unreadable: {error}")))
        })?;
    if let Some(name) = ["Input", "InputPath"].into_iter().find(|it| properties.get(it).is_some()) {
        return Err(Problem::at(place, format!("the local cloud knows no {name} of a rule")));
    }
    let transformer = match properties.get("InputTransformer") {
        None => None,
        Some(transformer) => {
            let json = serde_json::to_value(transformer);
            let json = json.map_err(|error| Problem::at(place, error.to_string()))?;
            Some(Transformer::parse(&json).map_err(|problem| Problem::at(place, problem))?)
        }
    };
    let pattern = parse_pattern(place, &pattern)?;
    Ok(Rule { name: name.to_owned(), pattern, transformer })
}

fn parse_pattern(place: &str, json: &serde_json::Value) -> Result<Pattern, Problem> {
    Pattern::parse(json)
        .map_err(|refused| Problem::at(&format!("{place}, {}", refused.place), refused.problem))
}

fn word(place: &str, properties: &Value, name: &str) -> Result<String, Problem> {
    properties
        .get(name)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Problem::at(place, format!("it has no {name}")))
}

/// `rate(5 minutes)`; EventBridge wants the singular for one.
pub(super) fn rate(expression: &str) -> Option<SignedDuration> {
    let inner = expression.strip_prefix("rate(")?.strip_suffix(')')?;
    let (count, unit) = inner.split_once(' ')?;
    let count: i64 = count.parse().ok().filter(|count| (1..=1_000_000).contains(count))?;
    let minutes = match (unit, count) {
        ("minute", 1) | ("minutes", 2..) => 1,
        ("hour", 1) | ("hours", 2..) => 60,
        ("day", 1) | ("days", 2..) => 24 * 60,
        _ => return None,
    };
    Some(SignedDuration::from_mins(count * minutes))
}
