//! `[notify]` and `[metrics]`: who is told how a crawl ended, when, and by what.

use super::check::Checker;
use super::{ConfigError, raw};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;
use url::{Host, Url};

/// What stays bad is told again after this long.
const REMIND: Duration = Duration::from_secs(7 * 86_400);

/// A value that no log shows: written out, or `env:NAME`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret")
    }
}

impl Secret {
    /// The variable that holds it.
    fn variable(&self) -> Option<&str> {
        self.0.strip_prefix("env:")
    }

    /// The value.
    ///
    /// # Errors
    /// The variable is not set.
    pub fn read(&self) -> Result<String, String> {
        match self.variable() {
            None => Ok(self.0.clone()),
            Some(name) => std::env::var(name)
                .map_err(|_| format!("the environment variable {name} is not set")),
        }
    }

    /// The value as an address.
    ///
    /// # Errors
    /// The variable is not set, or holds none.
    pub fn url(&self) -> Result<Url, String> {
        web_address(&self.read()?).ok_or_else(|| {
            let whose = self.variable().unwrap_or("the configuration");
            format!("{whose} holds no web address; write https://HOST/PATH")
        })
    }
}

fn web_address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.host().is_some()).then_some(url)
}

/// When a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum On {
    /// The state differs from the one last told of.
    #[default]
    Change,
    /// After every crawl that is not well, and when all is well again.
    Failure,
    /// After every crawl.
    Always,
}

/// Whom to tell. Without a channel nobody is told.
#[derive(Debug, Clone, Default)]
pub struct Notify {
    /// When.
    pub on: On,
    /// What stays bad is told again after this long.
    pub remind: Duration,
    /// JSON by POST.
    pub webhook: Option<Webhook>,
    /// A message by mail.
    pub email: Option<Email>,
    /// A program and its arguments; it gets the JSON on its standard input.
    pub command: Vec<String>,
    /// Asked after every crawl that did some work.
    pub ping: Option<Ping>,
}

impl Notify {
    /// Whether anybody is told.
    pub fn is_empty(&self) -> bool {
        self.webhook.is_none()
            && self.email.is_none()
            && self.command.is_empty()
            && self.ping.is_none()
    }
}

/// Where JSON is posted.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The address.
    pub url: Secret,
    /// Further headers.
    pub headers: Vec<(String, Secret)>,
    /// The key of the signature (HMAC-SHA256, RFC 2104).
    pub key: Option<Secret>,
}

/// Who gets mail, and how.
#[derive(Debug, Clone)]
pub struct Email {
    /// From whom.
    pub from: String,
    /// To whom; at least one.
    pub to: Vec<String>,
    /// What sends it.
    pub by: Mailer,
}

/// What sends mail.
#[derive(Debug, Clone)]
pub enum Mailer {
    /// A server: `smtps://USER@HOST` or `smtp://HOST`.
    Smtp {
        /// The address.
        url: Secret,
        /// The user's password.
        password: Option<Secret>,
    },
    /// A program with sendmail's command line.
    Sendmail(PathBuf),
}

/// A dead-man switch.
#[derive(Debug, Clone)]
pub struct Ping {
    /// The address.
    pub url: Secret,
    /// Whether `/start` and `/fail` are asked, too.
    pub healthchecks: bool,
}

/// Where figures for Prometheus go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metrics {
    /// A file, for the textfile collector of node_exporter.
    pub file: Option<PathBuf>,
    /// Where `khobao schedule run` answers `/metrics`.
    pub listen: Option<SocketAddr>,
}

/// The tables of a file that may be wrong elsewhere.
pub(super) fn told(file: &Path, text: &str) -> Option<(Notify, PathBuf)> {
    let raw: raw::Told = toml::from_str(text).ok()?;
    let notify = check(&Checker { file, text }, &raw.notify?).ok()?;
    let path = raw.archive.get("path").and_then(toml::Value::as_str);
    Some((notify, raw::beside(file, path.unwrap_or("archive"))))
}

pub(super) fn check(at: &Checker, raw: &raw::Notify) -> Result<Notify, ConfigError> {
    let on = match one_of(at, "on", &raw.on, &["change", "failure", "always"])? {
        1 => On::Failure,
        2 => On::Always,
        _ => On::Change,
    };
    let ping_style = one_of(
        at,
        "ping_style",
        &raw.ping_style,
        &["plain", "healthchecks"],
    )?;
    let lone = |key: &str, value: Option<std::ops::Range<usize>>, needs: &str| match value {
        Some(span) => Err(at.wrong(span, format!("{key} needs {needs}; write it, too"))),
        None => Ok(()),
    };
    let url = address(at, "webhook", &raw.webhook)?;
    if url.is_none() {
        let first = raw.webhook_headers.values().next();
        lone("webhook_headers", first.map(Spanned::span), "webhook")?;
        lone(
            "webhook_key",
            raw.webhook_key.as_ref().map(Spanned::span),
            "webhook",
        )?;
    }
    let mut headers = Vec::new();
    for (name, value) in &raw.webhook_headers {
        if http::HeaderName::from_bytes(name.as_bytes()).is_err()
            || http::HeaderValue::from_str(value.get_ref()).is_err()
        {
            let what = format!("webhook_headers: {name} is no header that HTTP can carry");
            return Err(at.wrong(value.span(), what));
        }
        headers.push((name.clone(), Secret(value.get_ref().clone())));
    }
    if let Some(command) = &raw.command
        && command.get_ref().first().is_none_or(String::is_empty)
    {
        let what = "command is empty; write [\"/path/program\", \"argument\"]";
        return Err(at.wrong(command.span(), what));
    }
    let ping = address(at, "ping", &raw.ping)?;
    if ping.is_none() {
        lone(
            "ping_style",
            raw.ping_style.as_ref().map(Spanned::span),
            "ping",
        )?;
    }
    Ok(Notify {
        on,
        remind: at.duration("remind", raw.remind.as_ref(), REMIND)?,
        webhook: url.map(|url| Webhook {
            url,
            headers,
            key: raw.webhook_key.as_ref().map(secret),
        }),
        email: email(at, raw)?,
        command: raw
            .command
            .as_ref()
            .map(|c| c.get_ref().clone())
            .unwrap_or_default(),
        ping: ping.map(|url| Ping {
            url,
            healthchecks: ping_style == 1,
        }),
    })
}

fn secret(value: &Spanned<String>) -> Secret {
    Secret(value.get_ref().clone())
}

/// The place of a word in the list of those that are known; 0 without one.
fn one_of(
    at: &Checker,
    key: &str,
    value: &Option<Spanned<String>>,
    known: &[&str],
) -> Result<usize, ConfigError> {
    let Some(value) = value else {
        return Ok(0);
    };
    let word = value.get_ref();
    known.iter().position(|name| name == word).ok_or_else(|| {
        let what = format!("{key} = {word:?} is not known; write one of {known:?}");
        at.wrong(value.span(), what)
    })
}

/// A web address. (It is a secret: the message does not show it.)
fn address(
    at: &Checker,
    key: &str,
    value: &Option<Spanned<String>>,
) -> Result<Option<Secret>, ConfigError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let secret = secret(value);
    if secret.variable().is_none() && web_address(value.get_ref()).is_none() {
        let what = format!("{key} is no web address; write \"https://HOST/PATH\", or \"env:NAME\"");
        return Err(at.wrong(value.span(), what));
    }
    Ok(Some(secret))
}

fn email(at: &Checker, raw: &raw::Notify) -> Result<Option<Email>, ConfigError> {
    let spans = [
        &raw.email_from,
        &raw.smtp,
        &raw.smtp_password,
        &raw.sendmail,
    ];
    let Some(to) = &raw.email_to else {
        return match spans.into_iter().flatten().next() {
            Some(value) => Err(at.wrong(
                value.span(),
                "email_to is missing; write `email_to = [\"you@example.org\"]`",
            )),
            None => Ok(None),
        };
    };
    let mailbox =
        |value: &Spanned<String>| match value.get_ref().parse::<lettre::message::Mailbox>() {
            Ok(_) => Ok(value.get_ref().clone()),
            Err(why) => {
                let what = format!("{:?} is no mail address: {why}", value.get_ref());
                Err(at.wrong(value.span(), what))
            }
        };
    if to.get_ref().is_empty() {
        return Err(at.wrong(
            to.span(),
            "email_to is empty; name somebody, or leave it out",
        ));
    }
    let missing = |what: &str| at.wrong(to.span(), what);
    let from = raw.email_from.as_ref().ok_or_else(|| {
        missing("email_from is missing; write `email_from = \"khobao@example.org\"`")
    })?;
    let by = match (&raw.smtp, &raw.sendmail) {
        (Some(url), None) => smtp(at, url, raw.smtp_password.as_ref())?,
        (None, Some(program)) => Mailer::Sendmail(program.get_ref().into()),
        (Some(_), Some(both)) => {
            return Err(at.wrong(both.span(), "smtp or sendmail sends the mail, not both"));
        }
        (None, None) => {
            return Err(missing(
                "nothing sends this mail; write `smtp = \"smtps://USER@HOST\"` or \
                 `sendmail = \"/usr/sbin/sendmail\"`",
            ));
        }
    };
    Ok(Some(Email {
        from: mailbox(from)?,
        to: to.get_ref().iter().map(mailbox).collect::<Result<_, _>>()?,
        by,
    }))
}

fn smtp(
    at: &Checker,
    url: &Spanned<String>,
    password: Option<&Spanned<String>>,
) -> Result<Mailer, ConfigError> {
    let secret = secret(url);
    if secret.variable().is_none() {
        check_smtp(url.get_ref(), password.is_some())
            .map_err(|what| at.wrong(url.span(), format!("smtp {what}")))?;
    }
    Ok(Mailer::Smtp {
        url: secret,
        password: password.map(self::secret),
    })
}

/// What is wrong with the address of a mail server, the address not shown.
pub fn check_smtp(text: &str, password: bool) -> Result<(), &'static str> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "smtp" | "smtps") && url.has_host())
        .ok_or(
            "is no address of a mail server; write \"smtps://USER@HOST\" or \"smtp://HOST:25\"",
        )?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    let covered = url.scheme() == "smtps"
        || url
            .query_pairs()
            .any(|(key, value)| key == "tls" && value == "required");
    if (password || url.password().is_some()) && !covered && !loopback {
        return Err("would send the password in the clear; write smtps://, or add ?tls=required");
    }
    if password && url.username().is_empty() {
        return Err("names no user for smtp_password; write \"smtps://USER@HOST\"");
    }
    Ok(())
}

pub(super) fn check_metrics(at: &Checker, raw: &raw::Metrics) -> Result<Metrics, ConfigError> {
    let listen = raw.listen.as_ref().map(|listen| {
        listen.get_ref().parse::<SocketAddr>().map_err(|_| {
            let what = format!(
                "listen = {:?} is no address; write \"127.0.0.1:9184\"",
                listen.get_ref()
            );
            at.wrong(listen.span(), what)
        })
    });
    let file = raw.file.as_ref().map(|file| {
        // The collector reads no other file.
        match file.get_ref().ends_with(".prom") {
            true => Ok(raw::beside(at.file, file.get_ref())),
            false => Err(at.wrong(
                file.span(),
                format!("file = {:?} must end in .prom", file.get_ref()),
            )),
        }
    });
    Ok(Metrics {
        file: file.transpose()?,
        listen: listen.transpose()?,
    })
}
