//! Access levels: what each covers, and the one table that says who may do what.

mod rules;

pub use rules::{Action, Coverage, Level, Role, Target, TooMuch, includes, may};
