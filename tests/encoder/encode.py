#!/usr/bin/env python3
"""Encodes views of mini-programs, from `wit/README.md` alone.

Prints JSON for the tests: `valid` frames, each with the tree that a host has to
read out of it, once with its templates in the frame and once in the bundle; and
`invalid` frames, each with the operation and the words of the refusal.

The standard library has no BLAKE3: ids of templates come from `b3sum`.
"""

import json
import subprocess
from functools import cache

# ---- The tables of the README -------------------------------------------------

ELEMENTS = {
    "view": 1, "text": 2, "heading": 3, "image": 4, "button": 5, "navigator": 6, "form": 7, "input": 8,
    "textarea": 9, "picker": 10, "option": 11, "radio-group": 12, "radio": 13, "checkbox": 14, "switch": 15,
    "list": 16, "list-item": 17, "progress": 18, "separator": 19,
}
ATTRIBUTES = {
    "layout": 1, "gap": 2, "align": 3, "justify": 4, "surface": 5, "grow": 6, "label": 7, "to": 8, "tone": 9,
    "size": 10, "strong": 11, "live": 12, "level": 13, "src": 14, "alt": 15, "mode": 16, "type": 22,
    "form-type": 18, "disabled": 19, "name": 20, "value": 21, "placeholder": 23, "hint": 24, "maxlength": 25,
    "required": 26, "checked": 27, "percent": 28, "ordered": 29, "rows": 30,
}
BUTTON_TYPE = 17
FLAGS = {"grow", "strong", "live", "disabled", "required", "checked", "ordered"}
EVENTS = {"tap": 1, "change": 2, "submit": 3}


def attribute_number(element, name):
    return BUTTON_TYPE if (element, name) == ("button", "type") else ATTRIBUTES[name]


# ---- Templates ------------------------------------------------------------------


class Slot:
    """A place that is left open; what kind it is follows from where it stands."""

    def __init__(self, name):
        self.name = name


class Child(Slot):
    pass


class List(Slot):
    pass


class Element:
    def __init__(self, element, attributes=None, events=(), body=None):
        self.element, self.attributes, self.events, self.body = element, attributes or {}, events, body

    def ordered_attributes(self):
        return sorted(self.attributes.items(), key=lambda pair: attribute_number(self.element, pair[0]))

    def ordered_events(self):
        """(event, slot), by number."""
        return sorted(self.events, key=lambda pair: EVENTS[pair[0]])


def length(number):
    """Unsigned LEB128."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def string(text):
    data = text.encode()
    return length(len(data)) + data


class Template:
    """An element, its encoding and its slots: (kind, name of the slot)."""

    def __init__(self, root):
        self.root, self.slots = root, []
        self.encoding = b"\x01" + self._element(root)

    @property
    def id(self):
        return identity(self.encoding)

    def _element(self, node):
        out = bytearray([ELEMENTS[node.element], len(node.attributes)])
        for name, value in node.ordered_attributes():
            out.append(attribute_number(node.element, name))
            if isinstance(value, Slot):
                out.append(2)
                self.slots.append(("flag" if name in FLAGS else "attribute", value.name))
            elif value is True:
                out.append(1)
            else:
                out += b"\x00" + string(value)
        out.append(len(node.events))
        for event, slot in node.ordered_events():
            out.append(EVENTS[event])
            self.slots.append(("handler", slot.name))
        return bytes(out) + self._body(node.body)

    def _body(self, body):
        if body is None:
            return b"\x00"
        if isinstance(body, str):
            return b"\x01" + string(body)
        if isinstance(body, Slot):
            self.slots.append(("text", body.name))
            return b"\x02"
        out = b"\x03" + length(len(body))
        for child in body:
            if isinstance(child, Element):
                out += b"\x00" + self._element(child)
            else:
                out += b"\x01" if isinstance(child, Child) else b"\x02"
                self.slots.append(("child" if isinstance(child, Child) else "list", child.name))
        return out


@cache
def identity(encoding):
    """The first 8 bytes of BLAKE3, as an integer."""
    digest = subprocess.run(["b3sum", "--no-names"], input=encoding, stdout=subprocess.PIPE, check=True).stdout
    return int(digest[:16], 16)


# ---- Frames ---------------------------------------------------------------------


class Instance:
    """A template and what is in its slots, by name. Slots that are not named get
    nothing: no attribute, no child, an empty list or text."""

    def __init__(self, template, **values):
        self.template, self.values = template, values


class Frame:
    """`bundle`: whether templates are named by id instead of defined."""

    def __init__(self, root, bundle=False):
        self.bundle, self.known = bundle, []
        self.ops, self.text, self.messages = [], bytearray(), bytearray()
        self._instance(root)

    def _number(self, template):
        if template not in self.known:
            self.known.append(template)
        return self.known.index(template)

    def _text(self, text, more=0):
        data = text.encode()
        self.ops.append(len(data) + more)
        self.text += data

    def _instance(self, instance):
        self.ops.append(self._number(instance.template))
        for kind, name in instance.template.slots:
            value = instance.values.get(name)
            if kind == "text":
                self._text(value or "")
            elif kind == "flag":
                self.ops.append(1 if value else 0)
            elif kind == "attribute":
                self.ops.append(0) if value is None else self._text(value, 1)
            elif kind == "handler":
                self.ops.append(0 if value is None else len(value) + 1)
                self.messages += value or b""
            elif kind == "child":
                self.ops.append(0 if value is None else 1)
                if value is not None:
                    self._instance(value)
            else:
                items = value or []
                self.ops.append(len(items))
                for key, item in items:
                    self._text(key)
                    self._instance(item)

    def as_json(self, **changes):
        definitions = b"" if self.bundle else b"".join(template.encoding for template in self.known)
        frame = {
            "templates": [f"{template.id:016x}" for template in self.known] if self.bundle else [],
            "definitions": definitions.hex(),
            "ops": self.ops,
            "text": self.text.decode(),
            "messages": self.messages.hex(),
        }
        return frame | changes


# ---- What a host has to read out of it ----------------------------------------


def tree(instance, key=None):
    return resolve(instance.template.root, instance.values, key)


def resolve(node, values, key=None):
    out = {"element": node.element}
    if key is not None:
        out["key"] = key
    attributes = {}
    for name, value in node.ordered_attributes():
        value = values.get(value.name) if isinstance(value, Slot) else value
        if value is not None and value is not False:
            attributes[name] = value
    if attributes:
        out["attributes"] = attributes
    text = node.body if isinstance(node.body, str) else values.get(node.body.name) if isinstance(node.body, Slot) else None
    if text:
        out["text"] = text
    events = [event for event, slot in node.ordered_events() if values.get(slot.name) is not None]
    if events:
        out["events"] = events
    children = []
    for child in node.body if isinstance(node.body, list) else []:
        if isinstance(child, Element):
            children.append(resolve(child, values))
        elif isinstance(child, Child):
            if values.get(child.name) is not None:
                children.append(tree(values[child.name]))
        else:
            children += [tree(item, item_key) for item_key, item in values.get(child.name) or []]
    if children:
        out["children"] = children
    return out


# ---- Views ------------------------------------------------------------------------

E, S = Element, Slot

# The worked example: C, A and B.
PAGE = Template(E("view", body=[
    Child("child"),
    E("list", body=[List("rows")]),
    E("image", {"src": S("src"), "alt": "Latte"}),
]))
GREETING = Template(E("view", body=[E("heading", {"level": "1"}, body="Hello")]))
ROW = Template(E("list-item", {"layout": "row"}, body=[
    E("text", {"strong": S("strong")}, body=S("name")),
    E("button", {"label": S("label"), "disabled": S("disabled")}, [("tap", S("more"))], "+"),
]))
EXAMPLE = Instance(
    PAGE,
    child=Instance(GREETING),
    rows=[
        ("1", Instance(ROW, strong=True, name="Latte", label="More Latte", more=b"\x01\x07")),
        ("2", Instance(ROW, name="Tea", disabled=True)),
    ],
    src="asset:latte.svg",
)

HELLO = Template(E("text", body="Hello"))
TEXT = Template(E("text", body=S("text")))
BOX = Template(E("view", body=[Child("child")]))
PAIR = Template(E("view", {"layout": "row", "gap": S("gap")}, body=[Child("left"), E("separator"), Child("right")]))
ITEM = Template(E("list-item", {"label": S("label")}, [("tap", S("open"))], [E("text", body=S("text")), Child("more")]))
ITEMS = Template(E("list", {"ordered": True, "label": S("label")}, body=[List("items")]))
FORM = Template(E("form", {"label": "Pick up"}, [("submit", S("order"))], [
    E("input", {"label": "Name", "name": "name", "type": "text", "value": S("name"), "placeholder": S("placeholder"),
                "hint": S("hint"), "maxlength": "40", "required": True}),
    E("textarea", {"label": "Note", "name": "note", "value": S("note"), "rows": S("rows")}, [("change", S("noted"))]),
    E("picker", {"label": "Size", "name": "size", "value": S("size")}, body=[
        E("option", {"value": "s"}, body="Small"), List("sizes")]),
    E("radio-group", {"label": "Milk", "name": "milk", "value": S("milk"), "layout": "row"}, body=[
        E("radio", {"value": "oat", "disabled": S("no_oat")}, body="Oat"), E("radio", {"value": "cow"}, body=S("cow"))]),
    E("checkbox", {"label": "Gift", "name": "gift", "checked": S("gift")}),
    E("switch", {"label": "Receipt", "name": "receipt", "checked": S("receipt")}, [("change", S("receipts"))]),
    E("button", {"type": "primary", "form-type": "submit", "disabled": S("closed")}, body="Order"),
]))
OPTION = Template(E("option", {"value": S("value")}, body=S("text")))
SHOW = Template(E("view", {"label": S("label"), "surface": S("surface"), "to": S("to")}, body=[
    E("heading", {"level": "2", "grow": S("grow")}, body=S("title")),
    E("text", {"tone": S("tone"), "size": S("size"), "live": S("live")}, body=S("text")),
    E("progress", {"label": "Making it", "percent": S("percent")}),
    E("navigator", {"to": S("where")}, body=S("link")),
    E("image", {"src": "asset:icon.svg", "alt": S("alt"), "mode": S("mode")}),
]))


def nested(levels, inside):
    for _ in range(levels):
        inside = Instance(BOX, child=inside)
    return inside


VALID = {
    "the worked example": EXAMPLE,
    "one fixed text": Instance(HELLO),
    "an empty text": Instance(TEXT),
    "text outside of ASCII": Instance(TEXT, text="Käse <b>&amp; \"Brot\"</b> 咖啡 🥐"),
    "nothing in any slot": Instance(PAIR),
    "templates inside each other": Instance(
        PAIR,
        gap="large",
        left=Instance(PAIR, right=Instance(TEXT, text="left, right")),
        right=Instance(BOX, child=Instance(BOX, child=Instance(HELLO))),
    ),
    "as deep as it may be": nested(63, Instance(TEXT, text="the bottom")),
    "lists inside lists": Instance(ITEMS, label="Outer", items=[
        ("a", Instance(ITEM, text="first", label="Open it", open=b"")),
        ("b", Instance(ITEM, text="second", more=Instance(ITEMS, items=[
            # The same key in another list is another item.
            ("a", Instance(ITEM, text="inner")),
            ("", Instance(ITEM, text="a key may be empty", more=Instance(HELLO))),
        ]))),
        ("ключ", Instance(ITEM, text="third", label="Also", open=bytes(range(256)))),
    ]),
    "an empty list": Instance(ITEMS),
    "every field": Instance(
        FORM, order=b"\x00", name="Ada", placeholder="Your name", hint="As on the cup", note="two\nlines", rows="3",
        noted=b"note", size="l", sizes=[("m", Instance(OPTION, value="m", text="Medium")),
                                        ("l", Instance(OPTION, value="l", text="Large"))],
        milk="oat", no_oat=True, cow="Cow", gift=True, receipts=b"r",
    ),
    "fields without what they can do without": Instance(FORM, cow="Cow", receipt=True, closed=True),
    "every other slot": Instance(
        SHOW, label="To the menu", surface="card", to="page:index?a=1", grow=True, title="Order 7", tone="success",
        size="large", live=True, text="Ready", percent="100", where="https://example.org/a", link="More", alt="",
        mode="aspect-fill",
    ),
    "a long text": Instance(TEXT, text="All work and no play. " * 400),
    "a thousand items": Instance(ITEMS, items=[(str(n), Instance(ITEM, text=f"item {n}")) for n in range(1000)]),
}

# ---- Frames that break a rule ---------------------------------------------------


def bent(instance, **changes):
    """A frame that is right but for these parts."""
    return Frame(instance).as_json(**changes)


def replaced(instance, op, value):
    """A frame that is right but for one operation."""
    frame = Frame(instance)
    frame.ops[op] = value
    return frame.as_json()


def defined(*encodings, ops=(0,), **parts):
    return {"templates": [], "definitions": b"".join(encodings).hex(), "ops": list(ops), "text": "", "messages": ""} | parts


def example_ops(length):
    return Frame(EXAMPLE).ops[:length]


def invalid():
    """Name, frame, operation, words of the refusal."""
    ops = Frame(EXAMPLE).ops
    text, messages = Frame(EXAMPLE).text.decode(), Frame(EXAMPLE).messages.hex()
    tap = Template(E("button", events=[("tap", S("tap"))], body="Go"))
    form = Template(E("form", body=[Child("child")]))
    listing = Template(E("list", body=[List("items")]))
    item = Template(E("list-item"))
    link = Template(E("navigator", {"to": S("to")}, body="Go"))
    many = Template(E("list-item", body=[E("separator")] * 99))
    yield "no operations", bent(EXAMPLE, ops=[]), 0, "the frame ends where an instance should follow"
    yield "ends too early", bent(EXAMPLE, ops=ops[:-1]), len(ops) - 1, "the frame ends where an attribute should follow"
    yield "ends in a list", bent(EXAMPLE, ops=ops[:4]), 4, "the frame ends where a key should follow"
    yield "goes on after the end", bent(EXAMPLE, ops=ops + [0, 0]), len(ops), "2 operations after the end of the page"
    yield "text left over", bent(EXAMPLE, text=text + "x"), len(ops), "1 bytes of `text` are not used"
    yield "messages left over", bent(EXAMPLE, messages=messages + "00"), len(ops), "1 bytes of `messages` are not used"
    yield "text too short", bent(EXAMPLE, text=text[:-1]), len(ops) - 1, \
        "15 bytes of `text` are asked for, 14 are left"
    yield "messages too short", bent(EXAMPLE, messages="01"), 10, "2 bytes of `messages` are asked for, 1 are left"
    yield "half a character", bent(Instance(TEXT, text="é"), ops=[0, 1]), 1, "a text ends in the middle of a character"
    yield "no such template", replaced(EXAMPLE, 2, 3), 2, "template 3 of 3 does not exist"
    yield "an id that the bundle lacks", defined(templates=["00000000deadbeef"]), 0, \
        "the bundle has no template 00000000deadbeef"
    yield "one template twice", defined(HELLO.encoding, TEXT.encoding, HELLO.encoding), 0, "template 2 is listed twice"
    yield "another grammar", defined(b"\x02" + HELLO.encoding[1:]), 0, "definition 0: expected grammar version 1, got 2"
    yield "half a definition", defined(TEXT.encoding, HELLO.encoding[:-1]), 0, "definition 1: the encoding ends at byte"
    yield "an element that is none", defined(bytes([1, 99, 0, 0, 0])), 0, "definition 0: byte 1: there is no element 99"
    yield "attributes out of order", defined(bytes([1, 1, 2, 2, 2, 1, 2, 0, 0])), 0, \
        "definition 0: byte 5: not in canonical form: attributes stand once, by number"
    yield "a length with a byte too many", defined(bytes([1, 2, 0, 0, 1, 0x85, 0]) + b"Hello"), 0, \
        "not in canonical form: a length has superfluous bytes"
    yield "text in a view", defined(bytes([1, 1, 0, 0, 2]), ops=(0, 0)), 0, "definition 0: `view`: takes no text"
    yield "an attribute of others", defined(Template(E("text", {"src": "asset:a.svg"}, body="a")).encoding), 0, \
        "definition 0: `text`: takes no attribute 14 (`src`)"
    yield "a tap without a name", defined(Template(E("view", events=[("tap", S("tap"))])).encoding, ops=(0, 0)), 0, \
        "definition 0: `view`:"
    yield "neither child nor none", replaced(EXAMPLE, 1, 2), 1, "expected 0 or 1 for a child, got 2"
    yield "neither on nor off", replaced(EXAMPLE, 6, 2), 6, "expected 0 or 1 for a flag, got 2"
    yield "a picture from elsewhere", bent(Instance(SHOW, percent="1", where="https://example.org", alt="", label="a",
                                                    to="http://example.org")), 3, "`view to`:"
    yield "a page as a picture", bent(EXAMPLE, text=text.replace("asset:latte.svg", "page:latte/svg-")), \
        len(ops) - 1, "`image src`:"
    yield "a word that is none", bent(Instance(PAIR, gap="huge")), 1, "`view gap`:"
    yield "a number that is none", bent(Instance(SHOW, percent="101", where="page:index", alt="")), 10, \
        "`progress percent`:"
    yield "nothing where something is needed", defined(link.encoding, ops=(0, 0)), 1, "`navigator` needs `to`"
    yield "a view in a list", bent(Instance(listing, items=[("a", Instance(BOX))])), 3, "`list` cannot contain `view`"
    yield "an item as a page", defined(item.encoding), 0, "`list-item` can only stand in `list`"
    yield "an option in a view", bent(Instance(BOX, child=Instance(OPTION, value="a"))), 2, \
        "`option` can only stand in `picker`"
    yield "a form in a form", bent(Instance(form, child=Instance(BOX, child=Instance(form)))), 4, \
        "`form` cannot stand in `form`"
    yield "one key twice", bent(Instance(listing, items=[("a", Instance(item)), ("a", Instance(item))])), 4, \
        "the key `a` stands twice in one list"
    yield "a long key", bent(Instance(listing, items=[("k" * 257, Instance(item))])), 2, "more than 256 bytes in a key"
    yield "a long message", bent(Instance(tap, tap=b"m" * 4097)), 1, "more than 4096 bytes in a message"
    yield "too deep", bent(nested(64, Instance(HELLO))), 128, "more than 64 levels"
    yield "too many elements", bent(Instance(listing, items=[(str(n), Instance(many)) for n in range(250)])), \
        None, "more than 20000 nodes"
    yield "a list longer than any page", defined(listing.encoding, ops=(0, 4_000_000_000)), 1, "more than 20000 nodes"
    yield "too many templates", defined(templates=[f"{n:016x}" for n in range(1025)]), 0, "more than 1024 templates"


def main():
    valid = []
    templates = {}
    for name, view in VALID.items():
        inline, named = Frame(view), Frame(view, bundle=True)
        templates |= {f"{template.id:016x}": template.encoding.hex() for template in named.known}
        valid.append({
            "name": name,
            "frames": [inline.as_json(), named.as_json()],
            # As text: readers of JSON have a limit of depth of their own.
            "tree": json.dumps(tree(view), sort_keys=True, ensure_ascii=False, separators=(",", ":")),
        })
    refused = [
        {"name": name, "frame": frame, "op": op, "reason": reason} for name, frame, op, reason in invalid()
    ]
    print(json.dumps({"templates": templates, "valid": valid, "invalid": refused}))


if __name__ == "__main__":
    main()
