//! The booking function as Lambda runs it: connect once, then answer.

use std::sync::Arc;

use aws_config::BehaviorVersion;
use booking::{Booking, BookingSettings};
use lambda_http::{Error, run, service_fn};
use shared::ambient::{SystemChance, SystemClock};
use shared::certificate::CertificateKey;
use shared::patience;
use shared::service::Service;
use shared::settings::{Settings, environment};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().json().with_current_span(false).without_time().init();
    let settings = Settings::from_variables(environment)?;
    let own = BookingSettings::from_variables(environment)?;
    let config = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(patience::quick())
        .retry_config(patience::again())
        .load()
        .await;
    let kms = aws_sdk_kms::Client::new(&config);
    let certificates = CertificateKey::new(kms.clone(), own.certificate_key);
    let service = Service::new(
        aws_sdk_dynamodb::Client::new(&config),
        kms,
        Arc::new(SystemClock),
        Arc::new(SystemChance),
        settings,
    );
    service.warm().await;
    let booking = Arc::new(Booking::new(Arc::new(service), certificates));
    run(service_fn(move |request| {
        let booking = Arc::clone(&booking);
        async move { Ok::<_, Error>(booking.handle(request).await) }
    }))
    .await
}
