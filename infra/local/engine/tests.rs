use super::*;
use crate::template::{EMBEDDED, EMBEDDED_NAME};

fn template() -> Template {
    Template::parse(EMBEDDED_NAME, EMBEDDED).unwrap()
}

fn clock() -> Arc<MovableClock> {
    Arc::new(MovableClock::open(None, None).unwrap())
}

fn put(engine: &Engine, table: &str, pk: &str, expires: i64) {
    let item = json!({"pk": {"S": pk}, "sk": {"S": "-"}, "expires": {"N": expires.to_string()}});
    let request = json!({"TableName": table, "Item": item});
    engine.database().put_item(serde_json::from_value(request).unwrap()).unwrap();
}

fn count(engine: &Engine, table: &str) -> usize {
    let request = serde_json::from_value(json!({"TableName": table})).unwrap();
    engine.database().scan(request).unwrap().count
}

async fn expiry_follows(engine: Engine, clock: &MovableClock) {
    use shared::ambient::Clock as _;
    let engine = Arc::new(engine);
    put(&engine, "SessionTable", "soon", clock.now().as_second() + 3600);
    put(&engine, "SessionTable", "later", clock.now().as_second() + 3 * 3600);
    let sweep = |engine: Arc<Engine>| async move {
        tokio::task::spawn_blocking(move || engine.sweep_expired()).await.unwrap().unwrap()
    };
    assert_eq!(sweep(Arc::clone(&engine)).await, 0);
    clock.advance_text("PT2H").unwrap();
    assert_eq!(sweep(Arc::clone(&engine)).await, 1);
    assert_eq!(count(&engine, "SessionTable"), 1);
}

#[tokio::test]
async fn expiry_follows_the_moved_clock_in_memory() {
    let clock = clock();
    let engine = Engine::start(&template(), None, &clock).await.unwrap();
    expiry_follows(engine, &clock).await;
}

#[tokio::test]
async fn expiry_follows_the_moved_clock_on_file() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let engine = Engine::start(&template(), Some(folder.path()), &clock).await.unwrap();
    expiry_follows(engine, &clock).await;
}

#[tokio::test]
async fn the_stream_index_is_there_in_memory_and_on_file() {
    let folder = tempfile::tempdir().unwrap();
    for place in [None, Some(folder.path())] {
        let engine = Engine::start(&template(), place, &clock()).await.unwrap();
        let connection = Connection::open(engine.place()).unwrap();
        let plan: String = connection
            .query_row(
                "EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 \
                 FROM _stream_records WHERE table_name = 'a'",
                [],
                |row| row.get(3),
            )
            .unwrap();
        assert!(plan.contains("kept_stream_positions"), "{plan}");
    }
}

#[tokio::test]
async fn data_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::start(&template(), Some(folder.path()), &clock()).await.unwrap();
    put(&engine, "ScheduleTable", "a", 0);
    engine.stop().await;
    drop(engine);
    let engine = Engine::start(&template(), Some(folder.path()), &clock()).await.unwrap();
    assert_eq!(count(&engine, "ScheduleTable"), 1);
}

#[tokio::test]
async fn a_damaged_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), vec![7_u8; 20_000]).unwrap();
    let refused = Engine::start(&template(), Some(folder.path()), &clock()).await;
    let text = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains("tables.db"), "{text}");
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::start(&template(), Some(folder.path()), &clock()).await.unwrap();
    put(&engine, "ScheduleTable", "a", 0);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}

#[tokio::test]
async fn damage_in_the_middle_is_found_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    let engine = Engine::start(&template(), Some(folder.path()), &clock()).await.unwrap();
    for number in 0..200 {
        put(&engine, "ScheduleTable", &format!("item-{number}"), 0);
    }
    engine.stop().await;
    drop(engine);
    let mut content = std::fs::read(&file).unwrap();
    let middle = content.len() / 2 / 4096 * 4096;
    content[middle..middle + 4096].fill(0xa5);
    std::fs::write(&file, content).unwrap();
    let refused = Engine::start(&template(), Some(folder.path()), &clock()).await;
    let text = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains("tables.db is damaged"), "{text}");
}

#[tokio::test]
async fn stream_records_bear_the_time_of_the_moved_clock() {
    use shared::ambient::Clock as _;
    let folder = tempfile::tempdir().unwrap();
    for place in [None, Some(folder.path())] {
        let clock = clock();
        let engine = Engine::start(&template(), place, &clock).await.unwrap();
        clock.advance_text("P30D").unwrap();
        put(&engine, "MailTable", "a", 0);
        let connection = Connection::open(engine.place()).unwrap();
        let written: i64 = connection
            .query_row("SELECT MAX(created_at) FROM _stream_records", [], |row| row.get(0))
            .unwrap();
        assert!((clock.now().as_second() - written).abs() < 60, "{written}");
    }
}
