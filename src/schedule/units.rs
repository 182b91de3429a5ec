//! What cron and systemd are told: to look now and then whether something is due. The rules stay
//! in one place, the configuration; a start that was missed is caught up by the next look.

use std::path::Path;

/// Minutes between two looks.
const EVERY: u32 = 15;

/// A line of a crontab.
pub fn crontab(program: &Path, config: &Path) -> String {
    // A percent sign ends the command in a crontab.
    let words = [program, config].map(|path| shell(&path.display().to_string()));
    let [program, config] = words.map(|word| word.replace('%', "\\%"));
    format!(
        "# Every {EVERY} minutes: crawls the sites that are due, if any. Put this into `crontab -e`.\n\
         */{EVERY} * * * * {program} schedule run --once --config {config}\n"
    )
}

/// A unit file: its name and its text.
pub type Unit = (&'static str, String);

/// A service and the timer that starts it; `writable` are the folders that a crawl writes to.
pub fn systemd(program: &Path, config: &Path, writable: &[&Path]) -> [Unit; 2] {
    let words = [program, config].map(|path| escaped(&path.display().to_string()));
    let [program, config] = words.map(|word| word.replace('$', "$$"));
    let writable: Vec<String> = writable
        .iter()
        .map(|path| escaped(&path.display().to_string()))
        .collect();
    let writable = writable.join(" ");
    let service = format!(
        "[Unit]
Description=Crawl the news portals that are due
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
ExecStart={program} schedule run --once --config {config}
# 3: done, but some sites failed or are parked; 143: stopped in order.
SuccessExitStatus=3 143
TimeoutStartSec=infinity
TimeoutStopSec=10min
KillMode=mixed
Nice=10
IOSchedulingClass=idle
UMask=0027
# Whoever owns the archive:
# User=khobao
# NAME=VALUE lines, where [notify] names variables (\"env:NAME\"):
# EnvironmentFile=/etc/khobao.env
# A sendmail that is set-group-ID needs NoNewPrivileges=false and write access to its queue: smtp in
# [notify] needs neither.
ReadWritePaths={writable}
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=true
PrivateDevices=true
ProtectKernelTunables=true
ProtectKernelModules=true
ProtectKernelLogs=true
ProtectControlGroups=true
ProtectClock=true
ProtectHostname=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
LockPersonality=true
SystemCallArchitectures=native
CapabilityBoundingSet=
"
    );
    let timer = format!(
        "[Unit]
Description=Look whether a news portal is due

[Timer]
OnCalendar=*:0/{EVERY}
RandomizedDelaySec=1min
Persistent=true

[Install]
WantedBy=timers.target
"
    );
    [("khobao.service", service), ("khobao.timer", timer)]
}

/// A word of a shell's command line.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A word of a unit file (systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers").
fn escaped(word: &str) -> String {
    let word = word.replace('%', "%%");
    if word
        .chars()
        .any(|c| c.is_whitespace() || "\"'\\;".contains(c))
    {
        let inner = word.replace('\\', "\\\\").replace('"', "\\\"");
        return format!("\"{inner}\"");
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_are_quoted() {
        let line = crontab(
            Path::new("/opt/kho báo/khobao"),
            Path::new("/etc/50%/it's.toml"),
        );
        assert!(
            line.contains("'/opt/kho báo/khobao' schedule run --once"),
            "{line}"
        );
        assert!(line.contains(r"'/etc/50\%/it'\''s.toml'"), "{line}");
        let [(_, service), _] = systemd(
            Path::new("/opt/kho báo/khobao"),
            Path::new("/etc/50%/c.toml"),
            &[Path::new("/srv/a"), Path::new("/var/lib/node exporter")],
        );
        assert!(
            service.contains("ReadWritePaths=/srv/a \"/var/lib/node exporter\"\n"),
            "{service}"
        );
        assert!(
            service.contains(
                "ExecStart=\"/opt/kho báo/khobao\" schedule run --once --config /etc/50%%/c.toml"
            ),
            "{service}"
        );
    }
}
