// What a view is made of: one line for each element and text, with what a fresh
// rendering has as well: attributes, and the properties that a browser keeps
// beside them. What people open and switch themselves is theirs, not the page's.
() => {
  const passing = new Set(["data-pressed", "data-waiting", "aria-busy", "autofocus"]);
  // A page that is not stored is another one when it is opened again: what its
  // buttons are called differs, and nothing else.
  const isStored = new URLSearchParams(location.search).has("_page");
  const called = (element, name) => name.startsWith("data-") || (name === "value" && element.name === "_h");
  const said_of = (element, name, value) => {
    if (!isStored && called(element, name) && value) return `${name}=(a token)`;
    const way = !isStored && name === "href" ? value.replace(/_from=[^&]*/, "_from=(a page)") : value;
    return `${name}=${JSON.stringify(way)}`;
  };
  const lines = [];
  const properties = (element) => {
    const { tagName, type, name } = element;
    if (tagName === "INPUT" && (type === "checkbox" || type === "radio")) {
      return name.startsWith("t.") ? [] : ["checked", "defaultChecked"];
    }
    // The server keeps no passwords.
    if (type === "password") return ["defaultValue", "disabled"];
    if (tagName === "INPUT" || tagName === "TEXTAREA") return ["value", "defaultValue", "disabled"];
    if (tagName === "SELECT") return ["value", "selectedIndex", "disabled"];
    if (tagName === "OPTION") return ["selected", "defaultSelected"];
    return tagName === "BUTTON" ? ["disabled"] : [];
  };
  const isOwn = (element, name, value) =>
    passing.has(name) ||
    (name === "open" && element.tagName === "DETAILS") ||
    (name === "tabindex" && value === "-1" && /^H[1-6]$/.test(element.tagName)) ||
    (name === "style" && value === "");
  const walk = (element, depth) => {
    const said = [...element.attributes]
      .filter(({ name, value }) => !isOwn(element, name, value))
      .map(({ name, value }) => said_of(element, name, value))
      .sort();
    const held = properties(element).map((name) => `.${name}=${JSON.stringify(element[name])}`);
    lines.push(" ".repeat(depth) + [element.tagName.toLowerCase(), ...said, ...held].join(" "));
    let text = "";
    const end = () => {
      if (text) lines.push(" ".repeat(depth + 1) + JSON.stringify(text));
      text = "";
    };
    for (const child of element.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) text += child.data;
      else if (child.nodeType === Node.ELEMENT_NODE) {
        end();
        walk(child, depth + 1);
      }
    }
    end();
  };
  walk(document.querySelector(".mp-page"), 0);
  return lines;
}
