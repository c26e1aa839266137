//! `steadfast fmt`: a configuration with its lines indented by their blocks. Comments, includes, definitions and `@ID`
//! lines stay, and what the file means stays with them.

use core::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::expand::is_continued;
use super::text::{self, Shape, Token, Uses};

/// What `steadfast fmt` was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// The files, each on its own: what they include is not touched.
    pub files: Vec<PathBuf>,
    /// `--check`: say which files would change, and change none.
    pub check: bool,
}

/// Formats files in place. The text names those that changed; the exit code is 1 when there are some that only would.
///
/// # Errors
///
/// A file cannot be read or replaced.
pub fn command(format: &Format) -> anyhow::Result<(String, u8)> {
    let mut said = String::new();
    for path in &format.files {
        let source = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let formatted = formatted(&source);
        if formatted == source {
            continue;
        }
        if !format.check {
            replace(path, &formatted).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let verb = if format.check { "would change" } else { "changed" };
        writeln!(said, "{} {verb}", path.display())?;
    }
    let code = u8::from(format.check && !said.is_empty());
    Ok((said, code))
}

/// Puts a whole new file in the place of the old one: a full disk leaves the old one as it was.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    let old = fs::metadata(&path)?;
    chown(file.path(), Some(old.uid()), Some(old.gid()))?;
    file.as_file().set_permissions(old.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

/// The text of a file with its lines indented, blanks between words and empty lines reduced to one.
pub fn formatted(source: &str) -> String {
    let mut writer = Writer::default();
    for line in source.lines() {
        writer.line(line);
    }
    writer.text
}

#[derive(Default)]
struct Writer {
    text: String,
    depth: usize,
    /// Empty lines are waiting to be written.
    gap: bool,
    /// The line goes on with the next one, which is left as it is.
    continued: Option<Continued>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Continued {
    /// Its braces count where the definition is used.
    Definition,
    Line,
}

impl Writer {
    fn line(&mut self, line: &str) {
        let chars = text::text(line, 0, 0);
        let code = text::without_comment(&chars);
        let (tokens, unterminated) = text::tokens(code, &Uses::default());
        if let Some(kind) = self.continued {
            self.push(0, line);
            self.continued = Some(kind).filter(|_| is_continued(code));
            if kind == Continued::Line {
                self.count(&tokens);
            }
            return;
        }
        let comment = text::plain(&chars[code.len()..]);
        let first = text::trim(code).first().map(|char| char.value);
        let defines = first == Some('$');
        if is_continued(code) {
            self.continued = Some(if defines { Continued::Definition } else { Continued::Line });
        }
        if tokens.is_empty() && comment.is_empty() {
            self.gap = !self.text.is_empty();
            return;
        }
        let closing = tokens.iter().take_while(|token| token.shape == Shape::Close).count();
        if closing > 0 {
            self.gap = false;
        }
        let indent = self.depth.saturating_sub(closing);
        // What is replaced before it is split into words stays as it was written.
        let is_plain =
            unterminated.is_none() && !code.iter().any(|char| matches!(char.value, '$' | '~' | '@' | '\\'));
        let words = if is_plain { joined(&tokens) } else { text::plain(text::trim(code)) };
        let between = if words.is_empty() || comment.is_empty() { "" } else { " " };
        self.push(indent, &format!("{words}{between}{}", comment.trim_end()));
        if !defines {
            self.count(&tokens);
        }
    }

    fn count(&mut self, tokens: &[Token]) {
        for token in tokens {
            match token.shape {
                Shape::Open => self.depth += 1,
                Shape::Close => self.depth = self.depth.saturating_sub(1),
                Shape::Word | Shape::Quoted => {}
            }
        }
        if tokens.last().is_some_and(|token| token.shape == Shape::Open) {
            self.gap = false;
        }
    }

    fn push(&mut self, indent: usize, line: &str) {
        if core::mem::take(&mut self.gap) && !self.text.ends_with("{\n") {
            self.text.push('\n');
        }
        for _ in 0..indent {
            self.text.push_str("    ");
        }
        self.text.push_str(line);
        self.text.push('\n');
    }
}

fn joined(tokens: &[Token]) -> String {
    let words = tokens.iter().map(|token| match token.shape {
        Shape::Quoted => format!("\"{}\"", token.text),
        Shape::Word | Shape::Open | Shape::Close => token.text.to_string(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_indented_and_comments_stay() {
        let source = "! Configuration\n\n\n\nvrrp_instance A{\n\n      state   MASTER # first\n\t#priority 100\n  virtual_ipaddress {\n10.0.0.1/24   dev  eth0\n\n }\n notify \"/bin/a   b\"\n }   \n";
        let expected = "\
! Configuration

vrrp_instance A {
    state MASTER # first
    #priority 100
    virtual_ipaddress {
        10.0.0.1/24 dev eth0
    }
    notify \"/bin/a   b\"
}
";
        assert_eq!(formatted(source), expected);
        assert_eq!(formatted(expected), expected);
    }

    #[test]
    fn definitions_and_sequences_stay_as_they_are_written() {
        let source = "$BLOCK=\\\n   priority  1 \\\n }\n$A=x   y\nvrrp_instance A {\n~SEQ(i, 1, 2)   10.0.0.$i\n@node1   priority 100\n}\n";
        let expected = "\
$BLOCK=\\
   priority  1 \\
 }
$A=x   y
vrrp_instance A {
    ~SEQ(i, 1, 2)   10.0.0.$i
    @node1   priority 100
}
";
        assert_eq!(formatted(source), expected);
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_with_its_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.conf");
        fs::write(&path, "a{\nb\n}\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let files = vec![path.clone()];
        let (said, code) = command(&Format { files: files.clone(), check: true }).unwrap();
        assert_eq!((said, code), (format!("{} would change\n", path.display()), 1));
        let (said, code) = command(&Format { files: files.clone(), check: false }).unwrap();
        assert_eq!((said, code), (format!("{} changed\n", path.display()), 0));
        assert_eq!(fs::read_to_string(&path).unwrap(), "a {\n    b\n}\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(command(&Format { files, check: true }).unwrap(), (String::new(), 0));
    }
}
