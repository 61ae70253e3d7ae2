//! Asks a credential helper, a program `docker-credential-NAME` that speaks
//! Docker's protocol: the registry on its standard input, JSON on its standard
//! output. It may ask the user something; after a while it is ended.

use std::{path::Path, process::Stdio, time::Duration};

use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
    time::timeout,
};

use super::{credentials::Credential, text::clean};

/// How long a helper may take: a person may have to unlock a keychain.
const HELPER_TIME: Duration = Duration::from_secs(120);
/// Most that is read of what a helper says, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// How helpers begin to say that they know no login.
const NOT_FOUND: &str = "credentials not found";
/// The user that stands for "the secret is an identity token".
const TOKEN_USER: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// The login that the helper `name` has for a registry. Failures come with the
/// name of the program.
pub(super) async fn ask(
    name: &str,
    folder: Option<&Path>,
    registry: &str,
) -> Result<Option<Credential>, (String, String)> {
    let program = format!("docker-credential-{}", clean(name));
    let fail = |reason: String| Err((program.clone(), reason));
    // With a `/` it would be any file of the machine.
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
        return fail("this is no name of a helper".to_owned());
    }
    let mut command = match folder {
        Some(folder) => Command::new(folder.join(&program)),
        None => Command::new(&program),
    };
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return fail(error.to_string()),
    };
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let talk = async {
        if let Some(mut stdin) = stdin {
            // One that does not listen may answer all the same.
            let _ = stdin.write_all(registry.as_bytes()).await;
            let _ = stdin.write_all(b"\n").await;
        }
        let (said, complained) = tokio::join!(listen(stdout), listen(stderr));
        (said, complained, child.wait().await)
    };
    let (said, complained, status) = match timeout(HELPER_TIME, talk).await {
        Ok((said, complained, Ok(status))) => (said, complained, status),
        Ok((_, _, Err(error))) => return fail(error.to_string()),
        Err(_) => return fail(format!("it did not answer within {} s", HELPER_TIME.as_secs())),
    };
    if !status.success() {
        // By the protocol errors stand on standard output; not all know that.
        let text = [said, complained].into_iter().map(|text| String::from_utf8_lossy(&text).trim().to_owned());
        let text = text.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
        return match text.as_str() {
            known if known.contains(NOT_FOUND) => Ok(None),
            "" => fail(status.to_string()),
            text => fail(clean(text)),
        };
    }
    let Ok(Answer { username, secret }) = serde_json::from_slice::<Answer>(&said) else {
        return fail("its answer is not the JSON that was expected".to_owned());
    };
    Ok(match (username.as_str(), secret.as_str()) {
        (_, "") => None,
        (TOKEN_USER, _) => Some(Credential::Identity(secret)),
        _ => Some(Credential::Basic { user: username, password: secret }),
    })
}

/// What comes out of a pipe until it ends, or the first part of that.
async fn listen(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut said = Vec::new();
    if let Some(pipe) = pipe {
        // A pipe that breaks has ended; dropped, it ends who still writes.
        let _ = pipe.take(ANSWER_BYTES_MAX).read_to_end(&mut said).await;
    }
    said
}
