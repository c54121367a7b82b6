//! A listing in little memory: all texts in one buffer, and a small entry for each file.
//!
//! ```text
//!   texts    dir/a␣etag of a dir/b␣etag of b …
//!   entries  ▲ start, lengths, size, group
//! ```

use std::cmp::Ordering;

/// The maximum memory of a listing, in bytes.
pub const LISTING_BYTES_MAX: usize = 18 << 20;

/// A file of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The listing is sorted by group first, and then by name.
    pub group: u32,
    pub name: &'a str,
    /// The etag or the time of the file; empty without one.
    pub tag: &'a str,
    /// In bytes.
    pub size: u64,
}

/// The position of an entry in the texts.
#[derive(Debug)]
struct Stored {
    start: u32,
    group: u32,
    size: u64,
    name_len: u16,
    tag_len: u16,
}

/// Entries, up to [`LISTING_BYTES_MAX`].
#[derive(Debug, Default)]
pub struct Listing {
    texts: String,
    entries: Vec<Stored>,
}

impl Stored {
    fn name<'a>(&self, texts: &'a str) -> &'a str {
        let start = self.start as usize;
        &texts[start..start + usize::from(self.name_len)]
    }

    fn tag<'a>(&self, texts: &'a str) -> &'a str {
        let start = self.start as usize + usize::from(self.name_len);
        &texts[start..start + usize::from(self.tag_len)]
    }

    /// Equal names stand in the order in which they were listed.
    fn order(&self, other: &Stored, texts: &str) -> Ordering {
        let by_name = || self.name(texts).cmp(other.name(texts));
        self.group.cmp(&other.group).then_with(by_name).then(self.start.cmp(&other.start))
    }
}

impl Listing {
    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds an entry. False if it exceeds the memory limit.
    pub fn push(&mut self, entry: &Entry<'_>) -> bool {
        self.push_within(entry, LISTING_BYTES_MAX)
    }

    fn push_within(&mut self, entry: &Entry<'_>, bytes_max: usize) -> bool {
        let Entry { group, name, tag, size } = *entry;
        let texts = self.texts.len() + name.len() + tag.len();
        let bytes = texts + (self.entries.len() + 1) * size_of::<Stored>();
        let lens = (name.len().try_into(), tag.len().try_into(), self.texts.len().try_into());
        let (Ok(name_len), Ok(tag_len), Ok(start)) = lens else { return false };
        if bytes > bytes_max {
            return false;
        }
        self.texts.push_str(name);
        self.texts.push_str(tag);
        self.entries.push(Stored { start, group, size, name_len, tag_len });
        true
    }

    /// Sorts by group and name.
    pub fn sort(&mut self) {
        let texts = &self.texts;
        self.entries.sort_unstable_by(|a, b| a.order(b, texts));
    }

    /// Keeps the first of the entries of a group that have the same name. The listing is sorted.
    pub fn drop_repeated(&mut self) {
        let texts = &self.texts;
        let is_same =
            |a: &mut Stored, b: &mut Stored| a.group == b.group && a.name(texts) == b.name(texts);
        self.entries.dedup_by(is_same);
    }

    /// The entry at this place.
    pub fn get(&self, at: usize) -> Option<Entry<'_>> {
        let stored = self.entries.get(at)?;
        let (name, tag) = (stored.name(&self.texts), stored.tag(&self.texts));
        Some(Entry { group: stored.group, name, tag, size: stored.size })
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'a>(group: u32, name: &'a str, tag: &'a str) -> Entry<'a> {
        Entry { group, name, tag, size: 7 }
    }

    #[test]
    fn sorted_by_group_and_name_and_the_first_of_equal_names_stays() {
        let mut listing = Listing::default();
        let all = [
            entry(1, "b", "first"),
            entry(0, "ü", "x"),
            entry(1, "a", ""),
            entry(1, "b", "second"),
            entry(0, "b", "y"),
        ];
        assert!(all.iter().all(|entry| listing.push(entry)));
        listing.sort();
        listing.drop_repeated();
        let expected =
            [entry(0, "b", "y"), entry(0, "ü", "x"), entry(1, "a", ""), entry(1, "b", "first")];
        assert_eq!(listing.iter().collect::<Vec<_>>(), expected);
        assert_eq!((listing.len(), listing.get(4)), (4, None));
    }

    #[test]
    fn its_memory_is_bounded() {
        let bytes = size_of::<Stored>() + 3;
        for (bytes_max, fits) in [(2 * bytes - 1, false), (2 * bytes, true), (2 * bytes + 1, true)]
        {
            let mut listing = Listing::default();
            assert!(listing.push_within(&entry(0, "ab", "c"), bytes_max));
            assert_eq!(listing.push_within(&entry(0, "d", "ef"), bytes_max), fits, "{bytes_max}");
            assert_eq!(listing.len(), if fits { 2 } else { 1 });
        }
        let long = "x".repeat(1 << 16);
        assert!(!Listing::default().push(&entry(0, &long, "")));
    }
}
