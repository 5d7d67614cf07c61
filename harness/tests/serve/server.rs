//! The program as a child of a test, and its lines.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use jsonschema::Validator;
use serde_json::Value;

/// No line takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn schema() -> Value {
    serde_json::from_str(include_str!("../../../schema/serve-1.json")).unwrap()
}

pub fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

/// A server that is gone when the test is.
pub struct Server {
    child: Child,
    lines: Receiver<String>,
    complaints: Receiver<String>,
    validator: Validator,
    pub ready: Value,
    pub port: u16,
}

impl Server {
    /// `serve` with a free port of 127.0.0.1 and more arguments; waits for its ready line.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_with(&mut Command::new(env!("CARGO_BIN_EXE_shakedown")), arguments)
    }

    pub fn start_with(command: &mut Command, arguments: &[&str]) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let complaints = lines_of(child.stderr.take().unwrap());
        let mut server =
            Self { child, lines, complaints, validator: validator(), ready: Value::Null, port: 0 };
        server.ready = server.line();
        assert_eq!(server.ready["type"], "ready", "{}", server.ready);
        let address = server.ready["address"].as_str().unwrap();
        server.port = address.rsplit(':').next().unwrap().parse().unwrap();
        server
    }

    pub fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    pub fn ca(&self) -> Vec<u8> {
        let text = std::fs::read_to_string(self.ready["ca_pem"].as_str().unwrap()).unwrap();
        pem::parse(text).unwrap().into_contents()
    }

    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}/", self.port)
    }

    /// The next line. Every line is valid by the schema.
    #[track_caller]
    pub fn line(&mut self) -> Value {
        let text = match self.lines.recv_timeout(PATIENCE) {
            Ok(text) => text,
            Err(error) => panic!("no line: {error}; standard error: {}", self.complaints()),
        };
        let line: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text:?}"));
        let faults: Vec<String> = self.validator.iter_errors(&line).map(|e| e.to_string()).collect();
        assert!(faults.is_empty(), "{line}: {faults:?}");
        line
    }

    /// The next line, which is one about a connection.
    #[track_caller]
    pub fn connection(&mut self) -> Value {
        let line = self.line();
        assert_eq!(line["type"], "connection", "{line}");
        line
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Closes its standard input, for `--stop-with-stdin`.
    pub fn close_stdin(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Its exit code, within the patience.
    #[track_caller]
    pub fn exit_code(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The lines that are left, once it has ended.
    pub fn rest(&mut self) -> Vec<Value> {
        let mut rest = Vec::new();
        while let Ok(text) = self.lines.recv_timeout(PATIENCE) {
            rest.push(serde_json::from_str(&text).unwrap());
        }
        rest
    }

    /// The next line of its standard error.
    #[track_caller]
    pub fn complaint(&self) -> String {
        self.complaints.recv_timeout(PATIENCE).expect("a line of standard error")
    }

    /// What is left of its standard error; ends the program.
    pub fn complaints(&mut self) -> String {
        let _ = self.child.kill();
        let mut text = String::new();
        while let Ok(line) = self.complaints.recv_timeout(PATIENCE) {
            text += &line;
            text.push('\n');
        }
        text
    }

    /// Waits until nobody listens at its port any more, and connects to it no more often than never.
    #[track_caller]
    pub fn wait_until_deaf(&self) {
        let start = Instant::now();
        let (place, listens) = (format!("0100007F:{:04X}", self.port), "0A");
        let is_deaf = || {
            let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
            !table.lines().any(|line| {
                let columns: Vec<&str> = line.split_whitespace().collect();
                columns.get(1) == Some(&place.as_str()) && columns.get(3) == Some(&listens)
            })
        };
        while !is_deaf() {
            assert!(start.elapsed() < PATIENCE, "it still listens");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A server that is killed leaves its folder behind.
        let folder = self.ready["ca_pem"].as_str().and_then(|file| Path::new(file).parent());
        if let Some(folder) = folder.filter(|folder| folder.to_string_lossy().contains("/shakedown-serve-")) {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// The lines of a pipe, read on a thread of their own.
fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
