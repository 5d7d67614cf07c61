//! What a stand-in borrows, and what is known of a field wherever it comes from.

use super::provenance::{FIELDS, Provenance};
use super::server::Policy;

/// The policy whose suites a stand-in borrows, and what it takes from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lender {
    /// Its id.
    pub id: String,
    /// The fields that are taken from it.
    pub fields: Vec<Borrowed>,
}

/// A borrowed field. What is not stated of it at the lender is no more certain at the borrower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Borrowed {
    /// As files call it.
    pub field: &'static str,
    /// Whether the lender's sources do not state it.
    pub is_derived: bool,
    /// Whether they state its entries and not their order.
    pub is_unordered: bool,
}

impl Lender {
    /// Takes those of the lender's fields that the borrower's file does not have.
    pub(super) fn new(lender: &Policy, is_written: impl Fn(&str) -> bool) -> Self {
        let has = |field: &str| match field {
            "order" | "suites" => true,
            "groups" => !lender.groups.is_empty(),
            "schemes" => !lender.schemes.is_empty(),
            "dhe_bits" => lender.dhe_bits.is_some(),
            _ => false,
        };
        let borrowed = FIELDS.iter().copied().filter(|field| has(field) && !is_written(field));
        let fields = borrowed.map(|field| Borrowed {
            field,
            is_derived: lender.is_derived(field),
            is_unordered: lender.is_unordered(field),
        });
        Self { id: lender.id.clone(), fields: fields.collect() }
    }
}

impl Policy {
    /// Whether the suites are borrowed: every report that plays such a policy says "stand-in".
    pub const fn is_stand_in(&self) -> bool {
        self.suites_from.is_some()
    }

    /// The id of the policy that a stand-in borrows from.
    pub fn lender(&self) -> Option<&str> {
        self.suites_from.as_ref().map(|lender| lender.id.as_str())
    }

    /// The fields that are borrowed, by their keys.
    pub fn borrowed(&self) -> Vec<&'static str> {
        FIELDS.iter().copied().filter(|field| self.borrowed_field(field).is_some()).collect()
    }

    /// The fields that no first source states: neither its own nor, of what is borrowed, the lender's.
    pub fn derived(&self) -> Vec<&'static str> {
        FIELDS.iter().copied().filter(|field| self.is_derived(field)).collect()
    }

    /// The lists whose entries a source states and whose order none does.
    pub fn unordered(&self) -> Vec<&'static str> {
        FIELDS.iter().copied().filter(|field| self.is_unordered(field)).collect()
    }

    /// Whether [`borrowed`](Self::borrowed) has the field.
    pub fn is_borrowed(&self, field: &str) -> bool {
        self.borrowed_field(field).is_some()
    }

    /// Whether [`derived`](Self::derived) has the field.
    pub fn is_derived(&self, field: &str) -> bool {
        self.provenance.as_ref().is_some_and(|own| own.is_derived(field))
            || self.borrowed_field(field).is_some_and(|borrowed| borrowed.is_derived)
    }

    /// Whether [`unordered`](Self::unordered) has the field.
    pub fn is_unordered(&self, field: &str) -> bool {
        let lists = |own: &Provenance| own.unordered.iter().any(|list| list == field);
        self.provenance.as_ref().is_some_and(lists)
            || self.borrowed_field(field).is_some_and(|borrowed| borrowed.is_unordered)
    }

    fn borrowed_field(&self, field: &str) -> Option<&Borrowed> {
        self.suites_from.as_ref()?.fields.iter().find(|borrowed| borrowed.field == field)
    }
}
