//! The compiler is a stranger's toy: components that take it minutes or gigabytes,
//! hosts that die while it works, native code that somebody changed. The host goes
//! on, and nothing runs that was not compiled here.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use mprun_core::bundle;
use mprun_core::trust::Admitted;
use mprun_host::HostConfig;
use mprun_host::compile::{CompileLimits, Compiler, Jailed, MachineKey, NativeCache};

use crate::support::local::Local;
use crate::support::server::Server;
use crate::support::{command, guest, load, mprun, run, stdout_of};

/// Functions that keep Cranelift busy: every variable is new in every loop, so
/// there are `loops` × `variables` of them once a function is in SSA form.
fn bombs(functions: usize, loops: usize, variables: usize) -> Vec<u8> {
    let mut function = String::from("(func (param i32) (local");
    function.push_str(&" i32".repeat(variables));
    function.push(')');
    function.push_str(&"(loop ".repeat(loops));
    for variable in 1..=variables {
        let _ = write!(function, "(local.set {variable} (i32.add (local.get {variable}) (local.get 0)))");
    }
    function.push_str(&"(br_if 0 (local.get 1)))".repeat(loops));
    function.push(')');
    wat::parse_str(format!("(module {})", function.repeat(functions))).expect("a module")
}

/// Takes gigabytes within seconds.
fn memory_bomb() -> Vec<u8> {
    bombs(1, 1000, 5000)
}

/// Takes minutes, and little memory.
fn time_bomb() -> Vec<u8> {
    bombs(40, 100, 1000)
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

/// A valid mini-program that carries this module beside its own.
fn with_module(module: &[u8]) -> Vec<u8> {
    let plain = bundle::verify(fs::read(guest("counter")).expect("the bundle can be read")).expect("a bundle");
    let (component, ours) = plain.bytes().split_at(plain.component().len());
    [component, &[1], &leb(module.len()), module, ours].concat()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("the file can be written");
    path
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn a_component_that_takes_gigabytes_ends_at_the_limit_and_the_server_goes_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = write(folder.path(), "bomb.wasm", &with_module(&memory_bomb()));
    let server = Server::start(&[guest("counter")]);
    let data = text(server.data());
    let bomb = text(&path);
    let mut install = command(&["install", &bomb, "--dev", "--data", &data]);
    let install = install.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("mprun starts");
    let (began, mut answered) = (Instant::now(), 0);
    let waiting = std::thread::spawn(move || install.wait_with_output().expect("it ends"));
    while !waiting.is_finished() {
        assert_eq!(server.client().get("/miniapp/counter/index").status, 200);
        answered += 1;
        std::thread::sleep(Duration::from_millis(100));
    }
    let output = waiting.join().expect("the thread ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    println!("ended after {:?}, {answered} pages meanwhile", began.elapsed());
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("compiling the component takes more than 2048 MiB of memory"), "{said}");
    assert!(said.contains("hint: "), "{said}");
    assert!(answered > 0);
    // Nothing of it is left.
    assert!(!stdout_of(&["list", "--data", &data]).contains("counter"));
}

fn jailed(limits: CompileLimits) -> Compiler {
    Compiler::Jailed(Jailed::new(mprun(), "MPRUN_COMPILER", limits, 1))
}

#[tokio::test]
async fn a_component_that_takes_minutes_ends_at_the_deadline() {
    let limits = CompileLimits { deadline: Duration::from_secs(2), ..CompileLimits::default() };
    let local = Local::start(HostConfig { compiler: jailed(limits), ..HostConfig::default() }).await;
    let bytes = with_module(&time_bomb());
    let admitted = Admitted::development(bundle::verify(bytes).expect("it is valid"));
    let began = Instant::now();
    let error = local.host.install(admitted).await.expect_err("it ends at the limit");
    assert_eq!(error.to_string(), "compiling the component takes more than 2 s");
    assert!(began.elapsed() < Duration::from_secs(30));
    // The next one has its turn.
    local.install(&guest("counter")).await;
}

#[test]
fn the_compiler_ends_with_its_parent() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = text(&write(folder.path(), "bomb.wasm", &with_module(&time_bomb())));
    let data = text(&folder.path().join("data"));
    let mut parent = command(&["install", &path, "--dev", "--data", &data]);
    let mut parent = parent.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("mprun starts");
    let child = until(|| children(parent.id()).first().copied()).expect("it starts a compiler");
    // It is at work, not only there: it has given up its powers by then.
    std::thread::sleep(Duration::from_millis(500));
    parent.kill().expect("it can be killed");
    parent.wait().expect("it ends");
    let killed = Instant::now();
    assert!(until(|| (!alive(child)).then_some(())).is_some(), "the compiler {child} outlives its parent");
    // By itself it would work for minutes.
    assert!(killed.elapsed() < Duration::from_secs(10), "it ended by itself after {:?}", killed.elapsed());
}

fn until<T>(mut found: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        if let Some(found) = found() {
            return Some(found);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

/// Processes whose parent this is, from any of its threads.
fn children(of: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("processes can be listed");
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_string_lossy().parse().ok());
    numbers.filter(|process| stat(*process).is_some_and(|(_, parent)| parent == of)).collect()
}

fn alive(process: u32) -> bool {
    stat(process).is_some_and(|(state, _)| state != 'Z')
}

/// State and parent.
fn stat(process: u32) -> Option<(char, u32)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses can contain anything.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

#[test]
fn doctor_tries_the_jail_and_says_what_is_in_force() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let said = stdout_of(&["doctor", "--data", &text(folder.path())]);
    print!("{said}");
    for line in ["resource limits", "ends with its parent", "Landlock", "seccomp"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(said.contains("at most 60 s and 2048 MiB"), "{said}");
    assert_eq!(said.matches("refused\n").count(), 5, "{said}");
    assert!(!said.contains("POSSIBLE"), "{said}");
    // On Linux these need no configuration of the kernel's; Landlock may be switched
    // off, and is tried alone in the host's own tests.
    for part in ["resource limits", "ends with its parent", "seccomp"] {
        assert!(said.lines().any(|line| line.contains(part) && line.ends_with("  in force")), "{part}: {said}");
    }
    let landlock = said.lines().find(|line| line.contains("Landlock")).expect("a line for Landlock");
    let known = ["  in force", "partly in force", "switched off in this kernel", "built without it"];
    assert!(known.iter().any(|known| landlock.contains(known)), "{landlock}");
}

#[test]
fn the_jail_is_whole_whatever_the_hosts_parent_left_open_or_limited() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let script = "exec 3</etc/passwd 4<&3 5<&3 6<&3 7<&3 8<&3 9<&3; ulimit -t 100; exec \"$0\" doctor --data \"$1\"";
    let output = std::process::Command::new("bash")
        .args(["-c", script])
        .args([&mprun(), folder.path()])
        .output()
        .expect("bash starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let usual = stdout_of(&["doctor", "--data", &text(folder.path())]);
    let jail = |said: &str| said.lines().filter(|line| line.starts_with("  ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(jail(&said), jail(&usual));
}

#[test]
fn a_process_that_is_told_to_compile_by_anybody_else_does_nothing() {
    let output = command(&["list"]).env("MPRUN_COMPILER", "1").output().expect("mprun starts");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the compiler that mprun starts for itself"));
}

/// A host with native code kept in `folder`.
async fn keeping(folder: &Path) -> Local {
    let key = MachineKey::open(&folder.join("machine.key")).expect("a key");
    let native_cache = Some(NativeCache::new(folder.join("native"), &key, 1 << 30));
    let compiler = jailed(CompileLimits::default());
    Local::start(HostConfig { compiler, native_cache, ..HostConfig::default() }).await
}

fn native(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("native")).expect("the folder can be read");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[tokio::test]
async fn native_code_is_kept_and_changed_code_is_compiled_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    keeping(folder.path()).await.install(&guest("counter")).await;
    let [file] = &native(folder.path())[..] else { panic!("one file of native code") };
    let good = fs::read(file).expect("it can be read");
    let at = good.len() / 2;
    let flipped: Vec<u8> = good.iter().enumerate().map(|(i, byte)| if i == at { byte ^ 1 } else { *byte }).collect();
    for bad in [flipped, good[..at].to_vec(), Vec::new(), b"nonsense".to_vec()] {
        fs::write(file, bad).expect("it can be written");
        keeping(folder.path()).await.install(&guest("counter")).await;
        assert_eq!(fs::read(file).expect("it is there again").len(), good.len());
    }
    // Another program's code in its place.
    keeping(folder.path()).await.install(&guest("moody")).await;
    let other = native(folder.path()).into_iter().find(|path| path != file).expect("two files");
    fs::copy(&other, file).expect("it can be copied");
    let local = keeping(folder.path()).await;
    local.install(&guest("counter")).await;
    assert_ne!(fs::read(file).expect("it is there"), fs::read(other).expect("so is this"));
}

#[test]
fn a_machine_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = text(folder.path());
    let bundle = text(&guest("counter"));
    stdout_of(&[&bundle, "--data", &data]);
    let key = folder.path().join("machine.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("permissions can be changed");
    let output = run(&[&bundle, "--data", &data]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("hint: delete it") && said.contains("machine.key"), "{said}");
}

/// Compiling takes as long as the machine lets it: not beside other such tests.
#[test]
fn a_folder_that_cannot_be_written_costs_time_and_nothing_else() {
    let _busy = load::busy();
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("native"), "a file in its place").expect("it can be written");
    let bundle = text(&guest("counter"));
    let data = text(folder.path());
    for _ in 0..2 {
        let output = run(&[&bundle, "--data", &data]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
