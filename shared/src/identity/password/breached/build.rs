//! Making a list out of a public one.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

use super::{BUCKET, HEAD, ListError, MAGIC, REST_BITS, bucket, scaled};

/// No line of a breach list is longer.
const LONGEST_LINE: u64 = 64;

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Built {
    /// How many entries it has.
    pub entries: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// Makes the list `target` out of the breach list `source`, whose lines are
/// SHA-1s with or without a colon and a count. Those counted fewer than
/// `seen_at_least` times are left out. The source is read twice when it is in
/// the order of its hashes, as the public lists can be had; otherwise once
/// more for every `room` entries, of which no more are in memory at once. An
/// older list stays until the new one is whole.
///
/// # Errors
/// [`ListError`] names the file and, where it is to blame, the line.
pub fn build(
    source: &Path,
    target: &Path,
    seen_at_least: u64,
    room: usize,
) -> Result<Built, ListError> {
    let (mut entries, mut before, mut ordered) = (0_u64, 0_u64, true);
    read(source, seen_at_least, |fingerprint| {
        entries += 1;
        ordered &= before <= fingerprint;
        before = fingerprint;
        Ok(())
    })?;
    if entries == 0 {
        return Err(ListError::Nothing { path: source.display().to_string() });
    }
    let mut part = target.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    let written = (|| {
        let mut encoder = Encoder::new(part, entries)?;
        if ordered {
            read(source, seen_at_least, |fingerprint| encoder.push(fingerprint))?;
        } else {
            let rounds = entries.div_ceil(room.max(1) as u64);
            for round in 0..rounds {
                let mut some = Vec::new();
                read(source, seen_at_least, |fingerprint| {
                    if (u128::from(fingerprint) * u128::from(rounds)) >> 64 == u128::from(round) {
                        some.push(fingerprint);
                    }
                    Ok(())
                })?;
                some.sort_unstable();
                for fingerprint in some {
                    encoder.push(fingerprint)?;
                }
            }
        }
        let built = encoder.finish()?;
        std::fs::rename(part, target).map_err(|problem| ListError::file(target, &problem))?;
        Ok(built)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(part);
    }
    written
}

/// Hands every entry of a source to `each`.
fn read(
    path: &Path,
    seen_at_least: u64,
    mut each: impl FnMut(u64) -> Result<(), ListError>,
) -> Result<(), ListError> {
    let failed = |problem: std::io::Error| ListError::file(path, &problem);
    let mut source = BufReader::with_capacity(1 << 20, File::open(path).map_err(failed)?);
    let mut bytes = Vec::new();
    for line in 1_u64.. {
        bytes.clear();
        let mut limited = source.by_ref().take(LONGEST_LINE);
        if limited.read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
            break;
        }
        let text = bytes.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let bad = || ListError::Line { path: path.display().to_string(), line };
        let (fingerprint, count) = entry(text).ok_or_else(bad)?;
        if count.is_none_or(|count| count >= seen_at_least) {
            each(fingerprint)?;
        }
    }
    Ok(())
}

/// A line's first 64 bits and its count.
fn entry(line: &[u8]) -> Option<(u64, Option<u64>)> {
    let (hash, rest) = line.split_at_checked(40)?;
    let hash = data_encoding::HEXUPPER_PERMISSIVE.decode(hash).ok()?;
    let fingerprint = u64::from_be_bytes(hash.first_chunk().copied()?);
    let count = match rest {
        [] => None,
        [b':', count @ ..] => Some(str::from_utf8(count).ok()?.parse().ok()?),
        _ => return None,
    };
    Some((fingerprint, count))
}

/// Writes entries in their order.
struct Encoder<'a> {
    path: &'a Path,
    file: BufWriter<File>,
    entries: u64,
    index: Vec<u64>,
    /// The number that was written last, or the beginning of its bucket.
    last: u64,
    /// Whether `last` is an entry of the bucket that is being written.
    begun: bool,
    /// Bits that do not fill a byte yet, the first in the lowest place.
    pending: u64,
    pending_bits: u32,
    bytes: u64,
    digest: Context,
}

impl<'a> Encoder<'a> {
    fn new(path: &'a Path, entries: u64) -> Result<Self, ListError> {
        let file = File::create(path).map_err(|problem| ListError::file(path, &problem))?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        let begin = HEAD as u64 + 8 * (entries.div_ceil(BUCKET) + 1);
        file.seek(SeekFrom::Start(begin)).map_err(|problem| ListError::file(path, &problem))?;
        Ok(Self {
            path,
            file,
            entries,
            index: vec![0],
            last: 0,
            begun: false,
            pending: 0,
            pending_bits: 0,
            bytes: 0,
            digest: Context::new(&SHA256),
        })
    }

    fn push(&mut self, fingerprint: u64) -> Result<(), ListError> {
        let number = scaled(fingerprint, self.entries);
        while (self.index.len() as u64) <= bucket(number) {
            self.next_bucket();
        }
        if self.begun && number == self.last {
            return Ok(());
        }
        let distance = number - self.last;
        for _ in 0..distance >> REST_BITS {
            self.bits(1, 1)?;
        }
        self.bits(0, 1)?;
        self.bits(distance & ((1 << REST_BITS) - 1), REST_BITS)?;
        self.last = number;
        self.begun = true;
        Ok(())
    }

    fn next_bucket(&mut self) {
        self.last = (self.index.len() as u64 * BUCKET) << REST_BITS;
        self.begun = false;
        self.index.push(self.bytes * 8 + u64::from(self.pending_bits));
    }

    fn bits(&mut self, bits: u64, count: u32) -> Result<(), ListError> {
        self.pending |= bits << self.pending_bits;
        self.pending_bits += count;
        while self.pending_bits >= 8 {
            let [byte, ..] = self.pending.to_le_bytes();
            self.write(byte)?;
            self.pending >>= 8;
            self.pending_bits -= 8;
        }
        Ok(())
    }

    fn write(&mut self, byte: u8) -> Result<(), ListError> {
        self.digest.update(&[byte]);
        self.bytes += 1;
        self.file.write_all(&[byte]).map_err(|problem| ListError::file(self.path, &problem))
    }

    fn finish(mut self) -> Result<Built, ListError> {
        let buckets = self.entries.div_ceil(BUCKET);
        while (self.index.len() as u64) <= buckets {
            self.next_bucket();
        }
        if self.pending_bits > 0 {
            let [byte, ..] = self.pending.to_le_bytes();
            self.write(byte)?;
        }
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(MAGIC);
        for number in [self.entries, buckets, self.bytes] {
            head.extend_from_slice(&number.to_le_bytes());
        }
        let index: Vec<u8> = self.index.iter().flat_map(|bit| bit.to_le_bytes()).collect();
        let mut digest = Context::new(&SHA256);
        digest.update(&head);
        digest.update(self.digest.finish().as_ref());
        digest.update(&index);
        head.extend_from_slice(digest.finish().as_ref());
        let mut file = self.file;
        (|| {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&head)?;
            file.write_all(&index)?;
            file.flush()?;
            file.get_ref().sync_all()
        })()
        .map_err(|problem| ListError::file(self.path, &problem))?;
        let bytes = (head.len() + index.len()) as u64 + self.bytes;
        Ok(Built { entries: self.entries, bytes })
    }
}
