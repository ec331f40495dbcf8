//! What checkpoints are made of: what befell an item, and digests of it.

use aws_lc_rs::digest::{Context, SHA256, digest};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::dynamo::{Item, Key};

/// A SHA-256.
pub type Digest = [u8; 32];

/// What befell an item of the Audit table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// A record was written.
    Written,
    /// A record was written long after the time that its own id tells.
    Late,
    /// A record was removed because its time was over.
    Expired,
    /// An item was changed. Nobody may.
    Changed,
    /// An item was removed before its time. Nobody may.
    Removed,
}

impl Fate {
    const ALL: [Self; 5] = [Self::Written, Self::Late, Self::Expired, Self::Changed, Self::Removed];

    const fn letter(self) -> u8 {
        match self {
            Self::Written => b'w',
            Self::Late => b'l',
            Self::Expired => b'e',
            Self::Changed => b'c',
            Self::Removed => b'r',
        }
    }

    /// Whether somebody must be told at once.
    #[must_use]
    pub const fn is_alarming(self) -> bool {
        matches!(self, Self::Late | Self::Changed | Self::Removed)
    }
}

/// One thing that a checkpoint covers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Leaf {
    /// Which item.
    pub key: Key,
    /// What befell it.
    pub fate: Fate,
    /// The digest of the item afterwards; zeros when it is gone.
    pub digest: Digest,
}

impl Leaf {
    /// The order in which a checkpoint has its leaves: the same leaves always
    /// make the same checkpoint.
    pub fn sort(leaves: &mut Vec<Self>) {
        leaves.sort_by(|one, other| one.order().cmp(&other.order()));
        leaves.dedup();
    }

    fn order(&self) -> (&str, &str, Fate, &Digest) {
        (&self.key.pk, &self.key.sk, self.fate, &self.digest)
    }

    /// How many bytes it takes in a part.
    pub(super) const fn length(&self) -> usize {
        37 + self.key.pk.len() + self.key.sk.len()
    }

    fn write(&self, to: &mut Vec<u8>) {
        to.push(self.fate.letter());
        for text in [&self.key.pk, &self.key.sk] {
            // DynamoDB's keys have 2,048 bytes at most.
            let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
            to.extend(length.to_be_bytes());
            to.extend(text.as_bytes());
        }
        to.extend(self.digest);
    }

    /// The bytes of a part: its leaves, one after the other.
    #[must_use]
    pub fn write_all(leaves: &[Self]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(leaves.len() * 112);
        for leaf in leaves {
            leaf.write(&mut bytes);
        }
        bytes
    }

    /// Reads what [`Self::write_all`] wrote; anything else is `None`.
    #[must_use]
    pub fn read_all(mut bytes: &[u8]) -> Option<Vec<Self>> {
        let mut leaves = Vec::new();
        while let Some((letter, rest)) = bytes.split_first() {
            let fate = Fate::ALL.into_iter().find(|fate| fate.letter() == *letter)?;
            let (pk, rest) = text(rest)?;
            let (sk, rest) = text(rest)?;
            let (digest, rest) = rest.split_first_chunk::<32>()?;
            leaves.push(Self { key: Key { pk, sk }, fate, digest: *digest });
            bytes = rest;
        }
        Some(leaves)
    }
}

fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((std::str::from_utf8(text).ok()?.to_owned(), rest))
}

/// A Merkle tree that is built from left to right, as in RFC 6962: leaves and
/// nodes are hashed differently, and no leaf counts twice.
#[derive(Debug, Default)]
pub struct Tree {
    /// Complete trees, the greatest first, with how many leaves each has.
    complete: Vec<(u64, Digest)>,
}

impl Tree {
    /// Adds the next leaf.
    pub fn push(&mut self, leaf: &Leaf) {
        let mut bytes = vec![0];
        leaf.write(&mut bytes);
        let mut node = (1, sha256(&bytes));
        while let Some((size, left)) = self.complete.pop_if(|(size, _)| *size == node.0) {
            node = (size * 2, join(&left, &node.1));
        }
        self.complete.push(node);
    }

    /// The root over all leaves so far.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut trees = self.complete.iter().rev().map(|(_, root)| *root);
        match trees.next() {
            None => sha256(&[]),
            Some(last) => trees.fold(last, |right, left| join(&left, &right)),
        }
    }
}

fn join(left: &Digest, right: &Digest) -> Digest {
    let mut context = Context::new(&SHA256);
    context.update(&[1]);
    context.update(left);
    context.update(right);
    cut(context.finish().as_ref())
}

/// The SHA-256 of these bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    cut(digest(&SHA256, bytes).as_ref())
}

fn cut(bytes: &[u8]) -> Digest {
    let mut digest = [0; 32];
    for (to, from) in digest.iter_mut().zip(bytes) {
        *to = *from;
    }
    digest
}

/// The digest of an item, whatever order DynamoDB hands its attributes out in.
#[must_use]
pub fn digest_of(item: &Item) -> Digest {
    sha256(&canonical(item, ""))
}

/// The bytes of an item without the attribute `except`: every name and value
/// with its type and length, so that no two items are alike.
#[must_use]
pub fn canonical(item: &Item, except: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut names: Vec<&String> = item.keys().filter(|name| *name != except).collect();
    names.sort();
    for name in names {
        counted(name.as_bytes(), &mut bytes);
        if let Some(attribute) = item.get(name) {
            value(attribute, &mut bytes);
        }
    }
    bytes
}

fn counted(part: &[u8], to: &mut Vec<u8>) {
    to.extend((part.len() as u64).to_be_bytes());
    to.extend(part);
}

/// Sets have no order of their own.
fn set<'a>(tag: u8, members: impl Iterator<Item = &'a [u8]>, to: &mut Vec<u8>) {
    let mut members: Vec<&[u8]> = members.collect();
    members.sort_unstable();
    let mut inner = Vec::new();
    for member in members {
        counted(member, &mut inner);
    }
    to.push(tag);
    counted(&inner, to);
}

fn value(attribute: &AttributeValue, to: &mut Vec<u8>) {
    let mut plain = |tag: u8, bytes: &[u8]| {
        to.push(tag);
        counted(bytes, to);
    };
    match attribute {
        AttributeValue::S(text) => plain(b'S', text.as_bytes()),
        AttributeValue::N(number) => plain(b'N', number.as_bytes()),
        AttributeValue::B(bytes) => plain(b'B', bytes.as_ref()),
        AttributeValue::Bool(flag) => plain(b'?', &[u8::from(*flag)]),
        AttributeValue::Null(_) => plain(b'0', &[]),
        AttributeValue::M(map) => plain(b'M', &canonical(map, "")),
        AttributeValue::L(list) => {
            let mut inner = Vec::new();
            for element in list {
                value(element, &mut inner);
            }
            plain(b'L', &inner);
        }
        AttributeValue::Ss(texts) => set(b's', texts.iter().map(String::as_bytes), to),
        AttributeValue::Ns(numbers) => set(b'n', numbers.iter().map(String::as_bytes), to),
        AttributeValue::Bs(blobs) => set(b'b', blobs.iter().map(AsRef::as_ref), to),
        // A type that DynamoDB does not have yet.
        _ => plain(b'!', &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(number: u8) -> Leaf {
        let key = Key { pk: format!("o#2026-12-01#{}", number % 4), sk: format!("{number:026}") };
        Leaf { key, fate: Fate::Written, digest: [number; 32] }
    }

    fn root(leaves: &[Leaf]) -> Digest {
        let mut tree = Tree::default();
        leaves.iter().for_each(|leaf| tree.push(leaf));
        tree.root()
    }

    #[test]
    fn leaves_read_back_and_a_damaged_part_does_not() {
        let leaves: Vec<Leaf> = (0..9).map(leaf).collect();
        let bytes = Leaf::write_all(&leaves);
        assert_eq!(Leaf::read_all(&bytes), Some(leaves));
        assert_eq!(Leaf::read_all(&bytes[..bytes.len() - 1]), None);
        let mut other = bytes;
        other[0] = b'x';
        assert_eq!(Leaf::read_all(&other), None);
    }

    #[test]
    fn the_root_is_the_one_of_rfc_6962_and_every_leaf_and_place_counts() {
        let leaves: Vec<Leaf> = (0..5).map(leaf).collect();
        let hash = |leaf: &Leaf| {
            let mut bytes = vec![0];
            leaf.write(&mut bytes);
            sha256(&bytes)
        };
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|place| hash(&leaves[place]));
        assert_eq!(root(&[]), sha256(&[]));
        assert_eq!(root(&leaves[..1]), a);
        assert_eq!(root(&leaves[..3]), join(&join(&a, &b), &c));
        assert_eq!(root(&leaves), join(&join(&join(&a, &b), &join(&c, &d)), &e));
        let mut others = leaves.clone();
        others.swap(1, 2);
        assert_ne!(root(&others), root(&leaves));
        others = leaves.clone();
        others[4].fate = Fate::Expired;
        assert_ne!(root(&others), root(&leaves));
    }

    #[test]
    fn no_two_items_have_the_same_bytes() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let item = |entries: &[(&str, AttributeValue)]| -> Item {
            entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        let items = [
            item(&[("a", text("bc")), ("d", text(""))]),
            item(&[("a", text("b")), ("cd", text(""))]),
            item(&[("a", AttributeValue::N("1".into()))]),
            item(&[("a", text("1"))]),
            item(&[("a", AttributeValue::L(vec![text("1"), text("2")]))]),
            item(&[("a", AttributeValue::L(vec![text("2"), text("1")]))]),
            item(&[("a", AttributeValue::Ss(vec!["1".into(), "2".into()]))]),
            item(&[("a", AttributeValue::Null(true))]),
            item(&[("a", AttributeValue::Bool(true))]),
            item(&[]),
        ];
        for (place, one) in items.iter().enumerate() {
            for other in &items[place + 1..] {
                assert_ne!(digest_of(one), digest_of(other), "{one:?} {other:?}");
            }
        }
        let one = item(&[("a", AttributeValue::Ss(vec!["1".into(), "2".into()]))]);
        let other = item(&[("a", AttributeValue::Ss(vec!["2".into(), "1".into()]))]);
        assert_eq!(digest_of(&one), digest_of(&other), "a set has no order");
    }
}
