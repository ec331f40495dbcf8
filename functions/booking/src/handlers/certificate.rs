//! How far a deletion has come, and its certificate: for whoever has the link.

use http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use shared::certificate::{Signed, link};
use shared::erasure::{Standing, standing};
use shared::web::{Fault, Reply};

use crate::Visit;
use crate::pages::{CertificatePage, PageHead, Proof};
use crate::replies::page;
use crate::wire::{CertificateShape, ErrorShape};

#[utoipa::path(
    get,
    path = "/certificates/{link}",
    tag = "Deletion",
    summary = "How far a deletion has come, and in the end its certificate",
    params(("link" = String, Path, description = "The link that was mailed when it was asked for")),
    responses(
        (status = 200, description = "How it stands", body = CertificateShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn certificate(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    let operator = link::operator_keys(service, visit.now).await?;
    let named = link::read(&operator, visit.incoming.path("link"));
    let (organization, deletion) = named.ok_or_else(Fault::not_found)?;
    let found = standing(service, organization, deletion).await?;
    let found = found.ok_or_else(Fault::not_found)?;
    let holds = match &found {
        Standing::Done { certificate, .. } => {
            visit.function.certificates.holds(certificate).await?
        }
        _ => false,
    };
    if !visit.incoming.wants_page() {
        return Ok(Reply::json(StatusCode::OK, &shape(&found, holds)));
    }
    let shown = CertificatePage {
        head: PageHead::new(None),
        lines: lines(&found),
        proof: match &found {
            Standing::Done { certificate, .. } => Some(proof(certificate, holds)),
            _ => None,
        },
    };
    Ok(page(StatusCode::OK, &shown))
}

fn shape(standing: &Standing, holds: bool) -> CertificateShape {
    let nothing = CertificateShape {
        state: "waiting",
        asked: None,
        until: None,
        begun: None,
        key_destroyed: None,
        removed: None,
        ended: None,
        certificate: None,
        mac: None,
        holds: None,
    };
    let text = |at: &Timestamp| Some(at.to_string());
    match standing {
        Standing::Waiting { asked, until } => {
            CertificateShape { asked: text(asked), until: text(until), ..nothing }
        }
        Standing::TakenBack { asked } => {
            CertificateShape { state: "taken_back", asked: text(asked), ..nothing }
        }
        Standing::Removing { begun, key_destroyed, removed } => CertificateShape {
            state: "removing",
            begun: text(begun),
            key_destroyed: key_destroyed.as_ref().and_then(text),
            removed: Some(*removed),
            ..nothing
        },
        Standing::RemovingPerson { begun } => {
            CertificateShape { state: "removing", begun: text(begun), ..nothing }
        }
        Standing::Done { ended, certificate } => CertificateShape {
            state: "done",
            ended: text(ended),
            certificate: Some(certificate.text.clone()),
            mac: Some(certificate.mac_text()),
            holds: Some(holds),
            ..nothing
        },
    }
}

/// How it stands, in sentences: nobody's zone is known here.
fn lines(standing: &Standing) -> Vec<String> {
    match standing {
        Standing::Waiting { asked, until } => vec![
            format!("This deletion was asked for on {}.", moment(*asked)),
            format!("It can be taken back until {}. Then it begins.", moment(*until)),
        ],
        Standing::TakenBack { asked } => vec![format!(
            "This deletion was asked for on {} and taken back. Nothing was deleted.",
            moment(*asked)
        )],
        Standing::Removing { begun, key_destroyed, removed } => vec![
            format!("This deletion began on {}.", moment(*begun)),
            match key_destroyed {
                Some(at) => format!(
                    "The key was destroyed on {}: what was sealed under it can no longer be read.",
                    moment(*at)
                ),
                None => "The key is about to be destroyed.".to_owned(),
            },
            format!("The data is being removed: {} so far.", items(*removed)),
        ],
        Standing::RemovingPerson { begun } => vec![
            format!("This deletion began on {}.", moment(*begun)),
            "The data is being removed, which takes some minutes.".to_owned(),
        ],
        Standing::Done { ended, .. } => {
            vec![format!("This deletion was done on {}.", moment(*ended))]
        }
    }
}

fn proof(signed: &Signed, holds: bool) -> Proof {
    let read = signed.read();
    let removed = read.iter().flat_map(|certificate| &certificate.removed);
    let traces = read.iter().flat_map(|certificate| &certificate.traces);
    Proof {
        holds,
        text: signed.text.clone(),
        mac: signed.mac_text(),
        removed: removed.map(|(table, count)| (table.clone(), grouped(*count))).collect(),
        traces: traces
            .map(|trace| {
                let gone = trace.gone_by.map_or_else(|| "No date".to_owned(), moment);
                (trace.place.clone(), trace.what.clone(), gone)
            })
            .collect(),
    }
}

/// `3 December 2026, 12:00 UTC`
fn moment(at: Timestamp) -> String {
    TimeZone::UTC.to_datetime(at).strftime("%-d %B %Y, %H:%M UTC").to_string()
}

fn items(count: u64) -> String {
    match count {
        0 => "nothing".to_owned(),
        1 => "1 item".to_owned(),
        count => format!("{} items", grouped(count)),
    }
}

/// `1,204,310`
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_counts_are_grouped() {
        let found = [0, 7, 999, 1_000, 20_431, 1_204_310].map(grouped);
        assert_eq!(found, ["0", "7", "999", "1,000", "20,431", "1,204,310"]);
    }
}
