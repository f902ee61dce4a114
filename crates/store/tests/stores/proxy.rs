//! A proxy in front of a real server that does as a script says: the answers that no server gives, and faults at a moment
//! of our choosing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What happens to one request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Answered by the proxy with this status and code; the server never sees it.
    Answer(u16, &'static str),
    /// Done by the server, and answered otherwise.
    AnswerAfter(u16, &'static str),
    /// The connection ends before the server sees it.
    ResetBefore,
    /// Done by the server; the connection ends before the reply.
    ResetAfter,
    /// Passed on after so many milliseconds.
    Late(u64),
    /// The body of the reply comes a byte at a time, so many milliseconds apart.
    Drip(u64),
    /// The body of the reply ends after so many bytes, the connection too.
    Cut(usize),
    /// The last byte of the body of the reply is another.
    Bend,
}

/// What is to happen to the next request of this method whose path contains this.
pub(crate) type Line = (&'static str, &'static str, Fault);

/// Runs until it is dropped.
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    seen: Arc<Mutex<Vec<String>>>,
    script: Arc<Mutex<Vec<Line>>>,
    _task: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn start(upstream: &str, script: &[Line]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let upstream = upstream.strip_prefix("http://").unwrap().to_owned();
        let script = Arc::new(Mutex::new(script.to_vec()));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let held = (Arc::clone(&script), Arc::clone(&seen));
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (script, seen) = (Arc::clone(&held.0), Arc::clone(&held.1));
                let upstream = upstream.clone();
                // A client that goes away ends its connection, and nothing else.
                connections.spawn(async move { drop(serve(client, &upstream, &script, &seen).await) });
            }
        });
        Self { endpoint, seen, script, _task: task }
    }

    /// `METHOD path` of each request, in order.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// Whether each line of the script has taken place.
    pub(crate) fn is_through(&self) -> bool {
        self.script.lock().unwrap().is_empty()
    }
}

/// One request a connection: it is closed after the reply.
async fn serve(
    mut client: TcpStream,
    upstream: &str,
    script: &Mutex<Vec<Line>>,
    seen: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let (head, body) = request(&mut client).await?;
    let line = head.lines().next().unwrap_or_default();
    let (method, path) = line.split_once(' ').unwrap_or_default();
    let path = path.split(' ').next().unwrap_or_default();
    seen.lock().unwrap().push(format!("{method} {path}"));
    let fault = {
        let mut script = script.lock().unwrap();
        let place = script.iter().position(|(of, part, _)| *of == method && path.contains(part));
        place.map(|place| script.remove(place).2)
    };
    match fault {
        Some(Fault::ResetBefore) => return Ok(()),
        Some(Fault::Answer(status, code)) => return client.write_all(&answer(status, code)).await,
        Some(Fault::Late(ms)) => pause(ms).await,
        Some(Fault::AnswerAfter(..) | Fault::ResetAfter | Fault::Drip(_) | Fault::Cut(_) | Fault::Bend)
        | None => {}
    }
    let mut reply = forward(upstream, &head, &body).await?;
    let begin = find_blank(&reply).unwrap_or(reply.len());
    match fault {
        Some(Fault::ResetAfter) => Ok(()),
        Some(Fault::AnswerAfter(status, code)) => client.write_all(&answer(status, code)).await,
        Some(Fault::Cut(bytes)) => client.write_all(&reply[..(begin + bytes).min(reply.len())]).await,
        Some(Fault::Bend) => {
            *reply.last_mut().unwrap() ^= 1;
            client.write_all(&reply).await
        }
        Some(Fault::Drip(ms)) => {
            client.write_all(&reply[..begin]).await?;
            for byte in &reply[begin..] {
                pause(ms).await;
                client.write_all(&[*byte]).await?;
                client.flush().await?;
            }
            Ok(())
        }
        Some(Fault::Answer(..) | Fault::ResetBefore | Fault::Late(_)) | None => {
            client.write_all(&reply).await
        }
    }
}

async fn pause(ms: u64) {
    let never = std::future::pending::<()>();
    let _elapsed = tokio::time::timeout(Duration::from_millis(ms), never).await;
}

fn find_blank(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|place| place + 4)
}

async fn request(client: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let begin = loop {
        if let Some(begin) = find_blank(&bytes) {
            break begin;
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..begin]).into_owned();
    let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = bytes[begin..].to_vec();
    while body.len() < length {
        if client.read_buf(&mut body).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((head, body))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Sends the request as it came, but for keeping the connection; the reply to its end.
async fn forward(upstream: &str, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(upstream).await?;
    let mut lines: Vec<&str> = head
        .trim_end()
        .lines()
        .filter(|line| !line.to_ascii_lowercase().starts_with("connection:"))
        .collect();
    lines.push("connection: close");
    // At once: a server that answers before it has read the body resets the connection, and with it goes the answer.
    let whole = [format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes(), body].concat();
    server.write_all(&whole).await?;
    let mut reply = Vec::new();
    server.read_to_end(&mut reply).await?;
    Ok(reply)
}

/// An error as S3 words it.
fn answer(status: u16, code: &str) -> Vec<u8> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>scripted</Message></Error>"
    );
    format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The network of toxiproxy before `upstream`: what it does to a connection is chosen while it runs.
pub(crate) struct Toxic {
    pub(crate) endpoint: String,
    control: String,
    name: String,
}

impl Toxic {
    pub(crate) async fn start(name: &str, upstream: &str) -> Self {
        let control = crate::subject::setting("SEALOG_TEST_TOXIPROXY");
        let name = format!("{name}-{}", std::process::id());
        let upstream = upstream.strip_prefix("http://").unwrap();
        let wanted = format!(r#"{{"name":"{name}","listen":"127.0.0.1:0","upstream":"{upstream}"}}"#);
        let reply = ask(&control, "POST", "/proxies", &wanted).await;
        let listen = reply.split("\"listen\":\"").nth(1).and_then(|rest| rest.split('"').next());
        let endpoint = format!("http://{}", listen.unwrap_or_else(|| panic!("toxiproxy: {reply}")));
        Self { endpoint, control, name }
    }

    /// From now on, until [`Self::cure`].
    pub(crate) async fn poison(&self, toxic: &str) {
        let reply = ask(&self.control, "POST", &format!("/proxies/{}/toxics", self.name), toxic).await;
        assert!(reply.contains("200 OK"), "toxiproxy: {reply}");
    }

    pub(crate) async fn cure(&self, toxic: &str) {
        let reply = ask(&self.control, "DELETE", &format!("/proxies/{}/toxics/{toxic}", self.name), "").await;
        assert!(reply.contains("204"), "toxiproxy: {reply}");
    }
}

async fn ask(control: &str, method: &str, path: &str, body: &str) -> String {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {control}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    String::from_utf8_lossy(
        &forward(control, head.strip_suffix(body).unwrap(), body.as_bytes()).await.unwrap(),
    )
    .into_owned()
}
