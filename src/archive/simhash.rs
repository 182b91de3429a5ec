//! A fingerprint of a text that is near for near texts. Decides nothing.

use std::sync::LazyLock;

/// Characters below this are looked up in a table.
const TABLED: usize = 0x2000;
/// In the table: not a letter or digit.
const APART: u16 = 0;
/// In the table: not one character in lower case, ask the standard library.
const ASK: u16 = u16::MAX;

/// Lower case of the letters and digits below `TABLED`: asking the standard library for each
/// character costs more than all the rest.
static LOWER: LazyLock<Vec<u16>> = LazyLock::new(|| {
    (0..TABLED as u32)
        .map(|code| {
            let Some(c) = char::from_u32(code).filter(|c| c.is_alphanumeric()) else {
                return APART;
            };
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(one), None) => u16::try_from(u32::from(one)).unwrap_or(ASK),
                _ => ASK,
            }
        })
        .collect()
});

/// 64-bit simhash (Charikar 2002) over triples of lower-case words.
pub fn simhash(text: &str) -> u64 {
    let table = LOWER.as_slice();
    let mut words = Words::default();
    for c in text.chars() {
        match table.get(c as usize).copied() {
            Some(APART) => words.end(),
            Some(lower) if lower != ASK => words.push(u32::from(lower)),
            _ if c.is_alphanumeric() => c.to_lowercase().for_each(|c| words.push(c.into())),
            _ => words.end(),
        }
    }
    words.end();
    words.votes.result()
}

const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// The words so far, hashed by FNV-1a.
struct Words {
    hash: u64,
    begun: bool,
    last: [u64; 3],
    count: usize,
    votes: Votes,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            hash: EMPTY,
            begun: false,
            last: [0; 3],
            count: 0,
            votes: Votes::default(),
        }
    }
}

impl Words {
    fn push(&mut self, c: u32) {
        self.begun = true;
        self.hash = (self.hash ^ u64::from(c)).wrapping_mul(0x0100_0000_01b3);
    }

    fn end(&mut self) {
        if !self.begun {
            return;
        }
        self.begun = false;
        let hash = std::mem::replace(&mut self.hash, EMPTY);
        self.last = [self.last[1], self.last[2], hash];
        self.count += 1;
        if self.count >= 3 {
            self.votes.add(mix(self.last));
        }
    }
}

fn mix(last: [u64; 3]) -> u64 {
    let mut mix = last[0]
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(last[1].rotate_left(21))
        .wrapping_mul(0xbf58_476d_1ce4_e5b9)
        .wrapping_add(last[2].rotate_left(42));
    mix = (mix ^ (mix >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mix ^ (mix >> 29)
}

/// How often each of 64 bits was set: bit `b` of plane `p` is bit `p` of that count, so that one
/// word is counted in two or three steps instead of 64.
#[derive(Default)]
struct Votes {
    planes: [u64; 32],
    count: u64,
}

impl Votes {
    fn add(&mut self, mix: u64) {
        self.count += 1;
        let mut carry = mix;
        for plane in &mut self.planes {
            let next = *plane & carry;
            *plane ^= carry;
            carry = next;
            if carry == 0 {
                return;
            }
        }
    }

    /// The bits that were set in more than half of the words.
    fn result(&self) -> u64 {
        let mut out = 0;
        for bit in 0..64 {
            let planes = self.planes.iter().rev();
            let ones = planes.fold(0, |sum, plane| sum << 1 | (plane >> bit & 1));
            if 2 * ones > self.count {
                out |= 1 << bit;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simhash_is_near_for_near_texts_and_far_for_others() {
        let text = |tail: &str| {
            format!("{} {tail}", "Mặt trận Tổ quốc tỉnh tổ chức hội nghị")
                + &(0..200).map(|n| format!(" từ{n}")).collect::<String>()
        };
        let a = simhash(&text("sáng nay"));
        let b = simhash(&text("chiều nay"));
        let c = simhash(&(500..700).map(|n| format!("khác{n} ")).collect::<String>());
        assert!((a ^ b).count_ones() <= 8, "{}", (a ^ b).count_ones());
        assert!((a ^ c).count_ones() > 16);
        assert_eq!(simhash(""), 0);
    }

    /// The same without tables and planes.
    fn plainly(text: &str) -> u64 {
        let mut votes = [0_i32; 64];
        let mut last = [0_u64; 3];
        let words = text.split(|c: char| !c.is_alphanumeric());
        for (n, word) in words.filter(|word| !word.is_empty()).enumerate() {
            let mut hash = EMPTY;
            for c in word.chars().flat_map(char::to_lowercase) {
                hash = (hash ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01b3);
            }
            last = [last[1], last[2], hash];
            if n >= 2 {
                let mix = mix(last);
                for (bit, vote) in votes.iter_mut().enumerate() {
                    *vote += if mix >> bit & 1 == 1 { 1 } else { -1 };
                }
            }
        }
        let ones = votes.iter().enumerate().filter(|(_, vote)| **vote > 0);
        ones.fold(0, |out, (bit, _)| out | 1 << bit)
    }

    proptest::proptest! {
        #[test]
        fn tables_and_planes_change_nothing(
            text in "([a-zA-ZÀ-ỹĐđİßΣ]{1,5}[ ,.\n\u{a0}]{1,2}){0,60}\\PC{0,30}",
        ) {
            proptest::prop_assert_eq!(simhash(&text), plainly(&text));
        }
    }

    #[test]
    fn every_tabled_character_reads_as_the_standard_library_says() {
        for c in (0..0x3000).filter_map(char::from_u32) {
            let text = format!("một{c}hai{c} ba bốn{c}");
            assert_eq!(simhash(&text), plainly(&text), "{c:?}");
        }
    }
}
