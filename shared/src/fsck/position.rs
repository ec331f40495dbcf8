//! How far a check has come, as a value and as text.

use serde::{Deserialize, Serialize};

use super::seats::Counting;
use super::subject::Table;

/// Where the next step goes on. It holds all that the check remembers, so
/// another process can take the step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub(super) stage: Stage,
    pub(super) segments: Vec<Segment>,
}

/// What is done with the items that a step reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// Each is checked; so many slots were among them.
    Items { table: Table, slots: u64 },
    /// The seats of slots are counted.
    Seats(Counting),
}

/// How far one segment of a table is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Segment {
    Begins,
    After { pk: String, sk: String },
    Ended,
}

/// A text that is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not where a check of the tables can go on")]
pub struct NoPosition;

impl Position {
    pub(super) fn new(stage: Stage, segments: usize) -> Self {
        Self { stage, segments: vec![Segment::Begins; segments] }
    }

    pub(super) const fn table(&self) -> Table {
        match self.stage {
            Stage::Items { table, .. } => table,
            Stage::Seats(_) => Table::Schedule,
        }
    }

    /// The position as text, for a record of long work.
    #[must_use]
    pub fn to_text(&self) -> String {
        // It holds nothing that has no text.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Self::to_text`] wrote.
    ///
    /// # Errors
    /// [`NoPosition`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NoPosition> {
        let position: Self = serde_json::from_str(text).map_err(|_| NoPosition)?;
        if position.segments.is_empty() { Err(NoPosition) } else { Ok(position) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_own_text() {
        let mut position = Position::new(Stage::Items { table: Table::Mail, slots: 7 }, 2);
        position.segments[1] = Segment::After { pk: "a#b".into(), sk: "notice".into() };
        assert_eq!(Position::parse(&position.to_text()), Ok(position));
        let counting = Position::new(Stage::Seats(Counting::first(100, 10, false)), 1);
        assert_eq!(Position::parse(&counting.to_text()), Ok(counting));
        for text in ["", "{}", r#"{"stage":{"Items":{"table":"Mail","slots":0}},"segments":[]}"#] {
            assert_eq!(Position::parse(text), Err(NoPosition), "{text}");
        }
    }
}
