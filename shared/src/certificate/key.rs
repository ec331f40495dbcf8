//! The KMS key that signs certificates.

use aws_lc_rs::digest;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::MacAlgorithmSpec;

use super::{Certificate, Signed};
use crate::trouble::Trouble;

/// What a MAC is over begins with this line; the SHA-256 of the certificate's
/// text follows, in hexadecimal. KMS takes no more than 4,096 bytes.
pub const LABEL: &str = "kept certificate 1\n";

/// The HMAC key that signs certificates.
#[derive(Debug, Clone)]
pub struct CertificateKey {
    kms: aws_sdk_kms::Client,
    id: String,
}

impl CertificateKey {
    /// The HMAC key with this ARN or id.
    #[must_use]
    pub fn new(kms: aws_sdk_kms::Client, id: String) -> Self {
        Self { kms, id }
    }

    /// Signs a certificate.
    ///
    /// # Errors
    /// When KMS fails.
    pub async fn sign(&self, certificate: &Certificate) -> Result<Signed, Trouble> {
        let text = serde_json::to_string_pretty(certificate)
            .map_err(|cause| Trouble::unavailable("writing a certificate", cause))?;
        let answer = self
            .kms
            .generate_mac()
            .key_id(&self.id)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256)
            .message(Blob::new(message(&text)))
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("signing a certificate", cause))?;
        let mac = answer.mac.map(Blob::into_inner);
        let mac =
            mac.ok_or_else(|| Trouble::unavailable("signing a certificate", "KMS gave no MAC"))?;
        Ok(Signed { text, mac })
    }

    /// Whether a certificate is as it was signed.
    ///
    /// # Errors
    /// When KMS fails.
    pub async fn holds(&self, signed: &Signed) -> Result<bool, Trouble> {
        let answer = self
            .kms
            .verify_mac()
            .key_id(&self.id)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256)
            .message(Blob::new(message(&signed.text)))
            .mac(Blob::new(signed.mac.clone()))
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(answer.mac_valid),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_kms_invalid_mac_exception()) =>
            {
                Ok(false)
            }
            Err(cause) => Err(Trouble::unavailable("checking a certificate", cause)),
        }
    }
}

fn message(text: &str) -> Vec<u8> {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    format!("{LABEL}{}", data_encoding::HEXLOWER.encode(hash.as_ref())).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_can_be_made_by_hand_and_is_short() {
        // printf 'kept certificate 1\n%s' "$(printf abc | sha256sum | cut -c 1-64)"
        let expected = "kept certificate 1\n\
                        ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(message("abc"), expected.as_bytes());
        assert!(message(&"a long text".repeat(10_000)).len() < 4096);
    }
}
