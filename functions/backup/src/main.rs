//! The deployed function: connect once, then handle events.

use std::sync::Arc;

use backup::Backup;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::ambient::{SystemChance, SystemClock};
use shared::backup::BackupSettings;
use shared::patience;
use shared::service::Service;
use shared::settings::{Settings, environment};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(tracing_subscriber::EnvFilter::new("info"))
        .init();
    let settings = Settings::from_variables(environment)?;
    let backups = BackupSettings::from_variables(environment)?;
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .timeout_config(patience::quick())
        .retry_config(patience::again())
        .load()
        .await;
    let dynamo = aws_sdk_dynamodb::Client::new(&config);
    let kms = aws_sdk_kms::Client::new(&config);
    let service =
        Service::new(dynamo, kms, Arc::new(SystemClock), Arc::new(SystemChance), settings);
    let backup = &Backup::new(Arc::new(service), backups);
    lambda_runtime::run(service_fn(|event: LambdaEvent<serde_json::Value>| async move {
        backup.handle(event.payload).await
    }))
    .await
}
