// The three pages as a Worker: template strings, joined once for each request.

import { FIELDS, HEADERS, PRODUCTS, ROWS, money } from "./data.mjs";

const SPECIAL = /[&<>"']/;
const REFERENCES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

// Most texts have nothing to escape: one look is enough for them.
const escape = (text) => (SPECIAL.test(text) ? text.replace(/[&<>"']/g, (found) => REFERENCES[found]) : text);

const button = (label) =>
  `<button class="mp-button" name="_h" value="AAAAAAAAAAAAAAAA" formnovalidate>${escape(label)}</button>`;

const card = (product) =>
  `<li class="mp-item mp-surface-card"><p class="mp-text mp-strong">${escape(product.name)}</p>` +
  `<p class="mp-text mp-tone-muted">${escape(product.note)}</p><p class="mp-text">${money(product.cents)}</p>` +
  `<button class="mp-button" name="_h" value="AAAAAAAAAAAA${String(product.id).padStart(4, "0")}" formnovalidate>Add</button></li>`;

const row = (product) =>
  `<tr class="mp-row"><td class="mp-cell"><p class="mp-text">${product.id}</p></td>` +
  `<td class="mp-cell"><p class="mp-text">${escape(product.name)}</p></td>` +
  `<td class="mp-cell"><p class="mp-text">${product.stock}</p></td>` +
  `<td class="mp-cell"><p class="mp-text">${money(product.cents)}</p></td></tr>`;

const label = (field) => `<label class="mp-label" for="f.${field.name}">${escape(field.label)}</label>`;

const option = (field) => ([value, text]) =>
  `<option value="${escape(value)}"${value === field.value ? " selected" : ""}>${escape(text)}</option>`;

const CONTROLS = {
  line: (field) =>
    `<div class="mp-field mp-input">${label(field)}<div class="mp-control"><input type="${field.type}" class="mp-box" ` +
    `id="f.${field.name}" name="f.${field.name}" aria-describedby="h.${field.name}" maxlength="80" ` +
    `value="${escape(field.value)}"></div><p class="mp-hint" id="h.${field.name}">At most 80 characters.</p></div>`,
  lines: (field) =>
    `<div class="mp-field mp-textarea">${label(field)}<div class="mp-control"><textarea class="mp-box" ` +
    `id="f.${field.name}" name="f.${field.name}" rows="3">\n${escape(field.value)}</textarea></div></div>`,
  choice: (field) =>
    `<div class="mp-field mp-picker">${label(field)}<div class="mp-control"><select class="mp-box" ` +
    `id="f.${field.name}" name="f.${field.name}">${field.options.map(option(field)).join("")}</select></div></div>`,
  tick: (field) =>
    `<div class="mp-field mp-checkbox"><div class="mp-control"><input type="hidden" name="f.${field.name}" value="false">` +
    `<label class="mp-toggle"><input type="checkbox" class="mp-check" id="f.${field.name}" name="f.${field.name}" ` +
    `value="true"${field.value ? " checked" : ""}><span>${escape(field.label)}</span></label></div></div>`,
};

const VIEWS = {
  cards: () =>
    page("cards", "Products", `<h1 class="mp-heading">Products</h1><p class="mp-text" aria-live="polite">In the cart: 0</p>` +
      `<ul class="mp-list mp-layout-grid" role="list">${PRODUCTS.map(card).join("")}</ul>${button("Seed")}`),
  form: () =>
    page("form", "Your details", `<h1 class="mp-heading">Your details</h1><section class="mp-form" role="form">` +
      `${FIELDS.map((field) => CONTROLS[field.kind](field)).join("")}<button class="mp-button mp-type-primary" name="_h" ` +
      `value="AAAAAAAAAAAAAAAA" formnovalidate>Save</button></section>${button("Seed")}`),
  table: () =>
    page("table", "Price list", `<h1 class="mp-heading">Price list</h1>${button("Raise a price")}<div class="mp-table-box" ` +
      `role="region" aria-label="1,000 products" tabindex="0"><table class="mp-table"><caption>1,000 products</caption><tbody>` +
      `${ROWS.map(row).join("")}</tbody></table></div>${button("Seed")}`),
};

// What stands around each of them.
const page = (route, title, view) =>
  `<!DOCTYPE html><html lang="en" dir="ltr"><head><meta charset="utf-8"><meta name="viewport" ` +
  `content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/_style/0123456789abcdef.css">` +
  `<title>${escape(title)} · Cards</title><script src="/_live/0123456789abcdef.js" defer></script></head><body>` +
  `<form id="mp" method="post" action="/miniapp/cards-1/${route}" novalidate><button class="mp-default" name="_h" value="" ` +
  `tabindex="-1" aria-hidden="true"></button><input type="hidden" name="_page" value="AAAAAAAAAAAAAAAAAAAAAA">` +
  `<input type="hidden" name="_nonce" value="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"><input type="hidden" name="_seq" ` +
  `value="0"><header class="mp-bar"><span class="mp-title">Cards</span><a class="mp-close" href="/">Close</a></header>` +
  `<main class="mp-main"><div class="mp-page"><div class="mp-view">${view}</div></div></main></form></body></html>`;

export default {
  fetch(request) {
    const view = VIEWS[request.url.slice(request.url.lastIndexOf("/") + 1)];
    return view ? new Response(view(), { headers: HEADERS }) : new Response("not found", { status: 404 });
  },
};
