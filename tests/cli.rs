//! The command as people and scripts meet it: help, mistakes, formats, pipes, and
//! a server that starts, says why it does not, and stops.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use crate::support::server::Server;
use crate::support::{command, guest, load, run, stdout_of};

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a bundle with data of its own.
fn shown(bundle: &Path, arguments: &[&str]) -> Output {
    let data = tempfile::tempdir().expect("a temporary folder");
    let (bundle, data) = (bundle.to_string_lossy(), data.path().to_string_lossy().into_owned());
    run(&[&[&*bundle, "--data", &*data], arguments].concat())
}

#[test]
fn help_is_enough_to_begin_with() {
    let help = stdout_of(&["--help"]);
    for word in [
        "mprun coffee.wasm",
        "serve",
        "build",
        "inspect",
        "install",
        "--trust",
        "--page",
        "--format",
        "--data",
        "--fuel",
        "Esc goes back",
        "Exit codes",
    ] {
        assert!(help.contains(word), "`{word}` is missing:\n{help}");
    }
    for command in ["serve", "build", "sign", "key", "verify", "diff", "inspect", "install", "push", "pull"] {
        for line in [[command, "--help"], ["help", command]] {
            let help = stdout_of(&line);
            assert!(help.contains("Examples:") && help.contains(&format!("mprun {command}")), "{line:?}:\n{help}");
        }
    }
    assert!(stdout_of(&["help"]).contains("Exit codes"));
    assert!(stdout_of(&["--version"]).starts_with("mprun "));
}

#[test]
fn what_a_variable_says_is_not_required_on_the_command_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut serve = command(&["serve", "--help"]);
    serve.env("MPRUN_DATA", folder.path()).env("MPRUN_LISTEN", "127.0.0.1:0");
    let _busy = load::busy();
    let help = String::from_utf8(serve.output().expect("mprun starts").stdout).expect("UTF-8");
    assert!(help.contains("Usage: mprun serve [OPTIONS] [BUNDLE]...\n"), "{help}");
}

#[test]
fn a_command_line_that_makes_no_sense_is_code_2() {
    for (line, word) in [
        (&[][..], "Usage"),
        (&["--frobnicate"], "--frobnicate"),
        (&["serve"], "error: no trust file says whose programs may be served"),
        (&["serve"], "\nhint: for unsigned programs of your own: --dev\n"),
        (&["install"], "FILE|REF"),
        (&["verify", "a.wasm", "--key", "k", "--trust", "t"], "cannot be used with"),
        (&["a.wasm", "--format", "pdf"], "possible values"),
        (&["a.wasm", "--fuel", "much"], "expected a whole number"),
        (&["a.wasm", "--page", "../secret"], "expected a page such as"),
        (&["serve", "a.wasm", "--listen", "everywhere"], "expected an address and a port"),
        (&["a.wasm", "b.wasm"], "error: one mini-program at a time"),
        (&["a.wasm", "b.wasm"], "\nhint: several are for the server: mprun serve a.wasm b.wasm\n"),
        (&[""], "error: BUNDLE|APP_ID is empty"),
        (&["help", "nonsense"], "nonsense"),
    ] {
        let output = run(line);
        assert_eq!(output.status.code(), Some(2), "{line:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(word), "{line:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{line:?}");
    }
}

#[test]
fn a_missing_file_is_code_1_with_a_hint() {
    for line in
        [&["nothing.wasm"][..], &["inspect", "nothing.wasm"], &["serve", "nothing.wasm", "--listen", "127.0.0.1:0"]]
    {
        let output = run(line);
        assert_eq!(output.status.code(), Some(1), "{line:?}");
        let said = stderr(&output);
        assert!(said.starts_with("error: cannot open `nothing.wasm`") && said.contains("\nhint: "), "{line:?}: {said}");
    }
}

#[test]
fn a_page_is_printed_in_three_formats() {
    let bundle = guest("counter");
    let text = shown(&bundle, &[]);
    assert_eq!(text.status.code(), Some(0), "{}", stderr(&text));
    assert_eq!(stderr(&text), "note: unsigned: `counter` runs as a development program\n");
    assert_eq!(stderr(&shown(&bundle, &["--dev"])), "", "whoever says so need not be told");
    let text = String::from_utf8(text.stdout).expect("UTF-8");
    for line in ["here 0, shared 0, stored 0.", "Add", "Note"] {
        assert!(text.contains(line), "`{line}` is missing:\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no terminal, no colours");
    assert_eq!(String::from_utf8(shown(&bundle, &["--format", "text"]).stdout).expect("UTF-8"), text);

    let html = String::from_utf8(shown(&bundle, &["--format", "html"]).stdout).expect("UTF-8");
    assert!(
        html.starts_with("<!doctype html>") && html.contains("here 0, shared 0") && html.ends_with("</html>\n"),
        "{html}"
    );

    let json = shown(&bundle, &["--format", "json", "--page", "index"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["element"], "view");
    assert_eq!(json["children"][0]["text"], "here 0, shared 0, stored 0.");
    assert_eq!(json["children"][1]["events"][0], "tap");
    assert_eq!(json["children"][2]["attributes"]["label"], "Note");
}

#[test]
fn a_program_that_needs_more_than_it_may_is_ended_with_the_limit_named() {
    let output = shown(&guest("counter"), &["--fuel", "1000"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("error: the page cannot be shown"), "{said}");
    assert!(said.contains("limit `fuel`") && said.contains("hint: run it with more: mprun --fuel 2000\n"), "{said}");
    assert!(output.stdout.is_empty());

    let output = shown(&guest("counter"), &["--memory-mib", "1"]);
    // Less than the module begins with: it never runs at all.
    let said = stderr(&output);
    assert!(said.contains("limit `memory`") && said.contains("hint: ") && said.contains("--memory-mib 2"), "{said}");
    assert_eq!(output.status.code(), Some(1));

    // While it runs.
    let said = stderr(&shown(&guest("moody"), &["--page", "index?mood=grow"]));
    assert!(
        said.contains("limit `memory`") && said.contains("hint: run it with more: mprun --memory-mib 128\n"),
        "{said}"
    );

    let output = shown(&guest("moody"), &["--page", "index?mood=panic"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("in a bad mood") && stderr(&output).contains("moody/src/lib.rs:"),
        "{}",
        stderr(&output)
    );
    assert_eq!(stderr(&output).matches("in a bad mood").count(), 1, "said once: {}", stderr(&output));
}

#[test]
fn a_reader_that_goes_away_is_no_failure_to_talk_about() {
    let bundle = guest("counter");
    for format in ["text", "html", "json"] {
        let data = tempfile::tempdir().expect("a temporary folder");
        let _busy = load::busy();
        let mut child = command(&[
            &bundle.to_string_lossy(),
            "--dev",
            "--format",
            format,
            "--data",
            &data.path().to_string_lossy(),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("mprun starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("mprun ends");
        assert_eq!(output.status.code(), Some(3), "{format}: {}", stderr(&output));
        assert_eq!(stderr(&output), "", "{format}");
    }
    // As a shell does it.
    let line = format!("{} inspect {} | head -n 1", crate::support::mprun().display(), bundle.display());
    let output = std::process::Command::new("sh").args(["-c", &line]).output().expect("sh starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
    assert_eq!(stderr(&output), "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let full = std::fs::File::options().write(true).open("/dev/full").expect("the device that is always full");
    let bundle = guest("counter");
    let _busy = load::busy();
    let mut inspect = command(&["inspect", &bundle.to_string_lossy()]);
    let output = inspect.stdout(full).output().expect("mprun starts");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: cannot write to stdout") && said.contains("\nhint: no space left"), "{said}");
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().to_string_lossy().into_owned();
    let (counter, loops) = (guest("counter"), guest("loops"));
    let copy = folder.path().join("copy.wasm");
    std::fs::copy(&counter, &copy).expect("copied");
    let (counter, loops, copy) = (counter.to_string_lossy(), loops.to_string_lossy(), copy.to_string_lossy());

    for (line, cause, hint) in [
        (vec!["serve", &*counter, "--listen", &address], "cannot listen on", "another program uses this port"),
        (
            vec!["serve", &counter, &loops, &copy, "--listen", "127.0.0.1:0"],
            "is `dev/counter`, and so is another of these bundles",
            "serve one version of a mini-program at a time",
        ),
        (
            vec!["serve", &loops, "missing.wasm", "--listen", "127.0.0.1:0"],
            "cannot open `missing.wasm`",
            "mprun build DIR",
        ),
        (
            vec!["serve", &loops, "--listen", "127.0.0.1:0", "--data", &loops],
            "cannot make the data folder",
            "--data DIR",
        ),
    ] {
        let mut line = line;
        line.push("--dev");
        if !line.contains(&"--data") {
            line.extend(["--data", &data]);
        }
        let output = run(&line);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{line:?}: {said}");
        assert!(said.contains(cause) && said.contains("\nhint: ") && said.contains(hint), "{line:?}: {said}");
        assert!(output.stdout.is_empty(), "{line:?}: it never served");
    }
}

#[test]
fn a_server_says_where_it_is_and_that_it_lives() {
    let server = Server::start(&[guest("counter"), guest("loops")]);
    let page = server.client().get("/healthz");
    assert_eq!((page.status, page.html.as_str()), (200, "ok\n"));
    let centre = server.client().get("/");
    assert!(centre.text().contains("Counter") && centre.text().contains("Loops"), "{}", centre.text());
    centre.follow("Counter Utilities unsigned").assert_text("here 0, shared 0, stored 0.");
}

#[test]
fn a_server_that_is_asked_to_stop_finishes_what_it_has_begun() {
    let mut server = Server::start(&[guest("counter")]);
    let page = server.client().get("/miniapp/counter/index");
    let form = page.form(Some(page.button("Add", 0)));
    let body = url_encoded(&form);
    let address = server.address().to_owned();
    let cookie = page.client().cookie();
    // Half of a request is there, and a connection that asks for nothing.
    let idle = TcpStream::connect(&address).expect("a connection");
    let mut open = TcpStream::connect(&address).expect("a connection");
    let head = format!(
        "POST /miniapp/counter/index HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    open.write_all(head.as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_millis(200));
    server.terminate();
    std::thread::sleep(Duration::from_millis(200));
    assert!(TcpStream::connect(&address).is_err(), "nobody new is let in");
    open.write_all(body.as_bytes()).expect("sent");
    let mut answer = String::new();
    open.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    open.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    let ended = server.wait(Duration::from_secs(8)).expect("it ends in time");
    assert_eq!(ended.code(), Some(0));
    drop(idle);

    // What was answered is kept.
    let place = answer.lines().find_map(|line| line.strip_prefix("location: ")).expect("a place").trim().to_owned();
    server.kill_and_restart();
    // Its connections to the old server are good for nothing any more.
    let again = (0..20).find_map(|_| page.client().try_get(&place).ok()).expect("an answer");
    again.assert_text("here 1, shared 1, stored 1.");
}

/// As a browser encodes a form.
fn url_encoded(fields: &[(String, String)]) -> String {
    let encode = |text: &str| {
        text.bytes().fold(String::new(), |out, byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out + &char::from(byte).to_string(),
            byte => out + &format!("%{byte:02X}"),
        })
    };
    fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}
