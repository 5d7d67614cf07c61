//! `policy diff`.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::policy::{Catalogue, Policy};
use crate::report::{fold, printable};

use super::{WIDTH, breaks, caveat, json, origin};

/// What one list has and another one has not, and what both have in another order.
struct Lists {
    field: &'static str,
    /// Or why there is nothing to compare.
    found: Result<Found, &'static str>,
    /// Who borrows the list, and who states no order of it.
    remark: String,
}

struct Found {
    only_a: Vec<String>,
    only_b: Vec<String>,
    /// What both have, in the order of each, if both state one and they differ.
    order: Option<(Vec<String>, Vec<String>)>,
}

impl Lists {
    fn of<T: ToString + PartialEq>(
        field: &'static str,
        a: &Policy,
        b: &Policy,
        list: fn(&Policy) -> &Vec<T>,
    ) -> Self {
        let is_ordered = !a.is_unordered(field) && !b.is_unordered(field);
        let found = match (json::known(a, list(a)), json::known(b, list(b))) {
            (Some(a), Some(b)) => Ok(Found::of(a, b, is_ordered)),
            (None, None) => Err("unknown: neither has a list"),
            _ => Err("unknown: one of the two has no list"),
        };
        let remarks = [
            named("borrowed by", a.is_borrowed(field), b.is_borrowed(field)),
            named("order not stated by", a.is_unordered(field), b.is_unordered(field)),
        ];
        Self { field, found, remark: remark(&remarks) }
    }

    fn json(&self) -> Value {
        let Ok(found) = &self.found else { return Value::Null };
        let (in_a, in_b) = found.order.as_ref().map(|(a, b)| (a, b)).unzip();
        json!({ "only_a": found.only_a, "only_b": found.only_b, "order_a": in_a, "order_b": in_b })
    }

    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { field, found, remark } = self;
        let found = match found {
            Ok(found) => found,
            Err(why) => return writeln!(out, "{field:12}{why}"),
        };
        if found.is_same() {
            return writeln!(out, "{field:12}the same{remark}");
        }
        let mut label = *field;
        for (heading, items) in [("only in A", &found.only_a), ("only in B", &found.only_b)] {
            let mut heading = heading;
            for item in items {
                writeln!(out, "{label:12}{heading:11}{item}")?;
                (label, heading) = ("", "");
            }
        }
        if let Some((a, b)) = &found.order {
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
        if remark.is_empty() { Ok(()) } else { writeln!(out, "{:12}{}", "", remark.trim_start()) }
    }
}

impl Found {
    fn of<T: ToString + PartialEq>(a: &[T], b: &[T], is_ordered: bool) -> Self {
        let without = |these: &[T], those: &[T]| -> Vec<String> {
            these.iter().filter(|item| !those.contains(item)).map(ToString::to_string).collect()
        };
        let within = |these: &[T], those: &[T]| -> Vec<String> {
            these.iter().filter(|item| those.contains(item)).map(ToString::to_string).collect()
        };
        let (in_a, in_b) = (within(a, b), within(b, a));
        Self {
            only_a: without(a, b),
            only_b: without(b, a),
            order: (is_ordered && in_a != in_b).then_some((in_a, in_b)),
        }
    }

    const fn is_same(&self) -> bool {
        self.only_a.is_empty() && self.only_b.is_empty() && self.order.is_none()
    }
}

/// `borrowed by A and B`; `None` of neither.
fn named(what: &str, a: bool, b: bool) -> Option<String> {
    match (a, b) {
        (true, true) => Some(format!("{what} A and B")),
        (true, false) => Some(format!("{what} A")),
        (false, true) => Some(format!("{what} B")),
        (false, false) => None,
    }
}

/// What stands behind an answer; nothing without remarks.
fn remark(remarks: &[Option<String>]) -> String {
    let said: Vec<&str> = remarks.iter().flatten().map(String::as_str).collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join("; ")) }
}

/// What two policies do not have in common.
pub struct Difference<'p> {
    a: &'p Policy,
    b: &'p Policy,
    catalogue: &'p Catalogue,
    lists: [Lists; 4],
}

impl<'p> Difference<'p> {
    pub fn of(a: &'p Policy, b: &'p Policy, catalogue: &'p Catalogue) -> Self {
        let lists = [
            Lists::of("versions", a, b, |policy| &policy.versions),
            Lists::of("suites", a, b, |policy| &policy.suites),
            Lists::of("groups", a, b, |policy| &policy.groups),
            Lists::of("schemes", a, b, |policy| &policy.schemes),
        ];
        Self { a, b, catalogue, lists }
    }

    /// Keys never vanish; a list that is not known of one of the two makes `null`.
    pub fn json(&self) -> Value {
        let side = |policy: &Policy| {
            json!({
                "id": policy.id,
                "file": json::file(policy, self.catalogue),
                "order": json::order(policy),
                "dhe_bits": policy.dhe_bits,
                "suites_from": policy.lender(),
                "borrowed": policy.borrowed(),
                "derived": json::of_sources(policy, policy.derived()),
                "unordered": json::of_sources(policy, policy.unordered()),
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
            let remarks = [origin(policy, self.catalogue), caveat(policy, self.catalogue)];
            for remark in remarks.into_iter().flatten().chain(fields) {
                fold(&mut lines, "   ", "   ", &printable(&remark), WIDTH);
            }
            lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        }
        writeln!(out)?;
        self.lists.iter().try_for_each(|lists| lists.print(out))?;
        self.pair("preference", "order", |policy| json::order(policy).map(str::to_owned), out)?;
        self.pair("DHE bits", "dhe_bits", dhe_bits, out)
    }

    /// A field with one value. Two that are not known are not the same.
    fn pair(
        &self,
        label: &str,
        field: &str,
        value: fn(&Policy) -> Option<String>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let word = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
        match (value(self.a), value(self.b)) {
            (None, None) => writeln!(out, "{label:12}unknown of both"),
            (a, b) if a == b => {
                let borrowed = named("borrowed by", self.a.is_borrowed(field), self.b.is_borrowed(field));
                writeln!(out, "{label:12}the same{}", remark(&[borrowed]))
            }
            (a, b) => writeln!(out, "{label:12}A {}, B {}", word(a), word(b)),
        }
    }
}

/// The size of the server's own group, `none` if it has none, `None` if nobody says.
fn dhe_bits(policy: &Policy) -> Option<String> {
    match policy.dhe_bits {
        Some(bits) => Some(bits.to_string()),
        None if policy.playable().is_err() || breaks::lacks_a_size(policy) => None,
        None => Some("none".to_owned()),
    }
}
