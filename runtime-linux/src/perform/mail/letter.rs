//! What a letter looks like (keepalived.md 3.6).

use core::fmt::Write as _;
use core::time::Duration;
use std::time::UNIX_EPOCH;

use crate::config::model::Mail;

/// A letter, with its headers, as it goes over the wire but for the doubling of dots.
pub(super) fn compose(mail: &Mail, router_id: &str, subject: &str, text: &str, at: Duration) -> Vec<u8> {
    let date = httpdate::fmt_http_date(UNIX_EPOCH + at).replace("GMT", "+0000");
    let mut letter = String::new();
    // Writing to memory does not fail.
    let _ = write!(
        letter,
        "Date: {date}\r\nFrom: {}\r\nSubject: [{}] {}\r\nX-Mailer: Keepalived\r\nTo: {}\r\n",
        line(&mail.sender),
        line(router_id),
        line(subject),
        mail.recipients.join(",\r\n "),
    );
    if !letter.is_ascii() || !text.is_ascii() {
        letter.push_str("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n");
        letter.push_str("Content-Transfer-Encoding: 8bit\r\n");
    }
    let _ = write!(letter, "\r\n=> {} <=\r\n", line(text));
    letter.into_bytes()
}

/// A name in the configuration may hold anything; a header must not go on in the next line.
fn line(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_has_the_headers_and_the_body_that_tools_know() {
        let mail = Mail {
            sender: "keepalived@lb1".to_owned(),
            recipients: vec!["a@example.net".to_owned(), "b@example.net".to_owned()],
            ..Mail::default()
        };
        let letter = compose(&mail, "LB1", "VRRP Instance VI_1 - Entering MASTER state", "it moved", TIME);
        assert_eq!(
            String::from_utf8(letter).unwrap(),
            "Date: Sun, 06 Nov 1994 08:49:37 +0000\r\n\
             From: keepalived@lb1\r\n\
             Subject: [LB1] VRRP Instance VI_1 - Entering MASTER state\r\n\
             X-Mailer: Keepalived\r\n\
             To: a@example.net,\r\n b@example.net\r\n\
             \r\n\
             => it moved <=\r\n"
        );
    }

    #[test]
    fn a_name_cannot_add_headers() {
        let letter = compose(&Mail::default(), "x\r\nBcc: all@example.net", "s\nt", "u\rv", TIME);
        let letter = String::from_utf8(letter).unwrap();
        assert!(letter.contains("Subject: [x  Bcc: all@example.net] s t\r\n"), "{letter}");
        assert!(letter.ends_with("\r\n\r\n=> u v <=\r\n"), "{letter}");
    }

    const TIME: Duration = Duration::from_secs(784_111_777);
}
