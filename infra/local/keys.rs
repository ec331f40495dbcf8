//! KMS: winterbaume's, in this process, under the real SDK client.
//!
//! Its whole state, key material included, lies in `keys.json`, readable by
//! its owner alone: whoever has the data folder has the keys. With data in
//! memory it lies nowhere.

use crate::account::{ACCOUNT, REGION};
use crate::clients;
use crate::error::StartError;
use crate::faults::Faults;
use crate::files;
use crate::template::{KeyResource, Template};
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use winterbaume_core::{MockAws, MockRequest, MockResponse, MockService, StatefulService};
use winterbaume_kms::{KmsService, KmsStateView};

/// The file in the data folder.
pub(crate) const FILE: &str = "keys.json";

/// How the file is laid out.
#[derive(serde::Serialize, serde::Deserialize)]
struct Kept {
    /// The ARN of each key of the template, by logical id.
    keys: BTreeMap<String, String>,
    /// What winterbaume says of itself.
    state: Value,
}

/// The running KMS.
pub(crate) struct Keys {
    client: aws_sdk_kms::Client,
    arns: BTreeMap<String, String>,
}

impl Keys {
    /// Restores the keys, and makes those of the template that do not exist.
    pub(crate) async fn start(
        template: &Template,
        folder: Option<&Path>,
        faults: Arc<Faults>,
    ) -> Result<Self, StartError> {
        let file = folder.map(|folder| folder.join(FILE));
        let kept: Option<Kept> = match &file {
            Some(file) => files::read_json(file)?,
            None => None,
        };
        if let (None, Some(file), Some(folder)) = (&kept, &file, folder)
            && folder.join(crate::engine::FILE).exists()
        {
            // A new key would open none of the data.
            return Err(StartError::damaged(file, "it is missing, although there is data"));
        }
        if let (Some(_), Some(folder)) = (&kept, &folder) {
            let tables = folder.join(crate::engine::FILE);
            // Deliveries were made from these tables: empty ones would hide the loss.
            if !tables.exists() && folder.join(crate::streams::FILE).exists() {
                let problem = "it is missing, although the keys and the places in its streams \
                     are here. Put it back, or remove the whole folder to begin anew";
                return Err(StartError::damaged(&tables, problem));
            }
        }
        let service = KmsService::new();
        let mut arns = BTreeMap::new();
        let mut written = Value::Null;
        if let (Some(kept), Some(file)) = (kept, &file) {
            let damaged = |error: String| StartError::damaged(file, error);
            let view: KmsStateView = serde_json::from_value(kept.state.clone())
                .map_err(|error| damaged(error.to_string()))?;
            if let Some((name, _)) = kept.keys.iter().find(|(_, arn)| {
                !view.keys.values().any(|key| key.arn == **arn && !key.key_material.is_empty())
            }) {
                return Err(damaged(format!("the key {name} is not in it")));
            }
            let restored = service.restore(ACCOUNT, REGION, view).await;
            restored.map_err(|error| damaged(error.to_string()))?;
            arns = kept.keys;
            written = kept.state;
        }
        let store = Arc::new(Store {
            service,
            faults,
            file,
            arns: Mutex::new(arns.clone()),
            written: Mutex::new(written),
        });
        let aws = MockAws::builder().with_service(Arc::clone(&store)).build();
        let client = clients::keys(aws.http_client());
        for key in &template.keys {
            if !arns.contains_key(&key.name) {
                let arn = make(&client, key).await?;
                arns.insert(key.name.clone(), arn.clone());
                locked(&store.arns).insert(key.name.clone(), arn);
                store.save().await.map_err(|error| StartError::folder(folder, &error))?;
            }
        }
        Ok(Self { client, arns })
    }

    pub(crate) fn client(&self) -> &aws_sdk_kms::Client {
        &self.client
    }

    pub(crate) fn arns(&self) -> &BTreeMap<String, String> {
        &self.arns
    }
}

async fn make(client: &aws_sdk_kms::Client, key: &KeyResource) -> Result<String, StartError> {
    let made = client
        .create_key()
        .description("the template's key")
        .key_spec(KeySpec::from(key.spec.as_str()))
        .key_usage(KeyUsageType::from(key.usage.as_str()));
    made.send()
        .await
        .map_err(|error| StartError::part("KMS", error.into_service_error()))?
        .key_metadata
        .and_then(|key| key.arn)
        .ok_or_else(|| StartError::part("KMS", "it made a key and did not name it"))
}

/// The service with its switch and its file.
struct Store {
    service: KmsService,
    faults: Arc<Faults>,
    file: Option<PathBuf>,
    arns: Mutex<BTreeMap<String, String>>,
    /// What the file holds, so that reads do not write it again.
    written: Mutex<Value>,
}

impl Store {
    async fn save(&self) -> std::io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let state = serde_json::to_value(self.service.snapshot(ACCOUNT, REGION).await)?;
        let arns = locked(&self.arns).clone();
        let mut written = locked(&self.written);
        if !arns.is_empty() && *written == state && file.exists() {
            // The names may be new even where the keys are not.
            let on_disk: Option<Kept> =
                std::fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok());
            if on_disk.is_some_and(|kept| kept.keys == arns) {
                return Ok(());
            }
        }
        let kept = Kept { keys: arns, state };
        files::write_json(file, &kept)?;
        *written = kept.state;
        Ok(())
    }
}

impl MockService for Store {
    fn service_name(&self) -> &str {
        self.service.service_name()
    }

    fn url_patterns(&self) -> Vec<&str> {
        self.service.url_patterns()
    }

    fn handle(
        &self,
        request: MockRequest,
    ) -> Pin<Box<dyn Future<Output = MockResponse> + Send + '_>> {
        Box::pin(async move {
            if self.faults.keys_fail() {
                return refusal("Out of order.");
            }
            let target = request.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
            let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default();
            if self.faults.keys_are_denied(operation) {
                let body = serde_json::json!({"__type": "AccessDeniedException"});
                return MockResponse::json(400, body.to_string());
            }
            let changes = !only_uses(operation);
            let reply = self.service.handle(request).await;
            if changes && reply.status / 100 == 2 && self.save().await.is_err() {
                return refusal("The keys could not be written to the data folder.");
            }
            reply
        })
    }
}

/// Operations that use keys and change none, which is nearly all of them.
fn only_uses(operation: &str) -> bool {
    matches!(
        operation,
        "Decrypt"
            | "Encrypt"
            | "ReEncrypt"
            | "GenerateDataKey"
            | "GenerateDataKeyWithoutPlaintext"
            | "GenerateMac"
            | "VerifyMac"
            | "GenerateRandom"
    ) || operation.starts_with("Describe")
        || operation.starts_with("List")
        || operation.starts_with("Get")
}

fn refusal(message: &str) -> MockResponse {
    let body = serde_json::json!({"__type": "KMSInternalException", "message": message});
    MockResponse::json(500, body.to_string())
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{EMBEDDED, EMBEDDED_NAME};
    use aws_sdk_kms::primitives::Blob;
    use aws_sdk_kms::types::DataKeySpec;

    async fn start(folder: Option<&Path>) -> Result<(Keys, Arc<Faults>), StartError> {
        let template = Template::parse(EMBEDDED_NAME, EMBEDDED).unwrap();
        let faults = Arc::new(Faults::new(None));
        Ok((Keys::start(&template, folder, Arc::clone(&faults)).await?, faults))
    }

    async fn data_key(keys: &Keys) -> (Blob, Blob) {
        let made = keys
            .client()
            .generate_data_key()
            .key_id(&keys.arns()["Key"])
            .key_spec(DataKeySpec::Aes256)
            .encryption_context("organization", "abc")
            .send()
            .await
            .unwrap();
        (made.plaintext.unwrap(), made.ciphertext_blob.unwrap())
    }

    async fn open(keys: &Keys, wrapped: &Blob, organization: &str) -> Result<Blob, String> {
        keys.client()
            .decrypt()
            .key_id(&keys.arns()["Key"])
            .ciphertext_blob(wrapped.clone())
            .encryption_context("organization", organization)
            .send()
            .await
            .map(|opened| opened.plaintext.unwrap())
            .map_err(|error| format!("{:?}", error.into_service_error()))
    }

    #[tokio::test]
    async fn keys_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let (first, _) = start(Some(folder.path())).await.unwrap();
        let (plain, wrapped) = data_key(&first).await;
        let arn = first.arns()["Key"].clone();
        drop(first);
        let (second, _) = start(Some(folder.path())).await.unwrap();
        assert_eq!(second.arns()["Key"], arn);
        assert_eq!(open(&second, &wrapped, "abc").await.unwrap(), plain);
        let refused = open(&second, &wrapped, "xyz").await.unwrap_err();
        assert!(refused.contains("InvalidCiphertext"), "{refused}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_file_is_for_its_owner_alone_and_reads_do_not_write_it() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let (keys, _) = start(Some(folder.path())).await.unwrap();
        let before = std::fs::metadata(folder.path().join(FILE)).unwrap();
        assert_eq!(before.mode() & 0o777, 0o600);
        data_key(&keys).await;
        let after = std::fs::metadata(folder.path().join(FILE)).unwrap();
        assert_eq!(before.ino(), after.ino());
    }

    #[tokio::test]
    async fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{\"keys\":").unwrap();
        let refused = start(Some(folder.path())).await.err().unwrap().to_string();
        assert!(refused.contains("keys.json") && refused.contains("line 1"), "{refused}");
    }

    #[tokio::test]
    async fn data_without_its_keys_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(crate::engine::FILE), "").unwrap();
        let refused = start(Some(folder.path())).await.err().unwrap().to_string();
        assert!(refused.contains("keys.json") && refused.contains("missing"), "{refused}");
    }

    #[tokio::test]
    async fn a_mac_holds_after_a_restart_and_not_over_other_bytes() {
        use aws_sdk_kms::types::MacAlgorithmSpec::HmacSha256;
        let folder = tempfile::tempdir().unwrap();
        let (first, _) = start(Some(folder.path())).await.unwrap();
        let arn = first.arns()["AuditKey"].clone();
        let made = first.client().generate_mac().key_id(&arn).mac_algorithm(HmacSha256);
        let mac = made.message(Blob::new("this")).send().await.unwrap().mac.unwrap();
        drop(first);
        let (second, _) = start(Some(folder.path())).await.unwrap();
        for (message, holds) in [("this", true), ("that", false)] {
            let asked = second.client().verify_mac().key_id(&arn).mac_algorithm(HmacSha256);
            let answer = asked.message(Blob::new(message)).mac(mac.clone()).send().await;
            assert_eq!(answer.is_ok(), holds, "{message}");
            let invalid = answer.err().is_some_and(|error| {
                error.as_service_error().is_some_and(|it| it.is_kms_invalid_mac_exception())
            });
            assert_eq!(invalid, !holds, "{message}");
        }
    }

    #[tokio::test]
    async fn an_outage_fails_every_request() {
        let (keys, faults) = start(None).await.unwrap();
        let (_, wrapped) = data_key(&keys).await;
        faults.keys_outage(true);
        open(&keys, &wrapped, "abc").await.unwrap_err();
        faults.keys_outage(false);
        open(&keys, &wrapped, "abc").await.unwrap();
    }
}
