// Says the texts of a page's main part in the words of a table, where it has any, and
// tells what can be read there then.
(words) => {
  const read = [];
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    const text = node.data.replace(/\s+/g, " ").trim();
    const around = node.parentElement;
    if (!text || !around.checkVisibility() || around.closest("[aria-hidden='true']")) continue;
    if (Object.hasOwn(words, text)) node.data = words[text];
    read.push(Object.hasOwn(words, text) ? words[text] : text);
  }
  return read;
}
