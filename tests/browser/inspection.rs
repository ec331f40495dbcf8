//! What every page must stand: the accessibility rules of WCAG 2.2 AA as far as
//! axe-core can test them, a narrow phone, a thin line. And its pictures.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::webdriver::Chromium;

/// What a page may weigh with its style and script, before compression: that
/// takes it to a fifth and less on its way to a phone.
const MOST_BYTES: u64 = 80_000;

/// The narrowest screen that every page must fit.
const NARROWEST: u32 = 320;

/// Pictures are cut off here; the longest page is a list of sixty teachers.
const TALLEST_PICTURE: u64 = 2_400;

const PHONE: u32 = 360;
const DESK: u32 = 1280;

/// How many of its pixels a sheet of A4 is wide between its margins.
const PAPER: u32 = 718;

const RULES: [&str; 5] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/// What a page is held against. Mails are not pages: they carry their style
/// in themselves, and a mail program frames them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Page,
    Mail,
}

/// Looks at pages, each once, and remembers what is wrong with them.
pub struct Inspector {
    axe: String,
    pictures: PathBuf,
    seen: BTreeSet<String>,
    complaints: Vec<String>,
}

impl Inspector {
    pub fn new() -> Self {
        let file = axe_file();
        let axe = std::fs::read_to_string(&file).unwrap_or_else(|error| {
            panic!(
                "axe-core is not at {}: {error}. Install it with `npm install --no-save --prefix \
                 target/axe axe-core`, or say with KEPT_AXE where axe.min.js lies.",
                file.display()
            )
        });
        let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&pictures).expect("a folder for pictures");
        Self { axe, pictures, seen: BTreeSet::new(), complaints: Vec::new() }
    }

    /// Inspects the page that is shown, in light and dark, on a phone and on a
    /// desk; the pictures carry this name.
    pub async fn inspect(&mut self, chromium: &Chromium, name: &str, kind: Kind) {
        assert!(self.seen.insert(name.to_owned()), "{name} was inspected before");
        let address = chromium.address().await;
        let place = format!("{name} ({address})");
        if kind == Kind::Page {
            self.weigh(chromium, &place).await;
        }
        chromium.execute(&self.axe, &[]).await.expect("axe-core loads");
        // Nothing is hovered over because it was clicked before.
        let away = json!({ "type": "mouseMoved", "x": 0, "y": 0 });
        chromium.chromium("Input.dispatchMouseEvent", away).await;
        for width in [PHONE, DESK] {
            screen(chromium, width).await;
            for scheme in ["light", "dark"] {
                colours(chromium, scheme).await;
                self.judge(chromium, &format!("{place} at {width} pixels, {scheme}")).await;
                let file = self.pictures.join(format!("{name}-{width}-{scheme}.png"));
                std::fs::write(&file, picture(chromium, width).await).expect("a picture");
            }
        }
        for width in [NARROWEST, PHONE, DESK] {
            screen(chromium, width).await;
            self.measure(chromium, width, &place).await;
        }
        // As a visitor's browser starts: a desk, in light.
        colours(chromium, "light").await;
    }

    /// Prints the page that is shown on A4; on how many sheets. What is on
    /// paper lies beside the pictures.
    pub async fn print(&mut self, chromium: &Chromium, name: &str) -> usize {
        let paper = json!({
            "paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": true,
        });
        let printed = chromium.chromium("Page.printToPDF", paper).await;
        let printed = printed["data"].as_str().expect("a document").as_bytes();
        let printed = BASE64.decode(printed).expect("a document");
        std::fs::write(self.pictures.join(format!("{name}.pdf")), &printed).expect("a document");
        let media = json!({ "media": "print", "features": [] });
        chromium.chromium("Emulation.setEmulatedMedia", media).await;
        screen(chromium, PAPER).await;
        let file = self.pictures.join(format!("{name}-print.png"));
        std::fs::write(file, picture(chromium, PAPER).await).expect("a picture");
        chromium.chromium("Emulation.setEmulatedMedia", json!({ "media": "" })).await;
        colours(chromium, "light").await;
        let sheet = b"/Type /Page\n";
        printed.windows(sheet.len()).filter(|part| part == sheet).count()
    }

    async fn weigh(&mut self, chromium: &Chromium, place: &str) {
        let script = "const got = performance.getEntriesByType('navigation')
                .concat(performance.getEntriesByType('resource'));
            return got.map(one => [one.name, one.decodedBodySize]);";
        let parts = chromium.execute(script, &[]).await.expect("what was transferred");
        let size = |part: &Value| part[1].as_u64().unwrap_or_default();
        let bytes: u64 = parts.as_array().into_iter().flatten().map(size).sum();
        if bytes == 0 || bytes > MOST_BYTES {
            self.complaints.push(format!(
                "{place} weighs {bytes} bytes, and {MOST_BYTES} are allowed: {parts}"
            ));
        }
    }

    async fn judge(&mut self, chromium: &Chromium, place: &str) {
        // The frame with a caught mail lets no script in; the mail is inspected by itself.
        let script = "return axe.run(document, {
            runOnly: { type: 'tag', values: arguments[0] }, resultTypes: ['violations'],
            iframes: false,
        }).then(found => found.violations.map(rule => ({
            rule: rule.id, help: rule.help,
            nodes: rule.nodes.map(node => node.target.join(' ') + ': ' + node.failureSummary),
        })));";
        let found = chromium.execute(script, &[json!(RULES)]).await;
        let found = found.unwrap_or_else(|why| panic!("{place}: axe-core did not run: {why}"));
        for rule in found.as_array().into_iter().flatten() {
            let nodes = rule["nodes"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let nodes: Vec<&str> = nodes.take(3).collect();
            self.complaints.push(format!(
                "{place}: {} ({}): {}",
                rule["rule"].as_str().unwrap_or_default(),
                rule["help"].as_str().unwrap_or_default(),
                nodes.join("; ").replace('\n', " ")
            ));
        }
    }

    async fn measure(&mut self, chromium: &Chromium, width: u32, place: &str) {
        let script = "const wide = document.documentElement.scrollWidth;
            const out = [...document.body.querySelectorAll('*')]
                .filter(one => one.getBoundingClientRect().right > arguments[0] + 1)
                .map(one => one.tagName.toLowerCase() + '.' + one.className).slice(0, 5);
            return [wide, out];";
        let found = chromium.execute(script, &[json!(width)]).await.expect("its width");
        if found[0].as_u64().is_none_or(|wide| wide > u64::from(width)) {
            self.complaints.push(format!(
                "{place} is {} pixels wide on a screen of {width}: {}",
                found[0], found[1]
            ));
        }
    }

    /// Fails with everything that was found wrong.
    pub fn conclude(&self) {
        assert!(
            self.complaints.is_empty(),
            "{} complaints about pages:\n{}",
            self.complaints.len(),
            self.complaints.join("\n")
        );
    }
}

/// Gives the browser a screen of this width.
pub async fn screen(chromium: &Chromium, width: u32) {
    let phone = width < 480;
    let height = if phone { 740 } else { 900 };
    let metrics = json!({
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone,
    });
    chromium.chromium("Emulation.setDeviceMetricsOverride", metrics).await;
}

/// Asks for light or dark, and for no motion, so that colours stand at once.
async fn colours(chromium: &Chromium, scheme: &str) {
    let features = json!({ "features": [
        { "name": "prefers-color-scheme", "value": scheme },
        { "name": "prefers-reduced-motion", "value": "reduce" },
    ] });
    chromium.chromium("Emulation.setEmulatedMedia", features).await;
}

async fn picture(chromium: &Chromium, width: u32) -> Vec<u8> {
    chromium.execute("window.scrollTo(0, 0)", &[]).await.expect("the top of the page");
    let height = chromium
        .execute("return document.documentElement.scrollHeight", &[])
        .await
        .expect("its height");
    let height = height.as_u64().expect("a height").min(TALLEST_PICTURE);
    let shot = chromium
        .chromium(
            "Page.captureScreenshot",
            json!({
                "format": "png", "captureBeyondViewport": true,
                "clip": { "x": 0, "y": 0, "width": width, "height": height, "scale": 1 },
            }),
        )
        .await;
    BASE64.decode(shot["data"].as_str().expect("a picture").as_bytes()).expect("a picture")
}

#[expect(clippy::disallowed_methods, reason = "a test has nobody who could hand it the place")]
fn axe_file() -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules/axe-core/axe.min.js");
    std::env::var("KEPT_AXE").map_or(default, PathBuf::from)
}
