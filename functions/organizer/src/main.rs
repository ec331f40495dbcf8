//! The organizer function as Lambda runs it: connect once, then answer.

use std::sync::Arc;

use aws_config::BehaviorVersion;
use lambda_http::{Error, run, service_fn};
use shared::ambient::{SystemChance, SystemClock};
use shared::patience;
use shared::service::Service;
use shared::settings::{Settings, environment};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().json().with_current_span(false).without_time().init();
    let settings = Settings::from_variables(environment)?;
    let config = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(patience::quick())
        .retry_config(patience::again())
        .load()
        .await;
    let service = Service::new(
        aws_sdk_dynamodb::Client::new(&config),
        aws_sdk_kms::Client::new(&config),
        Arc::new(SystemClock),
        Arc::new(SystemChance),
        settings,
    );
    service.warm().await;
    let organizer = Arc::new(organizer::Organizer::new(Arc::new(service)));
    run(service_fn(move |request| {
        let organizer = Arc::clone(&organizer);
        async move { Ok::<_, Error>(organizer.handle(request).await) }
    }))
    .await
}
