//! Decides which machines a picture may come from: those that everybody reaches.
//! A name that leads to this machine, or into a network that only some can see,
//! has no address here. What is connected to is exactly what was looked at: nobody
//! is asked a second time who could then answer otherwise.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Networks of IPv4 that are not everybody's, with the bits that count: IANA's
/// registry of special purposes, and multicast.
const NOT_PUBLIC_V4: &[([u8; 4], u32)] = &[
    // This network.
    ([0, 0, 0, 0], 8),
    // Private.
    ([10, 0, 0, 0], 8),
    // Of a carrier (RFC 6598).
    ([100, 64, 0, 0], 10),
    // This machine.
    ([127, 0, 0, 0], 8),
    // This link; clouds answer here who the machine is.
    ([169, 254, 0, 0], 16),
    // Private.
    ([172, 16, 0, 0], 12),
    // Of protocols.
    ([192, 0, 0, 0], 24),
    // For documentation.
    ([192, 0, 2, 0], 24),
    // Relays that are not used any more.
    ([192, 88, 99, 0], 24),
    // Private.
    ([192, 168, 0, 0], 16),
    // For measurements.
    ([198, 18, 0, 0], 15),
    // For documentation.
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // Multicast, then what is kept for later, then broadcast.
    ([224, 0, 0, 0], 3),
];

/// All addresses of IPv6 that are for everybody begin with these bits.
const PUBLIC_V6: ([u16; 8], u32) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Of them, those that are not. Everything outside is refused without being named:
/// this machine, this link, private and site-local ones, multicast, and addresses
/// of IPv4 in another form.
const NOT_PUBLIC_V6: &[([u16; 8], u32)] = &[
    // Of protocols, among them Teredo: an address of IPv4 in another form.
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    // For documentation.
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    // 6to4: an address of IPv4 in another form.
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    // For documentation.
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// Whether everybody reaches this address.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_in = |network: [u8; 4], bits: u32| (u32::from(address) ^ u32::from_be_bytes(network)) >> (32 - bits) == 0;
    !NOT_PUBLIC_V4.iter().any(|(network, bits)| is_in(*network, *bits))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Where a network has no IPv4, its servers are reached like this (RFC 6052).
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() {
        return is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    }
    let is_in =
        |network: [u16; 8], bits: u32| (u128::from(address) ^ u128::from(Ipv6Addr::from(network))) >> (128 - bits) == 0;
    is_in(PUBLIC_V6.0, PUBLIC_V6.1) && !NOT_PUBLIC_V6.iter().any(|(network, bits)| is_in(*network, *bits))
}

/// Looks names up, and knows public addresses only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Public;

/// The name has none but addresses that only some reach.
#[derive(Debug, thiserror::Error)]
#[error("no public address has this name")]
struct NoPublicAddress;

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(look_up(name))
    }
}

async fn look_up(name: Name) -> Result<Addrs, Box<dyn Error + Send + Sync>> {
    // The port is that of the address that is fetched.
    let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
    let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
    if public.is_empty() { Err(NoPublicAddress.into()) } else { Ok(Box::new(public.into_iter())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First and last address of what is refused, with those before and after it.
    #[test]
    fn only_addresses_that_everybody_reaches_are_public() {
        let refused = [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.0",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.0.0",
            "169.254.169.254",
            "169.254.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.0",
            "192.0.0.255",
            "192.0.2.0",
            "192.0.2.255",
            "192.88.99.0",
            "192.88.99.255",
            "192.168.0.0",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.0",
            "198.51.100.255",
            "203.0.113.0",
            "203.0.113.255",
            "224.0.0.0",
            "239.255.255.255",
            "240.0.0.0",
            "255.255.255.255",
            // Unspecified, this machine, IPv4 in other forms.
            "::",
            "::1",
            "::ffff:0.0.0.0",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "::1.1.1.1",
            "::ffff:0:1.1.1.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1.1.1.1",
            "64:ff9b::1:101:101",
            "100::",
            "100::ffff",
            "2001::",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::",
            "2001:10::",
            "2001:20::",
            "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            "2002::",
            "2002:7f00:1::",
            "2002:101:101::",
            "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "3fff::",
            "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
            "5f00::",
            // Private, this link, this site, multicast.
            "fc00::",
            "fd12:3456::1",
            "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "fe80::",
            "fe80::1",
            "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "fec0::",
            "ff00::",
            "ff02::1",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "4000::",
        ];
        for address in refused {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        let public = [
            "1.0.0.0",
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.1.255",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::",
            "2001:200::",
            "2001:4860:4860::8888",
            "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db9::",
            "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2003::",
            "2606:4700:4700::1111",
            "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "3fff:1000::",
            "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "64:ff9b::1.1.1.1",
        ];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_has_no_address() {
        // Numbers are names too where somebody writes them so.
        for name in ["localhost", "127.0.0.1", "0.0.0.0", "::1"] {
            let Err(error) = look_up(name.parse().unwrap()).await else { panic!("{name} is public") };
            assert!(error.is::<NoPublicAddress>(), "{name}: {error}");
        }
        let found: Vec<_> = look_up("1.1.1.1".parse().unwrap()).await.unwrap().collect();
        assert_eq!(found, ["1.1.1.1:0".parse().unwrap()]);
    }
}
