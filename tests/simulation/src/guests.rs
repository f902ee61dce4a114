//! Filters for tests: what one says of a record follows from the last digit of its sequence number, so that a test, which
//! knows the digits, knows what has to come of each record.
//!
//! Written as core modules and wrapped as components, so that no guest toolchain is needed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use sealog_chain::{Hash, sha256};
use sealog_filter::{FilterDigest, Host, Mode, OnFault};
use sealog_pipeline::{FilterConfig, FilterLimits, Workshop};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const WIT: &str = include_str!("../../../wit/filter-1.0.0/filter.wit");

/// What drops and alerts say.
pub const REASON: &str = "odd";
/// The tag that a guest sets.
pub const TAG: (&str, &str) = ("class", "blue");
/// The attribute that a guest redacts, in both images.
pub const REDACTED: &str = "version";
/// Enough for any record that is answered, and little for one that is not.
const FUEL: u64 = 100_000;

/// What a guest does about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Keeps it.
    Keep,
    /// Drops it for [`REASON`].
    Drop,
    /// Sets [`TAG`].
    Tag,
    /// Removes [`REDACTED`].
    Redact,
    /// Raises an alert for [`REASON`].
    Alert,
    /// Traps.
    Trap,
    /// Never ends.
    Loop,
    /// Asks for more memory than there is.
    Memory,
    /// Drops it for a reason that its manifest does not know.
    Undeclared,
    /// Answers with an error.
    Refuse,
    /// Answers for one change less than it was asked about.
    Miscount,
}

impl Act {
    /// The class of the fault that it is; `None`: it is none.
    #[must_use]
    pub const fn fault(self) -> Option<&'static str> {
        match self {
            Self::Keep | Self::Drop | Self::Tag | Self::Redact | Self::Alert => None,
            Self::Trap => Some("fault:trap"),
            Self::Loop => Some("fault:out-of-fuel"),
            Self::Memory => Some("fault:out-of-memory"),
            Self::Undeclared => Some("fault:undeclared"),
            Self::Refuse => Some("fault:refused"),
            Self::Miscount => Some("fault:count"),
        }
    }
}

/// A guest: what it does about records whose sequence number ends with 0 to 9.
pub type Acts = [Act; 10];

const K: Act = Act::Keep;

/// Says nothing of anything.
pub const SILENT: Acts = [K; 10];
/// Everything that a sound filter does.
pub const SOUND: Acts = [K, Act::Drop, Act::Tag, Act::Redact, Act::Alert, K, K, Act::Drop, K, K];
/// Sound, but for one record in ten.
pub const BRITTLE: Acts = [K, Act::Drop, Act::Tag, Act::Redact, Act::Alert, K, K, Act::Trap, K, K];
/// Fails in every way there is.
pub const HOSTILE: Acts = [
    Act::Loop,
    Act::Trap,
    Act::Memory,
    K,
    Act::Undeclared,
    Act::Refuse,
    Act::Miscount,
    Act::Drop,
    Act::Trap,
    K,
];
/// Redacts and drops what [`SOUND`] does not.
pub const OTHER: Acts =
    [Act::Redact, K, Act::Tag, Act::Redact, Act::Tag, Act::Drop, Act::Alert, K, Act::Drop, K];

/// A guest as a component, and where its file lies.
#[derive(Debug, Clone)]
pub struct Guest {
    /// What it does.
    pub acts: Acts,
    /// SHA-256 of its component.
    pub digest: Hash,
    /// Its file.
    pub file: PathBuf,
}

static GUESTS: LazyLock<Mutex<BTreeMap<Acts, Guest>>> = LazyLock::new(Mutex::default);
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    // Shared by all test processes: what lies there is named by what it is.
    let folder = std::env::temp_dir().join("sealog-guests");
    std::fs::create_dir_all(&folder).unwrap();
    folder
});
static SECRET: LazyLock<PathBuf> = LazyLock::new(|| put("secret", "5a".repeat(32).as_bytes()));
static WORKSHOP: LazyLock<Workshop> =
    LazyLock::new(|| Workshop::new(Host::new(Some(&FOLDER.join("compiled"))).unwrap()).in_place());

/// Where all tests of a process load their filters: each is compiled once.
#[must_use]
pub fn workshop() -> Workshop {
    WORKSHOP.clone()
}

/// The secret of all tests, in a file.
#[must_use]
pub fn secret() -> PathBuf {
    SECRET.clone()
}

/// Puts a file there whole, whoever else does the same.
fn put(name: &str, bytes: &[u8]) -> PathBuf {
    let (file, part) = (FOLDER.join(name), FOLDER.join(format!("{name}.{}", std::process::id())));
    let mut made = std::fs::OpenOptions::new();
    made.create(true).truncate(true).write(true).mode(0o600);
    made.open(&part).unwrap().write_all(bytes).unwrap();
    std::fs::rename(part, &file).unwrap();
    file
}

/// The component of a guest, made once.
#[must_use]
pub fn guest(acts: Acts) -> Guest {
    let mut guests = GUESTS.lock().unwrap();
    let made = || {
        let bytes = component(acts);
        let digest = sha256(&bytes);
        Guest { acts, digest, file: put(&format!("{digest}.wasm"), &bytes) }
    };
    guests.entry(acts).or_insert_with(made).clone()
}

/// What a component does that was made here.
#[must_use]
pub fn acts_of(digest: &Hash) -> Acts {
    let guests = GUESTS.lock().unwrap();
    guests.values().find(|guest| guest.digest == *digest).expect("a filter that nobody made").acts
}

/// The guest as a table's configuration has it.
#[must_use]
pub fn filter(name: &str, acts: Acts, mode: Mode) -> FilterConfig {
    let Guest { digest, file, .. } = guest(acts);
    FilterConfig {
        name: Some(name.to_owned()),
        component: file,
        sha256: Some(FilterDigest(digest.0)),
        mode,
        config: serde_json::json!({}),
        on_fault: OnFault::Keep,
        limits: FilterLimits {
            fuel_per_record: Some(FUEL),
            fuel_per_byte: Some(10),
            fuel_configure: None,
            memory_max: None,
            // No machine is so busy that the clock decides.
            wall_max: Some(Duration::from_secs(60)),
        },
    }
}

// The component.

/// Where things lie in the guest's memory.
const MANIFEST: usize = 64;
const ANSWERS: usize = 256;
const CODES: usize = 640;
const RESULT: usize = 680;
const STATIC: usize = 1024;
const HEAP: usize = 4096;
/// Bytes of a `change` and of a `verdict` in memory (Canonical ABI).
const CHANGE: usize = 64;
const VERDICT: usize = 32;
/// Where a change's sequence number lies in it.
const SEQUENCE: usize = 24;

/// Static memory under construction.
struct Memory {
    bytes: Vec<u8>,
    next: usize,
}

impl Memory {
    fn put(&mut self, at: usize, words: &[usize]) {
        for (place, word) in words.iter().enumerate() {
            let word = u32::try_from(*word).unwrap().to_le_bytes();
            self.bytes[at + 4 * place..at + 4 * place + 4].copy_from_slice(&word);
        }
    }

    /// Lays out words; where they lie.
    fn words(&mut self, words: &[usize]) -> usize {
        let at = self.next.next_multiple_of(4);
        self.put(at, words);
        self.next = at + 4 * words.len();
        at
    }

    /// Lays out a text; where it lies and how long it is.
    fn text(&mut self, text: &str) -> [usize; 2] {
        let at = self.next;
        self.bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
        self.next += text.len();
        [at, text.len()]
    }
}

fn component(acts: Acts) -> Vec<u8> {
    let mut module = wat::parse_str(module(acts)).unwrap();
    let mut resolve = Resolve::default();
    let package = resolve.push_str("filter.wit", WIT).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(false).encode().unwrap()
}

fn memory(acts: Acts) -> Vec<u8> {
    let mut memory = Memory { bytes: vec![0; HEAP], next: STATIC };
    // Distinct guests have distinct bytes, whatever they do.
    let name = memory.text("by-digit");
    let version = memory.text("1.0.0");
    let reason = memory.text(REASON);
    let schema = memory.text("{}");
    let attribute = memory.text(REDACTED);
    let path = memory.words(&attribute);
    // image (1: the old one, 2: the new one), path
    let columns = memory.words(&[1, path, 1, 2, path, 1]);
    let reasons = memory.words(&reason);
    // ok, name, version, columns, reasons, verdicts (drop, redact, tag, alert), schema
    memory.put(
        MANIFEST,
        &[
            0, name[0], name[1], version[0], version[1], columns, 2, reasons, 1, 0b1111, 1, schema[0],
            schema[1],
        ],
    );
    let undeclared = memory.text("nobody-knows");
    let (tag, value) = (memory.text(TAG.0), memory.text(TAG.1));
    let tags = memory.words(&[tag[0], tag[1], value[0], value[1]]);
    let both = memory.words(&[0, 1]);
    for (digit, act) in acts.iter().enumerate() {
        let answer: &[usize] = match act {
            Act::Drop => &[1, reason[0], reason[1]],
            Act::Undeclared => &[1, undeclared[0], undeclared[1]],
            Act::Tag => &[2, tags, 1, 4, 0, 0],
            Act::Redact => &[2, 4, 0, both, 2, 0],
            Act::Alert => &[2, 4, 0, 4, 0, 1, reason[0], reason[1]],
            Act::Keep | Act::Trap | Act::Loop | Act::Memory | Act::Refuse | Act::Miscount => &[0],
        };
        memory.put(ANSWERS + digit * VERDICT, answer);
        let code: u8 = match act {
            Act::Trap => 1,
            Act::Loop => 2,
            Act::Memory => 3,
            Act::Refuse => 4,
            Act::Miscount => 5,
            Act::Keep | Act::Drop | Act::Tag | Act::Redact | Act::Alert | Act::Undeclared => 0,
        };
        memory.bytes[CODES + digit] = code;
    }
    assert!(memory.next <= HEAP);
    memory.bytes
}

fn module(acts: Acts) -> String {
    let data = memory(acts).iter().fold(String::new(), |mut text, byte| {
        write!(text, "\\{byte:02x}").unwrap();
        text
    });
    format!(
        r#"(module
  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const {HEAP}))
  (data (i32.const 0) "{data}")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32) (local $end i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
    (local.set $end (i32.add (local.get $at) (local.get 3)))
    (global.set $heap (local.get $end))
    (if (i32.gt_u (local.get $end) (i32.mul (memory.size) (i32.const 65536)))
      (then (if (i32.eq (i32.const -1) (memory.grow (i32.add (i32.const 1) (i32.div_u
        (i32.sub (local.get $end) (i32.mul (memory.size) (i32.const 65536))) (i32.const 65536)))))
        (then unreachable))))
    (local.get $at))
  (func (export "configure") (param i32 i32) (result i32) (i32.const {MANIFEST}))
  (func (export "evaluate") (param $batch i32) (param $count i32) (result i32)
    (local $out i32) (local $i i32) (local $digit i32) (local $code i32) (local $answered i32)
    (local.set $answered (local.get $count))
    (local.set $out (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
    (global.set $heap (i32.add (local.get $out) (i32.mul (local.get $count) (i32.const {VERDICT}))))
    (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
      (then (drop (memory.grow (i32.const 2)))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
      (local.set $digit (i32.add (local.get $batch) (i32.mul (local.get $i) (i32.const {CHANGE}))))
      (local.set $digit (i32.sub (i32.load8_u (i32.sub (i32.add
        (i32.load offset={SEQUENCE} (local.get $digit))
        (i32.load offset={length} (local.get $digit))) (i32.const 1))) (i32.const 48)))
      (local.set $code (i32.load8_u offset={CODES} (local.get $digit)))
      (if (i32.eq (local.get $code) (i32.const 1)) (then unreachable))
      (if (i32.eq (local.get $code) (i32.const 2)) (then (loop $ever (br $ever))))
      (if (i32.eq (local.get $code) (i32.const 3))
        (then (drop (memory.grow (i32.const 32768))) unreachable))
      (if (i32.eq (local.get $code) (i32.const 4))
        (then
          (i32.store offset={RESULT} (i32.const 0) (i32.const 1))
          (i32.store offset={error} (i32.const 0) (i32.const {STATIC}))
          (i32.store offset={error_length} (i32.const 0) (i32.const 8))
          (return (i32.const {RESULT}))))
      (if (i32.eq (local.get $code) (i32.const 5))
        (then (local.set $answered (i32.sub (local.get $count) (i32.const 1)))))
      (memory.copy
        (i32.add (local.get $out) (i32.mul (local.get $i) (i32.const {VERDICT})))
        (i32.add (i32.const {ANSWERS}) (i32.mul (local.get $digit) (i32.const {VERDICT})))
        (i32.const {VERDICT}))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
    (i32.store offset={RESULT} (i32.const 0) (i32.const 0))
    (i32.store offset={error} (i32.const 0) (local.get $out))
    (i32.store offset={error_length} (i32.const 0) (local.get $answered))
    (i32.const {RESULT}))
)"#,
        length = SEQUENCE + 4,
        error = RESULT + 4,
        error_length = RESULT + 8,
    )
}
