//! What a client does with registries that are slow, broken, too large or lying.
//! Each test says what goes wrong; the rest of the registry tells the truth.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    digest,
    http::Patience,
    liar::{Answer, Liar, Request},
    manifest::{Artifact, INDEX, MANIFEST},
    *,
};

/// A bundle as far as registries are concerned.
const BYTES: &[u8] = b"\0asm and so on";

fn client() -> Client {
    Client::new(Credentials::anonymous(), PlainHttp::Loopback)
}

/// What a registry that tells the truth answers.
fn honest(artifact: &Artifact, request: &Request) -> Answer {
    let [layer, config] = &artifact.blobs;
    match request.path.as_str() {
        "/v2/plum/coffee/manifests/1" => Answer::ok(MANIFEST, &artifact.manifest),
        path if path == format!("/v2/plum/coffee/manifests/{}", artifact.descriptor.digest) => {
            Answer::ok(MANIFEST, &artifact.manifest)
        }
        path if path == format!("/v2/plum/coffee/blobs/{}", layer.digest) => Answer::ok("x/y", &artifact.layer),
        path if path == format!("/v2/plum/coffee/blobs/{}", config.digest) => Answer::ok("x/y", &artifact.config),
        _ => Answer::status(404, "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}"),
    }
}

/// A registry that lies where `lie` says something.
fn registry(lie: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Liar {
    let artifact = Artifact::sample(BYTES);
    Liar::start(move |request| lie(request).unwrap_or_else(|| honest(&artifact, request)))
}

fn reference(liar: &Liar, identifier: &str) -> Reference {
    format!("{}/plum/coffee{identifier}", liar.address()).parse().unwrap()
}

async fn pull(liar: &Liar, identifier: &str) -> Result<Pulled, OciError> {
    client().pull(&reference(liar, identifier), &()).await
}

fn is_blob(request: &Request) -> bool {
    request.path.contains("/blobs/")
}

#[tokio::test]
async fn a_bundle_is_fetched_by_tag_and_by_digest() {
    let liar = registry(|_| None);
    let digest = Artifact::sample(BYTES).descriptor.digest;
    for identifier in [":1".to_owned(), format!("@{digest}"), format!(":other@{digest}")] {
        let pulled = pull(&liar, &identifier).await.unwrap();
        assert_eq!((pulled.bytes.as_slice(), pulled.digest.as_str()), (BYTES, digest.as_str()), "{identifier}");
        assert!(pulled.attachments.signatures.is_empty());
    }
    let error = pull(&liar, ":2").await.unwrap_err();
    assert!(matches!(&error, OciError::NotFound { reference } if reference.ends_with("/plum/coffee:2")), "{error}");
    assert!(liar.asked().iter().all(|request| request.header("authorization").is_none()));
}

#[tokio::test]
async fn progress_is_told_from_begin_to_end() {
    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);
    impl Progress for Told {
        fn begin(&self, what: &str, bytes: u64) {
            self.0.lock().unwrap().push(format!("{what} {bytes}"));
        }
        fn advance(&self, bytes: u64) {
            self.0.lock().unwrap().push(format!("+{bytes}"));
        }
        fn end(&self) {
            self.0.lock().unwrap().push("end".to_owned());
        }
    }
    let told = Told::default();
    let liar = registry(|_| None);
    client().pull(&reference(&liar, ":1"), &told).await.unwrap();
    assert_eq!(*told.0.lock().unwrap(), ["bundle 14", "+14", "end"]);
}

#[tokio::test]
async fn other_bytes_are_refused() {
    let altered = registry(|request| is_blob(request).then(|| Answer::ok("x/y", b"\0asm and so oN")));
    let error = pull(&altered, ":1").await.unwrap_err();
    assert!(matches!(&error, OciError::Altered { what: "the bundle", .. }), "{error}");

    let short = registry(|request| is_blob(request).then(|| Answer::ok("x/y", b"\0asm")));
    assert!(matches!(pull(&short, ":1").await.unwrap_err(), OciError::Altered { .. }));

    let gone = registry(|request| is_blob(request).then(|| Answer::status(404, "")));
    let error = pull(&gone, ":1").await.unwrap_err().to_string();
    assert!(error.contains("lists the bundle and does not have it"), "{error}");

    // A good manifest, and not the one that was asked for.
    let other = Artifact::sample(b"\0asm other");
    let digest = other.descriptor.digest.clone();
    let swapped = registry(|request| {
        let asked = request.path.contains("/manifests/sha256:");
        asked.then(|| Answer::ok(MANIFEST, &Artifact::sample(BYTES).manifest))
    });
    let error = pull(&swapped, &format!("@{digest}")).await.unwrap_err();
    assert!(matches!(&error, OciError::Altered { what: "the manifest", .. }), "{error}");

    let contradicts = registry(move |request| {
        let header = ("docker-content-digest".to_owned(), other.descriptor.digest.clone());
        let manifest = Artifact::sample(BYTES).manifest;
        request.path.ends_with("/manifests/1").then(|| Answer::ok(MANIFEST, &manifest).with(header))
    });
    assert!(matches!(pull(&contradicts, ":1").await.unwrap_err(), OciError::Altered { .. }));
}

#[tokio::test]
async fn what_is_too_large_is_not_read_to_its_end() {
    // Endless, and announced as such or not.
    for announced in [None, Some(1 << 40)] {
        let blob = registry(move |request| is_blob(request).then_some(Answer::Endless { announced }));
        let error = pull(&blob, ":1").await.unwrap_err();
        assert!(matches!(&error, OciError::TooLarge { what: "the bundle", max: 14, .. }), "{error}");
        assert!(blob.sent() < 16 << 20, "{} bytes", blob.sent());

        let manifest =
            registry(move |request| request.path.contains("/manifests/").then_some(Answer::Endless { announced }));
        let error = pull(&manifest, ":1").await.unwrap_err();
        assert!(matches!(&error, OciError::TooLarge { what: "the manifest", .. }), "{error}");
        assert!(manifest.sent() < 16 << 20, "{} bytes", manifest.sent());
    }
    // The error's text.
    let error = Liar::start(|_| Answer::EndlessError { status: 400 });
    assert!(matches!(pull(&error, ":1").await.unwrap_err(), OciError::Status { status: 400, .. }));
    assert!(error.sent() < 16 << 20, "{} bytes", error.sent());
    // A manifest that says so.
    let large = registry(|request| {
        let manifest = String::from_utf8(Artifact::sample(BYTES).manifest.to_vec()).unwrap();
        let manifest = manifest.replacen("\"size\":14", "\"size\":8388609", 1);
        request.path.ends_with("/manifests/1").then(|| Answer::ok(MANIFEST, manifest.as_bytes()))
    });
    let error = pull(&large, ":1").await.unwrap_err();
    assert!(matches!(error, OciError::TooLarge { what: "the bundle", max: 8_388_608, .. }), "{error}");
    assert!(!large.asked().iter().any(is_blob));
}

const HASTY: Patience = Patience {
    connect: Duration::from_secs(2),
    stall: Duration::from_millis(500),
    attachments: Duration::from_secs(600),
    whole: Duration::from_secs(600),
};

#[tokio::test]
async fn nothing_is_waited_for_without_an_end() {
    let hasty = client().with_patience(Patience { whole: Duration::from_secs(3), ..HASTY });
    let begun = Instant::now();
    let silent = [|_: &Request| Some(Answer::Silent), |request: &Request| is_blob(request).then_some(Answer::Silent)];
    for lie in silent {
        let error = hasty.pull(&reference(&registry(lie), ":1"), &()).await.unwrap_err();
        assert!(matches!(error, OciError::Stalled { .. }), "{error}");
    }
    // A byte now and then does not keep a small document alive, nor a large one for
    // ever.
    for part in ["/manifests/", "/blobs/"] {
        let drip = registry(move |request| request.path.contains(part).then_some(Answer::Drip));
        let error = hasty.pull(&reference(&drip, ":1"), &()).await.unwrap_err();
        assert!(matches!(error, OciError::Stalled { .. } | OciError::TooLarge { .. }), "{error}");
    }
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn what_the_network_breaks_is_tried_again_twice() {
    for lie in [Answer::Cut, Answer::status(503, "busy")] {
        let times = AtomicUsize::new(0);
        let lie = Mutex::new(lie);
        let twice = registry(move |request| {
            let broken = is_blob(request) && times.fetch_add(1, Ordering::SeqCst) < 2;
            broken.then(|| lie.lock().unwrap().clone())
        });
        assert_eq!(pull(&twice, ":1").await.unwrap().bytes, BYTES);
        assert_eq!(twice.asked().iter().filter(|request| is_blob(request)).count(), 3);
    }
    let always = registry(|request| is_blob(request).then_some(Answer::Cut));
    assert!(matches!(pull(&always, ":1").await.unwrap_err(), OciError::Network { .. }));
    assert_eq!(always.asked().iter().filter(|request| is_blob(request)).count(), 3);

    let refuses = registry(|request| is_blob(request).then(|| Answer::status(403, "no")));
    assert!(matches!(pull(&refuses, ":1").await.unwrap_err(), OciError::Denied { .. }));
    assert_eq!(refuses.asked().iter().filter(|request| is_blob(request)).count(), 1);
}

#[tokio::test]
async fn a_host_that_is_not_there_is_named() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let reference: Reference = format!("127.0.0.1:{port}/a").parse().unwrap();
    let error = client().pull(&reference, &()).await.unwrap_err();
    assert!(matches!(error, OciError::Network { .. }), "{error}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
}

#[tokio::test]
async fn a_token_is_fetched_and_sent_to_the_registry_only() {
    let liar = Liar::start(|request| {
        let artifact = Artifact::sample(BYTES);
        let host = request.header("host").unwrap_or_default().to_owned();
        match (request.path.split('?').next().unwrap_or_default(), request.header("authorization")) {
            ("/token", None) => Answer::ok("application/json", b"{\"token\":\"t0k3n\"}"),
            (_, Some("Bearer t0k3n")) => honest(&artifact, request),
            _ => Answer::status(401, "").with((
                "www-authenticate".to_owned(),
                format!("Bearer realm=\"http://{host}/token\",service=\"s\",scope=\"repository:x:y\""),
            )),
        }
    });
    assert_eq!(pull(&liar, ":1").await.unwrap().bytes, BYTES);
    let asked = liar.asked();
    let tokens: Vec<_> = asked.iter().filter(|request| request.path.starts_with("/token")).collect();
    assert_eq!(tokens.len(), 1, "one token is enough for all requests");
    assert_eq!(tokens[0].path, "/token?service=s&scope=repository%3Aplum%2Fcoffee%3Apull&client_id=mprun");
}

#[tokio::test]
async fn a_token_server_that_lies_is_refused() {
    for (answer, realm, problem) in [
        (Answer::ok("application/json", b"{\"token\":\"a\\nX: y\"}"), "http://HOST/token", "characters"),
        (Answer::ok("application/json", b"{\"token\":\"\"}"), "http://HOST/token", "no token"),
        (Answer::ok("application/json", b"<html>"), "http://HOST/token", "no token"),
        (Answer::Endless { announced: None }, "http://HOST/token", "a token from"),
        (Answer::status(500, "oops"), "http://HOST/token", "asked for a token: oops"),
        (Answer::status(401, ""), "http://HOST/token", "asks for a login"),
        (Answer::status(200, ""), "ftp://HOST/token", "HTTPS"),
        (Answer::status(200, ""), "token", "address of its token server"),
    ] {
        let liar = Liar::start(move |request| {
            let host = request.header("host").unwrap_or_default().to_owned();
            match request.path.starts_with("/token") {
                true => answer.clone(),
                false => Answer::status(401, "").with((
                    "www-authenticate".to_owned(),
                    format!("Bearer realm=\"{}\"", realm.replace("HOST", &host)),
                )),
            }
        });
        let error = pull(&liar, ":1").await.unwrap_err().to_string();
        assert!(error.contains(problem), "expected `{problem}`, got `{error}`");
        assert!(liar.sent() < 16 << 20);
    }
}

#[tokio::test]
async fn a_registry_that_sends_around_in_circles_is_left() {
    let liar =
        Liar::start(|request| Answer::status(307, "").with(("location".to_owned(), format!("{}x", request.path))));
    let error = pull(&liar, ":1").await.unwrap_err().to_string();
    assert!(error.contains("from address to address"), "{error}");
}

#[tokio::test]
async fn neighbours_in_the_list_of_signatures_do_no_harm() {
    let liar = registry(|request| {
        let subject = Artifact::sample(BYTES).descriptor.digest;
        let entry = |digest: &str| json!({"mediaType": MANIFEST, "digest": digest, "size": 10, "artifactType": SIGNATURE_ARTIFACT});
        if request.path.ends_with(&format!("/referrers/{subject}")) {
            let list = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
                entry(&digest::of(b"gone")), entry(&subject), entry(&digest::of(b"large")), {"mediaType": "x"}, 7,
            ]});
            return Some(Answer::ok(INDEX, list.to_string().as_bytes()));
        }
        if request.path.ends_with(&digest::of(b"large")) {
            return Some(Answer::Endless { announced: None });
        }
        None
    });
    let pulled = pull(&liar, ":1").await.unwrap();
    assert_eq!(pulled.bytes, BYTES);
    assert!(pulled.attachments.signatures.is_empty());
}

#[tokio::test]
async fn a_list_of_signatures_without_an_end_is_left() {
    // Each page names another one.
    let liar = registry(|request| {
        let list = format!("{{\"schemaVersion\":2,\"mediaType\":\"{INDEX}\",\"manifests\":[]}}");
        let next = ("link".to_owned(), format!("<{}?n=1>; rel=\"next\"", request.path));
        request.path.contains("/referrers/").then(|| Answer::ok(INDEX, list.as_bytes()).with(next))
    });
    assert_eq!(pull(&liar, ":1").await.unwrap().bytes, BYTES);
    assert!(liar.asked().len() < 30, "{}", liar.asked().len());
}

/// A signature by a new key, attached to the bundle.
fn signature() -> Artifact {
    let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let text = minisign::sign(Some(&pair.pk), &pair.sk, BYTES, None, None).unwrap().into_string();
    attached(&text)
}

/// Any text, attached to the bundle as a signature.
fn attached(text: &str) -> Artifact {
    Artifact::of_signature(text, "0123456789ABCDEF", &Artifact::sample(BYTES).as_subject()).unwrap()
}

/// A registry that lists and has these, and lies where `lie` says something.
fn registry_with(attached: Vec<Artifact>, lie: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Liar {
    registry(move |request| {
        if let Some(lie) = lie(request) {
            return Some(lie);
        }
        if request.path.contains("/referrers/") {
            let entries: Vec<_> = attached.iter().map(|artifact| &artifact.descriptor).collect();
            let list = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
            return Some(Answer::ok(INDEX, list.to_string().as_bytes()));
        }
        attached.iter().find_map(|artifact| match request.path.rsplit('/').next() {
            Some(digest) if digest == artifact.descriptor.digest => Some(Answer::ok(MANIFEST, &artifact.manifest)),
            Some(digest) if digest == artifact.blobs[0].digest => Some(Answer::ok("x/y", &artifact.layer)),
            _ => None,
        })
    })
}

#[tokio::test]
async fn a_signature_is_waited_for_as_a_small_document() {
    let signature = signature();
    let digest = signature.blobs[0].digest.clone();
    let drip = registry_with(vec![signature], move |request| request.path.ends_with(&digest).then_some(Answer::Drip));
    let begun = Instant::now();
    // As long as for a bundle, it would be minutes.
    let error = client().with_patience(HASTY).pull(&reference(&drip, ":1"), &()).await.unwrap_err();
    assert!(matches!(error, OciError::Stalled { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
async fn many_requests_that_are_just_not_too_slow_have_an_end_together() {
    let many = || -> Vec<Artifact> { (0..100).map(|index| attached(&format!("junk {index}"))).collect() };
    let slow = |request: &Request| -> Option<Answer> {
        if !request.path.ends_with("/manifests/1") {
            std::thread::sleep(Duration::from_millis(250));
        }
        None
    };
    for (patience, what) in [
        (Patience { attachments: Duration::from_secs(2), ..HASTY }, "attached"),
        (Patience { whole: Duration::from_secs(2), ..HASTY }, "not done"),
    ] {
        let liar = registry_with(many(), slow);
        let error = client().with_patience(patience).pull(&reference(&liar, ":1"), &()).await.unwrap_err();
        assert!(matches!(&error, OciError::Stalled { seconds: 2, .. }), "{error}");
        assert!(error.to_string().contains(what), "{error}");
        // All of them would be two hundred.
        assert!(liar.asked().len() < 60, "{}", liar.asked().len());
    }
    // What is tried again begins no new half hour.
    let fails = registry(|request| {
        std::thread::sleep(Duration::from_millis(300));
        is_blob(request).then(|| Answer::status(503, "busy"))
    });
    let patience = Patience { whole: Duration::from_secs(1), ..HASTY };
    let error = client().with_patience(patience).pull(&reference(&fails, ":1"), &()).await.unwrap_err();
    assert!(matches!(error, OciError::Stalled { seconds: 1, .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_signature_pushes_none_out() {
    let genuine = signature();
    let layer = genuine.layer.clone();
    // Text that is no signature, layers that are too large, the same over and over,
    // and manifests that are not there.
    let mut junk: Vec<_> = (0..40).map(|index| attached(&format!("junk {index}"))).collect();
    junk.extend((0..40).map(|index| attached(&format!("{index:5000}"))));
    junk.extend((0..400).map(|_| attached("junk")));
    let gone = attached("gone");
    let digest = gone.descriptor.digest.clone();
    junk.push(gone);
    junk.push(genuine);
    let large: Vec<_> = junk.iter().skip(40).take(40).map(|artifact| artifact.blobs[0].digest.clone()).collect();
    let liar = registry_with(junk, move |request| {
        request.path.ends_with(&digest).then(|| Answer::status(404, "{\"errors\":[]}"))
    });
    let pulled = pull(&liar, ":1").await.unwrap();
    let texts: Vec<_> = pulled.attachments.signatures.iter().map(|signature| signature.text().as_bytes()).collect();
    assert_eq!(texts, [&layer[..]]);
    // What says that it is too large is not fetched at all.
    assert!(liar.asked().iter().all(|request| !large.iter().any(|digest| request.path.ends_with(digest))));
}
