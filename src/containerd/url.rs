//! URLs as Go parses them (`url.Parse` in `net/url`).

/// Why Go does not parse a URL.
pub(super) fn refusal(url: &str) -> Option<&'static str> {
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    if url.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Some("invalid control character in URL");
    }
    let (scheme, rest) = match url.split_once(':') {
        Some(("", _)) => return Some("missing protocol scheme"),
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        _ => ("", url),
    };
    let path = rest.split('?').next().unwrap_or_default();
    let mut segments = path.split('/');
    let refusal = if path.starts_with('/') {
        let has_authority = !scheme.is_empty() || !path.starts_with("///");
        let (authority, path) = match path.strip_prefix("//") {
            Some(rest) if has_authority => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            _ => ("", path),
        };
        refusal_of_authority(authority).or_else(|| bad_escape(path))
    } else if !scheme.is_empty() {
        None
    } else if segments.next().is_some_and(|it| it.contains(':')) {
        Some("first path segment in URL cannot contain colon")
    } else {
        bad_escape(path)
    };
    refusal.or_else(|| bad_escape(fragment))
}

fn is_scheme(text: &str) -> bool {
    let is_of_it = |it: char| it.is_ascii_alphanumeric() || "+-.".contains(it);
    text.starts_with(|it: char| it.is_ascii_alphabetic()) && text.chars().all(is_of_it)
}

fn refusal_of_authority(authority: &str) -> Option<&'static str> {
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let is_user = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
    if !user.bytes().all(is_user) {
        return Some("net/url: invalid userinfo");
    }
    if let Some(rest) = host.strip_prefix('[') {
        let Some((address, port)) = rest.rsplit_once(']') else {
            return Some("missing ']' in host");
        };
        let (address, zone) = address.split_once("%25").unwrap_or((address, ""));
        return bad_port(port)
            .or_else(|| bad_host(address))
            .or_else(|| bad_escape(zone));
    }
    let port = host.rfind(':').map_or("", |colon| &host[colon..]);
    bad_escape(user)
        .or_else(|| bad_port(port))
        .or_else(|| bad_host(host))
}

fn bad_port(port: &str) -> Option<&'static str> {
    let digits = port.strip_prefix(':');
    let is_port = digits.map_or(port.is_empty(), |it| it.bytes().all(|b| b.is_ascii_digit()));
    (!is_port).then_some("invalid port after host")
}

fn bad_host(host: &str) -> Option<&'static str> {
    let is_host = |byte: u8| {
        byte.is_ascii_alphanumeric() || byte >= 0x80 || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&byte)
    };
    // Only what is not ASCII may be escaped, and the percent sign.
    let mut escapes = host
        .match_indices('%')
        .map(|(at, _)| &host.as_bytes()[at + 1..]);
    let is_escaped = |escape: &[u8]| matches!(escape, [b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..] | [b'2', b'5', ..]);
    if !host.bytes().all(is_host) {
        return Some("invalid character in host name");
    }
    bad_escape(host).or_else(|| (!escapes.all(is_escaped)).then_some("invalid URL escape"))
}

fn bad_escape(text: &str) -> Option<&'static str> {
    (!has_valid_escapes(text)).then_some("invalid URL escape")
}

/// Whether two hexadecimal digits follow each percent sign.
pub(super) fn has_valid_escapes(text: &str) -> bool {
    let is_escape =
        |rest: &[u8]| matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
    let mut signs = text.match_indices('%');
    signs.all(|(at, _)| is_escape(&text.as_bytes()[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn as_go_parses_them() {
        for good in [
            "",
            "https://gcr.io",
            "gcr.io",
            "gcr.io:5000",
            "https://[::1]:5000/v2",
            "https://[fe80::1%25eth0]/",
            "http://a.b/c%20d?%zz",
            "http://%e4.example",
            "///%41",
            "a b",
            "mailto:%zz",
            "http://user:pass@host:80/",
            "dns:///unix:///run/a b.sock",
        ] {
            assert_eq!(refusal(good), None, "{good}");
        }
        for bad in [
            "127.0.0.1:5000",
            ":5000",
            "a/b%zz",
            "http://a b",
            "http://[::1",
            "http://host:port",
            "http://%41.example",
            "http://us er@host",
            "http://host/%",
            "http://host/#%4",
            "a\tb",
            "dns:///unix:///run/%zz",
        ] {
            assert!(refusal(bad).is_some(), "{bad}");
        }
    }
}
