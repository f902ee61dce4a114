//! Where the iterator of a shard begins, and what is lost if the service does not let it begin there.
//!
//! A state machine without I/O. The service says "trimmed" of a number that is older than its trim point, also if
//! nothing behind that number was lost: so the next number is tried before anything is called lost. Where it may give
//! what is left without saying so (a position older than the service keeps records), the last record is asked for again:
//! if it still comes, nothing behind it has gone.

use sealog_record::{ReadFrom, SequenceNumber};

use crate::{IteratorStart, Proof, ShardStart};

#[derive(Debug)]
pub(super) struct Opening {
    place: Place,
    /// LATEST has not been asked for yet.
    latest: bool,
    /// Where coverage begins with whatever there is: the number that proves, after a while, that nothing has gone.
    begins: Option<Option<SequenceNumber>>,
    doubt: Option<Doubt>,
}

/// For how long nobody has looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unwatched {
    /// Not worth mentioning.
    Briefly,
    /// Something may have gone that was there when the log began.
    AWhile,
    /// For longer than the service keeps records.
    TooLong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Behind what was read; before anything was, at the oldest record or at the latest.
    Position,
    /// At this number.
    Number(SequenceNumber),
    /// At the number behind what was read.
    Next,
    /// At whatever is left.
    Horizon,
}

/// Records may be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Doubt {
    after: Option<SequenceNumber>,
    /// Nothing is lost if this record comes first.
    unless: Option<SequenceNumber>,
}

/// What a refused place to read from means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Another place is to be tried at once.
    TryNext,
    /// The same place is to be tried again, after a pause.
    TryAgain,
}

/// What a page says of a doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolved {
    /// There is none, or it cannot be decided yet.
    Open,
    /// Nothing is lost.
    Whole,
    /// What follows this record is lost, up to the first record that is there.
    Lost { after: Option<SequenceNumber> },
}

impl Opening {
    pub(super) fn new(start: &ShardStart) -> Self {
        let (place, doubt) = match (start.from, start.proof) {
            (ReadFrom::After(_), _) | (_, Proof::Begins(_)) => (Place::Position, None),
            (_, Proof::Whole(starting)) => (Place::Number(starting), None),
            (_, Proof::First(first)) => {
                (Place::Number(first), Some(Doubt { after: None, unless: Some(first) }))
            }
        };
        let begins = match (start.from, start.proof) {
            (ReadFrom::TrimHorizon | ReadFrom::Latest, Proof::Begins(starting)) => Some(starting),
            _ => None,
        };
        Self { place, latest: start.from == ReadFrom::Latest, begins, doubt }
    }

    /// Where to ask for an iterator, given the last record read.
    pub(super) fn place(&mut self, read: Option<SequenceNumber>, unwatched: Unwatched) -> IteratorStart {
        if self.place == Place::Position && unwatched > Unwatched::Briefly {
            self.demand_proof(read, unwatched);
        }
        match (self.place, read) {
            (Place::Number(number), _) => IteratorStart::At(number),
            (Place::Position, Some(read)) => IteratorStart::After(read),
            (Place::Position, None) if self.latest => IteratorStart::Latest,
            (Place::Next, Some(read)) => {
                read.successor().map_or(IteratorStart::After(read), IteratorStart::At)
            }
            (Place::Position | Place::Next, None) | (Place::Horizon, _) => IteratorStart::TrimHorizon,
        }
    }

    /// Somebody may have given up what is behind the position, and would not say so.
    fn demand_proof(&mut self, read: Option<SequenceNumber>, unwatched: Unwatched) {
        match (read, self.begins) {
            (Some(read), _) if unwatched == Unwatched::TooLong => {
                self.place = Place::Number(read);
                self.doubt = Some(Doubt { after: Some(read), unless: Some(read) });
            }
            // What was written since must not be skipped, so it is LATEST no more.
            (None, Some(Some(starting))) => {
                (self.place, self.latest, self.begins) = (Place::Number(starting), false, None);
            }
            (None, Some(None)) if unwatched == Unwatched::TooLong => self.take_what_is_left(None),
            _ => {}
        }
    }

    /// An iterator was had; `true`: it began at the latest record. LATEST holds once: whoever asks for it again skips
    /// what was written in between.
    pub(super) fn opened(&mut self) -> bool {
        std::mem::take(&mut self.latest)
    }

    /// The service says that the place is trimmed.
    pub(super) fn trimmed(&mut self, read: Option<SequenceNumber>) -> Refused {
        match self.place {
            Place::Position if read.is_some() => self.place = Place::Next,
            Place::Number(number) if Some(number) == read => (self.place, self.doubt) = (Place::Next, None),
            Place::Position if self.begins.is_some() => return Refused::TryAgain,
            Place::Horizon => return Refused::TryAgain,
            Place::Position | Place::Number(_) | Place::Next => self.take_what_is_left(read),
        }
        Refused::TryNext
    }

    /// The service does not accept the number as one of the shard; `false`: no number was asked for that another place
    /// could stand for.
    pub(super) fn not_accepted(&mut self, read: Option<SequenceNumber>) -> bool {
        match self.place {
            Place::Next => self.take_what_is_left(read),
            Place::Number(number) if Some(number) == read => {
                (self.place, self.doubt) = (Place::Position, None)
            }
            // Numbers that a listing states are not everywhere places to read from: no claim is made.
            Place::Number(_) => self.place = Place::Horizon,
            Place::Position | Place::Horizon => return false,
        }
        true
    }

    fn take_what_is_left(&mut self, read: Option<SequenceNumber>) {
        (self.place, self.doubt) = (Place::Horizon, Some(Doubt { after: read, unless: None }));
    }

    /// Whether something may be lost.
    pub(super) const fn is_in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// A page came. `again`: it begins with records that were read before; `found`: the first that was not; `nothing`:
    /// it is empty, and so will be the next ones.
    pub(super) fn resolve(&mut self, again: bool, found: Option<SequenceNumber>, nothing: bool) -> Resolved {
        let Some(Doubt { after, unless }) = self.doubt else { return Resolved::Open };
        if found.is_none() && !again && !nothing {
            return Resolved::Open;
        }
        self.doubt = None;
        // A record that was read is still there, so everything behind it is.
        let whole = again || (found.is_some() && found == unless);
        if whole { Resolved::Whole } else { Resolved::Lost { after } }
    }

    /// Records were read: from now on the position counts.
    pub(super) fn read_on(&mut self) {
        (self.place, self.latest, self.begins) = (Place::Position, false, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> SequenceNumber {
        text.parse().unwrap()
    }

    fn start(from: ReadFrom, proof: Proof) -> ShardStart {
        let shard = "s".parse().unwrap();
        ShardStart { shard, parent: None, from, since_latest: from == ReadFrom::Latest, proof, as_of: None }
    }

    fn at_five() -> Opening {
        Opening::new(&start(ReadFrom::After(number("5")), Proof::Begins(None)))
    }

    fn place(opening: &mut Opening, read: Option<SequenceNumber>) -> IteratorStart {
        opening.place(read, Unwatched::Briefly)
    }

    #[test]
    fn fs_16_the_next_number_is_tried_before_a_trimmed_position_is_a_loss() {
        let (read, mut opening) = (Some(number("5")), at_five());
        assert_eq!(place(&mut opening, read), IteratorStart::After(number("5")));
        assert_eq!(opening.trimmed(read), Refused::TryNext);
        assert_eq!(
            (place(&mut opening, read), opening.is_in_doubt()),
            (IteratorStart::At(number("6")), false)
        );
        assert_eq!(opening.trimmed(read), Refused::TryNext);
        assert_eq!((place(&mut opening, read), opening.is_in_doubt()), (IteratorStart::TrimHorizon, true));
        assert_eq!(opening.trimmed(read), Refused::TryAgain);
        assert_eq!(opening.resolve(false, None, false), Resolved::Open);
        assert_eq!(opening.resolve(false, Some(number("9")), false), Resolved::Lost { after: read });
        opening.read_on();
        assert_eq!(place(&mut opening, Some(number("9"))), IteratorStart::After(number("9")));
    }

    #[test]
    fn fs_04_a_shard_that_is_expected_whole_and_is_not_has_a_gap_at_its_beginning() {
        let whole = start(ReadFrom::TrimHorizon, Proof::Whole(number("1")));
        let mut opening = Opening::new(&whole);
        assert_eq!(place(&mut opening, None), IteratorStart::At(number("1")));
        opening.trimmed(None);
        assert_eq!(place(&mut opening, None), IteratorStart::TrimHorizon);
        assert_eq!(opening.resolve(false, Some(number("4")), false), Resolved::Lost { after: None });

        let mut opening = Opening::new(&whole);
        assert!(opening.not_accepted(None));
        assert_eq!(place(&mut opening, None), IteratorStart::TrimHorizon);
        assert_eq!(opening.resolve(false, Some(number("4")), false), Resolved::Open, "no claim is made");
    }

    #[test]
    fn fs_05_where_the_log_begins_nothing_is_owed_until_it_was_left_alone_for_a_while() {
        let begins = || Opening::new(&start(ReadFrom::TrimHorizon, Proof::Begins(Some(number("1")))));
        let mut opening = begins();
        assert_eq!(place(&mut opening, None), IteratorStart::TrimHorizon);
        assert_eq!((opening.trimmed(None), opening.is_in_doubt()), (Refused::TryAgain, false));
        opening.read_on();
        opening.trimmed(Some(number("1")));
        opening.trimmed(Some(number("1")));
        assert!(opening.is_in_doubt(), "everything behind the first record is owed");

        let mut opening = begins();
        assert_eq!(opening.place(None, Unwatched::AWhile), IteratorStart::At(number("1")));
        opening.trimmed(None);
        assert_eq!((place(&mut opening, None), opening.is_in_doubt()), (IteratorStart::TrimHorizon, true));
    }

    #[test]
    fn fs_31_a_position_too_old_is_proved_by_its_own_record() {
        let read = Some(number("5"));
        let old = || {
            let mut opening = at_five();
            assert_eq!(opening.place(read, Unwatched::TooLong), IteratorStart::At(number("5")));
            opening
        };
        assert_eq!(old().resolve(true, Some(number("6")), false), Resolved::Whole);
        assert_eq!(old().resolve(false, Some(number("8")), false), Resolved::Lost { after: read });
        assert_eq!(old().resolve(false, None, true), Resolved::Lost { after: read });
        let mut opening = old();
        opening.trimmed(read);
        assert_eq!(
            (place(&mut opening, read), opening.is_in_doubt()),
            (IteratorStart::At(number("6")), false)
        );
        let mut opening = old();
        assert!(opening.not_accepted(read));
        assert_eq!(place(&mut opening, read), IteratorStart::After(number("5")));
    }

    #[test]
    fn fs_16_behind_a_gap_the_record_that_was_named_comes_first_or_there_is_another_gap() {
        let behind = || Opening::new(&start(ReadFrom::TrimHorizon, Proof::First(number("7"))));
        assert_eq!(place(&mut behind(), None), IteratorStart::At(number("7")));
        assert_eq!(behind().resolve(false, Some(number("7")), false), Resolved::Whole);
        assert_eq!(behind().resolve(false, Some(number("9")), false), Resolved::Lost { after: None });
    }

    #[test]
    fn fs_24_latest_is_asked_for_once() {
        let latest = || Opening::new(&start(ReadFrom::Latest, Proof::Begins(Some(number("1")))));
        let mut opening = latest();
        assert_eq!(place(&mut opening, None), IteratorStart::Latest);
        assert!(opening.opened());
        assert_eq!(place(&mut opening, None), IteratorStart::TrimHorizon);
        assert!(!opening.opened());
        let mut opening = latest();
        assert_eq!(opening.place(None, Unwatched::AWhile), IteratorStart::At(number("1")));
        assert!(!opening.opened(), "what was written since it was named is not skipped");
    }
}
