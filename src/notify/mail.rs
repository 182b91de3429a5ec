//! Mail, by a server (SMTP, RFC 5321) or by sendmail's command line.

use super::message::Message;
use crate::config::{Email, Mailer, check_smtp};
use crate::fetch::with_causes;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSendmailTransport, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use std::time::Duration;
use url::Url;

/// One exchange with the server.
const ATTEMPT: Duration = Duration::from_secs(15);
/// Characters of a subject.
const SUBJECT: usize = 150;

/// `Auto-Submitted: auto-generated` (RFC 3834, section 5): no out-of-office answers.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn build(email: &Email, message: &Message) -> Result<lettre::Message, String> {
    let mailbox = |text: &String| {
        text.parse::<Mailbox>()
            .map_err(|why| format!("{text}: {why}"))
    };
    let mut subject: String = message.summary.chars().take(SUBJECT).collect();
    if subject.len() < message.summary.len() {
        subject.push('…');
    }
    let mut builder: MessageBuilder = lettre::Message::builder()
        .from(mailbox(&email.from)?)
        .message_id(None)
        .date_now()
        .subject(subject)
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN);
    for to in &email.to {
        builder = builder.to(mailbox(to)?);
    }
    builder
        .body(message.text.clone())
        .map_err(|why| why.to_string())
}

/// Sends it.
///
/// # Errors
/// What went wrong, for people; without the server's address, which may hold a password.
pub(super) async fn send(email: &Email, message: &Message) -> Result<(), String> {
    let mail = build(email, message)?;
    match &email.by {
        Mailer::Sendmail(program) => {
            let told = |why: String| format!("{}: {why}", program.display());
            let transport =
                AsyncSendmailTransport::<Tokio1Executor>::new_with_command(program.as_os_str());
            transport
                .send(mail)
                .await
                .map_err(|why| told(with_causes(&why)))
        }
        Mailer::Smtp { url, password } => {
            let address = url.read()?;
            check_smtp(&address, password.is_some()).map_err(|what| format!("smtp {what}"))?;
            let mut transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&address)
                .map_err(|why| with_causes(&why))?
                .timeout(Some(ATTEMPT));
            // (It has been checked: this is its user.)
            let parsed = Url::parse(&address).map_err(|why| why.to_string())?;
            let told = |why: String| {
                format!(
                    "mail server {}: {why}",
                    parsed.host_str().unwrap_or_default()
                )
            };
            if let Some(password) = password {
                let user = percent_encoding::percent_decode_str(parsed.username());
                let user = user.decode_utf8_lossy().into_owned();
                transport = transport.credentials(Credentials::new(user, password.read()?));
            }
            let sent = transport.build().send(mail).await;
            sent.map(drop).map_err(|why| told(with_causes(&why)))
        }
    }
}
