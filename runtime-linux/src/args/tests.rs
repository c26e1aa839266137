use super::*;

fn meaning(line: &str) -> Result<Invocation, Usage> {
    parse(line.split_whitespace().map(OsString::from))
}

#[test]
fn combined_short_flags_are_read_letter_by_letter() {
    let Ok(Invocation::Run(run)) = meaning("-nlDD -f /tmp/x.conf") else { panic!("not a daemon") };
    assert_eq!(run.config, PathBuf::from("/tmp/x.conf"));
    assert_eq!((run.foreground, run.log_console, run.log_detail), (true, true, 2));
    assert_eq!(run.remarks, Vec::<String>::new());
}
