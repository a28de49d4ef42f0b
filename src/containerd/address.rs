//! Addresses to listen on, in Go's notation (`net.Listen`).
//!
//! Whether a host has the address, and whether its name is known there, is not asked.

const LARGEST_PORT: u32 = 65535;
/// The longest path of a socket that Linux knows (`unix(7)`).
pub(super) const LONGEST_SOCKET: usize = 107;
/// The longest that containerd listens on (`CreateUnixSocket`).
pub(super) const LONGEST_OWN_SOCKET: usize = 104;

/// Why Go can't listen on `host:port`.
pub(super) fn refusal(address: &str) -> Option<String> {
    let Some((host, port)) = address.rsplit_once(':') else {
        return Some(format!("address {address}: missing port in address"));
    };
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']'),
        None => Some(host).filter(|host| !host.contains(':')),
    };
    let Some(host) = host else {
        return Some(format!("address {address}: too many colons in address"));
    };
    refusal_of(host, port)
}

/// Why Go can't listen on this port of this host.
pub(super) fn refusal_of(host: &str, port: &str) -> Option<String> {
    let is_port = port.is_empty()
        || port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse().is_ok_and(|port: u32| port <= LARGEST_PORT);
    if !is_port {
        return Some(format!("address {port}: invalid port"));
    }
    let is_host = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-:%".contains(&byte));
    // Only digits and dots: an IPv4 address or nothing.
    let is_number = host.contains('.') && !host.contains(|c: char| !matches!(c, '0'..='9' | '.'));
    let is_wrong = is_number && host.parse::<std::net::Ipv4Addr>().is_err();
    (!is_host || is_wrong).then(|| format!("lookup {host}: no such host"))
}

#[cfg(test)]
mod tests {
    use super::{refusal, refusal_of};

    #[test]
    fn as_go_listens() {
        for good in [
            "127.0.0.1:0",
            ":1338",
            "[::1]:99",
            "node-1.example:65535",
            "localhost:",
        ] {
            assert_eq!(refusal(good), None, "{good}");
        }
        // Measured on 1.6.20, 1.7.24 and 2.1.9.
        for bad in [
            "127.0.0.1:99999",
            "no address",
            "::1:80:",
            "1.2.3.4",
            "a b:1",
            "256.1.1.1:80",
            "x:-1",
        ] {
            assert!(refusal(bad).is_some(), "{bad}");
        }
        assert_eq!(refusal_of("::1", ""), None);
        assert!(refusal_of("127.0.0.1", "text").is_some());
        assert!(refusal_of("no host", "0").is_some());
    }
}
