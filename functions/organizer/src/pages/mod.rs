//! What the team sees.
