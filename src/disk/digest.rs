//! What tells one text from another without keeping it: SHA-256.

use std::cell::RefCell;

use sha2::{Digest as _, Sha256};

/// An edit asks again and again for the digests of a text before it and after it.
const KEPT: usize = 2;

thread_local! {
    static KNOWN: RefCell<Vec<(Box<[u8]>, String)>> = const { RefCell::new(Vec::new()) };
}

/// That of no bytes.
pub(crate) const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The SHA-256 of some bytes, in lowercase hexadecimal digits.
pub(crate) fn of(bytes: &[u8]) -> String {
    KNOWN.with_borrow_mut(|known| {
        let found = known.iter().find(|(text, _)| **text == *bytes);
        if let Some((_, digest)) = found {
            return digest.clone();
        }
        let digest = computed(bytes);
        known.truncate(KEPT - 1);
        known.insert(0, (bytes.into(), digest.clone()));
        digest
    })
}

fn computed(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let hash = Sha256::digest(bytes);
    hash.iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_what_sha256sum_prints() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for _ in 0..2 {
            assert_eq!(super::of(b""), super::EMPTY);
            assert_eq!(super::of(b"abc"), abc);
            assert_eq!(super::of(b"a").len(), 64);
        }
    }
}
