//! A part of the policies that is quick and always the same.

use fastrand::Rng;

use crate::policy::{Policy, Status};

/// What AWS marks current, and `count` drawn of the rest, in the order given.
pub fn sample(policies: Vec<Policy>, count: usize, seed: u64) -> Vec<Policy> {
    let mut rest: Vec<usize> = (0..policies.len()).filter(|at| !is_current(&policies[*at])).collect();
    Rng::with_seed(seed).shuffle(&mut rest);
    rest.truncate(count);
    let chosen =
        policies.into_iter().enumerate().filter(|(at, policy)| is_current(policy) || rest.contains(at));
    chosen.map(|(_, policy)| policy).collect()
}

/// Whether an AWS service offers it today. Lists of libraries and of other bodies are not AWS's to mark.
fn is_current(policy: &Policy) -> bool {
    const SERVICES: [&str; 5] = ["elb", "elb-classic", "cloudfront", "apigateway", "opensearch"];
    SERVICES.contains(&policy.service())
        && policy.provenance.as_ref().is_some_and(|provenance| provenance.status == Status::Current)
}
