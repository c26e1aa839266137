//! S01 and S02: syntax and words.

use super::Explanation;
use crate::config::diagnose::kind;

pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        kind: &kind::UNREADABLE,
        title: "The configuration file cannot be read",
        text: "Nothing can run without it. The message has the system's reason: the file is missing, is not
readable for this user, or is a directory.

keepalived 2.2.7 calls a missing file good when it checks (`-t` exits with 0); steadfast does not.",
    },
    Explanation {
        kind: &kind::UNTERMINATED_QUOTE,
        title: "A quote is not closed",
        text: "Quotes end on the line on which they begin. Everything up to the end of the line was taken as one
word, with the closing brace or the next word in it. Close the quote; a quote within quotes is
written `\\\"`.",
    },
    Explanation {
        kind: &kind::INCLUDE_UNREADABLE,
        title: "An included file is there but cannot be read",
        text: "The rest of the configuration is used without it, which may leave out instances and servers. Make
the file readable for the user that the daemon starts as. With `includer` the configuration is
refused instead (S0105).",
    },
    Explanation {
        kind: &kind::INCLUDE_MISSING,
        title: "An include matches no file",
        text: "A plain `include` may match nothing, as an empty conf.d directory does. Patterns are relative to
the directory of the file that includes. Where a file must be there, write `includem`, `includew`
where a pattern must match, or `includea` for the strictest reading.",
    },
    Explanation {
        kind: &kind::INCLUDE_REQUIRED,
        title: "An include that must match does not",
        text: "`includer`, `includem`, `includew`, `includeb` and `includea` demand that files exist or can be
read, and so does `-e` for every include. The configuration is refused rather than run with a part
missing. Make the file, or write `include`.",
    },
    Explanation {
        kind: &kind::INCLUDE_LOOP,
        title: "A file includes itself",
        text: "Directly or by way of another file. The include that closes the circle is left out.",
    },
    Explanation {
        kind: &kind::EXPANSION_TOO_LARGE,
        title: "Definitions or sequences expand without end",
        text: "A definition that uses itself, or a `~SEQ` within a `~SEQ` with very many values, would fill the
memory of the host. Reading stopped at the line shown; what comes after it and needs expansion is
left out.",
    },
    Explanation {
        kind: &kind::MALFORMED_SEQUENCE,
        title: "A ~SEQ or ~LST makes no sense",
        text: "The forms are `~SEQ(var, start, end)`, `~SEQ(var, start, step, end)`, the same with `~SEQx` for
hexadecimal numbers, and `~LST(var, value, value, ...)`. The line is repeated once for each value,
with `$var` replaced.",
    },
    Explanation {
        kind: &kind::UNSET_ENVIRONMENT,
        title: "An environment variable is not set",
        text: "`${_ENV NAME}` takes NAME from the environment of the daemon, which under systemd is not that of
your shell: set it with `Environment=` or `EnvironmentFile=` in the unit.",
    },
    Explanation {
        kind: &kind::UNCLOSED_BLOCK,
        title: "A { is never closed",
        text: "Everything that follows is taken as part of the block, so one missing brace can move an instance
into another. The complaint points to the brace that was open at the end of the file; the one
missing is often further up, where the indentation stops to fit.",
    },
    Explanation {
        kind: &kind::EXTRA_BRACE,
        title: "A } closes nothing",
        text: "A block was closed twice, or its opening brace is missing or hidden in a comment. What followed
the block's first end was read as if it stood outside.",
    },
    Explanation {
        kind: &kind::UNEXPECTED_BLOCK,
        title: "A block where none can stand",
        text: "The word takes values on its line. The block behind it was skipped.",
    },
    Explanation {
        kind: &kind::MISSING_BLOCK,
        title: "A block is missing",
        text: "The word needs `{ ... }`. keepalived needs the `{` on the same line or alone on the next.",
    },
    Explanation {
        kind: &kind::UNDEFINED_NAME,
        title: "Nothing is defined for a $NAME",
        text: "The text stays as it is, dollar sign and all. Definitions count from where they stand:
`$NAME=value` above the first use, without blanks before the `=`. In a script's argument a dollar
sign may be meant; put it in single quotes of the shell or write `${NAME}` in the script.",
    },
    Explanation {
        kind: &kind::UNBRACED_NAME,
        title: "A defined name that is not replaced",
        text: "`$NAME` without braces is replaced where a blank, `,`, `)` or the end of the line follows, as
keepalived does it: a `$` in a script would otherwise change its meaning. Everywhere else write
`${NAME}`.",
    },
    Explanation {
        kind: &kind::UNKNOWN_WORD,
        title: "An unknown word",
        text: "Neither keepalived (up to 2.4) nor steadfast has it. The line, or the whole block, is ignored, as
keepalived does. Most are misspelt: look at the suggestion.",
    },
    Explanation {
        kind: &kind::MISPLACED_WORD,
        title: "A known word in the wrong block",
        text: "It is ignored here. The suggestion names the blocks where it means something.",
    },
    Explanation {
        kind: &kind::MISSING_VALUE,
        title: "A value is missing",
        text: "The line is ignored, so that the default holds. keepalived 2.2.7 gives up on some of these files
altogether.",
    },
    Explanation {
        kind: &kind::OLD_WORD,
        title: "An old or other name of a word",
        text: "It is taken for the word that replaced it. Nothing has to be done while keepalived takes it too.",
    },
    Explanation {
        kind: &kind::TRAILING_WORDS,
        title: "Words behind a value that nobody reads",
        text: "Comments begin with `#` or `!`. If the words were meant as a value, the line does not do what it
seems to.",
    },
    Explanation {
        kind: &kind::NOT_BUILT,
        title: "A word that is accepted without effect, and whose effect would be missed",
        text: "steadfast reads it so that your file needs no change, but does not do what it says; the complaint
says what happens instead. `steadfast check --compat` lists every such word of a file, also the
harmless ones.",
    },
    Explanation {
        kind: &kind::MISSING_WORD,
        title: "A block lacks a word that it cannot do without",
        text: "The complaint names the word. The block is left out, or the part of it that needs the word.",
    },
    Explanation {
        kind: &kind::UNQUOTED_ARGUMENTS,
        title: "Words behind an unquoted script",
        text: "In `notify_master /path/script.sh admin` the second word is the user to run the script as, and the
third the group. If it is meant as an argument, put script and arguments in quotes:

    notify_master \"/path/script.sh admin\"

keepalived reads it the same way.",
    },
];
