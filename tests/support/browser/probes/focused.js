// What has the focus: which stop, whether it can be seen, whether one can see that
// it has the focus, and whether it comes after the last one in the page.
() => {
  const element = document.activeElement;
  if (!element || element === document.body || element === document.documentElement) return null;
  const box = element.getBoundingClientRect();
  const pressed = (["checkbox", "radio"].includes(element.type) && element.closest("label")) || element;
  // Of something tall, any part that is not covered will do.
  const seen = [0.5, 0.1, 0.9].some((part) => {
    const around = pressed.getBoundingClientRect();
    const hit = document.elementFromPoint(around.left + around.width / 2, around.top + around.height * part);
    return hit && (pressed.contains(hit) || hit.contains(element) && hit !== document.body && !hit.matches("main, form, html"));
  });
  const rings = [element, element.nextElementSibling, element.parentElement, pressed].filter(Boolean).some((at) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(at);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  });
  const { overflowX, overflowY } = getComputedStyle(element);
  const last = window.__last;
  const follows = !last || Boolean(last.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING);
  window.__last = element;
  return {
    name: window.__named(element),
    stop: window.__stops.indexOf(element),
    scroller: [overflowX, overflowY].some((overflow) => ["auto", "scroll"].includes(overflow)),
    seen: seen && box.width > 0,
    rings,
    follows,
  };
}
