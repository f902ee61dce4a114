//! A bank's accounts: several services change them, invitations expire, and a person corrects a posting.

mod account;

use std::collections::VecDeque;

use super::Write;
use crate::rng::Rng;
use crate::scenario::WriterSpec;
use crate::world::Identity;
use account::{Account, Posting, Status};

/// Interest that is paid in one run, in cents at most.
const INTEREST_MAX: u64 = 900;

#[derive(Debug)]
pub(super) struct Ledger {
    accounts: Vec<Account>,
    /// Accounts that expire unless accepted, oldest first.
    invited: VecDeque<usize>,
    takeover: u64,
    made: u64,
    /// The posting that will turn out to be wrong: at which change, and of which account.
    mistake_at: u64,
    correction_at: u64,
    mistake: Option<(usize, Posting)>,
}

impl Ledger {
    pub(super) fn new(spec: &WriterSpec) -> Self {
        let count = spec.count.unwrap_or(60_000);
        Self {
            accounts: Vec::new(),
            invited: VecDeque::new(),
            takeover: spec.items,
            made: 0,
            mistake_at: count / 5 * 3,
            correction_at: count / 5 * 4,
            mistake: None,
        }
    }

    pub(super) fn step(&mut self, at_ms: i64, rng: &mut Rng) -> Write {
        self.made += 1;
        if self.made <= self.takeover {
            return self.open("migration", Status::Active, at_ms, rng);
        }
        if self.made == self.correction_at
            && let Some(write) = self.correct(at_ms)
        {
            return write;
        }
        match rng.below(1_000) {
            0..25 => self.open("onboarding", Status::Active, at_ms, rng),
            25..40 => self.open("onboarding", Status::Invited, at_ms, rng),
            40..50 => self.expire(at_ms, rng),
            50..56 => self.close(at_ms, rng),
            56..176 => self.interest(at_ms, rng),
            176..246 => self.change("kyc", at_ms, rng, Account::review),
            246..276 => self.change("fraud", at_ms, rng, Account::toggle_hold),
            _ => self.pay(at_ms, rng),
        }
    }

    fn open(&mut self, by: &str, status: Status, at_ms: i64, rng: &mut Rng) -> Write {
        let index = self.accounts.len();
        let mut account = Account::open(index, status, at_ms, rng);
        let write = account.write(by, at_ms);
        if status == Status::Invited {
            self.invited.push_back(index);
        }
        self.accounts.push(account);
        write
    }

    fn pay(&mut self, at_ms: i64, rng: &mut Rng) -> Write {
        // A booking clerk's classic: the comma two places too far to the right.
        let mistaken =
            self.made >= self.mistake_at && self.mistake.is_none() && self.made < self.correction_at;
        let posting = if mistaken { Posting::mistake(self.made) } else { Posting::payment(self.made, rng) };
        let living = self.living(rng);
        if mistaken {
            self.mistake = living.map(|index| (index, posting.clone()));
        }
        self.change_one(living, "payments", at_ms, |account, at_ms| account.post(posting, at_ms))
            .unwrap_or_else(|| self.open("onboarding", Status::Active, at_ms, rng))
    }

    fn interest(&mut self, at_ms: i64, rng: &mut Rng) -> Write {
        let cents = 1 + rng.below(INTEREST_MAX);
        let posting = Posting::interest(self.made, cents);
        self.change("interest", at_ms, rng, |account, at_ms| account.post(posting, at_ms))
    }

    fn correct(&mut self, at_ms: i64) -> Option<Write> {
        let (index, wrong) = self.mistake.take()?;
        let account = self.accounts.get_mut(index)?;
        account.post(Posting::correction(self.made, &wrong), at_ms);
        Some(account.write("maria.keller@bank.example", at_ms))
    }

    fn change(&mut self, by: &str, at_ms: i64, rng: &mut Rng, what: impl FnOnce(&mut Account, i64)) -> Write {
        let living = self.living(rng);
        self.change_one(living, by, at_ms, what)
            .unwrap_or_else(|| self.open("onboarding", Status::Active, at_ms, rng))
    }

    fn change_one(
        &mut self,
        index: Option<usize>,
        by: &str,
        at_ms: i64,
        what: impl FnOnce(&mut Account, i64),
    ) -> Option<Write> {
        let account = self.accounts.get_mut(index?)?;
        what(account, at_ms);
        Some(account.write(by, at_ms))
    }

    fn expire(&mut self, at_ms: i64, rng: &mut Rng) -> Write {
        let oldest = self.invited.front().and_then(|index| self.accounts.get_mut(*index));
        match oldest.filter(|account| account.is_expired(at_ms)) {
            Some(account) => {
                let write = account.remove(Some(Identity::ttl()));
                self.invited.pop_front();
                write
            }
            None => self.pay(at_ms, rng),
        }
    }

    fn close(&mut self, at_ms: i64, rng: &mut Rng) -> Write {
        let protected = self.mistake.as_ref().map(|(index, _)| *index);
        let living = self.living(rng).filter(|index| Some(*index) != protected);
        match living.and_then(|index| self.accounts.get_mut(index)) {
            Some(account) => account.remove(None),
            None => self.pay(at_ms, rng),
        }
    }

    /// An account that is neither closed nor only invited; a few draws, then a look at all.
    fn living(&self, rng: &mut Rng) -> Option<usize> {
        let len = u64::try_from(self.accounts.len()).unwrap_or(u64::MAX);
        let usable = |index: &usize| self.accounts.get(*index).is_some_and(Account::is_usable);
        (0..16)
            .map(|_| usize::try_from(rng.below(len)).unwrap_or_default())
            .find(usable)
            .or_else(|| (0..self.accounts.len()).find(usable))
    }
}

#[cfg(test)]
mod tests;
