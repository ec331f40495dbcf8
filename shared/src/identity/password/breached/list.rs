//! Asking a list.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};

use super::{BUCKET, HEAD, ListError, MAGIC, REST_BITS, bucket, scaled};

/// A list that was read through once and is what was made.
#[derive(Debug)]
pub(super) struct List {
    path: PathBuf,
    file: Mutex<File>,
    entries: u64,
    buckets: u64,
    bytes: u64,
}

impl List {
    /// Opens a list and reads it through, to know that it is whole.
    pub(super) fn open(path: &Path) -> Result<Self, ListError> {
        let failed = |problem: std::io::Error| ListError::file(path, &problem);
        let damaged = |why| ListError::damaged(path, why);
        let mut file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut head = [0; HEAD];
        if length < head.len() as u64 {
            return Err(damaged("it is too short"));
        }
        file.read_exact(&mut head).map_err(failed)?;
        let (numbers, digest) = head.split_at(HEAD - 32);
        if !numbers.starts_with(MAGIC) {
            return Err(damaged("it does not begin as one"));
        }
        let number = |place: usize| {
            let bytes = numbers.get(place..place + 8).and_then(|bytes| bytes.first_chunk());
            bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
        };
        let (entries, buckets, bytes) = (number(8), number(16), number(24));
        let index = buckets.saturating_add(1).saturating_mul(8);
        if entries == 0
            || entries >= 1 << (63 - REST_BITS)
            || buckets != entries.div_ceil(BUCKET)
            || length != (HEAD as u64).saturating_add(index).saturating_add(bytes)
        {
            return Err(damaged("its length is not what it says"));
        }
        // The index is digested after the entries.
        let mut whole = Context::new(&SHA256);
        whole.update(numbers);
        file.seek(SeekFrom::Start(HEAD as u64 + index)).map_err(failed)?;
        let mut of_entries = Context::new(&SHA256);
        feed(&mut of_entries, &mut file, bytes).map_err(failed)?;
        whole.update(of_entries.finish().as_ref());
        file.seek(SeekFrom::Start(HEAD as u64)).map_err(failed)?;
        feed(&mut whole, &mut file, index).map_err(failed)?;
        if whole.finish().as_ref() != digest {
            return Err(damaged("it was altered after it was made"));
        }
        Ok(Self { path: path.to_owned(), file: Mutex::new(file), entries, buckets, bytes })
    }

    /// Whether an entry, or one that looks the same, is there.
    pub(super) fn holds(&self, fingerprint: u64) -> Result<bool, ListError> {
        let number = scaled(fingerprint, self.entries);
        let bucket = bucket(number);
        let place = HEAD as u64 + bucket * 8;
        let bounds: [u8; 16] = self.read(place, 16)?.try_into().unwrap_or_default();
        let (begin, end) = bounds.split_at(8);
        let bit = |bytes: &[u8]| bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let (begin, end) = (bit(begin), bit(end));
        if begin > end || end > self.bytes * 8 {
            return Err(ListError::damaged(&self.path, "it was altered after it was opened"));
        }
        let entries = HEAD as u64 + (self.buckets + 1) * 8;
        let length = usize::try_from(end.div_ceil(8) - begin / 8).unwrap_or(0);
        let bytes = self.read(entries + begin / 8, length)?;
        let mut bits = Bits { bytes: &bytes, next: begin % 8, end: begin % 8 + (end - begin) };
        let mut found = (bucket * BUCKET) << REST_BITS;
        while let Some(distance) = bits.distance() {
            found += distance;
            if found >= number {
                return Ok(found == number);
            }
        }
        Ok(false)
    }

    fn read(&self, place: u64, length: usize) -> Result<Vec<u8>, ListError> {
        let mut bytes = vec![0; length];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(place))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|problem| ListError::file(&self.path, &problem))?;
        Ok(bytes)
    }
}

fn feed(digest: &mut Context, file: &mut File, length: u64) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    let mut left = length;
    while left > 0 {
        let size = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(chunk) = buffer.get_mut(..size) else { break };
        file.read_exact(chunk)?;
        digest.update(chunk);
        left -= size as u64;
    }
    Ok(())
}

/// The bits of a bucket.
struct Bits<'a> {
    bytes: &'a [u8],
    next: u64,
    end: u64,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u64> {
        if self.next >= self.end {
            return None;
        }
        let byte = self.bytes.get(usize::try_from(self.next / 8).ok()?)?;
        let bit = byte >> (self.next % 8) & 1;
        self.next += 1;
        Some(u64::from(bit))
    }

    fn distance(&mut self) -> Option<u64> {
        let mut distance = 0;
        while self.bit()? == 1 {
            distance += 1 << REST_BITS;
        }
        for place in 0..REST_BITS {
            distance |= self.bit()? << place;
        }
        Some(distance)
    }
}
