//! Whose programs run here: keys and signatures that work with Debian's `minisign` in
//! both directions, and every reason to refuse, through every command that could use
//! a bundle. Nothing refused is installed, served or run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mprun_core::bundle;
use mprun_core::identity::ProgramId;

use crate::support::keys::{Key, beside, minisign, refused, said, text, trust_file};
use crate::support::server::Server;
use crate::support::{changed, command, guest, load, mprun, nowhere, root, run, stdout_of};

const COUNTER: &str = "/miniapp/counter/index";

/// A folder with a bundle of its own to sign.
fn workshop() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bundle = folder.path().join("counter.wasm");
    fs::copy(guest("counter"), &bundle).expect("copied");
    (folder, bundle)
}

/// A command that is told a password in its environment.
fn with_password(password: &str, arguments: &[&str]) -> Output {
    let _busy = load::busy();
    command(arguments).env("MPRUN_KEY_PASSWORD", password).output().expect("mprun starts")
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), said(output));
}

/// The bundle in another version.
fn version(bundle: &Path, code: u32) -> PathBuf {
    let path = bundle.with_file_name(format!("counter-{code}.wasm"));
    changed(bundle, &path, |manifest| {
        manifest.version.code = code;
        manifest.version.name = format!("{code}.0.0");
    });
    path
}

/// A bundle that differs in one bit, and is a bundle all the same.
fn with_a_bit_flipped(bundle: &Path) -> Vec<u8> {
    let mut bytes = fs::read(bundle).expect("the bundle can be read");
    let component = bundle::verify(bytes.clone()).expect("a bundle").component().len();
    for at in (0..component).rev() {
        bytes[at] ^= 1;
        if bundle::verify(bytes.clone()).is_ok() {
            return bytes;
        }
        bytes[at] ^= 1;
    }
    panic!("no bit of the component can be flipped");
}

#[test]
fn what_we_sign_minisign_verifies() {
    let (folder, bundle) = workshop();
    let key = Key::generate(folder.path(), "plum");
    let signed = stdout_of(&["sign", &text(&bundle), "--key", &text(&key.file)]);
    assert!(signed.contains(&format!("minisign -Vm {}", bundle.display())), "{signed}");
    let public = key.public();
    for arguments in [["-p", &text(&key.public_file())], ["-P", &public]] {
        let output = minisign(&[&["-Vm", &text(&bundle)][..], &arguments].concat(), "");
        succeeded(&output);
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        let digest = blake3::hash(&fs::read(&bundle).expect("the bundle can be read")).to_hex();
        for part in ["Trusted comment: timestamp:", "file:counter.wasm", "hashed", "app_id:counter", digest.as_str()] {
            assert!(shown.contains(part), "`{part}` is missing in: {shown}");
        }
    }
    // Our secret keys sign there as well, encrypted and not.
    let locked = text(&folder.path().join("locked.key"));
    succeeded(&with_password("open sesame", &["key", "generate", "-o", &locked]));
    for (secret, password) in [(text(&key.file), ""), (locked, "open sesame\n")] {
        let signature = text(&folder.path().join("by-minisign"));
        succeeded(&minisign(&["-Sm", &text(&bundle), "-s", &secret, "-x", &signature], password));
        let public = secret.replace(".key", ".pub");
        let verified = stdout_of(&["verify", &text(&bundle), "--key", &public, "--signature", &signature]);
        assert!(verified.contains("trust    signed by the key "), "{verified}");
    }
}

#[test]
fn what_minisign_signs_we_verify() {
    let (folder, bundle) = workshop();
    let (plain, locked) = (folder.path().join("plain.key"), folder.path().join("locked.key"));
    let public = |secret: &Path| text(&secret.with_extension("pub"));
    succeeded(&minisign(&["-G", "-W", "-s", &text(&plain), "-p", &public(&plain)], ""));
    succeeded(&minisign(&["-G", "-s", &text(&locked), "-p", &public(&locked)], "open sesame\nopen sesame\n"));

    succeeded(&minisign(&["-Sm", &text(&bundle), "-s", &text(&plain), "-t", "for the test"], ""));
    let verified = stdout_of(&["verify", &text(&bundle), "--key", &public(&plain)]);
    assert!(verified.contains("comment  for the test"), "{verified}");
    refused(&["verify", &text(&bundle), "--key", &public(&locked)], "expected a signature", "public key");

    // Its keys sign here, in place of its own signature and beside it.
    stdout_of(&["sign", &text(&bundle), "--key", &text(&plain)]);
    let other = text(&beside(&bundle, ".locked.minisig"));
    let sign = ["sign", &text(&bundle), "--key", &text(&locked), "-o", &other];
    let wrong = with_password("open says me", &sign);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(said(&wrong).contains("has another password"), "{}", said(&wrong));
    refused(&sign, "the key needs a password, and there is no terminal", "$MPRUN_KEY_PASSWORD");
    succeeded(&with_password("open sesame", &sign));
    for secret in [&plain, &locked] {
        stdout_of(&["verify", &text(&bundle), "--key", &public(secret)]);
    }
    succeeded(&minisign(&["-Vm", &text(&bundle), "-x", &other, "-p", &public(&locked)], ""));
}

#[test]
fn keys_and_signatures_of_others_are_not_written_over() {
    let (folder, bundle) = workshop();
    let (plum, anna) = (Key::generate(folder.path(), "plum"), Key::generate(folder.path(), "anna"));
    let before = fs::read(&plum.file).expect("the key can be read");
    refused(
        &["key", "generate", "--no-password", "-o", &text(&plum.file)],
        "there is something already at",
        "a key is never written over",
    );
    fs::remove_file(&plum.file).expect("removed");
    refused(&["key", "generate", "--no-password", "-o", &text(&plum.file)], "plum.pub", "a key is never written over");
    assert!(!plum.file.exists());
    fs::write(&plum.file, before).expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&anna.file).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    let signature = beside(&bundle, ".minisig");
    stdout_of(&["sign", &text(&bundle), "--key", &text(&plum.file)]);
    let first = fs::read_to_string(&signature).expect("it is there");
    refused(
        &["sign", &text(&bundle), "--key", &text(&anna.file)],
        "is a signature by another key",
        &format!("-o {}", beside(&bundle, ".anna.minisig").display()),
    );
    assert_eq!(fs::read_to_string(&signature).expect("it is there"), first);
    // One's own is replaced.
    stdout_of(&["sign", &text(&bundle), "--key", &text(&plum.file), "--comment", "again"]);
    assert!(fs::read_to_string(&signature).expect("it is there").contains("trusted comment: again\n"));

    // What is no bundle is not signed, and a public key signs nothing.
    let broken = folder.path().join("broken.wasm");
    fs::write(&broken, &fs::read(&bundle).expect("read")[1..]).expect("written");
    refused(&["sign", &text(&broken), "--key", &text(&plum.file)], "is not a bundle", "");
    assert!(!beside(&broken, ".minisig").exists());
    let public = text(&plum.public_file());
    refused(&["sign", &text(&bundle), "--key", &public], "got the public key", "`.key`");
}

/// Every command that could use a bundle refuses it, with the same cause.
fn refused_everywhere(bundle: &Path, trust: &Path, cause: &str, hint: &str) {
    let data = tempfile::tempdir().expect("a temporary folder");
    let (file, trust, data) = (text(bundle), text(trust), text(data.path()));
    refused(&["verify", &file, "--trust", &trust], cause, hint);
    let options = ["--trust", &trust, "--data", &data];
    refused(&[&["install", &file][..], &options].concat(), cause, hint);
    refused(&[&["serve", &file, "--listen", "127.0.0.1:0"][..], &options].concat(), cause, hint);
    refused(&[&[file.as_str()][..], &options].concat(), cause, hint);
    let listed = stdout_of(&["list", "--json", "--data", &data]);
    assert_eq!(listed.trim(), "[]", "{cause}: something was installed");
}

#[test]
fn a_flipped_bit_is_refused() {
    let (folder, bundle) = workshop();
    let key = Key::generate(folder.path(), "plum");
    key.sign(&bundle);
    let trust = trust_file(folder.path(), &[&key.author("counter")]);
    stdout_of(&["verify", &text(&bundle), "--trust", &text(&trust)]);
    let whole = fs::read(&bundle).expect("the bundle can be read");

    // One that the bundle's own structure does not notice.
    fs::write(&bundle, with_a_bit_flipped(&bundle)).expect("written");
    refused_everywhere(&bundle, &trust, "no signature by `plum`", "whoever changes a file has to sign it again");
    let by_key = ["verify", &text(&bundle), "--key", &text(&key.public_file())];
    refused(&by_key, "fits the file: it is not the one that was signed", "");
    let signature = text(&key.signature(&bundle));
    let minisign = minisign(&["-Vm", &text(&bundle), "-x", &signature, "-p", &text(&key.public_file())], "");
    assert!(!minisign.status.success(), "minisign agrees");

    // One in a picture, which the bundle's own digests notice.
    let mut picture = whole.clone();
    let at = picture.len() - 10;
    picture[at] ^= 1;
    fs::write(&bundle, picture).expect("written");
    refused_everywhere(&bundle, &trust, "the asset `icon.svg` is broken", "copy or download it again");

    // In a signature, every line counts but the comment that nobody signs.
    fs::write(&bundle, &whole).expect("written");
    let signature = key.signature(&bundle);
    let signed = fs::read_to_string(&signature).expect("the signature can be read");
    for (from, to, cause) in [
        ("\ntrusted comment: timestamp:1", "\ntrusted comment: timestamp:2", "no signature by `plum`"),
        ("\nRU", "\nRT", "is not a signature that can be used"),
        ("\ntrusted comment", "\ntrusted comments", "is not a signature that can be used"),
    ] {
        assert!(signed.contains(from), "{signed}");
        fs::write(&signature, signed.replacen(from, to, 1)).expect("written");
        refused_everywhere(&bundle, &trust, cause, "");
    }
    fs::write(&signature, signed.replacen("signature by", "anything", 1)).expect("written");
    stdout_of(&["verify", &text(&bundle), "--trust", &text(&trust)]);
}

#[test]
fn each_reason_to_refuse_has_its_own_message() {
    let (folder, bundle) = workshop();
    let [plum, anna, ben, eve] = ["plum", "anna", "ben", "eve"].map(|name| Key::generate(folder.path(), name));
    let reviews = "[[reviews]]\napp_ids = [\"*\"]\nreviewers = [\"anna\", \"ben\"]\nthreshold = 2\n";
    let author = plum.author("counter");
    let (of_anna, of_ben) = (anna.reviewer(), ben.reviewer());
    let trust = |parts: &[&str]| trust_file(folder.path(), parts);

    refused_everywhere(&bundle, &trust(&[&author]), "`counter` is not signed", "--dev");
    eve.sign(&bundle);
    let unknown = "`counter` is signed by nobody in the trust file";
    refused_everywhere(&bundle, &trust(&[&author]), unknown, "may_publish = [\"counter\"]");
    fs::remove_file(eve.signature(&bundle)).expect("removed");

    // A signature of another file.
    let other = version(&bundle, 7);
    plum.sign(&other);
    fs::copy(plum.signature(&other), plum.signature(&bundle)).expect("copied");
    refused_everywhere(&bundle, &trust(&[&author]), "no signature by `plum`", "sign it again");

    plum.sign(&bundle);
    stdout_of(&["verify", &text(&bundle), "--trust", &text(&trust(&[&author]))]);
    for (line, cause, hint) in [
        (
            "revoked = \"2026-11-02: laptop stolen\"",
            "the key of `plum` was revoked: 2026-11-02: laptop stolen",
            "[keys.plum]",
        ),
        ("valid_from = 2999-01-01", "is valid from 2999-01-01 on", "valid_from"),
        ("valid_until = 2001-01-01", "was valid until 2001-01-01", "valid_until"),
    ] {
        refused_everywhere(&bundle, &trust(&[&author, line]), cause, hint);
    }
    let elsewhere = plum.author("com.plumlane.*");
    refused_everywhere(
        &bundle,
        &trust(&[&elsewhere]),
        "`plum` may not publish `counter`, only `com.plumlane.*`",
        "may_publish = [\"com.plumlane.*\", \"counter\"]",
    );
    refused_everywhere(&bundle, &trust(&[&plum.reviewer()]), "who is a reviewer only", "roles = [\"author\"]");

    // Two of two are needed.
    let strict = trust(&[&author, &of_anna, &of_ben, reviews]);
    let too_few = "expected signatures by 2 of the reviewers `anna`, `ben`";
    refused_everywhere(&bundle, &strict, &format!("{too_few}, got 0"), "2 more of them must sign");
    anna.sign(&bundle);
    refused_everywhere(&bundle, &strict, &format!("{too_few}, got 1"), "1 more of them must sign");
    ben.sign(&other);
    fs::copy(ben.signature(&other), ben.signature(&bundle)).expect("copied");
    refused_everywhere(&bundle, &strict, "no signature by `ben`", "sign it again");
    ben.sign(&bundle);
    let verified = stdout_of(&["verify", &text(&bundle), "--trust", &text(&strict)]);
    assert!(verified.contains("signed by plum (key "), "{verified}");
    assert!(verified.contains("reviewed by anna, ben"), "{verified}");
    // Without the author they are not enough.
    fs::remove_file(plum.signature(&bundle)).expect("removed");
    refused_everywhere(&bundle, &strict, "who is a reviewer only", "the author's signature is missing");
}

#[test]
fn a_signed_bundle_is_never_run_as_unsigned_by_accident() {
    let (folder, bundle) = workshop();
    let data = text(&folder.path().join("data"));
    let file = text(&bundle);
    // Unsigned, and without a trust file: for whoever names it only.
    refused(
        &["serve", &file, "--listen", "127.0.0.1:0", "--data", &data],
        "is unsigned, and no trust file says whose programs may be used here",
        "for unsigned files of your own: --dev",
    );
    refused(&["install", &file, "--data", &data], "is unsigned", "--dev");
    let output = run(&[&file, "--data", &data]);
    succeeded(&output);
    assert_eq!(said(&output), "note: unsigned: `counter` runs as a development program\n");

    Key::generate(folder.path(), "plum").sign(&bundle);
    let hint = "to use it as if it were unsigned: --dev";
    refused(&[&file, "--data", &data], "is signed, and no trust file says", hint);
    refused(&["serve", &file, "--listen", "127.0.0.1:0", "--data", &data], "is signed", hint);
    stdout_of(&[&file, "--data", &data, "--dev"]);
    // One that cannot be read is not one that is missing.
    fs::write(beside(&bundle, ".plum.minisig"), "untrusted comment: \n").expect("written");
    refused(&[&file, "--data", &data], "counter.wasm.plum.minisig` is not a signature", "take the file away");

    // With a trust file, all of them obey it; the variable and the usual place count.
    let trust = trust_file(folder.path(), &["[keys]\n"]);
    fs::remove_file(beside(&bundle, ".plum.minisig")).expect("removed");
    refused(&[&file, "--data", &data, "--trust", &text(&trust)], "`counter` is not signed", "mprun sign");
    let home = folder.path().join("config/mprun");
    fs::create_dir_all(&home).expect("made");
    fs::copy(&trust, home.join("trust.toml")).expect("copied");
    for (variable, value) in [("MPRUN_TRUST", trust), ("XDG_CONFIG_HOME", folder.path().join("config"))] {
        let _busy = load::busy();
        let output = command(&[&file, "--data", &data]).env(variable, value).output().expect("mprun starts");
        assert_eq!(output.status.code(), Some(1), "{variable}: {}", said(&output));
        assert!(said(&output).contains("`counter` is not signed"), "{variable}: {}", said(&output));
    }
}

#[test]
fn every_page_of_an_unsigned_program_says_so() {
    let (folder, bundle) = workshop();
    let unsigned = Server::start(std::slice::from_ref(&bundle));
    let client = unsigned.client();
    for path in ["/", COUNTER] {
        let page = client.get(path);
        assert!(!page.select(".mp-unsigned").is_empty(), "{path}: {}", page.html);
        assert!(page.text().contains("unsigned"), "{path}");
    }
    let page = client.get(COUNTER).press("Add");
    assert!(!page.select(".mp-unsigned").is_empty(), "{}", page.html);

    let key = Key::generate(folder.path(), "plum");
    key.sign(&bundle);
    let trust = text(&trust_file(folder.path(), &[&key.author("*")]));
    let signed = Server::start_with(&[bundle], &["--trust", &trust]);
    let client = signed.client();
    for path in ["/", COUNTER] {
        let page = client.get(path);
        assert!(page.select(".mp-unsigned").is_empty(), "{path}: {}", page.html);
        assert!(!page.text().contains("unsigned"), "{path}: {}", page.text());
    }
}

#[test]
fn versions_only_rise_unless_somebody_says_so_on_the_record() {
    let (folder, first) = workshop();
    let (second, third) = (version(&first, 2), version(&first, 3));
    let key = Key::generate(folder.path(), "plum");
    for bundle in [&first, &second, &third] {
        key.sign(bundle);
    }
    let trust = text(&trust_file(folder.path(), &[&key.author("counter")]));
    let data = text(&folder.path().join("data"));
    let install = |bundle: &Path, more: &[&str]| {
        let file = text(bundle);
        let line = ["install", &file, "--trust", &trust, "--data", &data];
        run(&[&line[..], more].concat())
    };
    let lower = |output: Output| {
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("code 2 was seen here before"), "{}", said(&output));
        assert!(said(&output).contains("--allow-downgrade"), "{}", said(&output));
    };
    succeeded(&install(&second, &[]));
    lower(install(&first, &[]));
    // Neither served nor run, as a file.
    for line in [&["serve", "--listen", "127.0.0.1:0"][..], &[]] {
        let file = text(&first);
        lower(run(&[line, &[&file, "--trust", &trust, "--data", &data]].concat()));
    }
    // Also after it was removed, and its file was deleted.
    stdout_of(&["remove", "counter", "--data", &data]);
    stdout_of(&["gc", "--data", &data]);
    lower(install(&first, &[]));
    succeeded(&install(&first, &["--allow-downgrade"]));
    succeeded(&install(&third, &[]));

    let history = stdout_of(&["list", "--history", "--data", &data]);
    let what: Vec<_> = history.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert_eq!(what, ["installed", "removed", "downgraded", "updated"], "{history}");

    // The same version twice is not the same version.
    let other = folder.path().join("other.wasm");
    changed(&third, &other, |manifest| manifest.description = Some("Another one".to_owned()));
    key.sign(&other);
    let output = install(&other, &[]);
    assert!(said(&output).contains("another bundle is version code 3 of `counter` here"), "{}", said(&output));
}

#[test]
fn a_program_keeps_what_is_stored_when_its_publisher_gets_another_key() {
    let (folder, first) = workshop();
    let (second, third) = (version(&first, 2), version(&first, 3));
    let (old, new) = (Key::generate(folder.path(), "old"), Key::generate(folder.path(), "new"));
    // The operator hears of the old key only.
    let trust = text(&trust_file(folder.path(), &[&old.author("counter")]));
    let data = folder.path().join("data");
    old.sign(&first);
    let server = Server::start_on_with(std::slice::from_ref(&first), &data, "127.0.0.1:0", &["--trust", &trust]);
    let client = server.client();
    client.get(COUNTER).press("Add").assert_text("here 1, shared 1, stored 1.");
    let address = server.address().to_owned();
    drop(server);

    new.sign(&second);
    let by_trust = ["verify", &text(&second), "--trust", &trust];
    refused(&by_trust, "is signed by nobody in the trust file", "");
    let rotation = text(&folder.path().join("rotation"));
    stdout_of(&["key", "rotate", "--old", &text(&old.file), "--new", &text(&new.file), "-o", &rotation]);
    let signature = text(&new.signature(&second));
    let sign = ["sign", &text(&second), "--key", &text(&new.file), "-o", &signature, "--rotation", &rotation];
    stdout_of(&sign);
    assert!(beside(&second, ".rotation").exists());

    let program = |bundle: &Path| -> ProgramId {
        let verified = stdout_of(&["verify", &text(bundle), "--trust", &trust]);
        let line = verified.lines().find_map(|line| line.trim_start().strip_prefix("program  "));
        let id = line.and_then(|line| line.split(' ').next()).expect("a program");
        id.parse().expect("its name")
    };
    assert_eq!(program(&second), program(&first));
    assert!(program(&first).namespace().starts_with('k'));

    let server = Server::start_on_with(&[second], &data, &address, &["--trust", &trust]);
    // Its connections to the old server are good for nothing any more.
    let page = (0..20).find_map(|_| client.try_get(COUNTER).ok()).expect("an answer");
    page.assert_text("here 0, shared 1, stored 1.").press("Add").assert_text("here 1, shared 2, stored 2.");
    drop(server);

    // Who was replaced signs nothing new; that is remembered without the statement.
    old.sign(&third);
    let data = text(&data);
    let serve = ["serve", &text(&third), "--listen", "127.0.0.1:0", "--trust", &trust, "--data", &data];
    refused(&serve, "`old` has replaced the key", "get a version that is signed with the key");
    fs::remove_file(old.signature(&third)).expect("removed");
    new.sign(&third);
    stdout_of(&[&text(&third), "--trust", &trust, "--data", &data]);
    // What was revoked gives nothing to its successor.
    let revoked = format!("{}revoked = \"stolen\"\n", old.author("counter"));
    let revoked = text(&trust_file(folder.path(), &[&revoked]));
    refused(&[&text(&third), "--trust", &revoked, "--data", &data], "was revoked: stolen", "");
}

/// A command, with options that several have.
fn with<'a>(line: &[&'a str], options: &[&'a str]) -> Vec<&'a str> {
    [line, options].concat()
}

/// Writes that `new` replaces `old` beside the bundle.
fn rotate(old: &Key, new: &Key, bundle: &Path) {
    let rotation = text(&beside(bundle, ".rotation"));
    stdout_of(&["key", "rotate", "--old", &text(&old.file), "--new", &text(&new.file), "-o", &rotation]);
}

#[test]
fn a_reviewer_with_a_new_key_is_the_same_reviewer() {
    let (folder, bundle) = workshop();
    let [plum, anna, anew] = ["plum", "anna", "anew"].map(|name| Key::generate(folder.path(), name));
    let reviews = "[[reviews]]\napp_ids = [\"*\"]\nreviewers = [\"anna\"]\nthreshold = 1\n";
    let trust = text(&trust_file(folder.path(), &[&plum.author("counter"), &anna.reviewer(), reviews]));
    let data = folder.path().join("data");
    let here = ["--trust", &trust, "--data", &text(&data)];
    plum.sign(&bundle);
    anew.sign(&bundle);
    let file = text(&bundle);
    refused(&with(&["install", &file], &here), "expected signatures by 1 of the reviewers `anna`, got 0", "");

    rotate(&anna, &anew, &bundle);
    let installed = stdout_of(&with(&["install", &file], &here));
    assert!(installed.contains("reviewed by anna"), "{installed}");
    // What came with it is known when it is used, without its file.
    for path in [&bundle, &beside(&bundle, ".rotation")] {
        fs::remove_file(path).expect("removed");
    }
    stdout_of(&with(&["counter"], &here));
    let server = Server::start_on_with(&[], &data, "127.0.0.1:0", &["--trust", &trust]);
    assert_eq!(server.client().get(COUNTER).status, 200);
}

#[test]
fn a_thief_who_was_faster_does_not_keep_the_publisher_out() {
    let (folder, first) = workshop();
    let (second, third) = (version(&first, 2), version(&first, 3));
    let [plum, thief, next] = ["plum", "thief", "next"].map(|name| Key::generate(folder.path(), name));
    let trust = text(&trust_file(folder.path(), &[&plum.author("counter")]));
    let data = folder.path().join("data");
    let here = ["--trust", &trust, "--data", &text(&data)];
    plum.sign(&first);
    stdout_of(&with(&["install", &text(&first)], &here));
    let server = Server::start_on_with(&[], &data, "127.0.0.1:0", &["--trust", &trust]);
    let client = server.client();
    client.get(COUNTER).press("Add").assert_text("stored 1.");

    // Whoever has stolen the key makes a successor of it, and an update.
    rotate(&plum, &thief, &second);
    thief.sign(&second);
    stdout_of(&with(&["install", &text(&second)], &here));
    // The owner's own successor comes too late, and the message says why.
    rotate(&plum, &next, &third);
    next.sign(&third);
    let third_file = text(&third);
    let install = with(&["install", &third_file], &here);
    refused(&install, "is signed by nobody in the trust file", "is not believed: ");

    let revoked = format!("{}revoked = \"made by a thief\"\n", thief.author("counter"));
    trust_file(folder.path(), &[&plum.author("counter"), &revoked]);
    let has_ended = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        client.get(COUNTER).status == 503
    });
    assert!(has_ended, "the thief's update is served");
    refused(&with(&["counter"], &here), "`counter` is refused", "");
    let installed = stdout_of(&install);
    assert!(installed.contains("installed counter 3.0.0 (3) in the place of 2.0.0 (2)"), "{installed}");
    stdout_of(&with(&["counter"], &here));
    let is_back = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        client.get(COUNTER).status == 200
    });
    assert!(is_back, "the publisher is still kept out");
    client.get(COUNTER).assert_text("here 0, shared 1, stored 1.").assert_text("3.0.0");
    // The statement is not needed any more; the thief's is forgotten, and is not believed again.
    fs::remove_file(beside(&third, ".rotation")).expect("removed");
    stdout_of(&install);
    let by_thief = version(&first, 4);
    rotate(&plum, &thief, &by_thief);
    thief.sign(&by_thief);
    refused(&with(&["install", &text(&by_thief)], &here), "was revoked: made by a thief", "is not believed: ");
}

#[test]
fn only_a_trust_file_that_is_missing_is_none() {
    let (folder, bundle) = workshop();
    let (file, data) = (text(&bundle), text(&folder.path().join("data")));
    let config = folder.path().join("config");
    fs::create_dir(&config).expect("made");
    let run = || {
        let _busy = load::busy();
        command(&[&file, "--data", &data]).env("XDG_CONFIG_HOME", &config).output().expect("mprun starts")
    };
    succeeded(&run());
    let usual = config.join("mprun");
    let check = |what: &str| {
        let output = run();
        assert_eq!(output.status.code(), Some(1), "{what}: {}", said(&output));
        let expected = format!("{}`", usual.join("trust.toml").display());
        assert!(said(&output).contains(&expected), "{what}: {}", said(&output));
    };
    // The folder is none, so that nobody can tell what is in it.
    fs::write(&usual, "").expect("written");
    check("a file in the place of the folder");
    fs::remove_file(&usual).expect("removed");
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        fs::create_dir(&usual).expect("made");
        symlink("nowhere", usual.join("trust.toml")).expect("a link");
        check("a link that leads nowhere");
        fs::set_permissions(&usual, fs::Permissions::from_mode(0o000)).expect("changed");
        // Whoever may read everything finds the link.
        check("a folder that may not be looked into");
        fs::set_permissions(&usual, fs::Permissions::from_mode(0o700)).expect("changed");
    }
}

#[test]
fn a_key_says_what_operators_need() {
    let (folder, bundle) = workshop();
    let key = Key::generate(folder.path(), "plum");
    let public = key.public();
    for file in [&key.file, &key.public_file()] {
        let shown = stdout_of(&["key", "show", &text(file)]);
        assert!(shown.contains(&format!("[keys.plum]\npublic_key = \"{public}\"\nroles = [\"author\"]\n")), "{shown}");
    }
    // As it is printed, but for the names of the programs.
    let shown = stdout_of(&["key", "show", &text(&key.public_file())]);
    let trust = trust_file(folder.path(), &[&shown.replace("my-app", "counter")]);
    key.sign(&bundle);
    stdout_of(&["verify", &text(&bundle), "--trust", &text(&trust)]);
    let output = run(&["verify", &text(&bundle)]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("nothing says whose signature is expected"), "{}", said(&output));
}

/// What the README shows after this, in a block of its own, is a session.
const SESSION: &str = "<!-- session: run by a test -->\n```console\n";

#[test]
fn the_session_of_the_readme_goes_as_it_is_written() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README can be read");
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("dist")).expect("made");
    let _busy = load::busy();
    let mut commands = 0;
    for session in readme.split(SESSION).skip(1) {
        let session = session.split("```").next().unwrap_or_default();
        let mut lines = session.lines().peekable();
        while let Some(line) = lines.next() {
            let line = line.strip_prefix("$ ").expect("a command, then what it says");
            let mut expected = Vec::new();
            while let Some(said) = lines.next_if(|line| !line.starts_with("$ ")) {
                expected.push(said);
            }
            let here = line
                .replace("target/release/mprun", &format!("'{}'", mprun().display()))
                .replace("samples/hello", &format!("'{}'", root().join("samples/hello").display()));
            let mut shell = Command::new("sh");
            shell.args(["-c", &here]).current_dir(folder.path()).env("MPRUN_KEY_PASSWORD", "open sesame");
            shell.env_remove("MPRUN_TRUST").env("XDG_CONFIG_HOME", nowhere()).env("XDG_DATA_HOME", nowhere());
            let output = shell.output().expect("sh starts");
            let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), said(&output));
            let is_refused = expected.first().is_some_and(|line| line.starts_with("error: "));
            assert_eq!(output.status.code(), Some(i32::from(is_refused)), "{line}: {shown}");
            for wanted in expected {
                // What differs each time is not written down.
                let parts: Vec<_> = wanted.split('…').map(str::trim).collect();
                let is_there = shown.lines().any(|line| parts.iter().all(|part| line.contains(part)));
                assert!(is_there, "{line}: expected `{wanted}` in: {shown}");
            }
            commands += 1;
        }
    }
    assert_eq!(commands, 7, "the README has other sessions now");
}
