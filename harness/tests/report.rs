//! The reporters and the schema of the events, from outside: only what other programs can see.

#[path = "report/human.rs"]
mod human;
#[path = "report/junit.rs"]
mod junit;
#[path = "report/known.rs"]
mod known;
#[path = "report/sample.rs"]
mod sample;
#[path = "report/schema.rs"]
mod schema;
#[path = "report/streams.rs"]
mod streams;
