#!/usr/bin/env python3
"""Reads a bundle, from `docs/bundle.md` alone.

Checks its form and prints what is in it, a line for each part. It does not
validate the component: `wasm-tools validate` does.

The standard library has no BLAKE3: digests come from `b3sum`.
"""

import json
import struct
import subprocess
import sys

MEDIA_TYPES = {
    "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp",
    "gif": "image/gif",
}


def blake3(data):
    done = subprocess.run(["b3sum", "--no-names"], input=data, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().strip()


def leb(data, at):
    """A number in as few bytes as possible, and where it ends."""
    value, start = 0, at
    while True:
        value |= (data[at] & 0x7F) << 7 * (at - start)
        at += 1
        if data[at - 1] < 0x80:
            break
    assert at - start == max(1, (value.bit_length() + 6) // 7), f"the length at byte {start} is not the shortest one"
    return value, at


def sections(data, at, end):
    """Number and content (from, to) of each section of the component or module that stands there."""
    is_component = data[at:at + 8] == b"\0asm\x0d\0\x01\0"
    assert is_component or data[at:at + 8] == b"\0asm\x01\0\0\0", f"neither component nor module at byte {at}"
    at += 8
    while at < end:
        number = data[at]
        size, at = leb(data, at + 1)
        assert at + size <= end, f"a section ends too late, at byte {at + size}"
        if is_component and number in (1, 4):
            inside = sections(data, at, at + size)
            assert all(number != 0 for number, _, _ in inside), f"a custom section inside of the one at byte {at}"
        yield number, at, at + size
        at += size


def block(data, at):
    """Bytes with their length before them, and where they end."""
    (length,) = struct.unpack_from("<I", data, at)
    assert at + 4 + length <= len(data), "a part ends too early"
    return data[at + 4:at + 4 + length], at + 4 + length


def read(file):
    assert len(file) <= 8 * 1024 * 1024 and file[:8] == b"\0asm\x0d\0\x01\0", "not a component"
    ours = []
    for number, at, end in sections(file, 0, len(file)):
        if number == 0:
            length, at = leb(file, at)
            ours.append((file[at:at + length].decode(), file[at + length:end]))
        else:
            assert not ours, "a section follows ours"
    names = [name for name, _ in ours]
    styles = names.count("mprun:style")
    order = ["mprun:manifest", "mprun:templates"] + ["mprun:style"] * styles
    assert styles <= 1 and names == order + ["mprun:asset"] * (len(names) - len(order)), names
    (_, manifest), (_, templates), *rest = ours
    style, assets = rest[:styles], rest[styles:]
    assert all(0 < len(sheet) <= 64 * 1024 and sheet.decode() for _, sheet in style), "the style sheet"
    yield f"digest {blake3(file)}"

    text = manifest.decode()
    assert len(manifest) <= 64 * 1024
    manifest = json.loads(text)
    assert json.dumps(manifest, separators=(",", ":"), ensure_ascii=False) == text, "the manifest has space in it"
    yield f"program {manifest['app_id']} {manifest['version']['code']}"

    (count,), at = struct.unpack_from("<I", templates), 4
    ids = []
    for _ in range(count):
        encoding, at = block(templates, at)
        ids.append(int(blake3(encoding)[:16], 16))
        yield f"template {ids[-1]:016x}"
    assert at == len(templates) and ids == sorted(set(ids)), "templates are not in order of their ids"

    paths = []
    for _, asset in assets:
        path, at = block(asset, 0)
        media_type, at = block(asset, at)
        digest, (data, end) = asset[at:at + 32].hex(), block(asset, at + 32)
        assert end == len(asset) and digest == blake3(data), f"{path} is broken"
        paths.append(path.decode())
        assert media_type.decode() == MEDIA_TYPES[paths[-1].rsplit(".", 1)[1]]
        yield f"asset {paths[-1]} {media_type.decode()} {digest}"
    assert paths == sorted(set(paths)), "assets are not in order of their paths"
    icons = {icon["src"] for icon in manifest["icons"]}
    icons |= {tab["icon"] for tab in manifest.get("tab_bar", {}).get("items", []) if "icon" in tab}
    assert icons <= set(paths), "an icon is missing"


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as bundle:
        for line in read(bundle.read()):
            print(line)
