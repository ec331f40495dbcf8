//! Forgetting one mail that is settled.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;

use crate::dynamo::Key;
use crate::service::Service;
use crate::trouble::Trouble;

/// Removes a mail that is settled; `false` when it is not, or is gone.
///
/// # Errors
/// When DynamoDB fails.
pub async fn notice(service: &Service, key: &Key) -> Result<bool, Trouble> {
    let answer = service
        .dynamo
        .delete_item()
        .table_name(&service.settings.tables.mail)
        .set_key(Some(key.to_item()))
        .condition_expression("attribute_exists(settled_by)")
        .send()
        .await;
    match answer {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
        {
            Ok(false)
        }
        Err(cause) => Err(Trouble::unavailable("removing a mail", cause)),
    }
}
