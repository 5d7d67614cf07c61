//! The soundness rules of the design, each with a test. A false "pass" is the worst bug that this tool can have, so
//! most of what is here tries to get one.
//!
//! | rule | where |
//! | --- | --- |
//! | 1 two controls, both twins of the case | `controls` |
//! | 2 controls gate passes only | `controls` |
//! | 3 a refusal has an author | `author`, `closing`, `property` |
//! | 4 the refusal line | `line` |
//! | 5 the worst connection counts | `connections`, `forgers_wire` |
//! | 6 a class must be proven | `controls`, `older_floor` |
//! | 7 the judge shares no code with the judged | `layers.rs` holds it |
//! | 8 facts come from one table | the registry's own tests; `facts` adds what the wire says of live sessions |
//! | 9 our own flights are linted | `lint` |
//! | 10 clean rooms | `rooms`; the variables one by one are the command line's tests |
//! | 11 forgers | `forgers_wire`, `forgers_program`, `forgers_again` |

#[path = "support/mod.rs"]
mod support;

#[path = "soundness/author.rs"]
mod author;
#[path = "soundness/closing.rs"]
mod closing;
#[path = "soundness/connections.rs"]
mod connections;
#[path = "soundness/controls.rs"]
mod controls;
#[path = "soundness/facts.rs"]
mod facts;
#[path = "soundness/forgers_again.rs"]
mod forgers_again;
#[path = "soundness/forgers_program.rs"]
mod forgers_program;
#[path = "soundness/forgers_wire.rs"]
mod forgers_wire;
#[path = "soundness/line.rs"]
mod line;
#[path = "soundness/lint.rs"]
mod lint;
#[path = "soundness/older_floor.rs"]
mod older_floor;
#[path = "soundness/property.rs"]
mod property;
#[path = "soundness/rooms.rs"]
mod rooms;
