use super::*;
use crate::config::diagnose::Diagnostics;

/// The lines of a configuration, words joined by one blank, and the codes of the complaints.
fn expanded(main: &str) -> (Vec<String>, Vec<&'static str>) {
    let folder = tempfile::tempdir().unwrap();
    expanded_in(folder.path(), main)
}

fn expanded_in(folder: &Path, main: &str) -> (Vec<String>, Vec<&'static str>) {
    let path = folder.join("main.conf");
    std::fs::write(&path, main).unwrap();
    let mut diagnostics = Diagnostics::default();
    let options = Options { config_id: Some(String::from("one")), ..Options::default() };
    let mut lines = Vec::new();
    expand(&path, &options, &mut diagnostics, &mut |line: &mut Line, _: &mut Diagnostics| {
        lines.push(core::mem::take(line));
    });
    let joined = |line: &Line| line.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ");
    (lines.iter().map(joined).collect(), diagnostics.iter().map(|one| one.kind.code).collect())
}

fn lines(main: &str) -> Vec<String> {
    let (lines, codes) = expanded(main);
    assert_eq!(codes, Vec::<&str>::new());
    lines
}

#[test]
fn a_backslash_at_the_end_joins_lines() {
    assert_eq!(lines("a b \\\n  c\\\n d\ne"), ["a b   c d".replace("   ", " "), String::from("e")]);
}

#[test]
fn a_backslash_within_a_comment_joins_nothing() {
    assert_eq!(lines("a # b \\\nc"), ["a", "c"]);
}

#[test]
fn lines_are_kept_by_their_id() {
    assert_eq!(lines("@one a\n@two b\n@^one c\n@^two d"), ["a", "d"]);
}

#[test]
fn names_are_replaced_late_and_recursively() {
    assert_eq!(lines("$A=x $B\n$B=y\nfoo $A ${B}z"), ["foo x y yz"]);
    assert_eq!(lines("$A=1\nfoo $A\n$A=2\nfoo $A"), ["foo 1", "foo 2"]);
}

#[test]
fn a_name_nobody_defined_stays() {
    assert_eq!(expanded("foo $A x${B}"), (vec![String::from("foo $A x${B}")], vec!["S0114", "S0114"]));
    assert_eq!(lines("script \"echo $HOME\""), ["script echo $HOME"]);
}

#[test]
fn a_name_without_braces_ends_at_a_blank_a_comma_or_a_parenthesis() {
    assert_eq!(lines("$A=x\nfoo $A $A, $A)"), ["foo x x, x)"]);
    assert_eq!(
        expanded("$A=x\nfoo $A/24 $A.1 ${A}/24"),
        (vec![String::from("foo $A/24 $A.1 x/24")], vec!["S0115", "S0115"])
    );
    assert_eq!(expanded("~SEQ(i, 1, 1) n$i/24"), (vec![String::from("n$i/24")], vec!["S0115"]));
    assert_eq!(lines("$A=x\nscript \"echo $A\""), ["script echo $A"]);
}

#[test]
fn a_blank_before_the_equals_sign_makes_no_definition() {
    assert_eq!(expanded("$A = x"), (vec![String::from("$A = x")], vec!["S0114"]));
}

#[test]
fn a_definition_may_have_several_lines_and_blocks() {
    assert_eq!(lines("$A=\\\n one {\\\n  two\\\n }\nx $A y"), ["x one {", "two", "} y"]);
}

#[test]
fn a_definition_that_uses_itself_ends() {
    let (_, codes) = expanded("$A=x $A\nfoo $A");
    assert_eq!(codes, ["S0107"]);
    let (_, codes) = expanded("$A=${A}${A}${A}${A}\nfoo $A");
    assert_eq!(codes, ["S0107"]);
    let (_, codes) = expanded("$A=\\\nx\\\n$A\nfoo $A");
    assert_eq!(codes, ["S0107"]);
}

#[test]
fn a_hundred_names_on_one_line_are_not_nesting() {
    let line = "$A ".repeat(100);
    assert_eq!(lines(&format!("$A=x\n{line}")), ["x ".repeat(100).trim()]);
}

#[test]
fn sequences_count_up_and_down_and_nest() {
    assert_eq!(lines("~SEQ(i, 1, 3) n$i"), ["n1", "n2", "n3"]);
    assert_eq!(lines("~SEQ(i, 3, -2, 0) n${i}x"), ["n3x", "n1x"]);
    assert_eq!(lines("~SEQ(a, 1, 2) ~SEQ(b, 8, 9) ${a}.$b"), ["1.8", "1.9", "2.8", "2.9"]);
    assert_eq!(lines("~SEQx(i, 9, 11) n$i"), ["n9", "na", "nb"]);
    assert_eq!(lines("~SEQx(i, 0x90, 0x10, 0xb0) n$i"), ["n90", "na0", "nb0"]);
    assert_eq!(lines("~SEQ(i, -0x1, 1) n$i"), ["n-1", "n0", "n1"]);
}

#[test]
fn sequences_repeat_definitions_of_several_lines() {
    assert_eq!(
        lines("$VI=\\\nvrrp_instance VI_${i} {\\\n}\n~SEQ(i, 1, 2) $VI"),
        ["vrrp_instance VI_1 {", "}", "vrrp_instance VI_2 {", "}"]
    );
}

#[test]
fn lists_bind_one_name_or_several() {
    assert_eq!(lines("~LST(v, a, b) x$v"), ["xa", "xb"]);
    assert_eq!(lines("~LST({v,w},{a,1},{b,2}) ${v}:$w"), ["a:1", "b:2"]);
}

#[test]
fn a_broken_sequence_is_left_out() {
    for broken in
        ["~SEQ(i, 1, x) a", "~SEQ(i, 1", "~SEQ(i, 1, 0, 5) a", "~SEQ(i, 1, -1, 5) a", "~LST({a,b},{1}) x"]
    {
        assert_eq!(expanded(&format!("{broken}\nnext")), (vec![String::from("next")], vec!["S0108"]));
    }
}

#[test]
fn predefined_names_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let pwd = folder.path().canonicalize().unwrap();
    let (lines, _) =
        expanded_in(folder.path(), "a ${_PWD}\nb${_HASH} ${_BANG}c\ninstance foo\nd ${_INSTANCE}");
    assert_eq!(
        lines,
        [format!("a {}", pwd.display()), "b# !c".into(), "instance foo".into(), "d foo".into()]
    );
}

#[test]
fn random_numbers_stay_in_their_range_and_repeat_with_a_seed() {
    let text = "random_seed 7\nx ${_RANDOM 5 9} ${_RANDOM 3 3}";
    let first = lines(text);
    assert_eq!(first, lines(text));
    let number: u32 = first[1].split(' ').nth(1).unwrap().parse().unwrap();
    assert!((5..=9).contains(&number), "{first:?}");
    assert!(first[1].ends_with(" 3"), "{first:?}");
}

#[test]
fn an_unset_environment_variable_is_nothing_and_warned_of() {
    assert_eq!(expanded("a ${_ENV STEADFAST_NEVER_SET}"), (vec![String::from("a")], vec!["S0109"]));
}

#[test]
fn includes_are_relative_to_their_file_and_sorted() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("conf.d");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(inner.join("b.conf"), "b").unwrap();
    std::fs::write(inner.join("a.conf"), "a\ninclude c.inc").unwrap();
    std::fs::write(inner.join("c.inc"), "c").unwrap();
    let (lines, codes) = expanded_in(folder.path(), "include conf.d/*.conf\ninclude conf.d/{c,b}.{inc,conf}");
    assert_eq!(lines, ["a", "c", "b", "c", "b"]);
    assert_eq!(codes, ["S0104", "S0104"]);
}

#[test]
fn a_missing_include_is_a_warning_and_with_strictness_fatal() {
    for (text, codes) in [
        ("include x.conf", vec!["S0104"]),
        ("include x*.conf", vec![]),
        ("includer x.conf", vec!["S0104"]),
        ("includem x.conf", vec!["S0105"]),
        ("includew x*.conf", vec!["S0105"]),
        ("includeb {x,y}.conf", vec!["S0105", "S0105"]),
        ("includea x*.conf", vec!["S0105"]),
        ("include_check match\ninclude x.conf", vec!["S0105"]),
        ("include_check\ninclude x*.conf", vec!["S0105"]),
    ] {
        let (_, found) = expanded(text);
        assert_eq!(found, codes, "{text}");
    }
}

#[test]
fn a_file_that_includes_itself_is_read_once() {
    assert_eq!(expanded("a\ninclude main.conf\nb"), (vec!["a".into(), "b".into()], vec!["S0106"]));
}

#[test]
fn words_point_to_where_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("main.conf");
    std::fs::write(&path, "$A=priority 300\n  $A tail\n  x$A").unwrap();
    let mut diagnostics = Diagnostics::default();
    let mut lines = Vec::new();
    let mut take = |line: &mut Line, _: &mut Diagnostics| lines.push(core::mem::take(line));
    expand(&path, &Options::default(), &mut diagnostics, &mut take);
    let place = |token: &Token| diagnostics.files().position(token.span);
    let at = |line, column| crate::config::source::Position { line, column };
    assert_eq!(lines[0].iter().map(place).collect::<Vec<_>>(), [at(1, 4), at(1, 13), at(2, 6)]);
    assert_eq!(lines[0][0].used.as_deref().map(|span| diagnostics.files().position(*span)), Some(at(2, 3)));
    // `xpriority` was put together from two places: it points to where that happened.
    assert_eq!((lines[1][0].text.as_str(), place(&lines[1][0])), ("xpriority", at(3, 3)));
    assert_eq!(diagnostics.files().text(lines[1][0].span), "x$A");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_survived(bytes: Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("main.conf");
        std::fs::write(&path, bytes).unwrap();
        expand(&path, &Options::default(), &mut Diagnostics::default(), &mut |_: &mut Line, _: &mut Diagnostics| {});
    }

    #[test]
    fn any_pieces_of_the_language_are_survived(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "$A", "${A}", "$A=", "$B=", "\\\n", "\n", "~SEQ(i,1,3) ", "~SEQ(", "~LST({a,b},{1,2})", "${", "}", "{",
            "\"", "@a ", "include main.conf\n", "#", "!", "$i", "(", ")", ",", "${_RANDOM 1 0}", "x", " ", "\t",
        ]), 0..60)
    ) {
        expanded(&pieces.concat());
    }
}

#[test]
fn sequences_within_sequences_cost_before_they_come_to_a_line() {
    let (lines, codes) = expanded(&format!("{}x\n", "~SEQ(i, 1, 9) ".repeat(25)));
    assert_eq!(codes, ["S0107"]);
    // Counted by what comes out alone, there were 13,888 of them.
    assert!(lines.len() < 1_000, "{}", lines.len());
}
