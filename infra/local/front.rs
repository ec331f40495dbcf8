//! A loopback front before the engine. It passes requests on, or does to them
//! what [`crate::faults`] says, or lets [`crate::backups`] answer the calls that
//! the engine does not know.
//!
//! A function on a visitor's way speaks to the engine itself, unless a test wants
//! faults: a second connection would be in every measurement of a booking.
//!
//! It speaks just the HTTP/1.1 that the SDK speaks (a content length, never
//! chunks) on bare sockets, because only a bare socket can be broken off in
//! the middle.

mod batches;

use crate::backups::Backups;
use crate::error::StartError;
use crate::faults::{Fault, Faults};
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What comes between a client and the engine.
#[derive(Clone, Default)]
pub(crate) struct Between {
    /// What goes wrong on purpose.
    pub(crate) faults: Option<Arc<Faults>>,
    /// Who answers for backups.
    pub(crate) backups: Option<Arc<Backups>>,
}

/// The running front; it ends with its handle.
pub(crate) struct Front {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Front {
    /// Listens before `engine`, with what is to come between.
    pub(crate) async fn start(engine: SocketAddr, between: Between) -> Result<Self, StartError> {
        let failed = |error: io::Error| StartError::part("the front of the database", error);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let between = between.clone();
                tokio::spawn(async move {
                    // A broken connection is what this front is for.
                    let _ = converse(client, engine, &between).await;
                });
            }
        });
        Ok(Self { address, server })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// One HTTP message: its head with the closing empty line, and its body.
struct Message {
    head: Vec<u8>,
    body: Vec<u8>,
}

async fn converse(mut client: TcpStream, engine: SocketAddr, between: &Between) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut upstream = TcpStream::connect(engine).await?;
    upstream.set_nodelay(true)?;
    let mut from_client = Vec::new();
    let mut from_engine = Vec::new();
    while let Some(request) = read(&mut client, &mut from_client).await? {
        let operation = operation(&request.head);
        let (fault, delay) = match &between.faults {
            Some(faults) => faults.decide(&operation, &request.body),
            None => (None, Duration::ZERO),
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let pass = async |request: &Message, upstream: &mut TcpStream, buffer: &mut Vec<u8>| {
            upstream.write_all(&request.head).await?;
            upstream.write_all(&request.body).await?;
            read(upstream, buffer)
                .await?
                .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
        };
        match fault {
            None => {
                let asked = ask(between.backups.as_ref(), &operation, &request.body).await?;
                if let Some((status, body)) = asked {
                    answer(&mut client, status, &body).await?;
                    client.flush().await?;
                    continue;
                }
                let mut reply = pass(&request, &mut upstream, &mut from_engine).await?;
                amend(between.backups.as_ref(), &operation, &request.body, &mut reply).await?;
                client.write_all(&reply.head).await?;
                client.write_all(&reply.body).await?;
            }
            Some(Fault::Conflict) => {
                answer(&mut client, 400, &conflict(&operation, &request.body)).await?;
            }
            Some(Fault::Throttled) => {
                let refusal = error("ProvisionedThroughputExceededException", "Slow down.");
                answer(&mut client, 400, &refusal).await?;
            }
            Some(Fault::Outage) => {
                answer(&mut client, 500, &error("InternalServerError", "Out of order.")).await?;
            }
            Some(Fault::BrokenBefore) => return break_off(client),
            Some(Fault::BrokenAfter | Fault::LostForGood) => {
                pass(&request, &mut upstream, &mut from_engine).await?;
                return break_off(client);
            }
            Some(Fault::FailedAfter) => {
                pass(&request, &mut upstream, &mut from_engine).await?;
                answer(&mut client, 500, &error("InternalServerError", "Lost track.")).await?;
            }
            Some(Fault::Silent) => {
                pass(&request, &mut upstream, &mut from_engine).await?;
                tokio::time::sleep(Duration::from_secs(60)).await;
                return break_off(client);
            }
            Some(Fault::Leftover) => {
                let (request, held_back) = batches::split(request, &operation);
                let mut reply = pass(&request, &mut upstream, &mut from_engine).await?;
                batches::add_leftovers(&mut reply, &operation, held_back);
                client.write_all(&reply.head).await?;
                client.write_all(&reply.body).await?;
            }
        }
        client.flush().await?;
    }
    Ok(())
}

/// What the keeper of backups answers, on a thread that may wait for a disk.
async fn ask(
    backups: Option<&Arc<Backups>>,
    operation: &str,
    body: &[u8],
) -> io::Result<Option<(u16, Value)>> {
    let Some(backups) = backups.filter(|backups| backups.cares(operation)) else {
        return Ok(None);
    };
    let (backups, operation, body) = (Arc::clone(backups), operation.to_owned(), body.to_owned());
    let answer = tokio::task::spawn_blocking(move || backups.answer(&operation, &body));
    answer.await.map_err(io::Error::other)
}

/// What the keeper of backups adds to the engine's reply.
async fn amend(
    backups: Option<&Arc<Backups>>,
    operation: &str,
    body: &[u8],
    reply: &mut Message,
) -> io::Result<()> {
    let Some(backups) = backups.filter(|backups| backups.amends(operation)) else {
        return Ok(());
    };
    if !reply.head.starts_with(b"HTTP/1.1 200") {
        return Ok(());
    }
    let (backups, operation, body) = (Arc::clone(backups), operation.to_owned(), body.to_owned());
    let before = std::mem::take(&mut reply.body);
    let amended = tokio::task::spawn_blocking(move || backups.amend(&operation, &body, before));
    reply.replace_body(amended.await.map_err(io::Error::other)?);
    Ok(())
}

/// Reads one message; `None` when the other side is done. `buffer` keeps what
/// came too early.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Message>> {
    let end = loop {
        if let Some(place) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break place + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return if buffer.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
    };
    let length = header(&buffer[..end], "content-length")
        .and_then(|value| value.parse::<usize>().ok())
        .unwrap_or_default();
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let rest = buffer.split_off(end + length);
    let mut head = std::mem::replace(buffer, rest);
    let body = head.split_off(end);
    Ok(Some(Message { head, body }))
}

impl Message {
    /// Another body, with the length that belongs to it. The engine's checksum
    /// would no longer fit, so it goes.
    fn replace_body(&mut self, body: Vec<u8>) {
        let head = String::from_utf8_lossy(&self.head);
        let mut lines: Vec<&str> = head
            .trim_end()
            .split("\r\n")
            .filter(|line| {
                let name = line.split(':').next().unwrap_or_default();
                !name.eq_ignore_ascii_case("content-length")
                    && !name.eq_ignore_ascii_case("x-amz-crc32")
            })
            .collect();
        let length = format!("content-length: {}", body.len());
        lines.push(&length);
        self.head = format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes();
        self.body = body;
    }
}

fn header(head: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    head.split("\r\n").find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

fn operation(head: &[u8]) -> String {
    let target = header(head, "x-amz-target").unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default().to_owned()
}

async fn answer(client: &mut TcpStream, status: u16, body: &Value) -> io::Result<()> {
    let body = body.to_string();
    let reason = match status {
        200 => "OK",
        ..500 => "Bad Request",
        _ => "Internal Server Error",
    };
    let reply = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: application/x-amz-json-1.0\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write_all(reply.as_bytes()).await
}

fn error(kind: &str, message: &str) -> Value {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": message})
}

/// For a transaction, its first item is the one that is held elsewhere.
fn conflict(operation: &str, body: &[u8]) -> Value {
    if operation != "TransactWriteItems" {
        return error("TransactionConflictException", "Transaction is ongoing for the item");
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let items = request["TransactItems"].as_array().map_or(1, Vec::len);
    let reasons: Vec<Value> = (0..items)
        .map(|place| match place {
            0 => json!({
                "Code": "TransactionConflict",
                "Message": "Transaction is ongoing for the item",
            }),
            _ => json!({"Code": "None"}),
        })
        .collect();
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
    let mut refusal = error(
        "TransactionCanceledException",
        &format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        ),
    );
    refusal["CancellationReasons"] = json!(reasons);
    refusal
}

/// Ends the connection with a reset, as a dying machine does.
fn break_off(client: TcpStream) -> io::Result<()> {
    client.set_zero_linger()?;
    drop(client);
    Ok(())
}

#[cfg(test)]
mod tests;
