//! The emergency code.

use shared::identity::door::{Failure, Refusal};
use shared::personal::Note;
use shared::web::{Fault, Kind, Reply};

use crate::Visit;
use crate::pages::{Field, FieldKind, Form, FormPage};
use crate::threshold::Threshold;
use crate::wire::EmergencyShape;
use crate::words;

fn shown(threshold: &Threshold<'_>) -> FormPage {
    FormPage {
        head: threshold.head(),
        title: "Emergency access".into(),
        lead: vec![
            "For when somebody's care or safety needs what is kept here and nobody who may look can be reached.".into(),
            "The printed code shows the appointments for one hour. It works once. Every administrator is mailed at once, the operator is alerted, and what you look at is on record.".into(),
        ],
        form: Form::new(threshold.path("/emergency"), "Open for one hour")
            .asking(Field::new("code", "Printed code", FieldKind::PrintedCode).at_most(80))
            .asking(
                Field::new("reason", "Why it is needed, and who you are", FieldKind::Line)
                    .at_most(Note::LONGEST),
            ),
        passkey: None,
        ways: Vec::new(),
    }
}

pub(crate) async fn form(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    Ok(threshold.asks(&shown(&threshold)))
}

pub(crate) async fn open(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    match opened(&threshold).await {
        Ok(reply) => Ok(reply),
        Err(fault) => threshold.asks_again(shown(&threshold), fault),
    }
}

async fn opened(threshold: &Threshold<'_>) -> Result<Reply, Fault> {
    let shape: EmergencyShape = threshold.sent(None)?;
    let reason =
        Note::parse(&shape.reason).map_err(|unfit| Fault::field("reason", unfit.to_string()))?;
    match threshold.door().use_emergency_code(&shape.code, reason).await {
        Ok(entry) => Ok(threshold.come_in(&entry, None)),
        Err(failure) => {
            if matches!(failure, Failure::Refused(Refusal::NotRight)) {
                threshold.visit.patiently().await;
            }
            let fault = words::fault(failure, "code");
            debug_assert_ne!(fault.kind, Kind::NotFound);
            Err(fault)
        }
    }
}
