//! The anti-flood rule: fixed windows per client address, as NukeViet's blocker counts them.

use super::config::FloodWindow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

/// Counts requests per client and window.
#[derive(Debug, Default)]
pub(super) struct FloodGate {
    seen: HashMap<(IpAddr, usize), (Instant, u32)>,
}

impl FloodGate {
    /// Counts one request; `Some(seconds)` when the client must wait that long.
    pub(super) fn count(
        &mut self,
        ip: IpAddr,
        windows: &[FloodWindow],
        now: Instant,
    ) -> Option<u64> {
        let mut wait = None;
        for (n, window) in windows.iter().enumerate() {
            let (begun, count) = self.seen.entry((ip, n)).or_insert((now, 0));
            if now.duration_since(*begun) >= window.length {
                (*begun, *count) = (now, 0);
            }
            *count += 1;
            if *count > window.requests {
                let left = window.length.saturating_sub(now.duration_since(*begun));
                wait = wait.max(Some(left.as_secs().max(1)));
            }
        }
        wait
    }

    /// Forgets every client.
    pub(super) fn clear(&mut self) {
        self.seen.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn windows_are_fixed_and_separate_per_client() {
        let windows = [FloodWindow {
            requests: 2,
            length: Duration::from_secs(60),
        }];
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 3]));
        let start = Instant::now();
        let mut gate = FloodGate::default();
        assert_eq!(gate.count(a, &windows, start), None);
        assert_eq!(gate.count(a, &windows, start), None);
        let soon = start + Duration::from_millis(500);
        assert_eq!(gate.count(a, &windows, soon), Some(59));
        assert_eq!(gate.count(b, &windows, soon), None);
        // A fixed window opens again a minute after its first request, not after the last.
        let later = start + Duration::from_secs(60);
        assert_eq!(gate.count(a, &windows, later), None);
    }
}
