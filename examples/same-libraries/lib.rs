//! The test is in `tests/same_libraries.rs`.
