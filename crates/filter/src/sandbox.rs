//! One instance of a guest, for one batch: its memory, its fuel, its log.

use wasmtime::component::{ComponentExportIndex, Instance, InstancePre, Linker, TypedFunc, WasmStr};
use wasmtime::{
    Engine, PoolConcurrencyLimitError, ResourceLimiter, Store, StoreContextMut, Trap, WasmBacktrace,
};

use crate::clock::{self, Clock};
use crate::engine::TABLE_ELEMENTS_MAX;
use crate::filter::{LogLine, Usage};
use crate::text::escaped;
use crate::{Fault, FaultClass, Limits, wit};

/// Bytes of a guest's log that one batch may have.
const LOG_BYTES_MAX: usize = 64 << 10;
/// Bytes that a line counts for beside its text, so that empty ones do not come for nothing.
const LINE_BYTES: usize = 16;
/// Bytes that one result of a guest may have on our side: a thousand verdicts that use all they may are half of it.
const RESULT_BYTES_MAX: usize = 16 << 20;
/// Functions that a trap's message names.
const FRAMES_MAX: usize = 6;

/// What the host keeps for an instance.
pub(crate) struct Sandbox {
    memory_max: usize,
    memory: usize,
    memory_refused: bool,
    table_elements: usize,
    log: Vec<LogLine>,
    log_left: usize,
    log_cut: bool,
    /// As long as there is an instance, it may run.
    _running: clock::Running,
}

impl Sandbox {
    fn new(limits: &Limits, running: clock::Running) -> Self {
        Self {
            memory_max: limits.memory_max,
            memory: 0,
            memory_refused: false,
            table_elements: 0,
            log: Vec::new(),
            log_left: LOG_BYTES_MAX,
            log_cut: false,
            _running: running,
        }
    }

    fn write(&mut self, level: wit::Level, message: &str) {
        let room = self.log_left.saturating_sub(LINE_BYTES);
        let taken = message.floor_char_boundary(room);
        self.log_cut |= taken < message.len();
        self.log_left = room - taken;
        let level = match level {
            wit::Level::Debug => "debug",
            wit::Level::Info => "info",
            wit::Level::Warn => "warn",
            wit::Level::Error => "error",
        };
        let message = escaped(message.get(..taken).unwrap_or_default(), LOG_BYTES_MAX);
        self.log.push(LogLine { level, message });
    }
}

impl ResourceLimiter for Sandbox {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Beyond what the guest allowed itself: not our refusal, and the same everywhere.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let grown = self.memory.saturating_sub(current).saturating_add(desired);
        if grown > self.memory_max {
            self.memory_refused = true;
            return Ok(false);
        }
        self.memory = grown;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let grown = self.table_elements.saturating_sub(current).saturating_add(desired);
        if grown > TABLE_ELEMENTS_MAX {
            self.memory_refused = true;
            return Ok(false);
        }
        self.table_elements = grown;
        Ok(true)
    }
}

/// What guests may import: a log, and nothing else.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Sandbox>> {
    let mut linker = Linker::new(engine);
    let write = |mut store: StoreContextMut<'_, Sandbox>, (level, message): (wit::Level, WasmStr)| {
        if store.data().log_left < LINE_BYTES {
            store.data_mut().log_cut = true;
            return Ok(());
        }
        let message = message.to_str(&store)?.into_owned();
        store.data_mut().write(level, &message);
        Ok(())
    };
    linker.instance("sealog:filter/log@1.0.0")?.func_wrap("write", write)?;
    Ok(linker)
}

/// A compiled component, where instances of it can be made.
pub(crate) struct Program {
    /// Where there is a pool, and an instance fits into it.
    pub(crate) pooled: Option<Linked>,
    /// Where there is always room.
    pub(crate) on_demand: Linked,
    /// Stops their calls.
    pub(crate) clock: Clock,
}

/// A compiled component, linked in one engine.
pub(crate) struct Linked {
    pre: InstancePre<Sandbox>,
    configure: ComponentExportIndex,
    evaluate: ComponentExportIndex,
}

/// An instance, and the manifest or refusal that it gave.
pub(crate) type Configured<'p> = (Running<'p>, Result<wit::Manifest, String>);

/// An instance that was configured.
pub(crate) struct Running<'p> {
    program: &'p Linked,
    instance: Instance,
    store: Store<Sandbox>,
    fuel_configure: u64,
}

impl Linked {
    /// `None` when the component does not have the world's exports.
    pub(crate) fn new(pre: InstancePre<Sandbox>) -> Option<Self> {
        let component = pre.component();
        let configure = component.get_export_index(None, "configure")?;
        let evaluate = component.get_export_index(None, "evaluate")?;
        Some(Self { pre, configure, evaluate })
    }

    /// Makes an instance, on the fuel of [`Limits::fuel_configure`].
    fn instance(&self, limits: &Limits, clock: &Clock) -> (Store<Sandbox>, wasmtime::Result<Instance>) {
        let mut store = Store::new(self.pre.engine(), Sandbox::new(limits, clock.running()));
        store.limiter(|sandbox| sandbox);
        store.set_hostcall_fuel(RESULT_BYTES_MAX);
        let began = arm(&mut store, limits.fuel_configure, limits);
        let instance = began.and_then(|()| self.pre.instantiate(&mut store));
        (store, instance)
    }
}

impl Program {
    /// Makes an instance: in the pool, unless that is full or does not take it.
    fn instance(&self, limits: &Limits) -> (&Linked, Store<Sandbox>, wasmtime::Result<Instance>) {
        if let Some(pooled) = &self.pooled {
            let (store, instance) = pooled.instance(limits, &self.clock);
            let is_full = |error: &wasmtime::Error| error.is::<PoolConcurrencyLimitError>();
            if !instance.as_ref().is_err_and(is_full) {
                return (pooled, store, instance);
            }
        }
        let (store, instance) = self.on_demand.instance(limits, &self.clock);
        (&self.on_demand, store, instance)
    }

    /// Makes an instance and configures it: the manifest or refusal it gives, and what it needed.
    pub(crate) fn start(&self, limits: &Limits, config: &str) -> (Result<Configured<'_>, Fault>, Usage) {
        let (program, mut store, instance) = self.instance(limits);
        let instance = match instance {
            Ok(instance) => instance,
            Err(error) => {
                let fault = fault_of(&store, &error, FaultClass::HostFailure);
                return (Err(fault), usage(store, 0, limits.fuel_configure));
            }
        };
        let answer = function::<wit::ConfigureParams<'_>, wit::ConfigureResult>(
            &mut store,
            instance,
            &program.configure,
        )
        .and_then(|function| function.call(&mut store, (config,)));
        let fuel_configure = limits.fuel_configure.saturating_sub(store.get_fuel().unwrap_or(0));
        match answer {
            Ok((answer,)) => {
                let usage = Usage { fuel_configure, memory_peak: store.data().memory, ..Usage::default() };
                (Ok((Running { program, instance, store, fuel_configure }, answer)), usage)
            }
            Err(error) => {
                let fault = fault_of(&store, &error, FaultClass::Malformed);
                (Err(fault), usage(store, 0, fuel_configure))
            }
        }
    }

    /// Whether the exports are the functions of the world; says what is different.
    pub(crate) fn check_types(&self, limits: &Limits) -> Result<(), String> {
        let (program, mut store, instance) = self.instance(limits);
        let Ok(instance) = instance else {
            // Whoever starts it is told.
            return Ok(());
        };
        let configure = function::<wit::ConfigureParams<'_>, wit::ConfigureResult>(
            &mut store,
            instance,
            &program.configure,
        );
        let evaluate =
            function::<wit::EvaluateParams<'_>, wit::EvaluateResult>(&mut store, instance, &program.evaluate);
        let differs = |error: wasmtime::Error| escaped(&format!("{error:#}"), 300);
        configure.map_err(differs)?;
        evaluate.map_err(differs)?;
        Ok(())
    }
}

impl Running<'_> {
    /// Asks about a batch, with so much fuel. Uses the instance up.
    pub(crate) fn evaluate(
        mut self,
        batch: &[wit::Change<'_>],
        fuel: u64,
        limits: &Limits,
    ) -> (Result<Vec<wit::Verdict>, Fault>, Usage) {
        let store = &mut self.store;
        let answer = arm(store, fuel, limits).and_then(|()| {
            function::<wit::EvaluateParams<'_>, wit::EvaluateResult>(
                store,
                self.instance,
                &self.program.evaluate,
            )?
            .call(&mut *store, (batch,))
        });
        let used = fuel.saturating_sub(store.get_fuel().unwrap_or(0));
        let answer = match answer {
            // What the others left it is not what it has alone; so alone it is asked again.
            Ok(_) if store.data().memory_refused && batch.len() > 1 => Err(out_of_memory(limits)),
            Ok((Ok(verdicts),)) => Ok(verdicts),
            Ok((Err(said),)) => {
                let message = format!("it answered with an error: \"{}\"", escaped(&said, 500));
                Err(Fault { class: FaultClass::Refused, message })
            }
            Err(error) => Err(fault_of(store, &error, FaultClass::Malformed)),
        };
        (answer, usage(self.store, used, self.fuel_configure))
    }
}

fn function<Params, Return>(
    store: &mut Store<Sandbox>,
    instance: Instance,
    export: &ComponentExportIndex,
) -> wasmtime::Result<TypedFunc<Params, Return>>
where
    Params: wasmtime::component::ComponentNamedList + wasmtime::component::Lower,
    Return: wasmtime::component::ComponentNamedList + wasmtime::component::Lift,
{
    instance.get_typed_func::<Params, Return>(store, export)
}

/// Gives a call its fuel and its time.
fn arm(store: &mut Store<Sandbox>, fuel: u64, limits: &Limits) -> wasmtime::Result<()> {
    store.set_epoch_deadline(clock::ticks(limits.wall_max));
    store.set_fuel(fuel)
}

fn usage(store: Store<Sandbox>, fuel: u64, fuel_configure: u64) -> Usage {
    let Sandbox { memory, log, log_cut, .. } = store.into_data();
    Usage { fuel, fuel_configure, memory_peak: memory, log, log_cut }
}

fn out_of_memory(limits: &Limits) -> Fault {
    let message = format!("it asked for more than the {} bytes of memory it may have", limits.memory_max);
    Fault { class: FaultClass::OutOfMemory, message }
}

/// What an error of the engine means. `otherwise` is the class of what is no trap.
fn fault_of(store: &Store<Sandbox>, error: &wasmtime::Error, otherwise: FaultClass) -> Fault {
    let trap = error.downcast_ref::<Trap>();
    let class = match trap {
        Some(Trap::Interrupt) => FaultClass::HostTimeout,
        _ if store.data().memory_refused => FaultClass::OutOfMemory,
        Some(Trap::OutOfFuel) => FaultClass::OutOfFuel,
        Some(_) => FaultClass::Trap,
        None => otherwise,
    };
    let mut message = match class {
        FaultClass::HostTimeout => "it was stopped by the wall clock".to_owned(),
        FaultClass::OutOfFuel => "it used up its fuel".to_owned(),
        FaultClass::OutOfMemory => {
            format!("it asked for more than the {} bytes of memory it may have", store.data().memory_max)
        }
        FaultClass::Malformed => format!("its answer is not what the interface says: {}", error.root_cause()),
        FaultClass::Trap
        | FaultClass::HostFailure
        | FaultClass::Count
        | FaultClass::Undeclared
        | FaultClass::Limit
        | FaultClass::Refused => error.root_cause().to_string(),
    };
    if let Some(trace) = error.downcast_ref::<WasmBacktrace>() {
        let names: Vec<_> =
            trace.frames().iter().filter_map(|frame| frame.func_name()).take(FRAMES_MAX).collect();
        if !names.is_empty() {
            message = format!("{message}, in {}", names.join(" < "));
        }
    }
    Fault { class, message: escaped(&message, 700) }
}

#[cfg(test)]
mod tests;
