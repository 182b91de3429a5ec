//! The channels: a web hook, mail, a command, a ping.

use super::State;
use super::mail;
use super::message::Message;
use crate::config::{Notify, Ping, Secret, Webhook};
use crate::fetch::Poster;
use hmac::{Hmac, KeyInit as _, Mac as _};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use url::Url;

/// A channel is given up after this long, all attempts included.
const LIMIT: Duration = Duration::from_secs(20);
/// An attempt by HTTP, and the pauses before each.
const ATTEMPT: Duration = Duration::from_secs(8);
const PAUSES: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(2),
];

/// Names of the configured channels that get messages; `ping` gets none.
pub(super) fn names(notify: &Notify) -> impl Iterator<Item = &'static str> {
    let hook = notify.webhook.is_some().then_some("webhook");
    let email = notify.email.is_some().then_some("email");
    let command = (!notify.command.is_empty()).then_some("command");
    hook.into_iter().chain(email).chain(command)
}

/// Runs this on a runtime of its own, and leaves behind what hangs.
pub(super) fn work<T>(what: impl Future<Output = T>) -> Option<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let done = runtime.block_on(what);
            runtime.shutdown_background();
            Some(done)
        }
        Err(why) => {
            tracing::warn!("nobody can be told: {why}");
            None
        }
    }
}

/// What came of each channel, by its name.
type Results = Vec<(&'static str, Result<(), String>)>;

/// Sends what is due, all at once, and asks the ping.
pub(super) async fn tell(
    notify: &Notify,
    due: &[(&'static str, Message, State)],
    well: bool,
) -> Results {
    let message = |channel: &str| {
        let found = due.iter().find(|(name, ..)| *name == channel);
        found.map(|(_, message, _)| message)
    };
    let hook = async {
        let (hook, message) = notify.webhook.as_ref().zip(message("webhook"))?;
        Some(("webhook", webhook(hook, message).await))
    };
    let email = async {
        let (email, message) = notify.email.as_ref().zip(message("email"))?;
        let sent = tokio::time::timeout(LIMIT, mail::send(email, message)).await;
        Some(("email", sent.unwrap_or_else(|_| Err(too_long()))))
    };
    let command = async {
        let message = message("command")?;
        let (program, args) = notify.command.split_first()?;
        Some(("command", run(program, args, message).await))
    };
    let ping = async {
        let ping = notify.ping.as_ref()?;
        let suffix = match (well, ping.healthchecks) {
            (true, _) => "",
            (false, true) => "/fail",
            (false, false) => return None,
        };
        Some(("ping", self::ping(ping, suffix).await))
    };
    let (hook, email, command, ping) = tokio::join!(hook, email, command, ping);
    [hook, email, command, ping].into_iter().flatten().collect()
}

fn too_long() -> String {
    format!("no answer within {} s", LIMIT.as_secs())
}

/// Asks the dead-man switch, with `/start` or `/fail` behind its path.
pub(super) async fn ping(ping: &Ping, suffix: &str) -> Result<(), String> {
    let mut url = ping.url.url()?;
    if !suffix.is_empty() {
        let path = format!("{}{suffix}", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    insist(&url, &[], None).await
}

async fn webhook(hook: &Webhook, message: &Message) -> Result<(), String> {
    let body = message.json.to_string();
    let mut headers = Vec::new();
    for (name, value) in &hook.headers {
        headers.push((name.clone(), value.read()?));
    }
    if let Some(key) = &hook.key {
        headers.push(("x-khobao-signature".to_owned(), signature(key, &body)?));
    }
    insist(&hook.url.url()?, &headers, Some(body)).await
}

/// `sha256=HEX`: HMAC-SHA256 (RFC 2104, FIPS 180-4) of the body.
fn signature(key: &Secret, body: &str) -> Result<String, String> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.read()?.as_bytes())
        .map_err(|why| why.to_string())?;
    mac.update(body.as_bytes());
    let digest = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
    Ok(format!("sha256={digest}"))
}

/// A few attempts.
async fn insist(
    url: &Url,
    headers: &[(String, String)],
    body: Option<String>,
) -> Result<(), String> {
    let poster = Poster::new(ATTEMPT).map_err(|why| why.to_string())?;
    let mut last = too_long();
    let all = async {
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            match poster.send(url, headers, body.clone()).await {
                Ok(()) => return true,
                Err(why) => last = why,
            }
        }
        false
    };
    match tokio::time::timeout(LIMIT, all).await {
        Ok(true) => Ok(()),
        _ => Err(last),
    }
}

/// Runs the operator's program in a process group of its own; what is left of the group after
/// `LIMIT` is killed.
async fn run(program: &str, args: &[String], message: &Message) -> Result<(), String> {
    let mut child = tokio::process::Command::new(program)
        .args(args)
        .env("KHOBAO_STATE", &message.state)
        .env("KHOBAO_SUMMARY", &message.summary)
        .env("KHOBAO_EXIT", message.code.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|why| format!("{program}: {why}"))?;
    let group = child.id();
    let body = message.json.to_string();
    let ended = tokio::time::timeout(LIMIT, async {
        if let Some(mut stdin) = child.stdin.take() {
            // A program need not read it.
            let _ = stdin.write_all(body.as_bytes()).await;
        }
        child.wait().await
    })
    .await;
    match ended {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("{program}: {status}")),
        Ok(Err(why)) => Err(format!("{program}: {why}")),
        Err(_) => {
            if let Some(group) = group {
                let group = nix::unistd::Pid::from_raw(group.cast_signed());
                let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
            }
            Err(format!(
                "{program} did not end within {} s",
                LIMIT.as_secs()
            ))
        }
    }
}
