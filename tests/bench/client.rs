//! The visitors: connections that are kept, each with one request at a time.
//!
//! Written by hand because it shares the machine's processors with what it
//! measures: a full HTTP client would cost as much as a part of the answer.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// What became of a load.
pub struct Load {
    /// How long it took in all.
    pub elapsed: Duration,
    /// For each request the status and how long it took.
    pub answers: Vec<(u16, Duration)>,
}

impl Load {
    /// How long each took, if all were answered with this status.
    pub fn all(self, status: u16) -> (Vec<Duration>, Duration) {
        let took = self.answers.iter().map(|(found, took)| {
            assert_eq!(*found, status, "a request was answered with another status");
            *took
        });
        (took.collect(), self.elapsed)
    }
}

/// A request for a page or JSON.
pub fn get(path: &str, accept: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: {accept}\r\n\r\n")
}

/// A request that sends JSON under an idempotency key.
pub fn post(path: &str, key: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\
         content-type: application/json\r\nidempotency-key: {key}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends the requests over so many connections at once, each taking the next
/// one when its last is answered. The connections stand before the time runs.
pub async fn load(port: u16, clients: usize, requests: Vec<String>) -> Load {
    let requests = Arc::new(requests);
    let next = Arc::new(AtomicUsize::new(0));
    let mut connections = Vec::with_capacity(clients);
    for _ in 0..clients {
        connections.push(Connection::open(port).await);
    }
    let begun = Instant::now();
    let tasks: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
            tokio::spawn(async move {
                let mut answers = Vec::new();
                while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let asked = Instant::now();
                    let status = connection.ask(request).await;
                    answers.push((status, asked.elapsed()));
                }
                answers
            })
        })
        .collect();
    let mut answers = Vec::with_capacity(requests.len());
    for task in tasks {
        answers.extend(task.await.expect("a visitor"));
    }
    Load { elapsed: begun.elapsed(), answers }
}

/// The same from several addresses of this machine, a connection for each; for
/// each request its place in the list, the status and how long it took.
pub async fn load_from(
    port: u16,
    addresses: &[Ipv4Addr],
    requests: Vec<String>,
) -> Vec<(usize, u16, Duration)> {
    let requests = Arc::new(requests);
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::with_capacity(addresses.len());
    for address in addresses {
        let mut connection = Connection::open_from(*address, port).await;
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        tasks.push(tokio::spawn(async move {
            let mut answers = Vec::new();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(request) = requests.get(place) else { break answers };
                let asked = Instant::now();
                let status = connection.ask(request).await;
                answers.push((place, status, asked.elapsed()));
            }
        }));
    }
    let mut answers = Vec::with_capacity(requests.len());
    for task in tasks {
        answers.extend(task.await.expect("a visitor"));
    }
    answers
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(port: u16) -> Self {
        Self::open_from(Ipv4Addr::LOCALHOST, port).await
    }

    async fn open_from(address: Ipv4Addr, port: u16) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((address, 0).into()).expect("an address of this machine");
        let server = (Ipv4Addr::LOCALHOST, port).into();
        let stream = socket.connect(server).await.expect("a connection");
        stream.set_nodelay(true).expect("a connection without delay");
        Self { stream, buffer: Vec::with_capacity(256 * 1_024) }
    }

    /// Sends one request, reads its answer to the end and returns the status.
    async fn ask(&mut self, request: &str) -> u16 {
        self.stream.write_all(request.as_bytes()).await.expect("a request is sent");
        self.buffer.clear();
        let body = loop {
            self.read().await;
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = String::from_utf8_lossy(&self.buffer[..body]).to_ascii_lowercase();
        let status = head.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .and_then(|length| length.trim().parse().ok())
            .expect("a length");
        while self.buffer.len() < body + length {
            self.read().await;
        }
        status
    }

    async fn read(&mut self) {
        let read = self.stream.read_buf(&mut self.buffer).await.expect("an answer");
        assert!(read > 0, "the connection was closed");
    }
}
