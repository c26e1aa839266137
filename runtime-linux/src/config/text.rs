//! Text that remembers where each character was written.
//!
//! A line is put together from pieces of several files and definitions; every character keeps its place in
//! the original, and the word made of them knows where to point.

use smol_str::SmolStr;

use super::source::Span;

pub(super) mod plain;

pub use plain::plain_tokens;

/// A character and where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Char {
    /// The character.
    pub value: char,
    /// Its place in the file.
    pub span: Span,
    /// By which use of a definition it came here; [`Uses::DIRECT`] if it was written here.
    pub via: u32,
}

/// A piece of text.
pub type Text = Vec<Char>;

/// One use of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Use {
    span: Span,
    via: u32,
    depth: usize,
}

/// The uses of definitions, numbered.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    uses: Vec<Use>,
}

impl Uses {
    /// Written where it is, not brought by a definition.
    pub const DIRECT: u32 = 0;

    /// Numbers the use of a definition at `span`, which itself came by `via`.
    #[expect(clippy::missing_panics_doc, reason = "what comes out of expansion is bounded")]
    pub fn add(&mut self, span: Span, via: u32) -> u32 {
        let depth = self.depth(via) + 1;
        self.uses.push(Use { span, via, depth });
        u32::try_from(self.uses.len()).expect("the number of uses is bounded")
    }

    /// How many definitions stand between what came by `via` and the main text.
    pub fn depth(&self, via: u32) -> usize {
        self.step(via).map_or(0, |step| step.depth)
    }

    fn step(&self, via: u32) -> Option<&Use> {
        (via as usize).checked_sub(1).and_then(|index| self.uses.get(index))
    }

    /// The place in the main text that led to what came by `via`.
    pub fn root(&self, mut via: u32) -> Option<Span> {
        let mut root = None;
        while let Some(step) = self.step(via) {
            root = Some(step.span);
            via = step.via;
        }
        root
    }

    /// The place of a piece of text: its own characters if they were written together, else where the
    /// pieces were put together.
    pub fn place(&self, text: &[Char]) -> Option<Span> {
        let (first, last) = (text.first()?, text.last()?);
        if text.iter().all(|char| char.via == first.via) {
            return Some(first.span.to(last.span));
        }
        let start = self.root(first.via).unwrap_or(first.span);
        Some(start.to(self.root(last.via).unwrap_or(last.span)))
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A word.
    Word,
    /// A word in double quotes; [`Token::text`] is without them, escapes untouched.
    Quoted,
    /// `{`.
    Open,
    /// `}`.
    Close,
}

/// A word or a brace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it says. Short words, which is most of them, stand in the token itself.
    pub text: SmolStr,
    /// What it is.
    pub shape: Shape,
    /// Where it was written.
    pub span: Span,
    /// Where the definition that brought it was used; few were brought by one.
    pub used: Option<Box<Span>>,
}

/// The characters of a stretch of a file that begins at `start`.
#[expect(clippy::missing_panics_doc, reason = "files of 4 GiB are refused before")]
pub fn text(stretch: &str, file: u32, start: usize) -> Text {
    let mut text = Text::new();
    for (index, value) in stretch.char_indices() {
        let at = u32::try_from(start + index).expect("files are below 4 GiB");
        let end = at + u32::try_from(value.len_utf8()).expect("a character has at most 4 bytes");
        text.push(Char { value, span: Span { file, start: at, end }, via: Uses::DIRECT });
    }
    text
}

/// The plain string.
pub fn plain(text: &[Char]) -> String {
    text.iter().map(|char| char.value).collect()
}

/// Without blanks at both ends.
pub fn trim(text: &[Char]) -> &[Char] {
    let blank = |char: &Char| char.value.is_whitespace();
    let start = text.iter().position(|char| !blank(char)).unwrap_or(text.len());
    let end = text.iter().rposition(|char| !blank(char)).map_or(start, |last| last + 1);
    &text[start..end]
}

/// True if the text begins with these characters.
pub fn starts_with(text: &[Char], prefix: &str) -> bool {
    text.len() >= prefix.chars().count()
        && prefix.chars().zip(text).all(|(wanted, char)| wanted == char.value)
}

/// Without the comment: `#` or `!` outside double quotes ends a line.
pub fn without_comment(text: &[Char]) -> &[Char] {
    let mut quoted = false;
    let mut escaped = false;
    for (index, char) in text.iter().enumerate() {
        match char.value {
            '"' if !escaped => quoted = !quoted,
            '#' | '!' if !quoted => return &text[..index],
            _ => {}
        }
        escaped = quoted && char.value == '\\' && !escaped;
    }
    text
}

/// Splits a line into words and braces; the place of a quote that is not closed comes second.
pub fn tokens(text: &[Char], uses: &Uses) -> (Vec<Token>, Option<Span>) {
    let mut tokens = Vec::new();
    let mut unterminated = None;
    let mut rest = trim(text);
    while let Some(first) = rest.first() {
        let (taken, inside, shape) = match first.value {
            '{' => (1, &rest[..1], Shape::Open),
            '}' => (1, &rest[..1], Shape::Close),
            '"' => {
                let length = quoted_length(&rest[1..]);
                let inside = &rest[1..=length];
                if length + 1 == rest.len() {
                    unterminated = Some(first.span);
                }
                ((length + 2).min(rest.len()), inside, Shape::Quoted)
            }
            _ => {
                let length = word_length(rest);
                (length, &rest[..length], Shape::Word)
            }
        };
        let span = uses.place(&rest[..taken]).unwrap_or(first.span);
        let site = uses.root(first.via).filter(|root| *root != span).map(Box::new);
        tokens.push(Token { text: plain(inside).into(), shape, span, used: site });
        rest = trim(&rest[taken..]);
    }
    (tokens, unterminated)
}

/// How many characters stand before the closing quote.
fn quoted_length(text: &[Char]) -> usize {
    let mut escaped = false;
    for (index, char) in text.iter().enumerate() {
        if char.value == '"' && !escaped {
            return index;
        }
        escaped = char.value == '\\' && !escaped;
    }
    text.len()
}

/// How long a word is. Braces end it, except those of a `${NAME}` that nothing was defined for.
fn word_length(text: &[Char]) -> usize {
    let mut index = 0;
    while let Some(char) = text.get(index) {
        if starts_with(&text[index..], "${") {
            match text[index..].iter().position(|char| char.value == '}') {
                Some(close) => index += close + 1,
                None => return text.len(),
            }
            continue;
        }
        if char.value.is_whitespace() || matches!(char.value, '{' | '}') {
            break;
        }
        index += 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        let text = text(line, 0, 0);
        let (tokens, _) = tokens(without_comment(&text), &Uses::default());
        tokens.into_iter().map(|token| token.text.to_string()).collect()
    }

    #[test]
    fn words_are_split_at_blanks_and_braces_stand_alone() {
        assert_eq!(words("a  b\tc"), ["a", "b", "c"]);
        assert_eq!(words("global_defs{"), ["global_defs", "{"]);
        assert_eq!(words("x { 192.0.2.1/24 }"), ["x", "{", "192.0.2.1/24", "}"]);
        assert_eq!(words("x {a} b"), ["x", "{", "a", "}", "b"]);
    }

    #[test]
    fn a_comment_ends_a_line_except_within_quotes() {
        assert_eq!(words("priority 100#high"), ["priority", "100"]);
        assert_eq!(words("! all of it"), Vec::<String>::new());
        assert_eq!(words(r#"script "a # b ! c" # d"#), ["script", "a # b ! c"]);
    }

    #[test]
    fn a_quoted_word_keeps_its_blanks_and_escapes() {
        assert_eq!(words(r#"script "run \"it\" now" x"#), ["script", r#"run \"it\" now"#, "x"]);
        assert_eq!(words(r#"script """#), ["script", ""]);
    }

    #[test]
    fn an_unclosed_quote_takes_the_rest_and_is_pointed_at() {
        let line = r#"script "abc"#;
        let text = text(line, 0, 0);
        let (tokens, unterminated) = tokens(&text, &Uses::default());
        assert_eq!(tokens[1].text, "abc");
        assert_eq!(unterminated, Some(Span { file: 0, start: 7, end: 8 }));
    }

    #[test]
    fn an_undefined_name_in_braces_stays_one_word() {
        assert_eq!(words("x ${NAME}y {"), ["x", "${NAME}y", "{"]);
    }

    #[test]
    fn a_plain_line_is_split_the_same_way_at_once() {
        let plain = ["  a b\t{ c}", "", " # x", "weight 1 ! y", "}{", "a@b ~", "x\r"];
        let quoted = [r#"a "b c"{"#, r##""a"b "#" # c"##, r#"a "\"\\" "" }"#, "a \"\u{e9}\""];
        for line in plain.into_iter().chain(quoted) {
            let mut quick = Vec::new();
            let file = format!("before\n{line}\nafter");
            assert!(plain_tokens(&file, 3, 7..7 + line.len(), &mut quick), "{line:?}");
            let long = text(line, 3, 7);
            assert_eq!(quick, tokens(without_comment(&long), &Uses::default()).0, "{line:?}");
        }
        let others =
            ["a $B", "a \\", "@one a", " ~SEQ(a, 1) b", "\u{e9}", "a\"b\"", "a \"b", "\"$a\"", r#""a\""#];
        for line in others {
            let mut none = Vec::new();
            assert!(!plain_tokens(line, 0, 0..line.len(), &mut none) && none.is_empty(), "{line:?}");
        }
    }
}
