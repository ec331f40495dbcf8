//! The SDK clients, as the deployed functions have them, pointed at this
//! machine. They speak plain HTTP: with this connector nothing can leave over
//! TLS even if an address were wrong.

use crate::account;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, SharedHttpClient};
use shared::patience;
use std::net::SocketAddr;

/// One connection pool for DynamoDB and SES.
pub(crate) fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

pub(crate) fn dynamo(
    address: SocketAddr,
    http: &SharedHttpClient,
    patience: TimeoutConfig,
) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(account::region())
        .credentials_provider(account::credentials())
        .endpoint_url(format!("http://{address}"))
        .http_client(http.clone())
        .timeout_config(patience)
        .retry_config(patience::again())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

pub(crate) fn mail(address: SocketAddr, http: &SharedHttpClient) -> aws_sdk_ses::Client {
    let config = aws_sdk_ses::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(account::region())
        .credentials_provider(account::credentials())
        .endpoint_url(format!("http://{address}"))
        .http_client(http.clone())
        .timeout_config(patience::mail())
        .retry_config(patience::once())
        .build();
    aws_sdk_ses::Client::from_conf(config)
}

pub(crate) fn keys(http: SharedHttpClient) -> aws_sdk_kms::Client {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(account::region())
        .credentials_provider(account::credentials())
        .http_client(http)
        .timeout_config(patience::quick())
        .retry_config(patience::again())
        .build();
    aws_sdk_kms::Client::from_conf(config)
}
