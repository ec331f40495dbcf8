//! moto: DynamoDB and KMS once more, written by other people after the same
//! services. `KEPT_MOTO` says where moto_server lies.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use kept::template::Template;
use serde_json::{Value, json};

/// How long moto may take to start, on a machine that is busy.
const LONGEST_START: Duration = Duration::from_secs(60);

/// A running moto_server, which ends with its handle.
pub struct Moto {
    process: Child,
    pub address: SocketAddr,
}

impl Moto {
    pub fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "whoever runs this test says where moto is")]
        let program = std::env::var("KEPT_MOTO");
        let program = program.expect("KEPT_MOTO must say where moto_server lies: see .ci/run");
        let mut process = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|problem| panic!("{program} does not start: {problem}"));
        let said = BufReader::new(process.stderr.take().unwrap()).lines();
        let (tell, told) = mpsc::channel();
        // Read to the end: it says something of every request, and would wait.
        std::thread::spawn(move || {
            for line in said.map_while(Result::ok) {
                let place = line.split_once("http://127.0.0.1:");
                if let Some(port) = place.and_then(|(_, port)| port.trim().parse::<u16>().ok()) {
                    let _ = tell.send(port);
                }
            }
        });
        let port = told.recv_timeout(LONGEST_START);
        let port = port.unwrap_or_else(|problem| panic!("moto_server does not listen: {problem}"));
        Self { process, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    /// Makes the template's tables, as CloudFormation would.
    pub async fn make_tables(&self, template: &Template) {
        for table in &template.tables {
            self.asks("CreateTable", &table.creation()).await;
            if let Some(attribute) = &table.expires {
                let rule = json!({ "AttributeName": attribute, "Enabled": true });
                let rule = json!({ "TableName": table.name, "TimeToLiveSpecification": rule });
                self.asks("UpdateTimeToLive", &rule).await;
            }
            if let Some(days) = table.recovery {
                let rule = json!({
                    "PointInTimeRecoveryEnabled": true,
                    "RecoveryPeriodInDays": days,
                });
                let rule =
                    json!({ "TableName": table.name, "PointInTimeRecoverySpecification": rule });
                self.asks("UpdateContinuousBackups", &rule).await;
            }
        }
    }

    async fn asks(&self, operation: &str, request: &Value) {
        let answer = reqwest::Client::new()
            .post(format!("http://{}/", self.address))
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=moto/20261130/us-east-1/dynamodb/aws4_request",
            )
            .body(request.to_string())
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{operation}: {}", answer.text().await.unwrap());
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
