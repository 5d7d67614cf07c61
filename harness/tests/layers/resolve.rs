//! What a path stands for: aliases, globs and re-exports followed to their ends.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::scan::{Alias, Kind, Mention, Module, Tree, Written};

/// A path from the root: of this crate if it begins with `crate`, else of the crate it begins with.
pub type Full = Vec<String>;

/// Where a chain of re-exports longer than this is cut: no honest one is.
const DEPTH: usize = 24;

/// How far a search has come: the steps that it is in the middle of.
type Steps = Vec<(Vec<String>, Written)>;

/// The module in which a glob stands, and its path.
type GlobAt = (Vec<String>, Written);

/// A tree, and the modules that its globs were found to stand for.
struct Resolver<'a> {
    tree: &'a Tree,
    globs: RefCell<BTreeMap<GlobAt, Vec<Vec<String>>>>,
}

impl Tree {
    /// Every mention with what it may stand for.
    pub fn resolved(&self) -> Vec<(&Mention, BTreeSet<Full>)> {
        let resolver = Resolver { tree: self, globs: RefCell::default() };
        let mut known: BTreeMap<_, BTreeSet<Full>> = BTreeMap::new();
        let mut resolved = Vec::with_capacity(self.mentions.len());
        for mention in &self.mentions {
            let Mention { module, path, kind, .. } = mention;
            let key = (module, path.global, &path.segments, *kind);
            let meanings = known.entry(key).or_insert_with(|| resolver.meanings(mention)).clone();
            resolved.push((mention, meanings));
        }
        resolved
    }
}

impl Resolver<'_> {
    /// Everything that this mention may stand for, each station of a re-export included.
    fn meanings(&self, mention: &Mention) -> BTreeSet<Full> {
        let mut found = BTreeSet::new();
        self.expand(&mention.module, &mention.path, mention.kind == Kind::Plain, &mut Vec::new(), &mut found);
        found
    }

    /// A path as it is written in `module`. A `bare` single word is a crate only if it is imported.
    fn expand(
        &self,
        module: &[String],
        path: &Written,
        bare: bool,
        steps: &mut Steps,
        found: &mut BTreeSet<Full>,
    ) {
        let Some(first) = path.segments.first() else { return };
        let bare = bare && path.segments.len() == 1;
        if path.global {
            if !bare {
                self.outside(module, path.segments.clone(), steps, found);
            }
            return;
        }
        let anchored = match first.as_str() {
            "crate" => Some(path.segments[1..].to_vec()),
            "self" => Some([module, &path.segments[1..]].concat()),
            "super" => {
                let ups = path.segments.iter().take_while(|segment| *segment == "super").count();
                let parent = &module[..module.len().saturating_sub(ups)];
                Some([parent, &path.segments[ups..]].concat())
            }
            _ => None,
        };
        if let Some(anchored) = anchored {
            // `self`, `crate` or `super` alone says nothing, unless it is imported.
            if !bare {
                self.walk(module, anchored, steps, found);
            }
            return;
        }
        if first == "Self" {
            return;
        }
        if !self.expand_in_scope(module, path, steps, found) && !bare {
            self.outside(module, path.segments.clone(), steps, found);
        }
    }

    /// Follows the first segment through the names of the module; whether it certainly is one of them.
    fn expand_in_scope(
        &self,
        module: &[String],
        path: &Written,
        steps: &mut Steps,
        found: &mut BTreeSet<Full>,
    ) -> bool {
        let Some((first, rest)) = path.segments.split_first() else { return false };
        let Some(scope) = self.tree.modules.get(module) else { return false };
        let mut certain = false;
        for alias in scope.aliases.get(first).into_iter().flatten() {
            certain |= self.follow(module, alias, rest, steps, found) && !alias.scoped;
        }
        if self.declares(module, scope, first) {
            self.walk(module, [module, &path.segments[..]].concat(), steps, found);
            certain = true;
        }
        if certain {
            return true;
        }
        for glob in &scope.globs {
            for target in self.targets(module, glob, steps) {
                if self.provides(&target, first, module, steps) {
                    certain |= !glob.scoped;
                    self.walk(module, [&target[..], &path.segments[..]].concat(), steps, found);
                }
            }
        }
        certain
    }

    /// What an alias of `module` stands for, unless this is the search for that: `use openssl;` and
    /// `use detect::detect;` bring in a name that they begin with, and mean another by it.
    fn follow(
        &self,
        module: &[String],
        alias: &Alias,
        rest: &[String],
        steps: &mut Steps,
        found: &mut BTreeSet<Full>,
    ) -> bool {
        let step = (module.to_vec(), alias.path.clone());
        if steps.contains(&step) || steps.len() > DEPTH {
            return false;
        }
        steps.push(step);
        let path = &alias.path;
        let segments = path.segments.iter().chain(rest).cloned().collect();
        self.expand(module, &Written { global: path.global, segments }, false, steps, found);
        steps.pop();
        true
    }

    /// A path from the root of this crate, as seen from `module`.
    fn walk(&self, module: &[String], path: Vec<String>, steps: &mut Steps, found: &mut BTreeSet<Full>) {
        let step = (Vec::new(), Written { global: true, segments: path.clone() });
        if steps.contains(&step) || steps.len() > DEPTH {
            return;
        }
        steps.push(step);
        found.insert(["crate".to_owned()].into_iter().chain(path.iter().cloned()).collect());
        for (i, name) in path.iter().enumerate() {
            let (parent, rest) = (&path[..i], &path[i + 1..]);
            let Some(scope) = self.tree.modules.get(parent) else { break };
            let visible = |alias: &&Alias| !alias.scoped && (alias.public || module.starts_with(parent));
            let mut aliased = false;
            for alias in scope.aliases.get(name).into_iter().flatten().filter(visible) {
                aliased |= self.follow(parent, alias, rest, steps, found);
            }
            // A function may have the name of a module, and be re-exported beside it.
            if self.tree.modules.contains_key(&path[..=i]) {
                continue;
            }
            if !aliased && !scope.types.contains(name) {
                self.walk_globs(module, parent, &path[i..], steps, found);
            }
            break;
        }
        steps.pop();
    }

    /// A name that the module does not declare may come through a glob. Of a module of this crate it is known
    /// whether it has the name; of another crate it is assumed.
    fn walk_globs(
        &self,
        module: &[String],
        parent: &[String],
        rest: &[String],
        steps: &mut Steps,
        found: &mut BTreeSet<Full>,
    ) {
        let (Some(scope), Some(name)) = (self.tree.modules.get(parent), rest.first()) else { return };
        for glob in scope.globs.iter().filter(|glob| glob.public || module.starts_with(parent)) {
            for target in self.targets(parent, glob, steps) {
                if self.provides(&target, name, module, steps) {
                    self.walk(module, [&target[..], rest].concat(), steps, found);
                }
            }
            let mut outside = BTreeSet::new();
            self.expand(parent, &glob.path, false, steps, &mut outside);
            outside.retain(|full| full[0] != "crate");
            found.extend(outside.into_iter().map(|full| [&full[..], rest].concat()));
        }
    }

    /// A path that begins with the name of a crate. This one may be called by its name, too.
    fn outside(&self, module: &[String], path: Vec<String>, steps: &mut Steps, found: &mut BTreeSet<Full>) {
        match path.split_first() {
            Some((first, rest)) if first == "shakedown" || first == "self" => {
                self.walk(module, rest.to_vec(), steps, found);
            }
            _ => {
                found.insert(path);
            }
        }
    }

    /// The modules of this crate that a glob stands for. Looked up once: a module may have many globs, and the
    /// path of each may come through the others.
    fn targets(&self, module: &[String], glob: &Alias, steps: &mut Steps) -> Vec<Vec<String>> {
        let key = (module.to_vec(), glob.path.clone());
        if let Some(known) = self.globs.borrow().get(&key) {
            return known.clone();
        }
        // While it is being looked up it leads nowhere.
        self.globs.borrow_mut().insert(key.clone(), Vec::new());
        let mut found = BTreeSet::new();
        self.expand(module, &glob.path, false, steps, &mut found);
        let targets: Vec<Vec<String>> = found
            .into_iter()
            .filter(|full| full[0] == "crate")
            .map(|full| full[1..].to_vec())
            .filter(|path| self.tree.modules.contains_key(path))
            .collect();
        self.globs.borrow_mut().insert(key, targets.clone());
        targets
    }

    fn provides(&self, target: &[String], name: &str, module: &[String], steps: &mut Steps) -> bool {
        let Some(scope) = self.tree.modules.get(target) else { return false };
        let visible = |alias: &&Alias| !alias.scoped && (alias.public || module.starts_with(target));
        let aliased = scope.aliases.get(name).into_iter().flatten().any(|alias| visible(&alias));
        if aliased || self.declares(target, scope, name) {
            return true;
        }
        // Two modules may glob each other: a step of its own kind, since a path has no such segment.
        let step = (target.to_vec(), Written::new(&["*"]));
        if steps.contains(&step) || steps.len() > DEPTH {
            return false;
        }
        steps.push(step);
        let provided = scope.globs.iter().filter(visible).any(|glob| {
            let further = self.targets(target, glob, steps);
            further.iter().any(|next| self.provides(next, name, module, steps))
        });
        steps.pop();
        provided
    }

    fn declares(&self, module: &[String], scope: &Module, name: &str) -> bool {
        let child: Vec<String> = module.iter().cloned().chain([name.to_owned()]).collect();
        scope.types.contains(name) || self.tree.modules.contains_key(&child)
    }
}
