//! Mail, as a real server takes it (aiosmtpd, PyPI) and as a program with sendmail's command line
//! gets it.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/python.rs"]
mod python;

use common::Place;
use khobao::portal::{Canned, Portal, PortalConfig};
use python::Python;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};

const SERVER: &str = r#"
import email, email.policy, json, socket, ssl, sys
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

class Handler:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({
            'from': envelope.mail_from, 'to': envelope.rcpt_tos, 'subject': mail['subject'],
            'header_from': str(mail['from']), 'auto': mail['auto-submitted'], 'id': mail['message-id'],
            'date': mail['date'], 'text': mail.get_content(), 'tls': session.ssl is not None,
        }), flush=True)
        return '250 OK'

def login(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b'user@b', b'p w')
    return AuthResult(success=good, handled=False)

keys = {}
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    keys = dict(tls_context=context, require_starttls=True, authenticator=login, auth_required=True)
free = socket.create_server(('127.0.0.1', 0))
port = free.getsockname()[1]
free.close()
controller = Controller(Handler(), hostname='127.0.0.1', port=port, **keys)
controller.start()
print(port, flush=True)
sys.stdin.read()
"#;

struct Server {
    child: Child,
    lines: BufReader<ChildStdout>,
    port: String,
}

impl Server {
    fn start(python: &Python, args: &[&str]) -> Self {
        let mut child = python
            .command()
            .args(["-c", SERVER])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        lines.read_line(&mut port).unwrap();
        let port = port.trim().to_owned();
        assert!(!port.is_empty(), "the server did not start");
        Self { child, lines, port }
    }

    /// The mail that it took next.
    fn mail(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn notify(place: &Place, lines: &str) {
    let text = std::fs::read_to_string(place.config()).unwrap();
    let lines = format!(
        "[notify]\nemail_to = [\"a@example.org\", \"Thư khố <b@example.org>\"]\n\
         email_from = \"Kho báo <khobao@example.org>\"\n{lines}\n{text}"
    );
    std::fs::write(place.config(), lines).unwrap();
}

#[test]
fn a_server_takes_the_mail() {
    let Some(python) = Python::with(&["aiosmtpd"]) else {
        return;
    };
    let mut server = Server::start(&python, &[]);
    let portal = Portal::start(PortalConfig::with_articles(5)).unwrap();
    let place = Place::new(&portal.base(), "");
    notify(
        &place,
        &format!("smtp = \"smtp://127.0.0.1:{}\"", server.port),
    );
    place.expect(0, &["crawl"]);
    for hit in portal.hits() {
        portal.set_answer(
            &hit.path_and_query,
            Canned::html(403, "Forbidden"),
            usize::MAX,
        );
    }
    place.expect(3, &["crawl"]);
    let mail = server.mail();
    assert_eq!(mail["from"], "khobao@example.org");
    assert_eq!(
        mail["to"],
        serde_json::json!(["a@example.org", "b@example.org"])
    );
    assert_eq!(mail["header_from"], "Kho báo <khobao@example.org>");
    assert_eq!(mail["auto"], "auto-generated");
    assert!(mail["id"].as_str().unwrap().starts_with('<') && mail["date"].is_string());
    let subject = mail["subject"].as_str().unwrap();
    assert!(
        subject.contains("1 of 1 sites not well: thu ("),
        "{subject}"
    );
    let text = mail["text"].as_str().unwrap();
    for part in [
        "thu: ",
        "last success 20",
        "khobao runs show ",
        "exit code 3",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_server_behind_tls_gets_user_and_password() {
    let Some(python) = Python::with(&["aiosmtpd"]) else {
        return;
    };
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let place = Place::new("http://127.0.0.1:9/", "");
    let (pem, key) = (
        place.dir.path().join("ca.pem"),
        place.dir.path().join("key.pem"),
    );
    std::fs::write(&pem, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut server = Server::start(&python, &[pem.to_str().unwrap(), key.to_str().unwrap()]);
    notify(
        &place,
        &format!(
            "smtp = \"smtp://user%40b@localhost:{}?tls=required\"\n\
             smtp_password = \"env:SMTP_PASSWORD\"",
            server.port
        ),
    );
    let test = |password: &str, trusted: bool| {
        let mut command = place.command(&["notify", "--test"]);
        command.env("SMTP_PASSWORD", password);
        if trusted {
            command.env("SSL_CERT_FILE", &pem);
        }
        let out = command.output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(!said.contains(password), "{said}");
        (out.status.code().unwrap(), said)
    };
    let (code, said) = test("p w", false);
    assert!(
        code == 1 && said.contains("email: mail server localhost: "),
        "{said}"
    );
    let (code, said) = test("wrong-one", true);
    assert!(code == 1 && said.contains("535"), "{said}");
    let (code, said) = test("p w", true);
    assert_eq!(code, 0, "{said}");
    let mail = server.mail();
    assert_eq!(mail["tls"], true);
    assert!(
        mail["subject"]
            .as_str()
            .unwrap()
            .contains("a test of the channels")
    );
}

#[test]
fn sendmail_gets_the_mail_on_its_standard_input() {
    let place = Place::new("http://127.0.0.1:9/", "");
    let (program, seen) = (
        place.dir.path().join("sendmail"),
        place.dir.path().join("seen"),
    );
    let script = format!("#!/bin/sh\necho \"$@\" > {0}\ncat >> {0}\n", seen.display());
    std::fs::write(&program, script).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    notify(&place, &format!("sendmail = \"{}\"", program.display()));
    place.expect(0, &["notify", "--test"]);
    let text = std::fs::read_to_string(&seen).unwrap();
    let (words, mail) = text.split_once('\n').unwrap();
    assert!(
        words.contains("khobao@example.org") && words.ends_with("b@example.org"),
        "{words}"
    );
    assert!(
        mail.contains("Subject: khobao: a test of the channels"),
        "{mail}"
    );
    std::fs::write(&program, "#!/bin/sh\necho no queue >&2\nexit 75\n").unwrap();
    let said = place.expect(1, &["notify", "--test"]);
    assert!(
        said.contains("sendmail") && said.contains("no queue"),
        "{said}"
    );
}
