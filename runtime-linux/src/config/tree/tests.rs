use proptest::prelude::*;

use super::*;
use crate::config::{Options, expand};

/// Reads every line, and leaves no block in the text.
struct LineByLine(Parser);

impl Reader for LineByLine {
    fn line(&mut self, line: &mut Line, diagnostics: &mut Diagnostics) {
        self.0.line(line, diagnostics);
    }
}

/// The nodes of a text, whether it was balanced, and what is said of it.
fn read(text: &str, balanced: bool, whole: bool) -> (Vec<Node>, bool, Vec<Diagnostic>) {
    let mut diagnostics = Diagnostics::default();
    let mut lines = LineByLine(Parser::new(balanced));
    let reader: &mut dyn Reader = if whole { &mut lines.0 } else { &mut lines };
    expand::expand_text("x".as_ref(), text.as_bytes(), &Options::default(), &mut diagnostics, reader);
    let (tree, right) = lines.0.finish(&mut diagnostics);
    let nodes = tree.nodes(diagnostics.files(), |_| true).collect();
    (nodes, right, diagnostics.iter().cloned().collect())
}

/// What files are made of, and what they are broken with.
const PIECES: [&str; 28] = [
    "virtual_server 10.0.0.1 80 {\n    real_server 10.0.0.2 80 {\n        weight 1\n    }\n}\n",
    "vrrp_instance A {\n    notify \"/bin/a \\\"b\\\"\" # why {\n    virtual_ipaddress { 192.0.2.1/24 }\n}\r\n",
    "virtual_server group G {\n",
    "vrrp_instance B\n{\n",
    "virtual_server ",
    "    real_server 10.0.0.3 80 {\n",
    "global_defs {\n",
    "track_script { a weight 2 }\n",
    "some word\n",
    "{\n",
    "{",
    "}\n",
    "}\n",
    "}",
    "\n",
    " ",
    "a\"b",
    "\"a b\" ",
    "\"",
    "\\\n",
    "$A=b c\n",
    "$A ",
    "@id a\n",
    "~SEQ(x, 1, 3) y $x\n",
    "include nothing\n",
    "instance i\n",
    "# not {\n",
    "\u{e9} ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_block_that_stays_in_the_text_is_read_as_line_by_line(
        chosen in proptest::collection::vec(0..PIECES.len(), 0..24),
    ) {
        let text: String = chosen.iter().map(|index| PIECES[*index]).collect();
        for balanced in [true, false] {
            prop_assert_eq!(read(&text, balanced, true), read(&text, balanced, false));
        }
    }
}
