//! Guests, put together from WAT: a core module that keeps to the canonical ABI, made a component by `wit-component`.
//!
//! The usual guest says of a record what the first letter of its first cell asks for: `a` to `z` are verdicts that the
//! test lists, capitals are misdeeds.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const WIT: &str = include_str!("../../../../wit/filter-1.0.0/filter.wit");

/// A column: `k`, `o` or `n` for the image, and the path.
pub(crate) type Column = (char, &'static [&'static str]);

#[derive(Clone, Default)]
pub(crate) struct Edits {
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) redact: Vec<u32>,
    pub(crate) alert: Option<String>,
}

#[derive(Clone)]
pub(crate) enum Verdict {
    Keep,
    Drop(String),
    With(Edits),
    /// A case that the interface does not have.
    Case(u32),
    /// A drop whose reason is so many bytes at this place.
    DropAt(u32, u32),
    /// A reason that is not UTF-8.
    DropBytes(Vec<u8>),
}

pub(crate) fn drop(reason: &str) -> Verdict {
    Verdict::Drop(reason.to_owned())
}

pub(crate) fn redact(columns: &[u32]) -> Verdict {
    Verdict::With(Edits { redact: columns.to_vec(), ..Edits::default() })
}

pub(crate) fn tag(name: &str, value: &str) -> Verdict {
    Verdict::With(Edits { tags: vec![(name.to_owned(), value.to_owned())], ..Edits::default() })
}

pub(crate) fn alert(reason: &str) -> Verdict {
    Verdict::With(Edits { alert: Some(reason.to_owned()), ..Edits::default() })
}

/// What a guest is made of. The parts in WAT replace the usual ones.
#[derive(Clone)]
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) columns: Vec<Column>,
    pub(crate) reasons: Vec<&'static str>,
    /// drop 1, redact 2, tag 4, alert 8.
    pub(crate) verdicts: u8,
    pub(crate) schema: Option<&'static str>,
    /// What the letters from `a` on stand for.
    pub(crate) answers: Vec<Verdict>,
    pub(crate) pages: u32,
    /// The case of `column.image` is this, whatever it should be.
    pub(crate) image_case: Option<u8>,
    /// Instructions before `configure` answers.
    pub(crate) configure: &'static str,
    /// Instructions before `evaluate` looks at anything.
    pub(crate) evaluate: &'static str,
    /// Instructions at the beginning of `cabi_realloc`.
    pub(crate) realloc: &'static str,
    /// More fields of the module.
    pub(crate) fields: String,
    /// What the bytes are that `configure` answers an error with.
    pub(crate) refusal: Option<&'static str>,
}

pub(crate) fn guest() -> Guest {
    Guest {
        name: "letters",
        version: "1.0.0",
        columns: vec![('n', &["t"])],
        reasons: vec!["why", "large", "other.reason"],
        verdicts: 15,
        schema: None,
        answers: vec![Verdict::Keep],
        pages: 4,
        image_case: None,
        configure: "",
        evaluate: "",
        realloc: "",
        fields: String::new(),
        refusal: None,
    }
}

impl Guest {
    pub(crate) fn answers(mut self, answers: &[Verdict]) -> Self {
        self.answers = answers.to_vec();
        self
    }

    pub(crate) fn columns(mut self, columns: &[Column]) -> Self {
        self.columns = columns.to_vec();
        self
    }

    pub(crate) fn component(&self) -> Vec<u8> {
        component(&self.module())
    }

    #[expect(clippy::too_many_lines, reason = "it is one text")]
    fn module(&self) -> String {
        let mut data = Data::default();
        let answer_at = match self.refusal {
            None => self.manifest(&mut data),
            Some(said) => {
                let (at, length) = data.text(said.as_bytes());
                data.words(&[1, at, length])
            }
        };
        let answers: Vec<[u32; 8]> = self.answers.iter().map(|verdict| verdict.layout(&mut data)).collect();
        let answers_at = data.words(&answers.concat());
        let (said_at, said_length) = data.text(SAID.as_bytes());
        let heap = (BASE + number(data.0.len())).next_multiple_of(8);
        let bytes: String = data.0.iter().map(|byte| format!("\\{byte:02x}")).collect();
        let letters_end = 97 + self.answers.len();
        let Self { pages, configure, evaluate, realloc, fields, .. } = self;
        format!(
            r#"(module
  (import "sealog:filter/log@1.0.0" "write" (func $log (param i32 i32 i32)))
  (memory (export "memory") {pages})
  (data (i32.const {BASE}) "{bytes}")
  (global $heap (mut i32) (i32.const {heap}))
  (global $more (mut i32) (i32.const 0))
  (func $realloc (export "cabi_realloc") (param $old i32) (param $was i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    {realloc}
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
      (drop (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1)))))
    (local.get $at))
  (func $recurse (param $n i32) (result i32)
    (i32.add (call $recurse (i32.add (local.get $n) (i32.const 1))) (i32.const 1)))
  (func $deep_inside (unreachable))
  (func $bomb
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (unreachable))
  (func $modest_bomb
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))))
  (func $misdeed (param $letter i32)
    (if (i32.eq (local.get $letter) (i32.const 84)) (then (call $deep_inside)))
    (if (i32.eq (local.get $letter) (i32.const 76)) (then (loop $ever (br $ever))))
    (if (i32.eq (local.get $letter) (i32.const 77)) (then (call $bomb)))
    (if (i32.eq (local.get $letter) (i32.const 71)) (then (call $modest_bomb)))
    (if (i32.eq (local.get $letter) (i32.const 82)) (then (drop (call $recurse (i32.const 0)))))
    (if (i32.eq (local.get $letter) (i32.const 67)) (then (global.set $more (i32.const 1))))
    (if (i32.eq (local.get $letter) (i32.const 83)) (then (global.set $more (i32.const -1))))
    (if (i32.eq (local.get $letter) (i32.const 72)) (then (global.set $more (i32.const 100000000))))
    (if (i32.eq (local.get $letter) (i32.const 87)) (then
      (call $log (i32.const 2) (i32.const {said_at}) (i32.const {said_length})))))
  (func (export "configure") (param $config i32) (param $length i32) (result i32)
    {configure}
    (i32.const {answer_at}))
  (func (export "evaluate") (param $batch i32) (param $count i32) (result i32)
    (local $out i32) (local $i i32) (local $cell i32) (local $letter i32)
    {evaluate}
    (global.set $more (i32.const 0))
    (local.set $out (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.add (i32.const 80) (i32.mul (local.get $count) (i32.const 32)))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
        (local.set $cell (i32.load offset=52 (i32.add (local.get $batch) (i32.mul (local.get $i) (i32.const 64)))))
        (local.set $letter (i32.const 97))
        (if (i32.and (i32.ne (local.get $cell) (i32.const 0)) (i32.ne (i32.load offset=56 (i32.add (local.get $batch) (i32.mul (local.get $i) (i32.const 64)))) (i32.const 0)))
          (then (if (i32.eq (i32.load8_u (local.get $cell)) (i32.const 4))
            (then (local.set $letter (i32.load8_u (i32.load offset=4 (local.get $cell))))))))
        (if (i32.or (i32.lt_u (local.get $letter) (i32.const 97)) (i32.ge_u (local.get $letter) (i32.const {letters_end})))
          (then (call $misdeed (local.get $letter)) (local.set $letter (i32.const 97))))
        (memory.copy
          (i32.add (i32.add (local.get $out) (i32.const 16)) (i32.mul (local.get $i) (i32.const 32)))
          (i32.add (i32.const {answers_at}) (i32.mul (i32.sub (local.get $letter) (i32.const 97)) (i32.const 32)))
          (i32.const 32))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i32.store8 (local.get $out) (i32.const 0))
    (i32.store offset=4 (local.get $out) (i32.add (local.get $out) (i32.const 16)))
    (i32.store offset=8 (local.get $out) (i32.add (local.get $count) (global.get $more)))
    (local.get $out))
  {fields})"#
        )
    }

    fn manifest(&self, data: &mut Data) -> u32 {
        let (name, version) = (data.text(self.name.as_bytes()), data.text(self.version.as_bytes()));
        let mut columns = Vec::new();
        for (image, path) in &self.columns {
            let names: Vec<_> = path.iter().map(|name| data.text(name.as_bytes())).collect();
            let path_at =
                data.words(&names.iter().flat_map(|(at, length)| [*at, *length]).collect::<Vec<_>>());
            let case = self.image_case.unwrap_or_else(|| u8::try_from("kon".find(*image).unwrap()).unwrap());
            columns.extend([u32::from(case), path_at, number(path.len())]);
        }
        let columns_at = data.words(&columns);
        let reasons: Vec<_> = self.reasons.iter().map(|reason| data.text(reason.as_bytes())).collect();
        let reasons_at =
            data.words(&reasons.iter().flat_map(|(at, length)| [*at, *length]).collect::<Vec<_>>());
        let schema = self.schema.map(|schema| data.text(schema.as_bytes()));
        data.words(&[
            0,
            name.0,
            name.1,
            version.0,
            version.1,
            columns_at,
            number(self.columns.len()),
            reasons_at,
            number(self.reasons.len()),
            u32::from(self.verdicts),
            u32::from(schema.is_some()),
            schema.unwrap_or_default().0,
            schema.unwrap_or_default().1,
        ])
    }
}

impl Verdict {
    fn layout(&self, data: &mut Data) -> [u32; 8] {
        match self {
            Self::Keep => [0; 8],
            Self::Case(case) => [*case, 0, 0, 0, 0, 0, 0, 0],
            Self::Drop(reason) => Self::DropBytes(reason.as_bytes().to_vec()).layout(data),
            Self::DropBytes(reason) => {
                let (at, length) = data.text(reason);
                Self::DropAt(at, length).layout(data)
            }
            Self::DropAt(at, length) => [1, *at, *length, 0, 0, 0, 0, 0],
            Self::With(Edits { tags, redact, alert }) => {
                let mut words = Vec::new();
                for (name, value) in tags {
                    let (name, value) = (data.text(name.as_bytes()), data.text(value.as_bytes()));
                    words.extend([name.0, name.1, value.0, value.1]);
                }
                let (tags_at, redact_at) = (data.words(&words), data.words(redact));
                let said = alert.as_ref().map(|reason| data.text(reason.as_bytes()));
                let (at, length) = said.unwrap_or_default();
                [
                    2,
                    tags_at,
                    number(tags.len()),
                    redact_at,
                    number(redact.len()),
                    u32::from(said.is_some()),
                    at,
                    length,
                ]
            }
        }
    }
}

/// Where data begins in a guest's memory.
const BASE: u32 = 1024;
/// What a guest writes to its log.
pub(crate) const SAID: &str = "said\x1b[31m\nERROR forged";

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap()
}

/// What lies in a guest's memory from the beginning.
#[derive(Default)]
struct Data(Vec<u8>);

impl Data {
    fn text(&mut self, text: &[u8]) -> (u32, u32) {
        let at = BASE + number(self.0.len());
        self.0.extend_from_slice(text);
        (at, number(text.len()))
    }

    fn words(&mut self, words: &[u32]) -> u32 {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let at = BASE + number(self.0.len());
        self.0.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        at
    }
}

/// Makes a component of a core module in WAT.
pub(crate) fn component(module: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("filter.wit", WIT).unwrap();
    let world = resolve.select_world(&[package], Some("filter")).unwrap();
    let mut module = wat::parse_str(module).unwrap_or_else(|error| panic!("{error}\n{module}"));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}
