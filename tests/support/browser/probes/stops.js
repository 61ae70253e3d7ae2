// Where Tab has to stop, in the order of the page, by name. They are kept for
// focused.js, and nothing has the focus afterwards.
() => {
  const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  const named = (element) => {
    const label = element.labels?.[0]?.textContent || element.getAttribute("aria-label") || element.textContent;
    return `${element.tagName.toLowerCase()} ${JSON.stringify(label.trim().replace(/\s+/g, " ").slice(0, 40))}`;
  };
  const stops = [...document.querySelectorAll(all)].filter((element) => {
    if (element.disabled || element.tabIndex < 0 || !element.checkVisibility({ visibilityProperty: true })) return false;
    if (element.type === "radio") {
      const group = [...document.querySelectorAll(`input[name="${CSS.escape(element.name)}"]`)].filter((e) => !e.disabled);
      return element === (group.find((radio) => radio.checked) || group[0]);
    }
    return true;
  });
  window.__stops = stops;
  window.__last = null;
  window.__named = named;
  document.activeElement?.blur();
  scrollTo(0, 0);
  return { names: stops.map(named), positive: stops.filter((element) => element.tabIndex > 0).map(named) };
}
