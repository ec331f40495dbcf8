//! A route's answer, on its way.

use std::pin::Pin;

use super::{Fault, Reply};

/// What a route is about to answer.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Reply, Fault>> + Send + 'a>>;

/// Makes an answer in a frame of its own. Of many routes in one function, each
/// future would take its place on the stack where nothing is optimized.
#[inline(never)]
pub fn boxed<'a, Made>(make: impl FnOnce() -> Made) -> Answer<'a>
where
    Made: Future<Output = Result<Reply, Fault>> + Send + 'a,
{
    Box::pin(make())
}
