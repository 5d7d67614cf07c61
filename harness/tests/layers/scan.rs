//! From source text to what it names: modules with their aliases, and every path that stands anywhere.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// A path as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// Begins with `::`.
    pub global: bool,
    pub segments: Vec<String>,
}

impl Written {
    pub fn new(segments: &[&str]) -> Self {
        Self { global: false, segments: segments.iter().map(|&segment| segment.to_owned()).collect() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// In an expression, a type, an attribute, a macro.
    Plain,
    /// A name that a `use` brings in.
    Use,
    /// All names of what a `use` names.
    Glob,
    /// The name of a macro that is called.
    Macro,
}

/// A place where something is named.
#[derive(Clone, Debug)]
pub struct Mention {
    pub file: String,
    pub line: usize,
    /// The module in which it stands, from the crate's root.
    pub module: Vec<String>,
    pub path: Written,
    pub kind: Kind,
}

/// What a name in a module stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    pub path: Written,
    pub public: bool,
    /// Declared inside a block: other blocks of the module do not see it.
    pub scoped: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Module {
    pub aliases: BTreeMap<String, Vec<Alias>>,
    pub globs: Vec<Alias>,
    /// Types and traits that are declared here.
    pub types: BTreeSet<String>,
}

/// Facts about a file that are no paths.
#[derive(Clone, Debug)]
pub struct File {
    pub path: String,
    pub lines: usize,
    /// Lines with the word `unsafe`.
    pub unsafe_lines: Vec<usize>,
    /// Functions that other modules can call, methods included.
    pub functions: Vec<String>,
    /// Lines that pull in source from somewhere else.
    pub hidden: Vec<(usize, &'static str)>,
}

/// Everything that the rules look at.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    pub files: Vec<File>,
    pub modules: BTreeMap<Vec<String>, Module>,
    pub mentions: Vec<Mention>,
}

impl Tree {
    /// From paths below `harness/src` and their texts.
    pub fn new<'a>(sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut tree = Self::default();
        for (path, text) in sources {
            let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
            let facts = File {
                path: path.to_owned(),
                lines: text.lines().count(),
                unsafe_lines: Vec::new(),
                functions: Vec::new(),
                hidden: Vec::new(),
            };
            tree.files.push(facts);
            let module = module_of(path);
            for ancestors in 0..module.len() {
                tree.modules.entry(module[..ancestors].to_vec()).or_default();
            }
            Scanner { tree: &mut tree, file: path }.scan(tokens, &module, false);
        }
        tree
    }
}

/// The module that a file is: `engine/openssl/mod.rs` and `engine/openssl.rs` are `engine::openssl`.
fn module_of(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") || parts == ["lib"] {
        parts.pop();
    }
    parts
}

struct Scanner<'a> {
    tree: &'a mut Tree,
    file: &'a str,
}

impl Scanner<'_> {
    fn scan(&mut self, tokens: TokenStream, module: &[String], scoped: bool) {
        self.tree.modules.entry(module.to_vec()).or_default();
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut i = 0;
        while i < tokens.len() {
            i = match &tokens[i] {
                TokenTree::Group(group) => {
                    self.note_attribute(&tokens, i, group);
                    self.scan(group.stream(), module, true);
                    i + 1
                }
                TokenTree::Ident(_) => self.word(&tokens, i, module, scoped),
                TokenTree::Punct(_) if is_colons(&tokens, i) && is_word(&tokens, i + 2) => {
                    self.path(&tokens, i, module)
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => i + 1,
            };
        }
    }

    /// Handles what begins with the word at `i` and returns the place behind it.
    fn word(&mut self, tokens: &[TokenTree], i: usize, module: &[String], scoped: bool) -> usize {
        let word = word_at(tokens, i).unwrap_or_default();
        let next = word_at(tokens, i + 1);
        match (word.as_str(), next) {
            // `use<'a>` lists what an opaque type captures.
            ("use", _) if !is_punct(tokens, i + 1, '<') => {
                let at = Using { module: module.to_vec(), public: is_public(tokens, i), scoped };
                self.use_tree(&tokens[i + 1..], Written::default(), &at);
                i + 1 + tokens[i + 1..].iter().take_while(|token| !is_semicolon(token)).count()
            }
            ("extern", Some(next)) if next == "crate" => {
                let at = Using { module: module.to_vec(), public: is_public(tokens, i), scoped };
                self.use_tree(&tokens[i + 2..], Written { global: true, segments: Vec::new() }, &at);
                i + 2 + tokens[i + 2..].iter().take_while(|token| !is_semicolon(token)).count()
            }
            ("mod", Some(name)) => {
                let child: Vec<String> = module.iter().cloned().chain([name]).collect();
                match tokens.get(i + 2) {
                    Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => {
                        self.scan(body.stream(), &child, false);
                        i + 3
                    }
                    _ => {
                        self.tree.modules.entry(child).or_default();
                        i + 2
                    }
                }
            }
            ("struct" | "enum" | "trait" | "union", Some(name)) => {
                if !scoped {
                    self.module(module).types.insert(name);
                }
                i + 2
            }
            ("type", Some(name)) => {
                if !scoped {
                    self.type_alias(tokens, i, name, module);
                }
                i + 2
            }
            ("unsafe", _) => {
                let line = line_of(&tokens[i]);
                self.facts().unsafe_lines.push(line);
                i + 1
            }
            ("fn", Some(name)) => {
                let is_qualifier = |at: usize| {
                    word_at(tokens, at).is_some_and(|word| ["const", "async", "unsafe"].contains(&&*word))
                };
                let start = (0..i).rev().take_while(|at| is_qualifier(*at)).last().unwrap_or(i);
                if is_public(tokens, start) {
                    self.facts().functions.push(name);
                }
                i + 2
            }
            _ => self.path(tokens, i, module),
        }
    }

    /// `type Name<..> = path`: the name stands for the path.
    fn type_alias(&mut self, tokens: &[TokenTree], i: usize, name: String, module: &[String]) {
        let public = is_public(tokens, i);
        let mut depth = 0_usize;
        for at in i + 2..tokens.len() {
            let TokenTree::Punct(punct) = &tokens[at] else { continue };
            match punct.as_char() {
                '<' => depth += 1,
                '>' => depth = depth.saturating_sub(1),
                ';' => break,
                '=' if depth == 0 => {
                    let (path, _) = chain(tokens, at + 1);
                    if !path.segments.is_empty() {
                        let alias = Alias { path, public, scoped: false };
                        add(self.module(module).aliases.entry(name).or_default(), alias);
                        return;
                    }
                    break;
                }
                _ => {}
            }
        }
        self.module(module).types.insert(name);
    }

    /// A path that begins at `i`, with `::` or with a word.
    fn path(&mut self, tokens: &[TokenTree], i: usize, module: &[String]) -> usize {
        let (path, end) = chain(tokens, i);
        // `$name::x`: what the macro's caller wrote, and it is scanned there. `<T>::x` belongs to a type.
        let of_macro = is_before(tokens, i, '$') && path.segments.first().is_some_and(|word| word != "crate");
        if of_macro || (path.global && closes_generics(tokens, i)) {
            return end;
        }
        let is_call = is_punct(tokens, end, '!') && matches!(tokens.get(end + 1), Some(TokenTree::Group(_)));
        if is_call && path.segments.last().is_some_and(|name| name == "include") {
            self.note_include(tokens, end);
        }
        let kind = if is_call { Kind::Macro } else { Kind::Plain };
        let opens_tree = is_colons(tokens, end)
            && match tokens.get(end + 2) {
                Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
                Some(TokenTree::Punct(punct)) => punct.as_char() == '*',
                _ => false,
            };
        if opens_tree {
            // A use tree that a macro is given.
            let at = Using { module: module.to_vec(), public: false, scoped: true };
            self.use_tree(&tokens[end + 2..=end + 2], path, &at);
            return end + 3;
        }
        self.mention(&tokens[i], module, path, kind);
        end
    }

    fn use_tree(&mut self, tokens: &[TokenTree], mut prefix: Written, at: &Using) {
        let mut i = 0;
        while let Some(token) = tokens.get(i) {
            match token {
                TokenTree::Punct(punct) => match punct.as_char() {
                    ':' => {
                        prefix.global |= prefix.segments.is_empty();
                        i += 2;
                    }
                    '$' => i += 1,
                    '*' => {
                        self.mention(token, &at.module, prefix.clone(), Kind::Glob);
                        let alias = Alias { path: prefix, public: at.public, scoped: at.scoped };
                        add(&mut self.module(&at.module).globs, alias);
                        return;
                    }
                    _ => return,
                },
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for part in
                        inner.split(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == ','))
                    {
                        self.use_tree(part, prefix.clone(), at);
                    }
                    return;
                }
                TokenTree::Ident(_) => {
                    let word = word_at(tokens, i).unwrap_or_default();
                    let is_leaf = !is_colons(tokens, i + 1);
                    if word != "self" || prefix.segments.is_empty() {
                        prefix.segments.push(word);
                    }
                    if is_leaf {
                        return self.use_leaf(tokens, i, prefix, at);
                    }
                    i += 3;
                }
                TokenTree::Literal(_) => return,
            }
        }
    }

    fn use_leaf(&mut self, tokens: &[TokenTree], i: usize, path: Written, at: &Using) {
        let renamed = word_at(tokens, i + 1).is_some_and(|word| word == "as");
        let name = if renamed { word_at(tokens, i + 2) } else { path.segments.last().cloned() };
        self.mention(&tokens[i], &at.module, path.clone(), Kind::Use);
        if let Some(name) = name.filter(|name| name != "_") {
            let alias = Alias { path, public: at.public, scoped: at.scoped };
            add(self.module(&at.module).aliases.entry(name).or_default(), alias);
        }
    }

    fn mention(&mut self, at: &TokenTree, module: &[String], path: Written, kind: Kind) {
        self.tree.mentions.push(Mention {
            file: self.file.to_owned(),
            line: line_of(at),
            module: module.to_vec(),
            path,
            kind,
        });
    }

    /// `#[path = ".."]`, alone or in a `cfg_attr`.
    fn note_attribute(&mut self, tokens: &[TokenTree], i: usize, group: &Group) {
        let is_attribute = group.delimiter() == Delimiter::Bracket
            && (is_before(tokens, i, '#')
                || (is_before(tokens, i, '!') && i > 1 && is_punct(tokens, i - 2, '#')));
        if is_attribute && sets_path(group.stream()) {
            let line = line_of(&tokens[i]);
            self.facts().hidden.push((line, "#[path]"));
        }
    }

    /// Only what the build script has written may be included: it is generated from data.
    fn note_include(&mut self, tokens: &[TokenTree], end: usize) {
        let argument = tokens.get(end + 1).map(ToString::to_string).unwrap_or_default();
        if !argument.contains("OUT_DIR") {
            let line = line_of(&tokens[end]);
            self.facts().hidden.push((line, "include!"));
        }
    }

    fn module(&mut self, path: &[String]) -> &mut Module {
        self.tree.modules.entry(path.to_vec()).or_default()
    }

    fn facts(&mut self) -> &mut File {
        self.tree.files.last_mut().expect("the file being scanned was added before")
    }
}

/// Where a `use` stands.
struct Using {
    module: Vec<String>,
    public: bool,
    scoped: bool,
}

/// Functions of one module often import the same.
fn add(aliases: &mut Vec<Alias>, alias: Alias) {
    if !aliases.contains(&alias) {
        aliases.push(alias);
    }
}

fn sets_path(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let here = (0..tokens.len()).any(|i| {
        word_at(&tokens, i).is_some_and(|word| word == "path")
            && is_punct(&tokens, i + 1, '=')
            && matches!(tokens.get(i + 2), Some(TokenTree::Literal(_)))
    });
    let nested = word_at(&tokens, 0).is_some_and(|word| word == "cfg_attr")
        && matches!(tokens.get(1), Some(TokenTree::Group(group)) if sets_path(group.stream()));
    here || nested
}

/// `a::b::c` from `i` on, a leading `::` included, and the place behind it.
fn chain(tokens: &[TokenTree], i: usize) -> (Written, usize) {
    let mut path = Written { global: is_colons(tokens, i), segments: Vec::new() };
    let mut at = if path.global { i + 2 } else { i };
    while let Some(word) = word_at(tokens, at) {
        path.segments.push(word);
        at += 1;
        if !(is_colons(tokens, at) && is_word(tokens, at + 2)) {
            break;
        }
        at += 2;
    }
    (path, at)
}

fn word_at(tokens: &[TokenTree], i: usize) -> Option<String> {
    match tokens.get(i) {
        Some(TokenTree::Ident(word)) => Some(word.to_string().trim_start_matches("r#").to_owned()),
        _ => None,
    }
}

fn is_word(tokens: &[TokenTree], i: usize) -> bool {
    matches!(tokens.get(i), Some(TokenTree::Ident(_)))
}

fn is_punct(tokens: &[TokenTree], i: usize, c: char) -> bool {
    matches!(tokens.get(i), Some(TokenTree::Punct(punct)) if punct.as_char() == c)
}

fn is_before(tokens: &[TokenTree], i: usize, c: char) -> bool {
    i.checked_sub(1).is_some_and(|before| is_punct(tokens, before, c))
}

fn is_semicolon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';')
}

/// `::` at `i`.
fn is_colons(tokens: &[TokenTree], i: usize) -> bool {
    matches!(tokens.get(i), Some(TokenTree::Punct(p)) if p.as_char() == ':' && p.spacing() == Spacing::Joint)
        && is_punct(tokens, i + 1, ':')
}

/// Whether a `>` that closes generics stands before `i`; that of `->` and `=>` does not.
fn closes_generics(tokens: &[TokenTree], i: usize) -> bool {
    let joint = |at: usize, c: char| matches!(&tokens[at], TokenTree::Punct(p) if p.as_char() == c && p.spacing() == Spacing::Joint);
    is_before(tokens, i, '>') && !(i > 1 && (joint(i - 2, '-') || joint(i - 2, '=')))
}

/// Whether `pub` or `pub(..)` stands before the word at `i`.
fn is_public(tokens: &[TokenTree], i: usize) -> bool {
    let is_pub = |at: usize| word_at(tokens, at).is_some_and(|word| word == "pub");
    let behind_group = i > 1 && matches!(&tokens[i - 1], TokenTree::Group(_)) && is_pub(i - 2);
    behind_group || (i > 0 && is_pub(i - 1))
}

fn line_of(token: &TokenTree) -> usize {
    token.span().start().line
}
