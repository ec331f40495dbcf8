use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn bare() -> Options {
    Options { demonstration: false, ..Options::default() }
}

async fn ask(cloud: &LocalCloud, head: &str, body: &str) -> String {
    let port = cloud.address().rsplit(':').next().unwrap();
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
    let request = format!(
        "{head}\r\nhost: localhost:{port}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply
}

#[tokio::test]
async fn the_clock_is_moved_over_http_and_only_forward() {
    let cloud = LocalCloud::start(bare()).await.unwrap();
    let before = cloud.clock().now();
    let reply = ask(&cloud, "POST /_local/clock HTTP/1.1", r#"{"advance":"PT2H"}"#).await;
    assert!(reply.starts_with("HTTP/1.1 200") && reply.contains("\"now\""), "{reply}");
    assert!(cloud.clock().now().duration_since(before).as_hours() >= 2);
    let reply = ask(&cloud, "POST /_local/clock HTTP/1.1", r#"{"advance":"-PT2H"}"#).await;
    assert!(reply.starts_with("HTTP/1.1 400"), "{reply}");
    cloud.stop().await;
}

#[tokio::test]
async fn a_clock_that_jumps_past_a_schedule_fires_it() {
    let cloud = LocalCloud::start(bare()).await.unwrap();
    assert!(cloud.schedules()[0].last.is_none());
    cloud.clock().advance_text("PT1H").unwrap();
    for _ in 0..200 {
        if cloud.schedules()[0].last.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(cloud.schedules()[0].last.is_some());
    assert!(cloud.fire("Sweep"));
    assert!(!cloud.fire("nothing of the kind"));
    cloud.stop().await;
}

#[tokio::test]
async fn what_is_in_no_route_is_not_found_as_page_or_json() {
    let cloud = LocalCloud::start(bare()).await.unwrap();
    let json = ask(&cloud, "GET /a/b/c/d/e/f HTTP/1.1", "").await;
    assert!(json.starts_with("HTTP/1.1 404") && json.contains(r#""kind":"not_found""#), "{json}");
    let page = ask(&cloud, "GET /a/b/c/d/e/f HTTP/1.1\r\naccept: text/html", "").await;
    assert!(page.starts_with("HTTP/1.1 404") && page.contains("local-banner"), "{page}");
    cloud.stop().await;
}

#[tokio::test]
async fn more_than_four_megabytes_are_refused() {
    let cloud = LocalCloud::start(bare()).await.unwrap();
    let body = "a".repeat(4 * 1024 * 1024 + 1);
    let port = cloud.address().rsplit(':').next().unwrap();
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
    let head = format!(
        "POST /a/b/bookings HTTP/1.1\r\nhost: localhost:{port}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut reply = vec![0; 12];
    stream.read_exact(&mut reply).await.unwrap();
    assert_eq!(reply, b"HTTP/1.1 413");
    cloud.stop().await;
}

#[tokio::test]
async fn pages_behind_the_scenes_are_for_this_machine() {
    let cloud = LocalCloud::start(bare()).await.unwrap();
    let page = ask(&cloud, "GET /_local HTTP/1.1\r\naccept: text/html", "").await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("NotifyFunctionSweep"), "{page}");
    let foreign = "POST /_local/clock HTTP/1.1\r\norigin: http://evil.example";
    let refused = ask(&cloud, foreign, r#"{"advance":"PT2H"}"#).await;
    assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
    let settled = ask(&cloud, "POST /_local/settle HTTP/1.1", "").await;
    assert!(settled.contains(r#"{"settled":true}"#), "{settled}");
    cloud.stop().await;
}

#[tokio::test]
async fn a_port_in_use_says_what_to_do() {
    let cloud = LocalCloud::start(bare()).await.unwrap();
    let port = cloud.address().rsplit(':').next().unwrap().parse().unwrap();
    let refused = LocalCloud::start(Options { port, ..bare() }).await.err().unwrap().to_string();
    assert!(refused.contains(&port.to_string()) && refused.contains("--port"), "{refused}");
    cloud.stop().await;
}

#[tokio::test]
async fn a_folder_is_used_by_one_cloud_at_a_time_and_then_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data: Storage::Folder(folder.path().join("data")), ..bare() };
    let first = LocalCloud::start(options()).await.unwrap();
    let refused = LocalCloud::start(options()).await.err().unwrap();
    assert!(matches!(refused, StartError::FolderInUse { .. }), "{refused}");
    first.stop().await;
    LocalCloud::start(options()).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_function_without_code_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("template.yaml");
    let text = template::EMBEDDED.replace("target/lambda/notify/", "target/lambda/magic/");
    std::fs::write(&file, text).unwrap();
    let options = Options { template: Some(file), ..bare() };
    let refused = LocalCloud::start(options).await.err().unwrap().to_string();
    assert!(refused.contains("NotifyFunction") && refused.contains("magic"), "{refused}");
}
