//! The booking function as Lambda runs it: connect once, then answer.

use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, retry::RetryConfig};
use lambda_http::{Error, run, service_fn};
use shared::ambient::{SystemChance, SystemClock};
use shared::service::Service;
use shared::settings::{Settings, environment};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().json().with_current_span(false).without_time().init();
    let settings = Settings::from_variables(environment)?;
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(500))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(6))
        .build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard())
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
    let booking = Arc::new(booking::Booking::new(Arc::new(service)));
    run(service_fn(move |request| {
        let booking = Arc::clone(&booking);
        async move { Ok::<_, Error>(booking.handle(request).await) }
    }))
    .await
}
