//! What a file is made of, told without compiling it.
//!
//! Compiling is where a hostile component does its harm: a file of 3 KB can describe more instances than fit in memory. So
//! everything is counted first, as it would be after all nesting is unrolled. Reading takes time and memory in proportion
//! to the file.

mod interface;

use wasmparser::{
    ComponentAlias, ComponentExport, ComponentExternalKind, ComponentImport, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, Encoding, FromReader, FunctionBody, Instance, MemoryType,
    Parser, Payload, SectionLimited, TypeRef,
};

/// Most bytes of a file.
pub(crate) const FILE_BYTES_MAX: usize = 64 << 20;
const NESTING_MAX: usize = 8;
const COMPONENTS_MAX: u64 = 100;
const INSTANCES_MAX: u64 = 500;
const FUNCTIONS_MAX: u64 = 60_000;
const BODY_BYTES_MAX: usize = 2 << 20;
const LOCALS_MAX: u64 = 1_000;
const MEMORIES_MAX: u64 = 16;
const PAGE_BYTES: u64 = 64 << 10;

/// What a file is made of.
#[derive(Debug, Default)]
pub(crate) struct Structure {
    /// What it imports.
    pub(crate) imports: Vec<String>,
    /// What it exports.
    pub(crate) exports: Vec<String>,
    /// Whether it has the exports of the world.
    pub(crate) fits_world: bool,
    /// Why it is refused, each with what to do.
    pub(crate) violations: Vec<String>,
}

/// Looks at a file that is to run with at most `memory_max` bytes.
pub(crate) fn examine(component: &[u8], memory_max: usize) -> Structure {
    if component.len() > FILE_BYTES_MAX {
        let why = format!(
            "it has {} bytes, a filter at most {FILE_BYTES_MAX}: strip it, or leave data out of it",
            component.len()
        );
        return Structure { violations: vec![why], ..Structure::default() };
    }
    let mut census = Census { memory_max: memory_max as u64, ..Census::default() };
    for payload in Parser::new(0).parse_all(component) {
        let taken = payload.map_err(|error| malformed(&error)).and_then(|payload| census.take(payload));
        if let Err(why) = taken {
            census.found.violations.push(why);
            break;
        }
    }
    if census.is_component {
        interface::check(&mut census.found, &census.export_kinds);
    }
    census.found
}

fn malformed(error: &wasmparser::BinaryReaderError) -> String {
    let said = crate::text::escaped(error.message(), 200);
    format!("it is not a WebAssembly component, or damaged ({said}): build it again, or copy it again")
}

/// A component or module that is being read.
#[derive(Default)]
struct Frame {
    is_module: bool,
    /// Instances that instantiating it makes, nested ones included.
    instances: u64,
    /// Index space of components: what each makes when it is instantiated.
    components: Vec<u64>,
}

#[derive(Default)]
struct Census {
    found: Structure,
    export_kinds: Vec<ComponentExternalKind>,
    is_component: bool,
    memory_max: u64,
    open: Vec<Frame>,
    components: u64,
    functions: u64,
    memories: u64,
    /// The most that any component so far makes, for those that cannot be told.
    heaviest: u64,
}

impl Census {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is not counted here is bounded by the file's size"
    )]
    fn take(&mut self, payload: Payload<'_>) -> Result<(), String> {
        match payload {
            Payload::Version { encoding, .. } => self.enter(encoding),
            Payload::End(_) => self.leave(),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => Ok(()),
            Payload::MemorySection(memories) => each(memories, |memory| self.memory(memory)),
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if let TypeRef::Memory(memory) = import.map_err(|error| malformed(&error))?.ty {
                        self.memory(memory)?;
                    }
                }
                Ok(())
            }
            Payload::CodeSectionEntry(body) => self.function(&body),
            Payload::InstanceSection(instances) => each(instances, |instance| match instance {
                Instance::Instantiate { .. } => self.instance(1),
                Instance::FromExports(_) => Ok(()),
            }),
            Payload::ComponentInstanceSection(instances) => each(instances, |instance| match instance {
                ComponentInstance::Instantiate { component_index, .. } => self.instantiate(component_index),
                ComponentInstance::FromExports(_) => Ok(()),
            }),
            Payload::ComponentAliasSection(aliases) => each(aliases, |alias| self.alias(&alias)),
            Payload::ComponentImportSection(imports) => each(imports, |import| self.import(&import)),
            Payload::ComponentExportSection(exports) => each(exports, |export| self.export(&export)),
            Payload::UnknownSection { id, .. } => {
                Err(format!("it has a section of unknown kind {id}: build it again, or copy it again"))
            }
            _ => Ok(()),
        }
    }

    fn import(&mut self, import: &ComponentImport<'_>) -> Result<(), String> {
        if let ComponentTypeRef::Component(_) = import.ty {
            self.name_component(None);
        }
        // A type that the world takes from an interface has no code behind it.
        if self.open.len() == 1 && !matches!(import.ty, ComponentTypeRef::Type(_)) {
            self.found.imports.push(import.name.name.to_owned());
        }
        Ok(())
    }

    fn export(&mut self, export: &ComponentExport<'_>) -> Result<(), String> {
        if export.kind == ComponentExternalKind::Component {
            self.name_component(None);
        }
        if self.open.len() == 1 {
            self.found.exports.push(export.name.name.to_owned());
            self.export_kinds.push(export.kind);
        }
        Ok(())
    }

    fn enter(&mut self, encoding: Encoding) -> Result<(), String> {
        if self.open.is_empty() {
            self.is_component = encoding == Encoding::Component;
            if !self.is_component {
                return Err("it is a core module, not a component: make one of it with `sealog filter build`, or with \
                            `wasm-tools component new`"
                    .to_owned());
            }
        }
        let is_module = encoding == Encoding::Module;
        self.open.push(Frame { is_module, ..Frame::default() });
        let nesting = self.open.iter().filter(|frame| !frame.is_module).count();
        bound("components in each other", nesting as u64, NESTING_MAX as u64)?;
        if !is_module {
            self.components += 1;
            bound("components", self.components, COMPONENTS_MAX)?;
        }
        Ok(())
    }

    fn leave(&mut self) -> Result<(), String> {
        let Some(frame) = self.open.pop() else { return Ok(()) };
        self.heaviest = self.heaviest.max(frame.instances);
        if !frame.is_module {
            self.name_component(Some(frame.instances));
        }
        Ok(())
    }

    fn memory(&mut self, memory: MemoryType) -> Result<(), String> {
        if memory.memory64 || memory.shared || memory.page_size_log2.is_some() {
            return Err("it has a memory of 64 bits, one that is shared between threads, or one with its own page size: \
                        build it for plain wasm32"
                .to_owned());
        }
        self.memories += 1;
        bound("memories", self.memories, MEMORIES_MAX)?;
        let bytes = memory.initial.saturating_mul(PAGE_BYTES);
        if bytes > self.memory_max {
            return Err(format!(
                "it declares a memory of {bytes} bytes to begin with, it may have {}: raise `memory_max` if it needs \
                 that much, or build it with less",
                self.memory_max
            ));
        }
        Ok(())
    }

    fn function(&mut self, body: &FunctionBody<'_>) -> Result<(), String> {
        self.functions += 1;
        bound("functions", self.functions, FUNCTIONS_MAX)?;
        bound("bytes in one function", body.range().len() as u64, BODY_BYTES_MAX as u64)?;
        let mut locals = 0;
        for group in body.get_locals_reader().map_err(|error| malformed(&error))? {
            locals += u64::from(group.map_err(|error| malformed(&error))?.0);
            bound("locals in one function", locals, LOCALS_MAX)?;
        }
        Ok(())
    }

    fn instantiate(&mut self, component: u32) -> Result<(), String> {
        let known = self.open.last().and_then(|frame| frame.components.get(component as usize)).copied();
        self.instance(known.unwrap_or(self.heaviest).saturating_add(1))
    }

    fn instance(&mut self, count: u64) -> Result<(), String> {
        let Some(frame) = self.open.last_mut() else { return Ok(()) };
        frame.instances = frame.instances.saturating_add(count);
        bound("instances", frame.instances, INSTANCES_MAX)
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) -> Result<(), String> {
        match alias {
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                let outer = self.open.iter().rev().nth(*count as usize);
                let known = outer.and_then(|frame| frame.components.get(*index as usize)).copied();
                self.name_component(known);
            }
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => {
                self.name_component(None);
            }
            ComponentAlias::InstanceExport { .. }
            | ComponentAlias::CoreInstanceExport { .. }
            | ComponentAlias::Outer { .. } => {}
        }
        Ok(())
    }

    /// Adds to the index space of components one that makes so many instances; `None` where that cannot be told.
    fn name_component(&mut self, instances: Option<u64>) {
        let heaviest = self.heaviest;
        if let Some(frame) = self.open.last_mut() {
            frame.components.push(instances.unwrap_or(heaviest));
        }
    }
}

/// Takes each item of a section.
fn each<'a, T: FromReader<'a>>(
    section: SectionLimited<'a, T>,
    mut take: impl FnMut(T) -> Result<(), String>,
) -> Result<(), String> {
    section.into_iter().try_for_each(|item| take(item.map_err(|error| malformed(&error))?))
}

fn bound(what: &str, count: u64, max: u64) -> Result<(), String> {
    if count > max {
        return Err(format!(
            "it has more than {max} {what}, far beyond what compilers make of a filter's source"
        ));
    }
    Ok(())
}
