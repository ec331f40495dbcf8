//! What people who sign in see.
