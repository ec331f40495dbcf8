//! The functions, in this process: each with the environment that the template
//! gives it, a service of its own, and Lambda's time limit.

use crate::error::StartError;
use crate::template::{self, Names, Template};
use backup::Backup;
use booking::{Booking, BookingSettings};
use lambda_http::request::LambdaRequest;
use lambda_http::tower::Service as _;
use lambda_http::{Adapter, Body, Context, LambdaEvent, Request, Response, service_fn};
use login::{Login, LoginSettings};
use notify::{MailSettings, Notify};
use organizer::Organizer;
use retention::{Retention, RetentionSettings};
use sealer::{Sealer, SealerSettings};
use serde_json::Value;
use shared::ambient::{Clock, SystemChance};
use shared::audit::checkpoint::AuditKey;
use shared::backup::BackupSettings;
use shared::certificate::CertificateKey;
use shared::service::Service;
use shared::settings::Settings;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// What every function's clients are made of.
pub(crate) struct Surroundings {
    pub(crate) dynamo: aws_sdk_dynamodb::Client,
    /// DynamoDB with its backups, which a visitor's request has no use for.
    pub(crate) keeper: aws_sdk_dynamodb::Client,
    pub(crate) keys: aws_sdk_kms::Client,
    pub(crate) mail: aws_sdk_ses::Client,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) names: Names,
}

/// A function that can be called.
pub(crate) struct Hosted {
    name: String,
    timeout: Duration,
    code: Code,
    /// Lambda gives each call a machine of its own; one process has two cores
    /// or eight, so calls beyond [`AT_ONCE`] wait their turn instead of making
    /// all of them slow.
    places: Arc<Semaphore>,
}

/// Calls of one function that run at the same time.
const AT_ONCE: usize = 64;

fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_ONCE))
}

#[derive(Clone)]
enum Code {
    Backup(Arc<Backup>),
    Booking(Arc<Booking>),
    Login(Arc<Login>),
    Organizer(Arc<Organizer>),
    Notify(Arc<Notify>),
    Retention(Arc<Retention>),
    Sealer(Arc<Sealer>),
    /// A function that a test makes up.
    #[cfg(test)]
    MadeUp(Arc<dyn Fn(Value) -> Result<Value, String> + Send + Sync>),
}

impl Code {
    async fn answer(&self, request: Request) -> Response<Body> {
        match self {
            Self::Booking(booking) => booking.handle(request).await,
            Self::Login(login) => login.handle(request).await,
            Self::Organizer(organizer) => organizer.handle(request).await,
            // The template gave it a route: a request finds nothing there.
            _ => {
                let mut response = Response::new(Body::Empty);
                *response.status_mut() = lambda_http::http::StatusCode::NOT_FOUND;
                response
            }
        }
    }
}

/// A call that gave no reply.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("the time limit passed")]
    TimedOut,
    #[error("the function crashed: {0}")]
    Crashed(String),
    #[error("the function does not take this event: {0}")]
    Unreadable(String),
}

impl Hosted {
    /// Makes the function that the template describes.
    pub(crate) fn new(
        template: &Template,
        function: &template::Function,
        surroundings: &Surroundings,
    ) -> Result<Self, StartError> {
        let environment = template.environment(&function.name, &surroundings.names)?;
        let refused = |problem: shared::settings::SettingError| StartError::Environment {
            function: function.name.clone(),
            problem: problem.to_string(),
        };
        let dynamo = match function.code.as_str() {
            "backup" | "retention" => &surroundings.keeper,
            _ => &surroundings.dynamo,
        };
        let service = || service(&environment, dynamo, surroundings).map_err(refused);
        let code = match function.code.as_str() {
            "backup" => {
                let settings =
                    BackupSettings::from_variables(|name| environment.get(name).cloned())
                        .map_err(refused)?;
                Code::Backup(Arc::new(Backup::new(service()?, settings)))
            }
            "booking" => {
                let settings =
                    BookingSettings::from_variables(|name| environment.get(name).cloned())
                        .map_err(refused)?;
                let key = CertificateKey::new(surroundings.keys.clone(), settings.certificate_key);
                Code::Booking(Arc::new(Booking::new(service()?, key)))
            }
            "notify" => {
                let settings = MailSettings::from_variables(|name| environment.get(name).cloned())
                    .map_err(refused)?;
                let mail = surroundings.mail.clone();
                Code::Notify(Arc::new(Notify::new(service()?, mail, settings)))
            }
            "login" => {
                let settings = LoginSettings::from_variables(|name| environment.get(name).cloned())
                    .map_err(refused)?;
                Code::Login(Arc::new(Login::new(service()?, settings)))
            }
            "organizer" => Code::Organizer(Arc::new(Organizer::new(service()?))),
            "retention" => {
                let settings =
                    RetentionSettings::from_variables(|name| environment.get(name).cloned())
                        .map_err(refused)?;
                let key = CertificateKey::new(surroundings.keys.clone(), settings.certificate_key);
                Code::Retention(Arc::new(Retention::new(service()?, key)))
            }
            "sealer" => {
                let settings =
                    SealerSettings::from_variables(|name| environment.get(name).cloned())
                        .map_err(refused)?;
                let key = AuditKey::new(surroundings.keys.clone(), settings.audit_key);
                Code::Sealer(Arc::new(Sealer::new(service()?, key)))
            }
            other => {
                return Err(StartError::NoCode {
                    file: template.file.clone(),
                    function: function.name.clone(),
                    code: other.to_owned(),
                });
            }
        };
        Ok(Self { name: function.name.clone(), timeout: function.timeout, code, places: places() })
    }

    /// A function that answers events with `answer`.
    #[cfg(test)]
    pub(crate) fn made_up(
        name: &str,
        answer: impl Fn(Value) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Self {
        let code = Code::MadeUp(Arc::new(answer));
        Self { name: name.to_owned(), timeout: Duration::from_secs(1), code, places: places() }
    }

    /// The logical id.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Calls it with an API Gateway event and returns API Gateway's reply, both
    /// as JSON. The call goes on when the caller gives up waiting, as it does
    /// in the cloud.
    pub(crate) async fn http(&self, event: String) -> Result<Vec<u8>, CallError> {
        let code = self.code.clone();
        self.limited(async move {
            let request: LambdaRequest = serde_json::from_str(&event)
                .map_err(|error| CallError::Unreadable(error.to_string()))?;
            drop(event);
            let mut adapter = Adapter::from(service_fn(move |request| {
                let code = code.clone();
                async move { Ok::<_, Infallible>(code.answer(request).await) }
            }));
            let Ok(reply) = adapter.call(LambdaEvent::new(request, Context::default())).await;
            serde_json::to_vec(&reply).map_err(|error| CallError::Crashed(error.to_string()))
        })
        .await
    }

    /// Calls it with any other event.
    pub(crate) async fn event(&self, event: Value) -> Result<Value, String> {
        let outcome = match &self.code {
            Code::Notify(notify) => {
                let notify = Arc::clone(notify);
                self.limited(async move { crashed(notify.handle(event).await) }).await
            }
            Code::Backup(backup) => {
                let backup = Arc::clone(backup);
                self.limited(async move { crashed(backup.handle(event).await) }).await
            }
            Code::Retention(retention) => {
                let retention = Arc::clone(retention);
                self.limited(async move { crashed(retention.handle(event).await) }).await
            }
            Code::Sealer(sealer) => {
                let sealer = Arc::clone(sealer);
                self.limited(async move { crashed(sealer.handle(event).await) }).await
            }
            #[cfg(test)]
            Code::MadeUp(answer) => return answer(event),
            _ => return Err("this function takes no events".to_owned()),
        };
        outcome.map_err(|error| error.to_string())
    }

    async fn limited<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, CallError>> + Send + 'static,
    ) -> Result<T, CallError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let mut task = tokio::spawn(async move {
            let _place = place;
            call.await
        });
        match tokio::time::timeout(self.timeout, &mut task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(crash)) => Err(CallError::Crashed(crash.to_string())),
            Err(_) => {
                task.abort();
                Err(CallError::TimedOut)
            }
        }
    }
}

fn crashed<T, E: std::fmt::Display>(outcome: Result<T, E>) -> Result<T, CallError> {
    outcome.map_err(|error| CallError::Crashed(error.to_string()))
}

/// A service with the given environment and this client of DynamoDB.
pub(crate) fn service(
    environment: &BTreeMap<String, String>,
    dynamo: &aws_sdk_dynamodb::Client,
    surroundings: &Surroundings,
) -> Result<Arc<Service>, shared::settings::SettingError> {
    let settings = Settings::from_variables(|name| environment.get(name).cloned())?;
    Ok(Arc::new(Service::new(
        dynamo.clone(),
        surroundings.keys.clone(),
        Arc::clone(&surroundings.clock),
        Arc::new(SystemChance),
        settings,
    )))
}
