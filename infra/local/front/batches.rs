//! Batches that are done in part: some keys or writes are held back and come
//! back as leftovers, as DynamoDB does when it is busy.

use super::Message;
use serde_json::{Map, Value, json};

/// Takes the second half of each table's part out of the request. A request
/// that cannot be split passes whole.
pub(super) fn split(mut request: Message, operation: &str) -> (Message, Map<String, Value>) {
    let mut held_back = Map::new();
    let Ok(mut body) = serde_json::from_slice::<Value>(&request.body) else {
        return (request, held_back);
    };
    let Some(tables) = body.get_mut("RequestItems").and_then(Value::as_object_mut) else {
        return (request, held_back);
    };
    for (table, part) in tables.iter_mut() {
        match operation {
            "BatchGetItem" => {
                let mut rest = part.clone();
                let kept = halve(part.get_mut("Keys"));
                if !kept.is_empty() {
                    rest["Keys"] = json!(kept);
                    held_back.insert(table.clone(), rest);
                }
            }
            _ => {
                let kept = halve(Some(part));
                if !kept.is_empty() {
                    held_back.insert(table.clone(), json!(kept));
                }
            }
        }
    }
    request.replace_body(body.to_string().into_bytes());
    (request, held_back)
}

/// The second half of a list, which it loses; nothing of a single element.
fn halve(list: Option<&mut Value>) -> Vec<Value> {
    let Some(list) = list.and_then(Value::as_array_mut) else { return Vec::new() };
    list.split_off(list.len().div_ceil(2))
}

/// Names in the reply what was held back.
pub(super) fn add_leftovers(reply: &mut Message, operation: &str, held_back: Map<String, Value>) {
    if held_back.is_empty() || !reply.head.starts_with(b"HTTP/1.1 200") {
        return;
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return };
    let field = if operation == "BatchGetItem" { "UnprocessedKeys" } else { "UnprocessedItems" };
    body[field] = Value::Object(held_back);
    reply.replace_body(body.to_string().into_bytes());
}
