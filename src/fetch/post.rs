//! Plain requests to an address that the operator configured: a web hook, a ping.
//!
//! No portal is asked this way: no robots.txt, no pace, no capture; private addresses are allowed,
//! and the proxies that the environment names are used. Errors never show path or query of an
//! address: they hold tokens.

use super::tls::{Roots, client_config};
use super::{FetchError, user_agent};
use std::time::Duration;
use url::Url;

/// Scheme and host: what may be shown of such an address.
fn shown(url: &Url) -> String {
    format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default())
}

/// Sends such requests.
#[derive(Debug)]
pub struct Poster(reqwest::Client);

impl Poster {
    /// One whose requests end after `limit` each.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(limit: Duration) -> Result<Self, FetchError> {
        let roots = Roots::default().store();
        let http = reqwest::Client::builder()
            .user_agent(user_agent(None))
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured(client_config((*roots).clone())?)
            .timeout(limit)
            .build()?;
        Ok(Self(http))
    }

    /// Posts this JSON, or asks by GET without one; anything but 2xx is an error.
    ///
    /// # Errors
    /// What went wrong, for people.
    pub async fn send(
        &self,
        url: &Url,
        headers: &[(String, String)],
        json: Option<String>,
    ) -> Result<(), String> {
        let told = |why: String| format!("{}: {why}", shown(url));
        let mut request = match json {
            Some(json) => self
                .0
                .post(url.clone())
                .header("content-type", "application/json; charset=utf-8")
                .body(json),
            None => self.0.get(url.clone()),
        };
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request
            .send()
            .await
            .map_err(|why| told(with_causes(&why.without_url())))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status if status.is_redirection() => Err(told(format!(
                "it answered {}; write the address that it leads to",
                status.as_u16()
            ))),
            status => Err(told(format!("it answered {}", status.as_u16()))),
        }
    }
}

/// An error and its causes.
pub fn with_causes(why: &dyn std::error::Error) -> String {
    let mut text = why.to_string();
    let mut cause = why.source();
    while let Some(why) = cause {
        text = format!("{text}: {why}");
        cause = why.source();
    }
    text
}
