//! `policy diff`.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::policy::Policy;
use crate::report::{fold, printable};

use super::{WIDTH, caveat, json};

/// What one list has and another one has not, and what both have in another order.
struct Lists {
    field: &'static str,
    only_a: Vec<String>,
    only_b: Vec<String>,
    /// What both have, in the order of each, if the orders differ.
    order: Option<(Vec<String>, Vec<String>)>,
    /// Whether both lists are there to be compared.
    is_known: bool,
}

impl Lists {
    fn of<T: ToString + PartialEq>(field: &'static str, a: &[T], b: &[T]) -> Self {
        let without = |these: &[T], those: &[T]| -> Vec<String> {
            these.iter().filter(|item| !those.contains(item)).map(ToString::to_string).collect()
        };
        let within = |these: &[T], those: &[T]| -> Vec<String> {
            these.iter().filter(|item| those.contains(item)).map(ToString::to_string).collect()
        };
        let (in_a, in_b) = (within(a, b), within(b, a));
        Self {
            field,
            only_a: without(a, b),
            only_b: without(b, a),
            order: (in_a != in_b).then_some((in_a, in_b)),
            is_known: !a.is_empty() && !b.is_empty(),
        }
    }

    fn json(&self) -> Value {
        let (in_a, in_b) = self.order.as_ref().map(|(a, b)| (a, b)).unzip();
        match self.is_known {
            true => json!({ "only_a": self.only_a, "only_b": self.only_b, "order_a": in_a, "order_b": in_b }),
            false => Value::Null,
        }
    }

    fn is_same(&self) -> bool {
        self.only_a.is_empty() && self.only_b.is_empty() && self.order.is_none()
    }

    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let field = self.field;
        if !self.is_known {
            return writeln!(out, "{field:12}unknown: one of the two has no list");
        }
        if self.is_same() {
            return writeln!(out, "{field:12}the same");
        }
        let mut label = field;
        for (heading, items) in [("only in A", &self.only_a), ("only in B", &self.only_b)] {
            let mut heading = heading;
            for item in items {
                writeln!(out, "{label:12}{heading:11}{item}")?;
                (label, heading) = ("", "");
            }
        }
        if let Some((a, b)) = &self.order {
            writeln!(out, "{label:12}common ones in another order (place among them, A, B):")?;
            for (n, (a, b)) in a.iter().zip(b).enumerate().filter(|(_, (a, b))| a != b) {
                let place = n + 1;
                // Two of the longest names of suites do not fit beside each other.
                if a.len() + b.len() + 8 > WIDTH {
                    writeln!(out, "{place:>4}  {a}\n      {b}")?;
                } else {
                    writeln!(out, "{place:>4}  {a:45} {b}")?;
                }
            }
        }
        Ok(())
    }
}

/// What two policies do not have in common.
pub struct Difference<'p> {
    a: &'p Policy,
    b: &'p Policy,
    lists: [Lists; 4],
}

impl<'p> Difference<'p> {
    pub fn of(a: &'p Policy, b: &'p Policy) -> Self {
        let lists = [
            Lists::of("versions", &a.versions, &b.versions),
            Lists::of("suites", &a.suites, &b.suites),
            Lists::of("groups", &a.groups, &b.groups),
            Lists::of("schemes", &a.schemes, &b.schemes),
        ];
        Self { a, b, lists }
    }

    /// Keys never vanish; a list that one of the two lacks makes `null`.
    pub fn json(&self) -> Value {
        let side = |policy: &Policy| {
            json!({
                "id": policy.id,
                "order": json::order(policy),
                "dhe_bits": policy.dhe_bits,
                "suites_from": policy.lender(),
                "borrowed": policy.borrowed(),
                "derived": json::of_sources(policy, policy.derived()),
            })
        };
        let mut object = Map::from_iter([
            ("type".to_owned(), "policy-diff".into()),
            ("schema".to_owned(), 1.into()),
            ("a".to_owned(), side(self.a)),
            ("b".to_owned(), side(self.b)),
        ]);
        object.extend(self.lists.iter().map(|lists| (lists.field.to_owned(), lists.json())));
        Value::Object(object)
    }

    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        for (name, policy) in [("A", self.a), ("B", self.b)] {
            writeln!(out, "{name}  {}", printable(&policy.id))?;
            let fields = [("borrowed", policy.borrowed()), ("derived", policy.derived())];
            let fields = fields.into_iter().filter(|(_, fields)| !fields.is_empty());
            let fields = fields.map(|(what, fields)| format!("{what}: {}", fields.join(", ")));
            let mut lines = Vec::new();
            for remark in caveat(policy).into_iter().chain(fields) {
                fold(&mut lines, "   ", "   ", &printable(&remark), WIDTH);
            }
            lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        }
        writeln!(out)?;
        self.lists.iter().try_for_each(|lists| lists.print(out))?;
        let words = |policy| json::order(policy).unwrap_or("unknown");
        pair("preference", words(self.a), words(self.b), out)?;
        let bits = |policy: &Policy| policy.dhe_bits.map_or("-".to_owned(), |bits| bits.to_string());
        pair("DHE bits", &bits(self.a), &bits(self.b), out)
    }
}

fn pair(label: &str, a: &str, b: &str, out: &mut dyn Write) -> io::Result<()> {
    if a == b { writeln!(out, "{label:12}the same") } else { writeln!(out, "{label:12}A {a}, B {b}") }
}
