//! The tables of [`super::samples`], recorded traffic and the deframers, each driven through its properties.

mod coverage;
mod deframers;
mod hellos;
mod limits;
mod recorded;
mod tables;
