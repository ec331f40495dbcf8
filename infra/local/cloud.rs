//! The whole of it: started, asked, stopped.

use crate::backups::Backups;
use crate::bus::Bus;
use crate::clock::MovableClock;
use crate::engine::Engine;
use crate::error::StartError;
use crate::faults::Faults;
use crate::front::{Between, Front};
use crate::functions::{self, Hosted, Surroundings};
use crate::gateway::{self, Gateway, Routes};
use crate::keys::Keys;
use crate::mailbox::{Desk, Mailbox};
use crate::options::{Options, RETENTION, SEALER, Storage};
use crate::schedules::{Firing, Schedules};
use crate::streams::{DeadLetter, Standing, Streams};
use crate::template::{self, Names, Template};
use crate::{clients, demonstration, files, pages};
use axum::Router;
use axum::serve::ListenerExt;
use retention::RetentionSettings;
use sealer::SealerSettings;
use serde_json::Value;
use shared::ambient::Clock;
use shared::audit::checkpoint::AuditKey;
use shared::certificate::CertificateKey;
use shared::patience;
use shared::service::Service;
use shared::trouble::Trouble;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Expired items go this often, and whenever the clock was moved.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// The longest that [`LocalCloud::settle`] waits.
const LONGEST_SETTLING: Duration = Duration::from_secs(60);

/// A running local cloud. Several can run in one process.
pub struct LocalCloud {
    address: String,
    parts: Arc<Parts>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
    sweeper: JoinHandle<()>,
    /// Held until the end: no other process gets the folder before.
    lock: Option<File>,
}

/// What pages and tests look at.
pub(crate) struct Parts {
    pub(crate) clock: Arc<MovableClock>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) streams: Arc<Streams>,
    pub(crate) schedules: Schedules,
    pub(crate) bus: Arc<Bus>,
    pub(crate) engine: Arc<Engine>,
    backups: Arc<Backups>,
    faults: Arc<Faults>,
    keys: Keys,
    dynamo: aws_sdk_dynamodb::Client,
    mail: aws_sdk_ses::Client,
    service: Arc<Service>,
    template: Template,
    functions: Vec<Arc<Hosted>>,
    _fronts: Vec<Front>,
    _desk: Desk,
}

impl LocalCloud {
    /// Starts everything and makes the demonstration data.
    ///
    /// # Errors
    /// [`StartError`] names the file, the place and what to do.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let template = read_template(options.template.as_deref())?;
        let folder = match &options.data {
            Storage::Memory => None,
            Storage::Folder(folder) => Some(folder.as_path()),
        };
        let lock = folder.map(files::lock_folder).transpose()?;
        // First the port: the public address is in every function's environment.
        let listener = listen(options.port).await?;
        let port = local_port(&listener)?;
        let address = format!("http://localhost:{port}");

        let clock = Arc::new(MovableClock::open(folder, options.starts_at)?);
        let faults = Arc::new(Faults::new(options.faults));
        // The keys before the data: data whose keys are gone must not get new ones.
        let keys = Keys::start(&template, folder, Arc::clone(&faults)).await?;
        let engine = Arc::new(Engine::start(&template, folder, &clock).await?);
        let backups = Backups::start(&template, folder, &engine, &clock, &faults)?;
        let database = options.database.unwrap_or(engine.address());
        let injecting = options.faults.map(|_| Arc::clone(&faults));
        let front = match &injecting {
            Some(_) => {
                let between = Between { faults: injecting.clone(), ..Between::default() };
                Some(Front::start(database, between).await?)
            }
            None => None,
        };
        let between = Between { faults: injecting, backups: Some(Arc::clone(&backups)) };
        let keeper = Front::start(database, between).await?;
        let bus = Arc::new(Bus::default());
        let mailbox = Arc::new(Mailbox::new(
            &template,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&faults),
            Arc::clone(&bus),
        ));
        let desk = Desk::start(Arc::clone(&mailbox)).await?;

        let http = clients::http();
        let database = front.as_ref().map_or(database, Front::address);
        // Another DynamoDB may take its time, and may not know a request again.
        let patience = match options.database {
            None => patience::quick(),
            Some(_) => patience::unhurried(),
        };
        let surroundings = Surroundings {
            dynamo: clients::dynamo(database, &http, patience.clone()),
            keeper: clients::dynamo(keeper.address(), &http, patience),
            keys: keys.client().clone(),
            mail: clients::mail(desk.address(), &http),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            names: Names {
                parameters: BTreeMap::from([("PublicAddress".to_owned(), address.clone())]),
                key_arns: keys.arns().clone(),
            },
        };
        let hosted = template
            .functions
            .iter()
            .map(|function| Hosted::new(&template, function, &surroundings).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        let rules = template.functions.iter().zip(&hosted).flat_map(|(function, hosted)| {
            function.rules.iter().map(|rule| (rule.clone(), Arc::clone(hosted)))
        });
        bus.subscribe(rules.collect());
        let service = own_service(&template, &surroundings)?;
        if options.demonstration {
            let seeding = faults.pause();
            demonstrate(&service).await?;
            drop(seeding);
        }
        let woken: Vec<Arc<Hosted>> = template
            .functions
            .iter()
            .zip(&hosted)
            .filter(|(function, _)| options.wakes.lets(&function.code))
            .map(|(_, hosted)| Arc::clone(hosted))
            .collect();
        let streams = Arc::new(Streams::start(&template, &woken, &engine, &clock, folder)?);
        let schedules = Schedules::start(&template, &woken, &clock, &bus);
        let gateway = Arc::new(Gateway {
            routes: Routes::of(&template),
            functions: hosted.clone(),
            streams: Arc::clone(&streams),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            stage: template.stage.clone(),
            sends_bytes: !template.binary_media_types.is_empty(),
        });
        let sweeper =
            tokio::spawn(sweep(Arc::clone(&engine), Arc::clone(&backups), Arc::clone(&clock)));
        let parts = Arc::new(Parts {
            clock,
            mailbox,
            streams,
            schedules,
            bus,
            engine,
            backups,
            faults,
            keys,
            dynamo: surroundings.keeper,
            mail: surroundings.mail,
            service,
            template,
            functions: hosted,
            _fronts: front.into_iter().chain([keeper]).collect(),
            _desk: desk,
        });
        let router = pages::router(Arc::clone(&parts))
            .merge(Router::new().fallback(gateway::answer).with_state(gateway));
        let (stop, server) = serve(listener, router);
        Ok(Self { address, parts, stop: Some(stop), server: Some(server), sweeper, lock })
    }

    /// Where people reach it: `http://localhost:PORT`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The domain's service, as the functions have it.
    #[must_use]
    pub fn service(&self) -> &Arc<Service> {
        &self.parts.service
    }

    /// The DynamoDB client that the functions of backup and retention use: it
    /// also answers for backups. With faults, through them.
    #[must_use]
    pub fn dynamo(&self) -> &aws_sdk_dynamodb::Client {
        &self.parts.dynamo
    }

    /// The KMS client that the functions use.
    #[must_use]
    pub fn kms(&self) -> &aws_sdk_kms::Client {
        self.parts.keys.client()
    }

    /// The key of the audit trail's checkpoints, as the sealer has it.
    ///
    /// # Errors
    /// When the template has no sealer or does not say which key is its.
    pub fn audit_key(&self) -> Result<AuditKey, StartError> {
        let template = &self.parts.template;
        let missing = || StartError::part("the audit trail", "the template has no sealer");
        let sealer = template.functions.iter().find(|function| function.code == SEALER);
        let names = Names { parameters: BTreeMap::new(), key_arns: self.parts.keys.arns().clone() };
        let environment = template.environment(&sealer.ok_or_else(missing)?.name, &names)?;
        let settings = SealerSettings::from_variables(|name| environment.get(name).cloned())
            .map_err(|problem| StartError::part("the audit trail", problem))?;
        Ok(AuditKey::new(self.kms().clone(), settings.audit_key))
    }

    /// The key that signs certificates, as the function that deletes has it.
    ///
    /// # Errors
    /// When the template has no such function or does not say which key is its.
    pub fn certificate_key(&self) -> Result<CertificateKey, StartError> {
        let template = &self.parts.template;
        let missing = || StartError::part("certificates", "the template has no retention");
        let function = template.functions.iter().find(|function| function.code == RETENTION);
        let names = Names { parameters: BTreeMap::new(), key_arns: self.parts.keys.arns().clone() };
        let environment = template.environment(&function.ok_or_else(missing)?.name, &names)?;
        let settings = RetentionSettings::from_variables(|name| environment.get(name).cloned())
            .map_err(|problem| StartError::part("certificates", problem))?;
        Ok(CertificateKey::new(self.kms().clone(), settings.certificate_key))
    }

    /// The SES client that the functions use.
    #[must_use]
    pub fn ses(&self) -> &aws_sdk_ses::Client {
        &self.parts.mail
    }

    /// Switches for what should go wrong. Those of DynamoDB do something only
    /// when the cloud was started with [`Options::faults`].
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.parts.faults
    }

    /// The mail that was caught.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.parts.mailbox
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &MovableClock {
        &self.parts.clock
    }

    /// The template that everything is wired from.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.parts.template
    }

    /// Calls the function with this code, as API Gateway does when the event is a
    /// request, and otherwise as whatever else wakes it; its reply.
    ///
    /// # Errors
    /// When there is no such function or it gave no reply.
    pub async fn call(&self, code: &str, event: Value) -> Result<Value, String> {
        let functions = self.parts.template.functions.iter().zip(&self.parts.functions);
        let (_, hosted) = functions
            .into_iter()
            .find(|(function, _)| function.code == code)
            .ok_or_else(|| format!("there is no function {code}"))?;
        if event.get("httpMethod").is_none() {
            return hosted.event(event).await;
        }
        let reply = hosted.http(event.to_string()).await.map_err(|error| error.to_string())?;
        serde_json::from_slice(&reply).map_err(|error| error.to_string())
    }

    /// How the streams stand.
    #[must_use]
    pub fn streams(&self) -> Vec<Standing> {
        self.parts.streams.standings()
    }

    /// What was given up.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.parts.streams.dead_letters()
    }

    /// How the schedules stand.
    #[must_use]
    pub fn schedules(&self) -> Vec<Firing> {
        self.parts.schedules.firings()
    }

    /// Fires a schedule now; whether there is one of that name.
    pub fn fire(&self, schedule: &str) -> bool {
        self.parts.schedules.fire(schedule)
    }

    /// Removes what has expired by the clock; returns how many items that was.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn sweep_expired(&self) -> Result<usize, String> {
        sweep_once(&self.parts.engine, &self.parts.backups).await
    }

    /// Waits until everything that was written has been delivered, and every
    /// backup and restore under way is done, for a minute at most; whether it
    /// has.
    pub async fn settle(&self) -> bool {
        self.parts.settle().await
    }

    /// Stops everything; requests and deliveries in hand finish.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(mut server) = self.server.take()
            && tokio::time::timeout(Duration::from_secs(3), &mut server).await.is_err()
        {
            server.abort();
        }
        self.parts.streams.stop().await;
        let backups = Arc::clone(&self.parts.backups);
        let _ = tokio::task::spawn_blocking(move || backups.stop()).await;
        self.sweeper.abort();
        self.parts.engine.stop().await;
        drop(self.lock.take());
    }
}

impl Drop for LocalCloud {
    fn drop(&mut self) {
        self.sweeper.abort();
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}

impl Parts {
    pub(crate) async fn settle(&self) -> bool {
        let begun = Instant::now();
        let _waiting = self.streams.wait_for();
        while begun.elapsed() < LONGEST_SETTLING {
            // Events may write, and records may send events: look at both ends.
            let delivered = self.bus.is_idle() && self.streams.is_idle() && self.bus.is_idle();
            if delivered && self.backups.is_idle() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        false
    }
}

fn read_template(file: Option<&std::path::Path>) -> Result<Template, StartError> {
    let Some(file) = file else {
        return Template::parse(template::EMBEDDED_NAME, template::EMBEDDED);
    };
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| StartError::Template {
        file: name.clone(),
        place: "the file".to_owned(),
        problem: error.to_string(),
    })?;
    Template::parse(&name, &text)
}

async fn listen(port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => StartError::PortInUse { port },
        _ => StartError::Listen { port, problem: error.to_string() },
    })
}

fn local_port(listener: &TcpListener) -> Result<u16, StartError> {
    let address = listener.local_addr();
    address
        .map(|address| address.port())
        .map_err(|error| StartError::Listen { port: 0, problem: error.to_string() })
}

/// Makes the demonstration data. A machine that is busy with something else can
/// be too slow for the clients' patience; what was begun is gone on with.
async fn demonstrate(service: &Service) -> Result<(), StartError> {
    let mut tries = 0;
    loop {
        match demonstration::ensure(service).await {
            Ok(()) => return Ok(()),
            Err(Trouble::Unavailable { .. }) if tries < 5 => tries += 1,
            Err(trouble) => return Err(StartError::part("the demonstration", trouble.chain())),
        }
    }
}

/// A service for tests and the demonstration, with what all functions share.
fn own_service(
    template: &Template,
    surroundings: &Surroundings,
) -> Result<Arc<Service>, StartError> {
    let function = template.functions.first().map_or("", |function| function.name.as_str());
    let environment = template.environment(function, &surroundings.names)?;
    functions::service(&environment, &surroundings.keeper, surroundings).map_err(|problem| {
        StartError::Environment { function: function.to_owned(), problem: problem.to_string() }
    })
}

fn serve(listener: TcpListener, router: Router) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move {
        let stopped = async move {
            let _ = stopped.await;
        };
        if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stopped).await {
            tracing::error!(%error, "the gateway stopped");
        }
    });
    (stop, server)
}

async fn sweep(engine: Arc<Engine>, backups: Arc<Backups>, clock: Arc<MovableClock>) {
    let mut moves = clock.moves();
    loop {
        // The clock's end is this process's end.
        if let Ok(Err(_)) = tokio::time::timeout(SWEEP_EVERY, moves.changed()).await {
            return;
        }
        if let Err(problem) = sweep_once(&engine, &backups).await {
            tracing::warn!(problem, "what has expired stays for now");
        }
    }
}

async fn sweep_once(engine: &Arc<Engine>, backups: &Arc<Backups>) -> Result<usize, String> {
    let (engine, backups) = (Arc::clone(engine), Arc::clone(backups));
    let swept = tokio::task::spawn_blocking(move || {
        backups.trim()?;
        engine.sweep_expired()
    });
    swept.await.map_err(|error| error.to_string())?
}

#[cfg(test)]
mod tests;
