//! The deployed function: connect once, then handle events.

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use notify::{MailSettings, Notify};
use shared::ambient::{SystemChance, SystemClock};
use shared::organization;
use shared::service::Service;
use shared::settings::{Settings, environment};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(tracing_subscriber::EnvFilter::new("info"))
        .init();
    let settings = Settings::from_variables(environment)?;
    let mail = MailSettings::from_variables(environment)?;
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .timeout_config(timeouts(Duration::from_secs(2)))
        .load()
        .await;
    let dynamo = aws_sdk_dynamodb::Client::new(&config);
    let kms = aws_sdk_kms::Client::new(&config);
    // One attempt: an SDK that tries again after an unclear end doubles mails.
    let ses = aws_sdk_ses::config::Builder::from(&config)
        .timeout_config(timeouts(Duration::from_secs(10)))
        .retry_config(RetryConfig::disabled())
        .build();
    let ses = aws_sdk_ses::Client::from_conf(ses);
    let service = Service::new(dynamo, kms, Arc::new(SystemClock), Arc::new(SystemChance), settings);
    warm(&service).await;
    let notify = Notify::new(Arc::new(service), ses, mail);
    let notify = &notify;
    lambda_runtime::run(service_fn(|event: LambdaEvent<serde_json::Value>| async move {
        notify.handle(event.payload).await
    }))
    .await
}

fn timeouts(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(500))
        .operation_attempt_timeout(attempt)
        .build()
}

/// Opens the connections to DynamoDB and KMS before the first event waits for
/// them. A failure is no matter: the event will meet it, and say so.
async fn warm(service: &Service) {
    let now = service.clock.now();
    if let Ok(organizations) = organization::store::all(service).await
        && let Some(first) = organizations.first()
    {
        let _ = service.vault.keys(*first, now).await;
    }
}
