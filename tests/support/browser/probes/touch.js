// Finds something on the page that a person could touch now, by a number, and says
// what and where it is. Nothing that leads out of the program or says one of the
// words to avoid; fields get the focus.
(number, avoid) => {
  const all = ".mp-page button, .mp-page a[href], .mp-page input:not([type=hidden]), .mp-page select, .mp-page textarea, .mp-page summary";
  const program = location.pathname.split("/").slice(0, 3).join("/") + "/";
  const said = (element) => (element.getAttribute("aria-label") || element.textContent || element.name || "").trim();
  const place = (element) => {
    const seen = (["checkbox", "radio"].includes(element.type) && element.closest("label")) || element;
    seen.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const box = seen.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const hit = document.elementFromPoint(x, y);
    return hit && seen.contains(hit) ? { x, y } : null;
  };
  const open = document.querySelector(":popover-open");
  const choices = [...document.querySelectorAll(all)].filter(
    (element) =>
      !element.disabled &&
      element.checkVisibility({ visibilityProperty: true }) &&
      (!open || open.contains(element)) &&
      !avoid.some((word) => said(element).includes(word)) &&
      (element.tagName !== "A" || (element.origin === location.origin && element.pathname.startsWith(program))));
  for (let tries = 0; tries < 20 && choices.length; tries++) {
    const [element] = choices.splice(number % choices.length, 1);
    const at = place(element);
    if (!at) continue;
    const { tagName, type } = element;
    const types = tagName === "TEXTAREA" || (tagName === "INPUT" && !["checkbox", "radio", "range"].includes(type));
    const kind = types ? "type" : tagName === "SELECT" || type === "range" ? "choose" : "press";
    if (kind === "choose") element.focus();
    return { kind, type, name: `${tagName.toLowerCase()} ${said(element).slice(0, 30)}`, ...at };
  }
  return null;
}
