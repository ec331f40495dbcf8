//! How long AWS is waited for, and how often asked again: the same in every
//! function and on a laptop.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;

const CONNECT: Duration = Duration::from_millis(500);

/// For DynamoDB and KMS: a request of theirs is small and answered within
/// milliseconds, so a second attempt beats a long wait. The whole of it leaves
/// room for several requests within a handler's 25 seconds.
#[must_use]
pub fn quick() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(5))
        .build()
}

/// For DynamoDB and KMS, when somebody waits at a terminal and the way may be long.
#[must_use]
pub fn unhurried() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(30))
        .build()
}

/// For SES, which takes its time over a mail.
#[must_use]
pub fn mail() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(Duration::from_secs(10))
        .build()
}

/// For DynamoDB and KMS: what is asked again by the SDK carries the same token,
/// so a transaction is not done twice.
#[must_use]
pub fn again() -> RetryConfig {
    RetryConfig::standard().with_initial_backoff(Duration::from_millis(50))
}

/// For SES: one attempt, because a second after an unclear end doubles mails.
#[must_use]
pub fn once() -> RetryConfig {
    RetryConfig::disabled()
}
