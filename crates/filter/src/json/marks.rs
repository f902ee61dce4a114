//! Where quotes and brackets stand in a text: found 64 bytes at a time, before it is walked.
//!
//! As simdjson's first stage does it (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", section 3.1), but for
//! one thing: a backslash outside strings, which no JSON has, escapes nothing.
//!
//! What is small is inlined by force, here and in the scanner: its result would go through memory, which takes as long as
//! all it does.

use wide::u8x16;

/// 64 bytes of a text. The lowest bit stands for the first byte.
#[derive(Debug, Clone, Copy)]
struct Block {
    /// Quotes that begin or end a string.
    quotes: u64,
    /// `{`, `[`, `}` and `]` outside strings.
    brackets: u64,
    /// Of these, `}` and `]`; whatever else is set says nothing.
    closing: u64,
}

/// The marks of one text. Made once and read into again and again, it does not allocate.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    blocks: Vec<Block>,
    has_escapes: bool,
}

/// A place among the brackets of a text: those from here on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brackets {
    block: usize,
    left: u64,
}

impl Marks {
    /// Takes the place of what was read before.
    pub(crate) fn read(&mut self, text: &str) {
        let (blocks, rest) = text.as_bytes().as_chunks::<64>();
        let mut reader = Reader::default();
        self.blocks.clear();
        self.blocks.extend(blocks.iter().map(|bytes| reader.block(bytes)));
        let mut last = [b' '; 64];
        if let Some(start) = last.get_mut(..rest.len()).filter(|start| !start.is_empty()) {
            start.copy_from_slice(rest);
            self.blocks.push(reader.block(&last));
        }
        self.has_escapes = reader.has_escapes;
    }

    /// Whether a string has a backslash in it.
    pub(super) fn has_escapes(&self) -> bool {
        self.has_escapes
    }

    /// The first quote at `from` or behind it.
    #[inline(always)]
    pub(super) fn quote(&self, from: usize) -> Option<usize> {
        let mut place = from / 64;
        let mut quotes = self.blocks.get(place)?.quotes & (u64::MAX << (from % 64));
        while quotes == 0 {
            place += 1;
            quotes = self.blocks.get(place)?.quotes;
        }
        Some(place * 64 + quotes.trailing_zeros() as usize)
    }

    /// The brackets from `from` on.
    #[inline(always)]
    pub(super) fn brackets(&self, from: usize) -> Brackets {
        let block = from / 64;
        let left = self.blocks.get(block).map_or(0, |block| block.brackets & (u64::MAX << (from % 64)));
        Brackets { block, left }
    }

    /// The next bracket, whether it closes, and those behind it.
    #[inline(always)]
    pub(super) fn next(&self, Brackets { mut block, mut left }: Brackets) -> Option<(usize, bool, Brackets)> {
        let mut here = self.blocks.get(block)?;
        while left == 0 {
            block += 1;
            here = self.blocks.get(block)?;
            left = here.brackets;
        }
        let bit = left & left.wrapping_neg();
        let place = block * 64 + left.trailing_zeros() as usize;
        Some((place, here.closing & bit != 0, Brackets { block, left: left ^ bit }))
    }

    /// The bracket that closes the next one, and those behind it.
    #[inline(always)]
    pub(super) fn closing(&self, brackets: Brackets) -> Option<(usize, Brackets)> {
        let (_, _, brackets) = self.next(brackets)?;
        let (place, closes, behind) = self.next(brackets)?;
        if closes { Some((place, behind)) } else { self.closing_outer(behind) }
    }

    /// As [`Self::closing`], two brackets further in.
    #[inline(never)]
    fn closing_outer(&self, Brackets { block: first, mut left }: Brackets) -> Option<(usize, Brackets)> {
        let mut depth = 2_usize;
        for (block, here) in self.blocks.iter().enumerate().skip(first) {
            if block > first {
                left = here.brackets;
            }
            while left != 0 {
                let bit = left & left.wrapping_neg();
                left ^= bit;
                depth = if here.closing & bit == 0 { depth + 1 } else { depth - 1 };
                if depth == 0 {
                    return Some((block * 64 + bit.trailing_zeros() as usize, Brackets { block, left }));
                }
            }
        }
        None
    }
}

/// What is known at the end of a block.
#[derive(Debug, Default)]
struct Reader {
    /// All ones in a string, else nought.
    in_string: u64,
    /// Whether a backslash was the last byte, and the next one means nothing.
    is_escaped: bool,
    has_escapes: bool,
}

impl Reader {
    #[inline]
    fn block(&mut self, bytes: &[u8; 64]) -> Block {
        let (mut quotes, mut brackets, mut closing) = (0, 0, 0);
        let mut backslash = u8x16::splat(0);
        let (lanes, _) = bytes.as_chunks::<16>();
        for (number, lane) in lanes.iter().enumerate() {
            let lane = u8x16::new(*lane);
            let bits = |lane: u8x16| u64::from(lane.to_bitmask()) << (16 * number);
            backslash |= equal(lane, b'\\');
            quotes |= bits(equal(lane, b'"'));
            // Makes braces of square brackets, and of nothing else.
            let braces = lane | u8x16::splat(b'{' ^ b'[');
            let closes = equal(braces, b'}');
            brackets |= bits(equal(braces, b'{') | closes);
            closing |= bits(closes);
        }
        if self.is_escaped || backslash.any() {
            quotes = self.unescaped(quotes, bytes);
        }
        let in_string = prefix_xor(quotes) ^ self.in_string;
        self.in_string = 0_u64.wrapping_sub(in_string >> 63);
        Block { quotes, brackets: brackets & !in_string, closing }
    }

    /// The quotes of a block that no backslash stands before.
    #[cold]
    fn unescaped(&mut self, quotes: u64, bytes: &[u8; 64]) -> u64 {
        let mut in_string = self.in_string != 0;
        let mut left = (quotes | backslashes(bytes)) & !u64::from(self.is_escaped);
        let mut kept = 0;
        self.is_escaped = false;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            left ^= bit;
            if quotes & bit != 0 {
                kept |= bit;
                in_string = !in_string;
            } else if in_string {
                let next = bit << 1;
                left &= !next;
                self.is_escaped = next == 0;
                self.has_escapes = true;
            }
        }
        kept
    }
}

fn backslashes(bytes: &[u8; 64]) -> u64 {
    let (lanes, _) = bytes.as_chunks::<16>();
    let bits = |(number, lane): (usize, &[u8; 16])| {
        u64::from(equal(u8x16::new(*lane), b'\\').to_bitmask()) << (16 * number)
    };
    lanes.iter().enumerate().map(bits).fold(0, |all, bits| all | bits)
}

#[inline]
fn equal(lane: u8x16, byte: u8) -> u8x16 {
    lane.simd_eq(u8x16::splat(byte))
}

/// Each bit is whether the bits up to it, itself among them, are odd in number: set from an opening quote to before the
/// closing one.
#[inline]
fn prefix_xor(mut bits: u64) -> u64 {
    for distance in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << distance;
    }
    bits
}
