//! Which route a request takes: as API Gateway decides it, a literal part
//! beats a variable, and the method must fit.

use crate::template::Template;

/// The template's routes, ready to be matched.
#[derive(Debug, Clone, Default)]
pub struct Routes(Vec<Pattern>);

#[derive(Debug, Clone)]
struct Pattern {
    method: String,
    resource: String,
    parts: Vec<Part>,
    function: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(String),
}

/// A route that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<'a> {
    /// The path as the template has it.
    pub resource: &'a str,
    /// The function, counted in the template's order.
    pub function: usize,
    /// What stands in place of the variables, as it came.
    pub variables: Vec<(&'a str, &'a str)>,
}

impl Routes {
    /// The routes of a template.
    #[must_use]
    pub fn of(template: &Template) -> Self {
        let mut routes = Self::default();
        for (number, function) in template.functions.iter().enumerate() {
            for route in &function.routes {
                routes.add(&route.method, &route.path, number);
            }
        }
        routes
    }

    fn add(&mut self, method: &str, resource: &str, function: usize) {
        let parts = split(resource)
            .map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(name) => Part::Variable(name.to_owned()),
                None => Part::Literal(part.to_owned()),
            })
            .collect();
        self.0.push(Pattern {
            method: method.to_owned(),
            resource: resource.to_owned(),
            parts,
            function,
        });
    }

    /// The route for a method and a path. The resource is chosen by the path
    /// alone; if it lacks the method, there is no match.
    #[must_use]
    pub fn find<'a>(&'a self, method: &str, path: &'a str) -> Option<Match<'a>> {
        let given: Vec<&str> = split(path).collect();
        let best = self
            .0
            .iter()
            .filter(|pattern| pattern.fits(&given))
            .min_by_key(|pattern| pattern.literalness())?;
        let pattern = self.0.iter().find(|pattern| {
            pattern.resource == best.resource
                && (pattern.method == method || pattern.method == "ANY")
        })?;
        let variables = pattern
            .parts
            .iter()
            .zip(given)
            .filter_map(|(part, given)| match part {
                Part::Variable(name) => Some((name.as_str(), given)),
                Part::Literal(_) => None,
            })
            .collect();
        Some(Match { resource: &pattern.resource, function: pattern.function, variables })
    }
}

impl Pattern {
    fn fits(&self, given: &[&str]) -> bool {
        self.parts.len() == given.len()
            && self.parts.iter().zip(given).all(|(part, given)| match part {
                Part::Literal(literal) => literal == given,
                Part::Variable(_) => !given.is_empty(),
            })
    }

    /// Smaller for the more literal one, from the left.
    fn literalness(&self) -> Vec<bool> {
        self.parts.iter().map(|part| matches!(part, Part::Variable(_))).collect()
    }
}

/// The parts between slashes; one slash at the end does not count.
fn split(path: &str) -> impl Iterator<Item = &str> {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    inner.split('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{EMBEDDED, EMBEDDED_NAME};

    fn routes() -> Routes {
        Routes::of(&Template::parse(EMBEDDED_NAME, EMBEDDED).unwrap())
    }

    #[track_caller]
    fn check(method: &str, path: &str, expected: Option<&str>) {
        let routes = routes();
        let found = routes.find(method, path).map(|found| found.resource.to_owned());
        assert_eq!(found.as_deref(), expected, "{method} {path}");
    }

    #[test]
    fn a_literal_route_beats_a_variable() {
        check("GET", "/openapi.json", Some("/openapi.json"));
        check("GET", "/maple-street-school", Some("/{organization}"));
        check("GET", "/maple-street-school/privacy", Some("/{organization}/privacy"));
        check("GET", "/maple-street-school/flu-clinic", Some("/{organization}/{event}"));
        check("GET", "/assets/kept.css", Some("/assets/{file}"));
        check("GET", "/a/bookings/b/move", Some("/{organization}/bookings/{link}/move"));
        check("GET", "/", Some("/"));
    }

    #[test]
    fn a_method_that_the_resource_lacks_finds_nothing() {
        check("DELETE", "/maple-street-school", None);
        check("POST", "/a/b/bookings", Some("/{organization}/{event}/bookings"));
        check("GET", "/a/b/bookings", None);
    }

    #[test]
    fn an_empty_part_is_no_value() {
        check("GET", "//flu-clinic", None);
        check("GET", "/a/b/c/d/e/f", None);
    }

    #[test]
    fn variables_come_as_they_were_sent() {
        let routes = routes();
        let found = routes.find("GET", "/maple%20street/flu").unwrap();
        assert_eq!(found.variables, [("organization", "maple%20street"), ("event", "flu")]);
    }
}
