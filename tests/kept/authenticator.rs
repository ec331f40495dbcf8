//! A device that keeps passkeys, as far as a service can tell: ES256, no
//! attestation, and an owner who is recognised unless a test says otherwise.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD as BASE64;
use serde_json::{Value, json};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const NEW_CREDENTIAL: u8 = 0x40;

/// A device with at most one passkey.
pub struct Authenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    handle: Vec<u8>,
    origin: String,
    /// How often it has signed; it says 0 for ever when this is `None`.
    pub counter: Option<u32>,
    /// Whether it recognises its owner.
    pub verifies: bool,
}

impl Authenticator {
    /// A device whose browser shows a page of this origin.
    pub fn new(origin: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let id = digest(&SHA256, key.public_key().as_ref()).as_ref().to_vec();
        let origin = origin.to_owned();
        Self { key, id, handle: Vec::new(), origin, counter: Some(0), verifies: true }
    }

    /// What `navigator.credentials.create` gives.
    pub fn create(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.handle = BASE64.decode(text(&options["user"]["id"]).as_bytes()).unwrap();
        let client = self.client_data("webauthn.create", &options["challenge"]);
        let mut data = self.data(&text(&options["rp"]["id"]), NEW_CREDENTIAL);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.public_key());
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        attestation.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        attestation.extend(data);
        json!({
            "id": BASE64.encode(&self.id),
            "rawId": BASE64.encode(&self.id),
            "type": "public-key",
            "response": {
                "attestationObject": BASE64.encode(&attestation),
                "clientDataJSON": BASE64.encode(&client),
            },
            "extensions": {},
        })
    }

    /// What `navigator.credentials.get` gives.
    pub fn get(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        let client = self.client_data("webauthn.get", &options["challenge"]);
        let data = self.data(options["rpId"].as_str().unwrap(), 0);
        let mut signed = data.clone();
        signed.extend(digest(&SHA256, &client).as_ref());
        #[expect(clippy::disallowed_methods, reason = "a device has randomness of its own")]
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": BASE64.encode(&self.id),
            "rawId": BASE64.encode(&self.id),
            "type": "public-key",
            "response": {
                "authenticatorData": BASE64.encode(&data),
                "clientDataJSON": BASE64.encode(&client),
                "signature": BASE64.encode(signature.as_ref()),
                "userHandle": BASE64.encode(&self.handle),
            },
            "extensions": {},
        })
    }

    fn client_data(&self, kind: &str, challenge: &Value) -> Vec<u8> {
        json!({
            "type": kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": false,
        })
        .to_string()
        .into_bytes()
    }

    /// Authenticator data: whom for, what happened, and the counter.
    fn data(&mut self, relying_party: &str, flags: u8) -> Vec<u8> {
        let mut data = digest(&SHA256, relying_party.as_bytes()).as_ref().to_vec();
        data.push(PRESENT | flags | if self.verifies { VERIFIED } else { 0 });
        if let Some(counter) = &mut self.counter {
            *counter += 1;
        }
        data.extend(self.counter.unwrap_or(0).to_be_bytes());
        data
    }

    /// The public key as COSE writes it: EC2, ES256, P-256, x, y.
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let head = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20";
        [head.as_slice(), x, b"\x22\x58\x20", y].concat()
    }
}
