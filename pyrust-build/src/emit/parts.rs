//! The text of the generated file. Its parts, the functions of one component of the project each, are emitted one after the
//! other, while others are still inferred.

use std::collections::{BTreeMap, BTreeSet};

use super::lasting::Statics;
use super::specs::{Hotspot, Resumed};
use super::{File, far, print, push, spans};
use crate::infer::Program;

/// The text of the generated file.
pub fn file(package: &str, init: &str, program: &Program<'_>, hotspots: &[Hotspot]) -> String {
    let mut text = Text::new(program);
    text.add(program, hotspots);
    text.end(package, init, program, hotspots)
}

/// A file that is being written.
pub struct Text<'p, 'a> {
    /// On a program in which nothing is, between two parts.
    file: File<'p, 'a>,
    items: print::Items,
    /// Some handler of a part reads what it has caught.
    looks: bool,
}

impl<'p, 'a> Text<'p, 'a> {
    pub fn new(nothing: &'p Program<'a>) -> Self {
        Text { file: File::new(nothing), items: print::Items::default(), looks: false }
    }

    /// Adds the functions of one component, the hotspots in the order of their names; whether they name classes, which are
    /// emitted at the end.
    pub fn add(&mut self, program: &Program<'a>, hotspots: &[Hotspot]) -> bool {
        let nothing = self.file.program;
        let mut file = std::mem::replace(&mut self.file, File::new(nothing)).onto(program);
        for spec in hotspots.iter().flat_map(Hotspot::all_specs) {
            spec.instances().for_each(|i| _ = file.want(i));
            let resumed = spec.region.iter().filter_map(|place| place.resumed.as_ref());
            file.rare.extend(resumed.map(|resumed: &Resumed| resumed.instance));
        }
        self.looks |= file.looks;
        let before = self.items.named;
        file.functions(hotspots, &mut self.items);
        self.file = file.onto(nothing);
        self.items.named > before
    }

    /// The text, when all has been added. `program`: of all components; `hotspots`: in the order of their names.
    pub fn end(self, package: &str, init: &str, program: &Program<'a>, hotspots: &[Hotspot]) -> String {
        let (mut file, mut items) = (self.file.onto(program), self.items);
        file.looks = self.looks;
        let table = file.table(package, init, hotspots);
        items.add(file.statics());
        let named = items.names();
        items.add(file.classes(named));
        items.add(table);
        let about = format!(
            "//! Native code of the hotspots of `{package}`, generated from `pyrust.toml`: do not edit.\n"
        );
        let head = [about, format!("//!\n//! init: {init}\n"), print::print(file.head(hotspots))];
        let mut texts = Vec::from(head);
        texts.extend(items.into_texts());
        texts.concat()
    }
}

impl<'p, 'a> File<'p, 'a> {
    pub(super) fn new(program: &'p Program<'a>) -> Self {
        File {
            program,
            names: BTreeMap::new(),
            used_names: BTreeSet::new(),
            emitted: BTreeSet::new(),
            rare: BTreeSet::new(),
            pending: Vec::new(),
            pushed: push::Forms::default(),
            namespaces: Vec::new(),
            strings: Statics::default(),
            bytes: Statics::default(),
            numbers: Statics::default(),
            inners: Vec::new(),
            set_constants: Statics::default(),
            attributes: Statics::default(),
            makers: Vec::new(),
            methods: Statics::default(),
            above: Statics::default(),
            hooks: Vec::new(),
            named_classes: Vec::new(),
            shares: false,
            far: far::Forms::default(),
            shaken: spans::ShakenBy::default(),
            looks: program.reads_caught(),
        }
    }

    /// The same file, to be gone on with by another program.
    fn onto<'q>(self, program: &'q Program<'a>) -> File<'q, 'a> {
        File {
            program,
            looks: program.reads_caught(),
            names: self.names,
            used_names: self.used_names,
            emitted: self.emitted,
            rare: self.rare,
            pending: self.pending,
            pushed: self.pushed,
            namespaces: self.namespaces,
            strings: self.strings,
            bytes: self.bytes,
            numbers: self.numbers,
            inners: self.inners,
            set_constants: self.set_constants,
            attributes: self.attributes,
            makers: self.makers,
            methods: self.methods,
            above: self.above,
            hooks: self.hooks,
            named_classes: self.named_classes,
            shares: self.shares,
            far: self.far,
            shaken: spans::ShakenBy::default(),
        }
    }
}
