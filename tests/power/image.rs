//! What a disk holds, in memory: cheap to copy, so that every crash state can be one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

const PAGE: usize = 4096;
const ZEROES: [u8; PAGE] = [0; PAGE];

/// The bytes of a disk. Pages that were never written are zeroes; copies share the others.
#[derive(Clone, Default)]
pub(crate) struct Image {
    pages: BTreeMap<u64, Arc<[u8; PAGE]>>,
}

impl Image {
    /// Reads it from a file.
    pub(crate) fn load(path: &Path) -> Self {
        let mut image = Self::default();
        let mut file = File::open(path).expect("the file can be opened");
        let mut page = [0; PAGE];
        for number in 0.. {
            match file.read_exact(&mut page) {
                Ok(()) if page == ZEROES => {}
                Ok(()) => drop(image.pages.insert(number, Arc::new(page))),
                Err(_) => break,
            }
        }
        image
    }

    pub(crate) fn read(&self, offset: u64, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let (number, within) = place(offset + bytes.len() as u64);
            let end = PAGE.min(within + length - bytes.len());
            let page = self.pages.get(&number).map_or(&ZEROES, Arc::as_ref);
            bytes.extend_from_slice(&page[within..end]);
        }
        bytes
    }

    pub(crate) fn write(&mut self, offset: u64, bytes: &[u8]) {
        let mut done = 0;
        while done < bytes.len() {
            let (number, within) = place(offset + done as u64);
            let end = PAGE.min(within + bytes.len() - done);
            let part = &bytes[done..done + end - within];
            let page = self.pages.entry(number).or_insert_with(|| Arc::new(ZEROES));
            Arc::make_mut(page)[within..end].copy_from_slice(part);
            done += part.len();
        }
    }
}

/// The page that holds an offset, and where in it.
fn place(offset: u64) -> (u64, usize) {
    let page = PAGE as u64;
    let within = usize::try_from(offset % page).expect("less than a page");
    (offset / page, within)
}

#[test]
fn what_is_written_is_read() {
    let mut image = Image::default();
    let bytes: Vec<u8> = (0..=255).cycle().take(3 * PAGE).collect();
    image.write(512, &bytes);
    let copy = image.clone();
    image.write(4000, b"across two pages, and more than that: ");
    assert_eq!(copy.read(512, bytes.len()), bytes, "a copy is its own");
    assert_eq!(image.read(4000, 6), b"across");
    assert_eq!(image.read(0, 512), [0; 512], "never written");
    assert_eq!(image.read(1 << 40, 8), [0; 8], "never written");
}
