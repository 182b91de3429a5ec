//! Cuts a date text into numbers, words and signs. Knows nothing of dates.

/// One token of a lower-cased, collapsed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// Value of a number of up to nine digits; 0 else.
    pub value: u32,
    /// No space stands before it.
    pub glued: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A run of ASCII digits.
    Number,
    /// A run of letters.
    Word,
    /// One other character.
    Sign,
}

impl Token<'_> {
    /// The value, when this is a number of `least..=most` digits.
    pub fn number(&self, least: usize, most: usize) -> Option<u32> {
        (self.kind == Kind::Number && (least..=most).contains(&self.text.len()))
            .then_some(self.value)
    }

    pub fn is(&self, text: &str) -> bool {
        self.text == text
    }

    pub fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }
}

/// Tokens of the text, linear in its length.
pub(super) fn cut(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut glued = false;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            glued = false;
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let kind = if first.is_ascii_digit() {
            Kind::Number
        } else if first.is_alphabetic() {
            Kind::Word
        } else {
            Kind::Sign
        };
        let end = match kind {
            Kind::Sign => first.len_utf8(),
            Kind::Number => rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len()),
            Kind::Word => rest
                .find(|c: char| {
                    !(c.is_alphabetic() || unicode_normalization::char::is_combining_mark(c))
                })
                .unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let value = if kind == Kind::Number && word.len() <= 9 {
            word.parse().unwrap_or(0)
        } else {
            0
        };
        tokens.push(Token {
            kind,
            text: word,
            value,
            glued,
        });
        glued = true;
        rest = after;
    }
    tokens
}
