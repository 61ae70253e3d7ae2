//! Turns the core module that the compiler made into a component, and takes out
//! of it what the bundle carries apart: the templates that `view!` left behind.
//! Refused are modules that are no mini-programs, want something of no known
//! interface, or carry much static data, each with the way out.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use mprun_core::bundle::diff::grouped;
use mprun_frame::template::Template;
use wasmparser::{Encoding, KnownCustom, Name, NameSectionReader, Parser, Payload};
use wit_component::ComponentEncoder;

use crate::error::{self, CommandError};

/// Where the macro leaves templates: for each a length (`u32`, little-endian) and
/// the encoding.
const TEMPLATES_SECTION: &str = "mprun:templates";

/// Where the bindings leave the types of the world, for the encoder.
const WORLD_SECTION: &str = "component-type";

/// Most bytes of static data. They are copied for every event of every user:
/// 512 KiB of them cost 0.2 ms each time.
const DATA_BYTES_MAX: usize = 64 * 1024;

/// The same while a program is written: code that is optimised less carries more of
/// it, and would be refused here where it fits when it is built to be handed on.
const DEV_DATA_BYTES_MAX: usize = 2 * DATA_BYTES_MAX;

/// Parts of the static data that a refusal names, the largest first.
const DATA_PARTS_NAMED: usize = 4;

/// Fewer readable bytes in a row are no text, but numbers that look like one.
const TEXT_BYTES_MIN: usize = 8;

/// A component and the templates that its views name.
#[derive(Debug)]
pub(crate) struct Wrapped {
    pub(crate) component: Vec<u8>,
    /// Encodings, sorted by id, each once.
    pub(crate) templates: Vec<Vec<u8>>,
}

/// Wraps a core module that is to be handed on.
///
/// # Errors
/// See the top of this file.
pub(crate) fn wrap(module: &[u8]) -> Result<Wrapped, CommandError> {
    wrap_within(module, DATA_BYTES_MAX)
}

/// Wraps a core module in the making.
///
/// # Errors
/// See the top of this file.
pub(crate) fn wrap_dev(module: &[u8]) -> Result<Wrapped, CommandError> {
    wrap_within(module, DEV_DATA_BYTES_MAX)
}

fn wrap_within(module: &[u8], data_bytes_max: usize) -> Result<Wrapped, CommandError> {
    let parts = Parts::read(module)?;
    if !parts.has_world {
        return Err(error::user("the program exports nothing that a host could call")
            .hint("the crate's lib.rs needs `app! { pages: { \"index\" => … } }`"));
    }
    if let Some((from, name)) = &parts.stranger {
        return Err(error::user(format_args!("the program imports `{name}` from `{from}`: expected only interfaces of `mprun:host`"))
            .hint("a dependency was made for browsers or WASI; turn that feature off, or do without it: cargo tree --target wasm32-unknown-unknown -e features"));
    }
    let data_bytes = parts.data_bytes();
    if data_bytes > data_bytes_max {
        let refused = error::user(format_args!(
            "the program has {} bytes of static data, at most {} are allowed: they are copied for every event",
            number(data_bytes),
            number(data_bytes_max)
        ));
        // While it is written there is more of it; what counts is what is handed on.
        let other = (data_bytes_max > DATA_BYTES_MAX).then(|| {
            format!("less is left by `mprun build`, which optimises more and takes {}", number(DATA_BYTES_MAX))
        });
        return Err(refused
            .hint(taken(&parts.data))
            .hint("pictures belong into assets/, long lists into storage; look for include_str!, tables, long texts")
            .maybe_hint(other));
    }
    let templates = templates(&parts.templates)?;
    let component =
        ComponentEncoder::default().validate(true).module(&parts.rest).and_then(|encoder| encoder.encode()).map_err(
            |cause| error::user_with("the module cannot be made into a component of the world `mprun:app/app`", cause),
        )?;
    Ok(Wrapped { component, templates })
}

fn number(bytes: usize) -> String {
    grouped(bytes as u64)
}

/// What takes how much of the static data.
fn taken(data: &[Data]) -> String {
    let mut parts: Vec<&Data> = data.iter().collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    let named = parts.into_iter().take(DATA_PARTS_NAMED).map(|Data { name, bytes, text_bytes }| {
        format!("{} in `{name}`, {} of them text", number(*bytes), number(*text_bytes))
    });
    format!("these are {}", named.collect::<Vec<_>>().join("; "))
}

/// How many of these bytes are text that somebody can read.
fn text_bytes(data: &[u8]) -> usize {
    let is_read = |character: char| !character.is_control() || matches!(character, '\n' | '\t');
    let texts = data.utf8_chunks().flat_map(|chunk| chunk.valid().split(move |character: char| !is_read(character)));
    texts.map(str::len).filter(|length| *length >= TEXT_BYTES_MIN).sum()
}

/// A piece of static data, as the linker put it together.
#[derive(Debug)]
struct Data {
    /// What the linker calls it, such as `.rodata`.
    name: String,
    bytes: usize,
    text_bytes: usize,
}

/// A core module, looked through.
#[derive(Debug, Default)]
struct Parts {
    /// The module without the section of templates.
    rest: Vec<u8>,
    templates: Vec<u8>,
    has_world: bool,
    data: Vec<Data>,
    /// The first import that no host of ours can satisfy: module and name.
    stranger: Option<(String, String)>,
}

impl Parts {
    fn read(module: &[u8]) -> Result<Parts, CommandError> {
        let bad = |cause| error::user_with("the compiler's output is not a WebAssembly module", cause);
        let mut parts = Parts::default();
        // Where the section before ended: what lies between is this one's head.
        let mut end = 0_u64;
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload.map_err(bad)?;
            let whole = match (&payload, payload.as_section()) {
                (Payload::Version { encoding: Encoding::Component, .. }, _) => {
                    return Err(error::user("the compiler's output is a component already, expected a core module"));
                }
                (Payload::Version { range, .. }, _) => end..range.end,
                (_, Some((_, range))) => end..range.end,
                (_, None) => end..end,
            };
            end = whole.end;
            let mut keep = true;
            match payload {
                Payload::CustomSection(section) if section.name() == TEMPLATES_SECTION => {
                    parts.templates.extend_from_slice(section.data());
                    keep = false;
                }
                Payload::CustomSection(section) if section.name().starts_with(WORLD_SECTION) => parts.has_world = true,
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(section) = section.as_known() {
                        names = names_of_data(section);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(bad)?;
                        if parts.stranger.is_none() && !import.module.starts_with("mprun:") {
                            parts.stranger = Some((import.module.to_owned(), import.name.to_owned()));
                        }
                    }
                }
                Payload::DataSection(section) => {
                    for data in section {
                        let data = data.map_err(bad)?.data;
                        let name = format!("part {}", parts.data.len());
                        parts.data.push(Data { name, bytes: data.len(), text_bytes: text_bytes(data) });
                    }
                }
                _ => {}
            }
            if keep {
                parts.rest.extend_from_slice(slice(module, whole));
            }
        }
        for (index, name) in names {
            if let Some(data) = parts.data.get_mut(index) {
                data.name = name;
            }
        }
        Ok(parts)
    }

    fn data_bytes(&self) -> usize {
        self.data.iter().map(|data| data.bytes).sum()
    }
}

/// What the linker calls the pieces of static data. Only for people: what cannot be
/// read has no name.
fn names_of_data(section: NameSectionReader<'_>) -> Vec<(usize, String)> {
    let maps = section.filter_map(|names| match names {
        Ok(Name::Data(map)) => Some(map),
        _ => None,
    });
    let namings = maps.flat_map(|map| map.into_iter().filter_map(Result::ok));
    namings.filter_map(|naming| Some((usize::try_from(naming.index).ok()?, naming.name.to_owned()))).collect()
}

/// The range is the parser's own, so it lies inside.
fn slice(bytes: &[u8], range: Range<u64>) -> &[u8] {
    let position = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    bytes.get(position(range.start)..position(range.end)).unwrap_or_default()
}

/// Takes the section apart. The linker leaves it with doubles, and with
/// templates of code that is not called any more.
fn templates(section: &[u8]) -> Result<Vec<Vec<u8>>, CommandError> {
    let broken = |at: usize| format!("the template at byte {at} of the section `{TEMPLATES_SECTION}` cannot be read");
    let versions = "are mprun-sdk in Cargo.toml and this mprun of one version?";
    let mut found = BTreeMap::new();
    let mut rest = section;
    while !rest.is_empty() {
        let at = section.len() - rest.len();
        let (encoding, after) =
            entry(rest).ok_or_else(|| error::user(format_args!("{}: it ends early", broken(at))).hint(versions))?;
        let template =
            Template::decode(encoding).map_err(|cause| error::user_with(broken(at), cause).hint(versions))?;
        found.insert(template.id(), encoding.to_vec());
        rest = after;
    }
    Ok(found.into_values().collect())
}

/// The first entry, and what follows it.
fn entry(section: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = section.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// The first of these paths of the machine that got into the bytes.
pub(crate) fn leaked<'p>(bytes: &[u8], paths: impl IntoIterator<Item = Cow<'p, str>>) -> Option<Cow<'p, str>> {
    paths.into_iter().find(|path| {
        // A path as short as `/` would be found everywhere.
        path.len() > 4 && bytes.windows(path.len()).any(|window| window == path.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use mprun_frame::{
        element::Element,
        template::{Body, Node},
    };

    use super::*;

    const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

    /// An empty module with these sections at its end.
    fn module(sections: &[(u8, &[u8])]) -> Vec<u8> {
        let mut module = EMPTY.to_vec();
        for (id, content) in sections {
            module.push(*id);
            module.push(u8::try_from(content.len()).unwrap());
            module.extend_from_slice(content);
        }
        module
    }

    fn custom(name: &str, data: &[u8]) -> Vec<u8> {
        let mut content = vec![u8::try_from(name.len()).unwrap()];
        content.extend_from_slice(name.as_bytes());
        content.extend_from_slice(data);
        content
    }

    fn template(text: &str) -> Template {
        Template::new(Node {
            element: Element::Text,
            attributes: Vec::new(),
            events: Vec::new(),
            body: Body::Text(text.into()),
        })
        .unwrap()
    }

    fn section(templates: &[&Template]) -> Vec<u8> {
        let entry = |template: &&Template| {
            let length = u32::try_from(template.encoding().len()).unwrap().to_le_bytes();
            [&length, template.encoding()].concat()
        };
        templates.iter().map(entry).collect::<Vec<_>>().concat()
    }

    #[test]
    fn templates_are_taken_out_once_each_and_sorted() {
        let (a, b) = (template("a"), template("b"));
        let mut expected = [a.clone(), b.clone()];
        expected.sort_by_key(Template::id);
        let expected: Vec<_> = expected.iter().map(|template| template.encoding().to_vec()).collect();
        for order in [section(&[&a, &b, &a]), section(&[&b, &a])] {
            assert_eq!(templates(&order).unwrap(), expected);
        }

        let name = custom("name", b"x");
        let types = custom("component-type:app", b"");
        let (one, two) = (custom(TEMPLATES_SECTION, &section(&[&a])), custom(TEMPLATES_SECTION, &section(&[&b])));
        let parts = Parts::read(&module(&[(0, &one), (0, &types), (0, &two), (0, &name)])).unwrap();
        assert_eq!(parts.rest, module(&[(0, &types), (0, &name)]));
        assert_eq!(templates(&parts.templates).unwrap(), expected);
        assert!(parts.has_world);
    }

    #[test]
    fn a_broken_template_is_named_by_its_place() {
        let mut bytes = section(&[&template("a")]);
        let at = bytes.len();
        bytes.extend([9, 0, 0, 0, 1]);
        let error = templates(&bytes).unwrap_err();
        assert!(error.error.to_string().contains(&format!("at byte {at} ")), "{}", error.error);
        bytes.splice(at.., [1, 0, 0, 0, 255]);
        assert!(templates(&bytes).is_err());
    }

    #[test]
    fn what_is_no_program_is_refused_with_the_reason() {
        let world = custom("component-type:app", b"");
        // One import: function `f` of type 0 from `env`.
        let import = [&[1, 3][..], b"env", &[1], b"f", &[0, 0]].concat();
        let types: &[u8] = &[1, 0x60, 0, 0];
        for (bytes, said) in [
            (b"#!/bin/sh\n".to_vec(), "not a WebAssembly module"),
            (b"\0asm\x0d\0\x01\0".to_vec(), "a component already"),
            (EMPTY.to_vec(), "exports nothing"),
            (module(&[(1, types), (2, &import), (0, &world)]), "imports `f` from `env`"),
        ] {
            let text = wrap(&bytes).unwrap_err().error.to_string();
            assert!(text.contains(said), "{said}: {text}");
        }
    }

    #[test]
    fn static_data_is_counted() {
        // One passive segment of 3 bytes.
        assert_eq!(Parts::read(&module(&[(12, &[1]), (11, &[1, 1, 3, 1, 2, 3])])).unwrap().data_bytes(), 3);
    }

    /// A program whose only data are these, under the name `.rodata`.
    fn with_data(data: &[u8]) -> Vec<u8> {
        // A length in four bytes, whatever it is.
        let length = |length: usize| {
            let byte = |at: u32| u8::try_from(length >> (7 * at) & 0x7f).unwrap();
            [byte(0) | 0x80, byte(1) | 0x80, byte(2) | 0x80, byte(3)]
        };
        let mut module = module(&[(0, &custom("component-type:app", b"")), (12, &[1])]);
        let content = [&[1, 1][..], &length(data.len()), data].concat();
        module.push(11);
        module.extend(length(content.len()));
        module.extend(content);
        let names = custom("name", &[&[9, 10, 1, 0, 7][..], b".rodata"].concat());
        module.push(0);
        module.push(u8::try_from(names.len()).unwrap());
        module.extend(names);
        module
    }

    #[test]
    fn much_static_data_is_refused_with_what_takes_how_much() {
        let text = "A text to be read.".repeat(2_000);
        let data = |bytes: usize| {
            let mut data = text.clone().into_bytes();
            data.resize(bytes, 0);
            with_data(&data)
        };
        let why = |wrapped: Result<Wrapped, CommandError>| {
            let error = wrapped.unwrap_err();
            (error.error.to_string(), error.hints.join("\n"))
        };
        let (said, hints) = why(wrap(&data(DATA_BYTES_MAX + 1)));
        assert!(said.contains("65,537 bytes of static data, at most 65,536"), "{said}");
        assert!(hints.contains("65,537 in `.rodata`, 36,000 of them text"), "{hints}");
        assert!(hints.contains("assets/") && !hints.contains("mprun build"), "{hints}");
        // While it is written there may be more, and what counts is said.
        let (said, hints) = why(wrap_dev(&data(DEV_DATA_BYTES_MAX + 1)));
        assert!(said.contains("131,073 bytes of static data, at most 131,072"), "{said}");
        assert!(hints.contains("`mprun build`, which optimises more and takes 65,536"), "{hints}");
        // As much as may be: what is wrong with this module is something else.
        for wrapped in [wrap(&data(DATA_BYTES_MAX)), wrap_dev(&data(DEV_DATA_BYTES_MAX))] {
            if let Err(error) = wrapped {
                assert!(!error.error.to_string().contains("static data"), "{}", error.error);
            }
        }
    }

    #[test]
    fn text_is_what_somebody_can_read() {
        assert_eq!(text_bytes("Plum Lane\n梅巷咖啡".as_bytes()), 22);
        assert_eq!(text_bytes(b"\0\0short\0\0\xff\xfelonger text\x01"), 11);
        assert_eq!(text_bytes(&[0; 100]), 0);
    }

    #[test]
    fn paths_of_the_machine_are_found() {
        let paths = || ["/", "/home/ada"].map(Cow::Borrowed);
        assert_eq!(leaked(b"panicked at /home/ada/x.rs", paths()).as_deref(), Some("/home/ada"));
        assert_eq!(leaked(b"panicked at /src/x.rs", paths()), None);
    }
}
