//! The list of breached passwords, from the template to the forms.

use serde_json::json;
use shared::identity::access::Level;
use shared::identity::password::breached;

use crate::people::PASSWORD;
use crate::world::World;

/// A password that every other rule accepts.
const STOLEN: &str = "copper lantern drifts north";

/// The template, with a list at this path.
fn template(list: &std::path::Path, folder: &std::path::Path) -> std::path::PathBuf {
    let whole = kept::template::EMBEDDED;
    let (before, after) = whole.split_once("  BreachedList:\n").expect("the parameter");
    let after = after.replacen("Default: \"\"", &format!("Default: {}", list.display()), 1);
    let path = folder.join("template.yaml");
    std::fs::write(&path, format!("{before}  BreachedList:\n{after}")).unwrap();
    path
}

#[tokio::test]
async fn a_breached_password_is_refused_and_none_is_set_while_the_list_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let (source, list) = (folder.path().join("public.txt"), folder.path().join("list"));
    let digest =
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, STOLEN.as_bytes());
    let line = format!("{}:12\n", data_encoding::HEXUPPER.encode(digest.as_ref()));
    std::fs::write(&source, line).unwrap();
    let template = template(&list, folder.path());
    for there in [true, false] {
        if there {
            breached::build(&source, &list, 1, 1_000).unwrap();
        } else {
            std::fs::write(&list, "no list any more").unwrap();
        }
        let options =
            kept::Options { template: Some(template.clone()), ..kept::Options::default() };
        let world = World::with(options).await;
        let school = world.school().await;
        let ada = world.member(&school.organization, "Ada Stone", Level::Administrator).await;
        ada.signs_in().await;
        let page = ada.page("/manage/security").await;
        assert!(page.text.contains("Passwords known from breaches are refused"), "{}", page.text);
        let change = |new: &str| json!({ "current": PASSWORD, "password": new });
        let stolen = ada.post("/account/password", &change(STOLEN)).await;
        let other = ada.post("/account/password", &change("seven clouds under a bridge")).await;
        if there {
            let refused = stolen.refused(400, "invalid");
            let words = refused["message"].as_str().unwrap();
            assert!(words.contains("stolen elsewhere"), "{words}");
            assert_eq!(other.status, 200, "{}", other.text);
        } else {
            stolen.refused(503, "unavailable");
            other.refused(503, "unavailable");
            ada.elsewhere().signs_in().await;
        }
        world.cloud.stop().await;
    }
}
