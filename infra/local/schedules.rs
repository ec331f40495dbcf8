//! Schedules, fired by the clock that a tester moves. Whatever fell due while
//! the clock jumped fires once, as soon as it has jumped.

use crate::account::{ACCOUNT, REGION};
use crate::bus::{self, Bus};
use crate::clock::MovableClock;
use crate::functions::Hosted;
use crate::template::{Schedule, Template};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::ambient::Clock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// All schedules, running.
pub(crate) struct Schedules {
    timers: Vec<Arc<Timer>>,
    workers: Vec<JoinHandle<()>>,
}

struct Timer {
    schedule: Schedule,
    function: Arc<Hosted>,
    clock: Arc<MovableClock>,
    bus: Arc<Bus>,
    times: Mutex<Times>,
}

#[derive(Clone, Copy)]
struct Times {
    last: Option<Timestamp>,
    next: Timestamp,
}

/// How a schedule stands.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Firing {
    /// The rule's name, by which it can be fired.
    pub name: String,
    /// The function that it wakes.
    pub function: String,
    /// As the template has it.
    pub schedule: String,
    /// When it fired last, since the start.
    pub last: Option<Timestamp>,
    /// When it fires next.
    pub next: Timestamp,
}

impl Schedules {
    pub(crate) fn start(
        template: &Template,
        functions: &[Arc<Hosted>],
        clock: &Arc<MovableClock>,
        bus: &Arc<Bus>,
    ) -> Self {
        let mut timers = Vec::new();
        for function in &template.functions {
            let Some(hosted) = functions.iter().find(|hosted| hosted.name() == function.name)
            else {
                continue;
            };
            for schedule in &function.schedules {
                let next = after(clock.now(), schedule.every);
                timers.push(Arc::new(Timer {
                    schedule: schedule.clone(),
                    function: Arc::clone(hosted),
                    clock: Arc::clone(clock),
                    bus: Arc::clone(bus),
                    times: Mutex::new(Times { last: None, next }),
                }));
            }
        }
        let workers = timers.iter().map(|timer| tokio::spawn(Arc::clone(timer).run())).collect();
        Self { timers, workers }
    }

    /// Fires a schedule now, by its rule's or its event's name.
    pub(crate) fn fire(&self, name: &str) -> bool {
        let timer = self
            .timers
            .iter()
            .find(|timer| timer.schedule.rule == name || timer.schedule.name == name);
        if let Some(timer) = timer {
            timer.fire(timer.clock.now());
        }
        timer.is_some()
    }

    pub(crate) fn firings(&self) -> Vec<Firing> {
        self.timers
            .iter()
            .map(|timer| {
                let times = timer.times();
                Firing {
                    name: timer.schedule.rule.clone(),
                    function: timer.function.name().to_owned(),
                    schedule: timer.schedule.expression.clone(),
                    last: times.last,
                    next: times.next,
                }
            })
            .collect()
    }
}

impl Drop for Schedules {
    fn drop(&mut self) {
        for worker in &self.workers {
            worker.abort();
        }
    }
}

impl Timer {
    async fn run(self: Arc<Self>) {
        let mut moves = self.clock.moves();
        loop {
            let now = self.clock.now();
            let next = self.times().next;
            if now >= next {
                self.fire(now);
                continue;
            }
            let wait = Duration::try_from(next.duration_since(now)).unwrap_or_default();
            // The clock's end is this process's end.
            if let Ok(Err(_)) = tokio::time::timeout(wait, moves.changed()).await {
                return;
            }
        }
    }

    fn fire(&self, now: Timestamp) {
        {
            let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
            *times = Times { last: Some(now), next: after(now, self.schedule.every) };
        }
        let rule = format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{}", self.schedule.rule);
        let event = bus::event("aws.events", "Scheduled Event", now, &[rule], json!({}));
        self.bus.invoke(Arc::clone(&self.function), event);
    }

    fn times(&self) -> Times {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn after(now: Timestamp, every: SignedDuration) -> Timestamp {
    now.checked_add(every).unwrap_or(Timestamp::MAX)
}
