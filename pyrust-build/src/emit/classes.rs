//! `isinstance` with classes, and comparisons of classes, that are looked at when the call gets there.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{Func, Val};
use crate::hir::Expr;
use crate::infer::{ClassAt, Guard, global_classes, is_instance, plain_class};
use crate::lower::matching::{OTHER_MAPPING, OTHER_SEQUENCE};
use crate::ops::abstracts;
use crate::ty::Type;

/// The statements that read classes, the names that those have then, and which of them are abstract ones of the library.
type ClassesTold = (Vec<TokenStream>, Vec<Result<Ident, String>>, Vec<(Ident, String)>);

/// What is asked of a class.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// `isinstance(x, C)`
    Instance,
    /// `type(x) is C`
    Class,
    /// `type(x) in CLASSES`
    OneOf,
}

impl Func<'_, '_, '_> {
    /// The statements that read the classes of a test, and the names that those have then; a builtin one is not read.
    pub(super) fn classes_read(&mut self, class: &Expr) -> (Vec<TokenStream>, Vec<Result<Ident, String>>) {
        let (reads, classes, _) = self.classes_told(class);
        (reads, classes)
    }

    /// As [`Func::classes_read`], with the abstract classes of the library among them.
    fn classes_told(&mut self, class: &Expr) -> ClassesTold {
        let module = self.instance.func.module.clone();
        let names = global_classes(class).unwrap_or_default();
        let (mut reads, mut classes) = (Vec::new(), Vec::new());
        // Abstract classes of the library among those that are read, by which types have been narrowed.
        let mut told = Vec::new();
        for class in names {
            let local = format_ident!("class_{}", reads.len());
            let (home, is_library, name) = match class {
                ClassAt::Value(class) => {
                    self.value_classes(&class, &mut reads, &mut classes);
                    continue;
                }
                ClassAt::Global(name) if !self.file.program.binds(&module, &name) => {
                    classes.push(Err(name));
                    continue;
                }
                ClassAt::Global(name) => (module.clone(), false, name),
                ClassAt::Attribute { global, name } => {
                    let home = self.file.program.class_home(&module, &global, &name);
                    let (home, name) = home.unwrap_or_else(|| (module.clone(), format!("{global}.{name}")));
                    (home, false, name)
                }
                ClassAt::Abstract(spelled) => {
                    let Some((home, class, path)) = abstracts::split(&spelled) else { continue };
                    let found = match path.contains('.') {
                        true => (home.to_string(), true, class.to_string()),
                        false => (module.clone(), false, path.to_string()),
                    };
                    told.push((local.clone(), spelled));
                    found
                }
            };
            let (space, at) = self.file.slot(self.index, &home, is_library, Guard::Value(name));
            let (space, at) = self.file.slot_of(space, at);
            let read = self.q(quote!(#space.load::<Obj>(cx, #at)));
            reads.push(quote!(let #local = #read;));
            classes.push(Ok(local));
        }
        (reads, classes, told)
    }

    /// All classes are read before the first is asked, as the tuple is made first.
    pub(super) fn asks_global(&mut self, value: &Expr, class: &Expr, asked: Asked) -> TokenStream {
        let (reads, classes, told) = self.classes_told(class);
        // For a builtin type, and for an object.
        let (of_class, of_object) = match asked {
            Asked::Instance => (quote!(has_instances), quote!(has_instance)),
            Asked::Class => (quote!(is_class), quote!(is_class_of)),
            Asked::OneOf => (quote!(lists_class), quote!(lists_class_of)),
        };
        let answer = |local: &Ident, ty: &Type| {
            let (_, class) = told.iter().find(|(of, _)| of == local)?;
            abstracts::is_instance(ty, class)
        };
        let val = self.val(value);
        // A metaclass may be asked, which is a call of Python's.
        let context = (asked == Asked::Instance).then(|| quote!(cx,));
        self.match_bound(&val, |f, v| {
            let code = v.by_ref();
            if let Type::Instance(_) = v.ty {
                let object = &v.code;
                let test = match asked {
                    Asked::Instance => quote!(object::is_instance),
                    Asked::Class => quote!(object::is_class),
                    Asked::OneOf => quote!(object::is_listed),
                };
                let tests = classes.iter().map(|class| match class {
                    Ok(local) => f.q(quote!(#test(#context #object, #local))),
                    Err(name) => {
                        let above = (name == "object" || is_instance(&v.ty, name))
                            && matches!(asked, Asked::Instance);
                        quote!(#above)
                    }
                });
                let tests: Vec<_> = tests.collect();
                return Some(quote!({ let _ = #code; #(#reads)* #(#tests)||* }));
            }
            // One of Python's objects.
            let mut lets = Vec::new();
            let v = match v.ty {
                Type::Named { .. } | Type::Packed(_) => {
                    let object = Val::new(f.coerce(&v, &Type::Obj), Type::Obj);
                    f.bind(&object, &mut lets)
                }
                _ => v,
            };
            let code = v.by_ref();
            let exact = exact_class(&v.ty);
            if exact.is_none() && v.ty != Type::Obj {
                return None;
            }
            let object = &v.code;
            let tests: Vec<_> = classes
                .iter()
                .map(|class| match (class, &exact) {
                    (Ok(local), Some(exact))
                        if asked == Asked::Instance
                            && let Some(yes) = answer(local, &v.ty) =>
                    {
                        f.q(quote!(#local.has_as_told(cx, Class::#exact, #yes)))
                    }
                    (Ok(local), Some(exact)) => f.q(quote!(#local.#of_class(#context Class::#exact))),
                    (Ok(local), None) => f.q(quote!(#local.#of_object(#context #object))),
                    (Err(name), Some(_)) => {
                        let yes = is_instance(&v.ty, name);
                        quote!(#yes)
                    }
                    (Err(name), None) => match class_variant(name) {
                        Some(class) => f.q(quote!(#object.is_instance(Class::#class))),
                        None => quote!(false),
                    },
                })
                .collect();
            Some(quote!({ #(#lets)* let _ = #code; #(#reads)* #(#tests)||* }))
        })
    }

    /// An object's `isinstance` with a builtin class, or whether it is of exactly that one.
    pub(super) fn asks_builtin(&mut self, object: &TokenStream, name: &str) -> Option<TokenStream> {
        match name {
            OTHER_SEQUENCE => return Some(self.q(quote!(#object.is_no_other_sequence()))),
            OTHER_MAPPING => return Some(self.q(quote!(#object.is_no_other_mapping()))),
            _ => {}
        }
        let plain = plain_class(name);
        let class = class_variant(plain)?;
        Some(match name == plain {
            true => self.q(quote!(#object.is_instance(Class::#class))),
            false => self.q(quote!(#object.is_exactly(Class::#class))),
        })
    }

    /// `type(value).__name__`
    pub(super) fn name_of_class(&mut self, value: &Expr, to: &Type) -> TokenStream {
        let val = self.val(value);
        self.match_bound(&val, |f, v| {
            let code = v.by_ref();
            let name = match abstracts::exact_class(&v.ty) {
                Some(class) => {
                    let text = f.file.string(class);
                    let text = f.q(quote!(#text.get(cx)));
                    Val::place(quote!((*#text)), Type::Str)
                }
                // An exception that native code made is asked here: it must not go out.
                None if matches!(v.ty, Type::Foreign(_)) => {
                    Val::new(f.q(quote!((#code).class_name())), Type::Str)
                }
                None => {
                    let object = v.owned();
                    let object = f.q(quote!(Obj::of(cx, #object)));
                    Val::new(f.q(quote!(#object.class_name())), Type::Str)
                }
            };
            let name = f.coerce(&name, to);
            Some(quote!({ let _ = #code; #name }))
        })
    }
}

/// The class of a type whose values are exact instances of it, as the runtime calls it.
pub(super) fn exact_class(ty: &Type) -> Option<Ident> {
    match abstracts::exact_class(ty)? {
        "NoneType" => Some(format_ident!("NoneType")),
        name => class_variant(name),
    }
}

/// The runtime's name of a builtin class.
pub(super) fn class_variant(name: &str) -> Option<proc_macro2::Ident> {
    let variant = match name {
        "int" => "Int",
        "float" => "Float",
        "bool" => "Bool",
        "str" => "Str",
        "bytes" => "Bytes",
        "list" => "List",
        "dict" => "Dict",
        "tuple" => "Tuple",
        "range" => "Range",
        "set" => "Set",
        "frozenset" => "FrozenSet",
        "complex" => "Complex",
        "bytearray" => "ByteArray",
        "memoryview" => "MemoryView",
        "slice" => "Slice",
        _ => return None,
    };
    Some(quote::format_ident!("{variant}"))
}
