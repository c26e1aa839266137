//! Users and groups, from /etc/passwd and /etc/group alone: name services cannot be asked from a static binary,
//! and could block.

use std::fs;

use crate::config::model::ScriptUser;

/// Whom a script runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Name, or number when it has none.
    pub name: String,
    /// User number.
    pub uid: u32,
    /// Group number.
    pub gid: u32,
    /// All groups, `gid` first.
    pub groups: Vec<u32>,
}

/// The operator named somebody we do not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// No such user.
    #[error("user {0} is not in /etc/passwd")]
    User(String),
    /// No such group.
    #[error("group {0} is not in /etc/group")]
    Group(String),
    /// A number without a name has no group of its own.
    #[error("user {0} is not in /etc/passwd: name its group too")]
    NoGroup(u32),
}

impl Account {
    /// Looks up a user and its groups.
    pub fn find(user: &ScriptUser) -> Result<Self, AccountError> {
        Self::find_in(user, &read("/etc/passwd"), &read("/etc/group"))
    }

    /// The user `keepalived_script`, if it exists.
    pub fn default_for_scripts() -> Option<Self> {
        Self::find(&ScriptUser { user: "keepalived_script".to_owned(), group: None }).ok()
    }

    /// Looks up a user and its groups in the text of the two files.
    fn find_in(user: &ScriptUser, passwd: &str, group: &str) -> Result<Self, AccountError> {
        let number = user.user.parse::<u32>().ok();
        let found = passwd.lines().filter_map(PasswdEntry::parse).find(|entry| match number {
            Some(number) => entry.uid == number,
            None => entry.name == user.user,
        });
        let gid = match &user.group {
            Some(name) => Some(group_number(name, group)?),
            None => found.as_ref().map(|entry| entry.gid),
        };
        match (found, number, gid) {
            (Some(entry), _, Some(gid)) => Ok(Self {
                groups: memberships(entry.name, gid, group),
                name: entry.name.to_owned(),
                uid: entry.uid,
                gid,
            }),
            (None, Some(uid), Some(gid)) => Ok(Self { name: uid.to_string(), uid, gid, groups: vec![gid] }),
            (_, Some(uid), None) => Err(AccountError::NoGroup(uid)),
            (_, None, _) => Err(AccountError::User(user.user.clone())),
        }
    }
}

/// What we need of a line of /etc/passwd.
struct PasswdEntry<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
}

impl<'a> PasswdEntry<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Self { name, uid, gid })
    }
}

fn group_number(name: &str, group: &str) -> Result<u32, AccountError> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let mut groups = group.lines().filter_map(group_entry);
    let found = groups.find(|(entry, _, _)| *entry == name).map(|(_, number, _)| number);
    found.ok_or_else(|| AccountError::Group(name.to_owned()))
}

/// The group itself, then those that list the user as a member.
fn memberships(user: &str, gid: u32, group: &str) -> Vec<u32> {
    let listed = group
        .lines()
        .filter_map(group_entry)
        .filter(|(_, number, members)| *number != gid && members.split(',').any(|member| member == user))
        .map(|(_, number, _)| number);
    core::iter::once(gid).chain(listed).collect()
}

/// Name, number and members of a line of /etc/group.
fn group_entry(line: &str) -> Option<(&str, u32, &str)> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    let number = fields.nth(1)?.parse().ok()?;
    Some((name, number, fields.next().unwrap_or_default()))
}

/// A file that is not there lists nobody.
fn read(path: &str) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nweb:x:33:34::/:/bin/false\nbroken line\n";
    const GROUP: &str = "root:x:0:\nweb:x:34:\nlog:x:4:syslog,web\nssl:x:110:web\nwheel:x:10:webmaster\n";

    #[test]
    fn a_user_comes_with_its_own_group_and_those_that_list_it() {
        assert_eq!(
            find("web", None),
            Ok(Account { name: "web".to_owned(), uid: 33, gid: 34, groups: vec![34, 4, 110] })
        );
    }

    #[test]
    fn a_named_group_takes_the_place_of_the_users_own() {
        assert_eq!(
            find("33", Some("wheel")),
            Ok(Account { name: "web".to_owned(), uid: 33, gid: 10, groups: vec![10, 4, 110] })
        );
    }

    #[test]
    fn a_number_without_a_name_needs_a_group() {
        assert_eq!(find("1234", None), Err(AccountError::NoGroup(1234)));
        assert_eq!(
            find("1234", Some("77")),
            Ok(Account { name: "1234".to_owned(), uid: 1234, gid: 77, groups: vec![77] })
        );
    }

    #[test]
    fn who_is_not_there_is_named() {
        assert_eq!(find("nobody", None), Err(AccountError::User("nobody".to_owned())));
        assert_eq!(find("web", Some("staff")), Err(AccountError::Group("staff".to_owned())));
        assert_eq!(find("nobody", Some("log")), Err(AccountError::User("nobody".to_owned())));
    }

    fn find(user: &str, group: Option<&str>) -> Result<Account, AccountError> {
        let user = ScriptUser { user: user.to_owned(), group: group.map(ToOwned::to_owned) };
        Account::find_in(&user, PASSWD, GROUP)
    }
}
