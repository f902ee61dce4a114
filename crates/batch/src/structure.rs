//! A first look at a Parquet file's structure, before the library sees it: footer and page headers (Thrift's compact
//! protocol, parquet.thrift).
//!
//! Evidence may be hostile. The library follows a list of two thousand million elements that the file does not have, reserves
//! what a page claims to hold, and counts rows that need no bytes. What passes here has lists no longer than its bytes,
//! pages within their column, and no more rows than leaf hashes fit in.

/// Why a file is refused.
pub(crate) type Flaw = &'static str;

/// A leaf hash is as long and does not compress.
const BYTES_OF_A_ROW_MIN: usize = 32;
/// Pages of one row group, expanded; all columns are read side by side.
const ROW_GROUP_MAX: i64 = 2 << 30;
/// Elements of a list in a footer.
const ELEMENTS_MAX: u64 = 1_000_000;
const DEPTH_MAX: u8 = 32;

const I32: u8 = 5;
const I64: u8 = 6;
const BYTES: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const STRUCTURE: u8 = 12;

/// Looks at a whole file. Gives the most rows that it can hold.
pub(crate) fn check(file: &[u8]) -> Result<usize, Flaw> {
    let (body, mut footer) = parts(file).ok_or("its end is not that of a Parquet file")?;
    let mut rows = 0_u64;
    members(&mut footer, DEPTH_MAX, &mut |id, kind, rest| {
        if (id, kind) != (4, LIST) {
            return Ok(false);
        }
        elements(rest, &mut |kind, rest| row_group(kind, rest, body, &mut rows))?;
        Ok(true)
    })?;
    let rows_max = file.len() / BYTES_OF_A_ROW_MIN;
    if rows > rows_max as u64 {
        Err("it claims more rows than leaf hashes fit into its bytes")
    } else {
        Ok(rows_max)
    }
}

/// What lies before the footer, and the footer.
fn parts(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, magic) = file.split_last_chunk::<4>()?;
    let (rest, size) = rest.split_last_chunk::<4>()?;
    let place = rest.len().checked_sub(usize::try_from(u32::from_le_bytes(*size)).ok()?)?;
    (magic == b"PAR1").then(|| rest.split_at(place))
}

fn row_group(kind: u8, rest: &mut &[u8], body: &[u8], rows: &mut u64) -> Result<(), Flaw> {
    let mut expanded = 0_i64;
    structure(kind, rest, &mut |id, kind, rest| match (id, kind) {
        (1, LIST) => {
            elements(rest, &mut |kind, rest| column(kind, rest, body, &mut expanded))?;
            Ok(true)
        }
        (3, I64) => {
            let count = u64::try_from(integer(rest)?).map_err(|_| "a row group of fewer than no rows")?;
            *rows = rows.saturating_add(count);
            Ok(true)
        }
        _ => Ok(false),
    })?;
    if expanded > ROW_GROUP_MAX { Err("a row group expands to more than 2 GiB") } else { Ok(()) }
}

fn column(kind: u8, rest: &mut &[u8], body: &[u8], expanded: &mut i64) -> Result<(), Flaw> {
    structure(kind, rest, &mut |id, kind, rest| match (id, kind) {
        (3, STRUCTURE) => {
            let chunk = Chunk::read(rest)?;
            *expanded = expanded.saturating_add(chunk.pages(body)?);
            Ok(true)
        }
        (8 | 9, _) => Err("a column is encrypted"),
        _ => Ok(false),
    })
}

/// Where a column's pages lie.
#[derive(Default)]
struct Chunk {
    length: i64,
    data: i64,
    dictionary: Option<i64>,
}

impl Chunk {
    fn read(rest: &mut &[u8]) -> Result<Self, Flaw> {
        let mut chunk = Self::default();
        members(rest, DEPTH_MAX, &mut |id, kind, rest| {
            match (id, kind) {
                (7, I64) => chunk.length = integer(rest)?,
                (9, I64) => chunk.data = integer(rest)?,
                (11, I64) => chunk.dictionary = Some(integer(rest)?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(chunk)
    }

    /// Walks its pages; gives the bytes they claim to expand to.
    fn pages(&self, body: &[u8]) -> Result<i64, Flaw> {
        const OUTSIDE: Flaw = "a column lies outside of the file";
        let start = usize::try_from(self.dictionary.unwrap_or(self.data)).map_err(|_| OUTSIDE)?;
        let length = usize::try_from(self.length).map_err(|_| OUTSIDE)?;
        let end = start.checked_add(length).ok_or(OUTSIDE)?;
        let mut rest = body.get(start..end).ok_or(OUTSIDE)?;
        let mut expanded = 0_i64;
        while !rest.is_empty() {
            let (mut claimed, mut stored) = (-1, -1);
            members(&mut rest, DEPTH_MAX, &mut |id, kind, rest| {
                match (id, kind) {
                    (2, I32) => claimed = integer(rest)?,
                    (3, I32) => stored = integer(rest)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
            let stored = usize::try_from(stored).map_err(|_| "a page has no size")?;
            rest = rest.get(stored..).ok_or("a page is longer than its column")?;
            if !(0..=ROW_GROUP_MAX).contains(&claimed) {
                return Err("a page has no size");
            }
            expanded = expanded.saturating_add(claimed);
        }
        Ok(expanded)
    }
}

/// Takes a member's value if it wants it: `true`.
type Take<'t> = &'t mut dyn FnMut(i64, u8, &mut &[u8]) -> Result<bool, Flaw>;

/// Takes an element, whole.
type Each<'e> = &'e mut dyn FnMut(u8, &mut &[u8]) -> Result<(), Flaw>;

/// An element that must be a structure.
fn structure(kind: u8, rest: &mut &[u8], take: Take<'_>) -> Result<(), Flaw> {
    if kind == STRUCTURE {
        members(rest, DEPTH_MAX, take)
    } else {
        Err("a list of other elements than it has to have")
    }
}

/// Members of a structure. Writers number them upwards; so none can stand twice and mean two things.
fn members(rest: &mut &[u8], depth: u8, take: Take<'_>) -> Result<(), Flaw> {
    let depth = depth.checked_sub(1).ok_or("nested too deep")?;
    let mut last = 0_i64;
    loop {
        let head = byte(rest)?;
        if head == 0 {
            return Ok(());
        }
        let (delta, kind) = (i64::from(head >> 4), head & 0x0f);
        let id = if delta == 0 { integer(rest)? } else { last + delta };
        if id <= last || id > i64::from(i16::MAX) {
            return Err("members are not numbered upwards");
        }
        last = id;
        if !take(id, kind, rest)? {
            skip(kind, rest, depth)?;
        }
    }
}

/// Elements of a list.
fn elements(rest: &mut &[u8], each: Each<'_>) -> Result<(), Flaw> {
    let head = byte(rest)?;
    let (short, kind) = (u64::from(head >> 4), head & 0x0f);
    let count = if short == 15 { varint(rest)? } else { short };
    if count > rest.len() as u64 || count > ELEMENTS_MAX {
        return Err("a list is longer than its bytes");
    }
    // Readers do not agree whether a truth value in a list has a byte; no list that is read here has them.
    if count > 0 && matches!(kind, 1 | 2) {
        return Err("a list of truth values");
    }
    (0..count).try_for_each(|_| each(kind, rest))
}

fn skip(kind: u8, rest: &mut &[u8], depth: u8) -> Result<(), Flaw> {
    match kind {
        1 | 2 => Ok(()),
        3 => byte(rest).map(drop),
        4..=6 => varint(rest).map(drop),
        7 => bytes(rest, 8),
        BYTES => {
            let length = varint(rest)?;
            bytes(rest, length)
        }
        LIST | SET => {
            let depth = depth.checked_sub(1).ok_or("nested too deep")?;
            elements(rest, &mut |kind, rest| skip(kind, rest, depth))
        }
        STRUCTURE => members(rest, depth, &mut |_, _, _| Ok(false)),
        _ => Err("a member of an unknown kind"),
    }
}

fn bytes(rest: &mut &[u8], count: u64) -> Result<(), Flaw> {
    let behind = usize::try_from(count).ok().and_then(|count| rest.get(count..));
    *rest = behind.ok_or("it ends too early")?;
    Ok(())
}

fn byte(rest: &mut &[u8]) -> Result<u8, Flaw> {
    let (first, behind) = rest.split_first().ok_or("it ends too early")?;
    *rest = behind;
    Ok(*first)
}

fn varint(rest: &mut &[u8]) -> Result<u64, Flaw> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = byte(rest)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err("a number has no end")
}

/// Zigzag.
fn integer(rest: &mut &[u8]) -> Result<i64, Flaw> {
    let value = varint(rest)?;
    Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of this footer behind these bytes.
    fn file(body: &[u8], footer: &[u8]) -> Vec<u8> {
        let size = u32::try_from(footer.len()).unwrap().to_le_bytes();
        [body, footer, &size, b"PAR1"].concat()
    }

    /// A list of `count` elements of a kind as member 4 of the footer.
    fn list(count: u8, kind: u8, behind: &[u8]) -> Vec<u8> {
        [&[0x49, count << 4 | kind], behind].concat()
    }

    #[test]
    fn lists_longer_than_their_bytes_and_lists_of_truth_values_are_refused() {
        let long = [0x49, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0];
        assert_eq!(check(&file(b"PAR1", &long)), Err("a list is longer than its bytes"));
        // The same in a member that nobody asks for, and within another list.
        let unknown = [0x59, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07, 0];
        assert_eq!(check(&file(b"PAR1", &unknown)), Err("a list is longer than its bytes"));
        assert_eq!(check(&file(b"PAR1", &[0x59, 0x31, 0, 0, 0, 0])), Err("a list of truth values"));
        let nested = [0x59, 0x19, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07, 0];
        assert_eq!(check(&file(b"PAR1", &nested)), Err("a list is longer than its bytes"));
    }

    #[test]
    fn members_that_stand_twice_and_deep_nesting_are_refused() {
        assert_eq!(check(&file(b"PAR1", &[0x16, 2, 0x06, 2, 2, 0])), Err("members are not numbered upwards"));
        let deep = [&[0x5c][..], &[0x1c; 60], &[0; 61]].concat();
        assert_eq!(check(&file(b"PAR1", &deep)), Err("nested too deep"));
        assert_eq!(check(&file(b"PAR1", &[0x5d, 0])), Err("a member of an unknown kind"));
    }

    #[test]
    fn rows_that_need_no_bytes_are_refused() {
        let group = |rows: u8| list(1, STRUCTURE, &[0x36, rows << 1, 0, 0]);
        let with = |rows: u8| check(&file(&[b'x'; 320], &group(rows)));
        assert_eq!((with(0), with(10)), (Ok(10), Ok(10)));
        assert_eq!(with(11), Err("it claims more rows than leaf hashes fit into its bytes"));
        let negative = list(1, STRUCTURE, &[0x36, 1, 0, 0]);
        assert_eq!(check(&file(b"PAR1", &negative)), Err("a row group of fewer than no rows"));
    }

    /// A row group of one column whose pages are `body`, at offset 4.
    fn paged(body: &[u8]) -> Vec<u8> {
        let length = u8::try_from(body.len()).unwrap() << 1;
        let chunk = [0x3c, 0x76, length, 0x26, 4 << 1, 0, 0];
        let columns = [&[0x19, 0x1c][..], &chunk, &[0x26, 0, 0]].concat();
        file(&[b"PAR1", body].concat(), &[list(1, STRUCTURE, &columns), vec![0]].concat())
    }

    #[test]
    fn pages_lie_within_their_column_and_state_sizes() {
        assert!(check(&paged(&[0x25, 6, 0x15, 4, 0, b'a', b'b'])).is_ok());
        assert_eq!(
            check(&paged(&[0x25, 6, 0x15, 6, 0, b'a', b'b'])),
            Err("a page is longer than its column")
        );
        assert_eq!(check(&paged(&[0x25, 1, 0x15, 4, 0, b'a', b'b'])), Err("a page has no size"));
        assert_eq!(check(&paged(&[0x15, 1, 0])), Err("a page has no size"));
        let huge = [0x25, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15, 0, 0];
        let two = [&huge[..], &huge].concat();
        assert!(check(&paged(&huge)).is_ok());
        assert_eq!(check(&paged(&two)), Err("a row group expands to more than 2 GiB"));
        let outside = list(1, STRUCTURE, &[0x19, 0x1c, 0x3c, 0x76, 100, 0x26, 8, 0, 0, 0, 0]);
        assert_eq!(check(&file(b"PAR1", &outside)), Err("a column lies outside of the file"));
    }

    #[test]
    fn any_cut_and_any_byte_give_an_answer() {
        let whole = paged(&[0x25, 6, 0x15, 4, 0, b'a', b'b']);
        for place in 0..whole.len() {
            assert!(check(&whole[..place]).is_err());
            for byte in 0..=u8::MAX {
                let mut bent = whole.clone();
                bent[place] = byte;
                // An answer is all that is asked for, and it names no more rows than fit.
                assert!(check(&bent).unwrap_or(0) <= bent.len());
            }
        }
    }
}
