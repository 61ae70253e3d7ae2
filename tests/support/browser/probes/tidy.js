// What a picture of the page would show: what is wider than the window, what is too
// small for a thumb (44 px), what is cut off. One line for each finding. Links in a
// sentence may be as small as its letters (WCAG 2.5.8).
() => {
  const LEAST = 44;
  const findings = [];
  const root = document.documentElement;
  const width = root.clientWidth;
  const named = (element) => {
    const text = (element.getAttribute("aria-label") || element.textContent || element.name || "").trim();
    const classes = element.getAttribute("class") || "";
    return `<${element.tagName.toLowerCase()} class="${classes}"> ${JSON.stringify(text.slice(0, 40))}`;
  };
  const style = (element) => getComputedStyle(element);
  // For programs that read pages, not for people.
  const isUnseen = (element) => {
    for (let at = element; at; at = at.parentElement) {
      if (style(at).clipPath === "inset(50%)") return true;
    }
    return !element.checkVisibility({ visibilityProperty: true });
  };

  if (root.scrollWidth > width) findings.push(`the page is ${root.scrollWidth} px wide in a window of ${width}`);
  const scrolls = (element) => ["auto", "scroll"].includes(style(element).overflowX);
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest("svg") && element.tagName.toLowerCase() !== "svg") continue;
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height || (box.right <= width + 1 && box.left >= -1)) continue;
    let around = element.parentElement;
    while (around && !scrolls(around)) around = around.parentElement;
    if (!around && !isUnseen(element)) {
      findings.push(`from ${Math.round(box.left)} to ${Math.round(box.right)} px of ${width}: ${named(element)}`);
    }
  }

  const targets = "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button]";
  for (const target of document.querySelectorAll(targets)) {
    if (target.disabled || target.getAttribute("aria-hidden") === "true" || isUnseen(target)) continue;
    const inSentence =
      target.tagName === "A" &&
      style(target).display === "inline" &&
      target.parentElement.textContent.trim() !== target.textContent.trim();
    if (inSentence) continue;
    // A box or circle is pressed by its label.
    const pressed = (["checkbox", "radio"].includes(target.type) && target.closest("label")) || target;
    let box = pressed.getBoundingClientRect();
    if (box.width >= LEAST - 0.5 && box.height >= LEAST - 0.5) continue;
    // What can be pressed may be larger than what is seen.
    pressed.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    box = pressed.getBoundingClientRect();
    const reach = LEAST / 2 - 0.5;
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const points = [];
    if (box.width < LEAST - 0.5) points.push([x - reach, y], [x + reach, y]);
    if (box.height < LEAST - 0.5) points.push([x, y - reach], [x, y + reach]);
    const hits = ([x, y]) => {
      const hit = document.elementFromPoint(x, y);
      return hit && (pressed.contains(hit) || hit.closest("label")?.control === target);
    };
    if (!points.every(hits)) {
      findings.push(`${Math.round(box.width)} × ${Math.round(box.height)} px to press: ${named(target)}`);
    }
  }

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const cut = new Set();
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const inside = text.parentElement;
    if (!text.data.trim() || inside.closest("option, script, svg") || isUnseen(inside)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const boxes = [...range.getClientRects()].filter((box) => box.width > 0.5);
    const free = { x: true, y: true };
    for (let at = inside; at && at !== document.body && !cut.has(inside); at = at.parentElement) {
      const { overflowX, overflowY } = style(at);
      free.x &&= !["auto", "scroll"].includes(overflowX);
      free.y &&= !["auto", "scroll"].includes(overflowY);
      const around = at.getBoundingClientRect();
      const hidesX = free.x && ["hidden", "clip"].includes(overflowX);
      const hidesY = free.y && ["hidden", "clip"].includes(overflowY);
      const isButton = at.tagName === "BUTTON";
      for (const box of boxes) {
        const wide = box.left < around.left - 1.5 || box.right > around.right + 1.5;
        // Boxes of letters are taller than the letters.
        const tall = box.top < around.top - 4 || box.bottom > around.bottom + 4;
        // A development program's mark takes the room that its title has otherwise.
        const marked = at.matches(".mp-title") && at.parentElement.querySelector(".mp-unsigned");
        if (((wide && hidesX) || (tall && hidesY)) && !marked) {
          findings.push(`cut off: ${named(inside)} in ${named(at)}`);
          cut.add(inside);
          break;
        }
        if (isButton && (wide || tall)) {
          findings.push(`sticks out: ${named(inside)}`);
          cut.add(inside);
          break;
        }
      }
    }
  }
  return findings;
}
