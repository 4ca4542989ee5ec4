//! What the text of classes says of the types of attributes: annotations, what `__init__` is annotated with, values that
//! are written down. What functions assign is found out beside that.

use super::annotation;
use super::call::made_by;
use super::globals::in_python;
use super::lookups::Attribute;
use super::members::{MethodKind, method_kind};
use super::new::class_callee;
use super::{FuncRef, Live, Program};
use crate::ast::{self, Constant, ExprKind as A, StmtKind as S};
use crate::packed::Typecode;
use crate::resolve::{Binding, factory, mangled};
use crate::ty::{ObjectClass, Type};
use crate::walk::each_statement;

impl Program<'_> {
    /// What the text says of the type of an attribute, and what has been found out since.
    pub fn attribute_type(&mut self, class: &ObjectClass, name: &str) -> Type {
        // What native code keeps to itself has only what native code puts in.
        if class.own == 0 {
            self.learn(class);
        }
        let key = self.attribute_key(class, name);
        self.attributes.get(&key).cloned().unwrap_or(Type::Never)
    }

    /// Something reads the attribute.
    pub(super) fn ask(&mut self, class: &ObjectClass, name: &str) {
        if class.own == 0 {
            self.asked.insert(self.attribute_key(class, name));
        }
    }

    /// Takes in what the manifest records of an attribute.
    pub fn tell(&mut self, class: &ObjectClass, name: &str, ty: &Type) {
        self.is_seen(class, name, Some(ty.clone()));
    }

    /// Does anything read the attribute?
    pub fn is_asked(&self, class: &ObjectClass, name: &str) -> bool {
        self.asked.contains(&self.attribute_key(class, name))
    }

    /// Do methods of the class assign an iterator to the attribute, as far as the text tells?
    pub(super) fn holds_iterator(&self, class: &ObjectClass, name: &str) -> bool {
        const BUILTINS: [&str; 6] = ["iter", "zip", "map", "filter", "enumerate", "reversed"];
        let Some((_, env)) = self.modules.module(&class.module) else { return false };
        let makes = |func: &ast::Expr| match &func.kind {
            A::Name(maker) => match env.bindings.get(maker) {
                Some(Binding::Imported { module, .. }) => module == "itertools",
                binding => binding.is_none() && BUILTINS.contains(&maker.as_str()),
            },
            A::Attribute { value, .. } => match &value.kind {
                A::Name(name) => {
                    matches!(env.bindings.get(name), Some(Binding::Module(module)) if module == "itertools")
                }
                _ => false,
            },
            _ => false,
        };
        let is_iterator = |value: &ast::Expr| match &value.kind {
            A::Generator { .. } => true,
            A::Call { func, .. } => makes(func),
            _ => false,
        };
        let mut found = false;
        let mut look = |stmt: &ast::Stmt| {
            if let S::Assign { targets, value } = &stmt.kind {
                let is_it = |t: &ast::Expr| matches!(&t.kind, A::Attribute { name: of, .. } if of == name);
                found |= targets.iter().any(is_it) && is_iterator(value);
            }
        };
        if let Some(def) = self.class_def(class) {
            for stmt in &def.body {
                if let S::FunctionDef(method) = &stmt.kind {
                    each_statement(&method.body, &mut look);
                }
            }
        }
        found
    }

    /// Would it be news that the attribute holds values of that type? Of what may be anything, a container is still one.
    pub fn is_news(&self, class: &ObjectClass, name: &str, ty: &Type) -> bool {
        let known = self.attributes.get(&self.attribute_key(class, name)).map_or(Type::Never, in_python);
        let ty = in_python(ty);
        let opaque = ty.any(&|t| matches!(t, Type::Obj));
        // A guess that is not what was seen is put right.
        if let Some(guess) = self.guessed.get(&self.attribute_key(class, name))
            && !matches!(ty, Type::None | Type::Never | Type::Obj)
            && !ty.members().contains(guess)
        {
            return true;
        }
        Type::join(&known, &ty) != known && (!opaque || known == Type::Never) && ty != Type::Obj
    }

    /// Reads the text of a class once: annotations, what `__init__` is annotated with, values that are written down.
    fn learn(&mut self, class: &ObjectClass) {
        let Some(order) = self.order(class) else { return };
        for class in order {
            if !self.learned.insert((class.module.clone(), class.name.clone())) {
                continue;
            }
            let Some(def) = self.class_def(&class).cloned() else { continue };
            self.learn_members(&class, &def);
            self.learn_items(&class, &def);
            for stmt in &def.body {
                match &stmt.kind {
                    S::AnnAssign { target, annotation, value, .. } => {
                        if let A::Name(name) = &target.kind {
                            let ty = self.annotated_type(&class.module, annotation);
                            let ty = ty.or_else(|| self.literal_type(&class.module, value.as_ref()?));
                            let ty = ty.or_else(|| annotation::bare(annotation));
                            self.is_seen(&class, &mangled(&class.name, name), ty);
                        }
                    }
                    S::Assign { targets, value } => {
                        let pairs = targets.iter().flat_map(|target| match (&target.kind, &value.kind) {
                            // `UP, DOWN = 1, -1`
                            (A::Tuple(names), A::Tuple(values)) if names.len() == values.len() => {
                                names.iter().zip(values).collect()
                            }
                            _ => vec![(target, value)],
                        });
                        for (target, value) in pairs {
                            if let A::Name(name) = &target.kind {
                                let name = mangled(&class.name, name);
                                let ty = self.literal_type(&class.module, value);
                                // A `None` is what is there before the module says what it is.
                                let later = match &ty {
                                    None | Some(Type::None) => self.class_value(&class, &name),
                                    Some(_) => None,
                                };
                                self.is_seen(&class, &name, ty);
                                self.is_seen(&class, &name, later);
                            }
                        }
                    }
                    S::FunctionDef(f) => {
                        self.learn_from_getter(&class, f);
                        self.learn_method(&class, f);
                    }
                    _ => {}
                }
            }
            self.learn_from_stores(&class);
        }
    }

    /// The type of what the body of the class computes for an attribute.
    fn class_value(&mut self, class: &ObjectClass, name: &str) -> Option<Type> {
        let path = format!("{}.{name}", class.name);
        // The value may be an instance of this very class, which is about to be learned.
        if let Some((home, Binding::Value(value))) = self.binding(&class.module, &path)
            && let Some(made @ Type::Instance(_)) = self.literal_type(&home, &value)
        {
            return Some(made);
        }
        let ty = self.value_type(&class.module, &path);
        let known = !ty.has_never() && !ty.any(&|t| matches!(t, Type::Never | Type::Obj));
        known.then_some(ty)
    }

    /// The classes of the instances that a method was called for. A class whose methods call what only those below it have
    /// has no instances, and what a method stores of its own instance is none of its.
    pub(super) fn recorded_self(&self, method: &FuncRef) -> Option<Type> {
        let recorded = self.hints.get(method)?;
        let all = recorded.iter().filter_map(|types| types.first());
        let ty = all.fold(Type::Never, |acc, t| Type::join(&acc, t));
        ty.members().iter().all(|m| matches!(m, Type::Instance(_))).then_some(ty)
    }

    fn learn_method(&mut self, class: &ObjectClass, f: &ast::FunctionDef) {
        let kind = method_kind(f);
        let is_new = kind == Some(MethodKind::Static) && f.name == "__new__";
        if kind != Some(MethodKind::Plain) && !is_new {
            return;
        }
        let params: Vec<&ast::Param> = f.params.in_frame_order().collect();
        let own = if is_new { made_in(f) } else { params.first().map(|p| p.name.clone()) };
        let Some(own) = own else { return };
        let func = FuncRef { module: class.module.clone(), qualname: format!("{}.{}", class.name, f.name) };
        // What the manifest records of the method, and what its parameters are annotated with.
        let recorded = self.hints.get(&func).cloned().unwrap_or_default();
        let mut types: Vec<Option<Type>> = params
            .iter()
            .enumerate()
            .map(|(i, p)| match recorded.is_empty() {
                // What is recorded is the object that stands for what is not given.
                _ if let Some(factory) = factory(p) => {
                    let ty = self.annotated_type(&class.module, p.annotation.as_ref()?);
                    Some(ty.unwrap_or_else(|| made_by(factory)))
                }
                true => self.annotated_type(&class.module, p.annotation.as_ref()?),
                false => {
                    let all = recorded.iter().filter_map(|types| types.get(i));
                    Some(all.fold(Type::Never, |acc, t| Type::join(&acc, t)))
                }
            })
            .collect();
        if let Some(first) = types.first_mut() {
            *first = Some(match is_new {
                true => Type::Function(vec![class_callee(class)]),
                false => self.recorded_self(&func).unwrap_or_else(|| Type::Instance(class.of_python())),
            });
        }
        self.fill_from_members(class, f, &mut types);
        let mut found: Vec<(String, Option<Type>)> = Vec::new();
        each_statement(&f.body, &mut |stmt| {
            let attribute = |target: &ast::Expr| match &target.kind {
                A::Attribute { value, name } => match &value.kind {
                    A::Name(base) if *base == own => Some(name.clone()),
                    _ => None,
                },
                _ => None,
            };
            match &stmt.kind {
                S::AnnAssign { target, annotation, .. } => {
                    if let Some(name) = attribute(target) {
                        let ty = self.annotated_type(&class.module, annotation);
                        found.push((name, ty.or_else(|| annotation::bare(annotation))));
                    }
                }
                S::Assign { targets, value } => {
                    for name in targets.iter().filter_map(attribute) {
                        let ty = match &value.kind {
                            A::Name(param) => {
                                params.iter().position(|p| p.name == *param).and_then(|i| types[i].clone())
                            }
                            _ => self.literal_type(&class.module, value),
                        };
                        found.push((name, ty));
                    }
                }
                _ => {}
            }
        });
        for (name, ty) in found {
            let name = mangled(&class.name, &name);
            self.is_seen(class, &name, ty);
        }
        // Inferred along with the rest, it tells the others.
        let simple = params.len() == f.params.positional.len() + f.params.positional_only.len();
        let Some(types) = types.into_iter().collect::<Option<Vec<Type>>>().filter(|_| simple) else { return };
        // Each call that was seen by itself: what is stored may hang together with what else is given.
        let form = |seen: &Vec<Type>| -> Vec<Type> {
            let known = |i: usize| i > 0 || !is_new && seen.first() != Some(&Type::Obj);
            let given = |i: usize| seen.get(i).filter(|_| known(i) && factory(params[i]).is_none());
            types.iter().enumerate().map(|(i, ty)| given(i).unwrap_or(ty).clone()).collect()
        };
        let forms =
            if recorded.len() > 1 { recorded.iter().map(form).collect() } else { vec![types.clone()] };
        for form in forms.iter().filter(|form| !form.contains(&Type::Never)) {
            let params = form.iter().map(in_python).collect();
            let asked = self.request(&func, params, Live::default(), super::NARROW);
            asked.into_iter().for_each(|i| self.instances[i].needed = true);
        }
    }

    pub(super) fn is_seen(&mut self, class: &ObjectClass, name: &str, ty: Option<Type>) {
        let Some(ty) = ty.map(|t| in_python(&t)) else { return };
        let key = self.attribute_key(class, name);
        self.attribute_grows(&key, &ty);
    }

    /// What has been found out of an attribute; true if that is new.
    pub(super) fn attribute_grows(&mut self, key: &Attribute, ty: &Type) -> bool {
        let known = match self.attributes.get_mut(key) {
            Some(known) if known == ty => return false,
            Some(known) => known,
            None => self.attributes.entry(key.clone()).or_insert(Type::Never),
        };
        let joined = Type::join(known, ty);
        if joined == *known || self.own.holds(key) {
            return false;
        }
        *known = joined;
        self.clock += 1;
        self.learned_at = self.clock;
        self.grown_at.insert(key.clone(), self.clock);
        true
    }

    /// What an annotation says, classes of the project included.
    pub(super) fn annotated_type(&self, module: &str, annotation: &ast::Expr) -> Option<Type> {
        match &annotation.kind {
            A::Name(name) => {
                annotation::read(annotation).or_else(|| self.object_class(module, name).map(Type::Instance))
            }
            A::Constant(Constant::Str(text)) => {
                let name = text.trim();
                let span = annotation.span;
                let spelled = match name.strip_suffix(" | None") {
                    Some(class) => {
                        let left = Box::new(ast::Expr { kind: A::Name(class.to_string()), span });
                        let right = Box::new(ast::Expr { kind: A::Constant(Constant::None), span });
                        A::BinOp { left, op: ast::BinOp::BitOr, right }
                    }
                    None => A::Name(name.to_string()),
                };
                self.annotated_type(module, &ast::Expr { kind: spelled, span })
            }
            A::BinOp { left, op: ast::BinOp::BitOr, right } => {
                Some(Type::join(&self.annotated_type(module, left)?, &self.annotated_type(module, right)?))
            }
            A::Subscript { value, index } => {
                let (A::Name(name) | A::Attribute { name, .. }) = &value.kind else { return None };
                match (name.as_str(), &index.kind) {
                    ("Optional", _) => Some(Type::join(&self.annotated_type(module, index)?, &Type::None)),
                    ("Final" | "ClassVar", _) => self.annotated_type(module, index),
                    ("list" | "List", _) => Some(Type::List {
                        elem: Box::new(self.annotated_type(module, index)?),
                        in_place: true,
                    }),
                    ("dict" | "Dict", A::Tuple(items)) if items.len() == 2 => Some(Type::Dict {
                        key: Box::new(self.annotated_type(module, &items[0])?),
                        value: Box::new(self.annotated_type(module, &items[1])?),
                        in_place: true,
                        kind: crate::ty::DictKind::Plain,
                    }),
                    ("OrderedDict", A::Tuple(items)) if items.len() == 2 => Some(Type::Dict {
                        key: Box::new(self.annotated_type(module, &items[0])?),
                        value: Box::new(self.annotated_type(module, &items[1])?),
                        in_place: true,
                        kind: crate::ty::DictKind::Ordered,
                    }),
                    ("deque" | "Deque", _) => Some(Type::Deque {
                        elem: Box::new(self.annotated_type(module, index)?),
                        in_place: true,
                    }),
                    ("set" | "Set" | "frozenset" | "FrozenSet", _) => Some(Type::Set {
                        elem: Box::new(self.annotated_type(module, index)?),
                        in_place: true,
                        frozen: matches!(name.as_str(), "frozenset" | "FrozenSet"),
                    }),
                    _ => annotation::read(annotation),
                }
            }
            _ => annotation::read(annotation),
        }
        .filter(|t| !matches!(t, Type::Iter(_)))
    }

    /// What a call makes of a class of the standard library, which is imported, or an attribute of the module.
    fn library_instance(&self, binding: Binding, attribute: Option<&str>) -> Option<Type> {
        let name = library_name(binding, attribute)?;
        let never = || Box::new(Type::Never);
        if name == "collections.deque" {
            return Some(Type::Deque { elem: never(), in_place: true });
        }
        if name == "collections.OrderedDict" {
            let kind = crate::ty::DictKind::Ordered;
            return Some(Type::Dict { key: never(), value: never(), in_place: true, kind });
        }
        if name == super::logging::MAKES {
            return Some(Type::Obj);
        }
        let name = if name == "re.compile" { "re.Pattern" } else { &name };
        crate::foreign::Class::named(name).map(Type::Foreign)
    }

    /// The typecode of the array that `array("d", …)` makes, also where that is repeated.
    pub(super) fn array_made(&self, module: &str, value: &ast::Expr) -> Option<Typecode> {
        let (func, args) = match &value.kind {
            A::Call { func, args, .. } => (func, args),
            A::BinOp { left, op: ast::BinOp::Mult, right } => {
                return self.array_made(module, left).or_else(|| self.array_made(module, right));
            }
            _ => return None,
        };
        let [ast::Expr { kind: A::Constant(Constant::Str(code)), .. }, ..] = args.as_slice() else {
            return None;
        };
        let is_array = match &func.kind {
            A::Name(name) => matches!(self.binding(module, name)?.1,
                Binding::Imported { module, name } if (module.as_str(), name.as_str()) == ("array", "array")),
            A::Attribute { value, name } if name == "array" => {
                let A::Name(global) = &value.kind else { return None };
                matches!(self.binding(module, global)?.1, Binding::Module(module) if module == "array")
            }
            _ => false,
        };
        if is_array { Typecode::named(code) } else { None }
    }

    /// What the function is called that a value is a call of, if it is one of a module of others.
    pub(super) fn library_call(&self, module: &str, value: &ast::Expr) -> Option<String> {
        let A::Call { func, .. } = &value.kind else { return None };
        let (global, attribute) = match &func.kind {
            A::Name(global) => (global, None),
            A::Attribute { value, name } => match &value.kind {
                A::Name(global) => (global, Some(name.as_str())),
                _ => return None,
            },
            _ => return None,
        };
        library_name(self.binding(module, global)?.1, attribute)
    }

    /// The type of a value that is written down.
    pub(super) fn literal_type(&self, module: &str, value: &ast::Expr) -> Option<Type> {
        let empty = |elem: Type| Box::new(elem);
        if let Some(code) = self.array_made(module, value) {
            return Some(Type::Packed(code));
        }
        Some(match &value.kind {
            A::Constant(Constant::None) => Type::None,
            A::Constant(Constant::True | Constant::False) => Type::Bool,
            A::Constant(Constant::Int(_)) => Type::Int,
            A::Constant(Constant::Float(_)) => Type::Float,
            A::Constant(Constant::Str(_)) | A::JoinedStr(_) => Type::Str,
            A::Constant(Constant::Bytes(_)) => Type::Bytes,
            A::UnaryOp { op: ast::UnaryOp::Neg, operand } => self.literal_type(module, operand)?,
            A::List(items) if items.is_empty() => Type::List { elem: empty(Type::Never), in_place: true },
            A::Dict { items } if items.is_empty() => Type::Dict {
                key: empty(Type::Never),
                value: empty(Type::Never),
                in_place: true,
                kind: crate::ty::DictKind::Plain,
            },
            A::Call { func, .. } => match &func.kind {
                A::Name(name) => match self.object_class(module, name) {
                    Some(class) => Type::Instance(class),
                    // A sentinel.
                    None if name == "object" && self.binding(module, name).is_none() => Type::Obj,
                    None => self.library_instance(self.binding(module, name)?.1, None)?,
                },
                A::Attribute { value, name } => match &value.kind {
                    A::Name(global) => match self.object_class(module, &format!("{global}.{name}")) {
                        Some(class) => Type::Instance(class),
                        None => self.library_instance(self.binding(module, global)?.1, Some(name))?,
                    },
                    _ => return None,
                },
                _ => return None,
            },
            _ => return None,
        })
    }
}

/// What a name imported from a module, or an attribute of one, is called there.
fn library_name(binding: Binding, attribute: Option<&str>) -> Option<String> {
    match (binding, attribute) {
        (Binding::Imported { module, name }, None) => Some(format!("{module}.{name}")),
        (Binding::Module(module), Some(name)) => Some(format!("{module}.{name}")),
        _ => None,
    }
}

/// The local of a `__new__` that is the new instance: `self = super().__new__(cls)`.
fn made_in(f: &ast::FunctionDef) -> Option<String> {
    let mut found = None;
    each_statement(&f.body, &mut |stmt| {
        if let S::Assign { targets, value } = &stmt.kind
            && let ([ast::Expr { kind: A::Name(name), .. }], A::Call { func, .. }) =
                (targets.as_slice(), &value.kind)
            && matches!(&func.kind, A::Attribute { name, .. } if name == "__new__")
        {
            found.get_or_insert_with(|| name.clone());
        }
    });
    found
}
