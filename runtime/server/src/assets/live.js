// The browser's half of live pages: docs/live.md. Without it, pages work as forms.
(() => {
"use strict";

const root = document.documentElement;
const $ = (selector) => document.querySelector(selector);
const $$ = (selector) => [...document.querySelectorAll(selector)];
const on = (name, then) => addEventListener(name, then, true);
const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
const later = (what, ms, then) => {
  clearTimeout(what.later);
  what.later = setTimeout(then, ms);
};
const here = ({ pathname, search } = location) => pathname + search;

// See `start`.
let page;
// The field in composition.
let composing;
// The visit under way.
let visiting;
// Ends a pause.
let wake;

// Fields: attributes are what the server believes, properties what is there.

const isField = (el) => el.form === page.form && /^f\./.test(el.name);
const slot = (el) => (/^(check|radio)/.test(el.type) ? "checked" : "value");
const state = (el) => el[slot(el)];
const belief = (el) => {
  if (el.options) return el.querySelector("[selected]")?.value ?? el.value;
  return slot(el) === "value" ? el.defaultValue : el.defaultChecked;
};
const set = (el, value) => {
  if (state(el) !== value) el[slot(el)] = value;
};
const showRanges = () => {
  for (const el of $$("output")) el.value = el.previousElementSibling.value;
};

// What the user has changed.
const touched = () => [...page.form.elements].filter((el) => isField(el) && state(el) !== belief(el));
// Whether the server did not take what is there now.
const isRefused = () => page.typed === page.refused && touched().length > 0;
const unsaved = () => page.typed !== page.sent || isRefused();

const banner = make("p", { className: "mp-offline", role: "status" });
const offline = (words) => {
  root.toggleAttribute("data-offline", words);
  if (banner.textContent !== words) banner.textContent = words;
};

// Sends the same until it is answered.
const persist = async (url, init, kind, mine) => {
  for (let wait = 300; !mine || mine === visiting; wait = Math.min(wait * 2, 5000)) {
    try {
      const content = await (await fetch(url, init))[kind]();
      offline("");
      if (!content.retry) return content;
      wait = content.retry * 1000;
    } catch {
      offline("Offline – trying again");
    }
    await new Promise((done) => setTimeout((wake = done), wait));
  }
};

// What nobody touched is not sent: the program may have changed it meanwhile. A
// field in which somebody presses Enter is.
const fill = ({ el, name, value, looks }, fields) => {
  const names = [el, ...fields].map((field) => field?.name);
  const body = new URLSearchParams({ ...page.own, _seq: page.seq++, [name]: value });
  for (const [key, text] of new FormData(page.form)) if (names.includes(key)) body.append(key, text);
  if (!looks) page.sent = page.typed;
  return body;
};

// Every item brings the page up to date, and all but a look carry what was typed.
const prepare = (item) => {
  page.due = 0;
  if (item.looks) page.want = 0;
  if (item.tells) page.told = page.typed;
  for (const el of page.form.elements) el.posted = item.looks ? belief(el) : state(el);
  item.body = fill(item, item.looks ? [] : touched());
  return { method: "POST", body: item.body, headers: { Accept: "application/vnd.mprun+json" } };
};

const send = (item) => {
  const { el, value } = item;
  const same = (other) => other?.value === value;
  // A double tap counts once, but not with new text.
  if (page.queue.some(same) || (same(page.busy) && !unsaved())) return;
  // What is pressed or changed tells all that was typed. What is typed, only itself.
  item.tells = el && !$(`[data-input="${value}"]`);
  if (item.tells) page.queue = page.queue.filter((other) => other.press);
  page.queue.push(item);
  if (el) {
    el.dataset.pressed = "";
    later(el, 100, () => {
      el.dataset.waiting = "";
      el.ariaBusy = "true";
    });
  }
  drain();
};
const release = () => {
  for (const el of $$("[data-pressed],[data-waiting]")) {
    if (page.queue.some((item) => item.el === el)) continue;
    clearTimeout(el.later);
    delete el.dataset.pressed;
    delete el.dataset.waiting;
    el.ariaBusy = null;
  }
};
const press = (el, { name, value } = el) => send({ el, name, value, press: true });
const tell = (field, value, el) => value && send({ name: "_h", value, el, field });
const keep = () => {
  page.due = 1;
  drain();
};
const look = (rev = Infinity) => {
  page.want = Math.max(page.want, rev);
  drain();
};

// The page is left, and hears no answer: this asks for none, so that toasts stay for
// whoever sees them. What is under way is the same event once more.
const flush = (keepalive) => {
  const { form, address, busy, queue } = page;
  const fields = [...form.elements].filter((el) => isField(el) && state(el) !== (busy ? el.posted : belief(el)));
  const init = { method: "POST", keepalive, redirect: "manual" };
  const leave = (body) => fetch(address, { ...init, body }).catch(() => {});
  if (busy) leave(busy.body);
  for (const item of queue.splice(0)) leave(fill(item, fields));
  if (unsaved()) leave(fill({ name: "_keep", value: 1 }, fields));
};

// What cannot be seen waits until it is.
const next = ({ queue, due, want, form }) => {
  const wants = due || (want > form.dataset.rev && !document.hidden);
  return queue.shift() ?? (wants && { name: "_keep", value: 1, looks: !due });
};
const drain = () => (page.run ??= run(page).catch(() => location.reload()));
const run = async (me) => {
  // Enter is a change and a press: wait for both.
  await new Promise((done) => setTimeout(done));
  while (me === page && !composing?.isConnected && (me.busy = next(me))) {
    if (me.busy.field?.typed <= me.told) continue;
    const answer = await persist(me.address, prepare(me.busy), "json");
    release();
    // Also on the page that has come meanwhile: they are told once.
    for (const toast of answer.toasts ?? []) $(".mp-toasts").append(make("p", { textContent: toast }));
    if (me === page) take(me.busy, answer);
  }
  me.busy = me.run = null;
  release();
};

const take = (item, answer) => {
  const { form, own } = page;
  const { problem, alert, way, url } = answer;
  if (problem) {
    if (!item.looks) page.refused = page.sent;
    return say({ kind: "error", text: `${problem.title}\n${problem.text}` }, item);
  }
  // What did not work is said until something does; that somebody looks is nothing.
  const failed = page.refused >= 0;
  if (!item.looks) page.refused = NaN;
  if (answer.go) return visiting || visit(new URL(answer.go, location));
  if (failed ? !item.looks : alert !== undefined) say(alert, item);
  patch(item, answer);
  if (answer.page) {
    own._page = answer.page;
    delete own._recipe;
  }
  if (url) {
    if (here() === page.address) history.replaceState(history.state, "", url);
    page.address = url;
  }
  if (way !== undefined) {
    for (const link of $$('.mp-page a[href^="/"]'))
      link.setAttribute("href", link.getAttribute("href").replace(form.dataset.way || " ", () => way));
    form.dataset.way = way;
  }
  if (answer.nonce) {
    own._nonce = answer.nonce;
    page.seq = 0;
  }
  form.dataset.rev = answer.rev ?? form.dataset.rev;
  document.title = answer.title ?? document.title;
  if ("push" in answer) form.toggleAttribute("data-push", answer.push);
  follow();
};

const say = (alert, item) => {
  const box = $(".mp-alerts");
  // Said once, but to who pressed.
  if (!item.press && box.textContent === alert?.text) return;
  box.replaceChildren();
  if (!alert) return;
  box.append(make("div", { className: `mp-alert mp-alert-${alert.kind}`, role: "alert" }));
  box.firstChild.append(make("p", { textContent: alert.text }));
  if (item.press) box.scrollIntoView();
};

const parse = (innerHTML) => make("template", { innerHTML }).content;

// Where browsers can, moves keep focus.
const place = (parent, node, before) =>
  parent[parent.moveBefore && node.isConnected ? "moveBefore" : "insertBefore"](node, before);

const put = (el, name, value) => {
  if (name === "open") delete el.believed;
  // A tab.
  if (name === "checked" && !isField(el)) el.checked = value != null;
  value == null ? el.removeAttribute(name) : el.setAttribute(name, value);
};

const apply = (node, ops) => {
  for (let [op, a, b] of ops) {
    const child = (index) => node.children[index] ?? null;
    if (op === "t") node.textContent = a;
    else if (op === "a") put(node, a, b);
    else if (op === "x") morph(node, parse(a).firstChild);
    else if (op === "i") node.insertBefore(parse(b), child(a));
    else if (op === "r") while (b--) child(a).remove();
    else if (op === "m") place(node, child(a), child(b < a ? b : b + 1));
    else apply(op.reduce((el, index) => el.children[index], node), a);
  }
};

const morph = (old, next) => {
  if (old.nodeName !== next.nodeName || old.id !== next.id) return old.replaceWith(next);
  if (old.data !== next.data) old.data = next.data;
  if (!next.attributes) return;
  // Pressed `details` follow only news.
  if (old.believed === next.open) next.open = old.open;
  else delete old.believed;
  for (const { name } of [...old.attributes, ...next.attributes]) {
    const value = next.getAttribute(name);
    if (old.getAttribute(name) !== value) put(old, name, value);
  }
  morphChildren(old, next);
};

// By id (items: their first field), else by position.
const key = (el) => el.id || (el.matches?.("li,tr,.mp-field") && el.querySelector("[name^='f.']")?.name);
const morphChildren = (old, next) => {
  const nodes = [...next.childNodes];
  const known = new Map([...old.children].map((el) => [key(el), el]));
  let at = old.firstChild;
  for (const node of nodes) {
    const id = key(node);
    const same = id ? known.get(id) : at?.nodeName === node.nodeName && !key(at) && at;
    known.delete(id);
    if (same && same === at) at = at.nextSibling;
    else place(old, same || node, at);
    if (same) morph(same, node);
  }
  while (old.childNodes.length > nodes.length) old.lastChild.remove();
};

const focus = (el) => {
  if (el.tabIndex < 0) {
    el.tabIndex = -1;
    el.onblur = () => el.removeAttribute("tabindex");
  }
  el.focus({ preventScroll: true });
};

// Changes the view, but not what the user has changed since.
const patch = (item, { base, to, html, ops }) => {
  const view = $(".mp-page");
  const had = $$("[data-open]");
  const before = [...page.form.elements].filter(isField).map((el) => {
    const mine = el === composing || (el.posted ?? state(el)) !== state(el);
    return [el, mine, state(el), belief(el)];
  });
  const handedIn = item.el?.closest(`.mp-form:has([data-submit][value="${item.value}"])`);
  const active = document.activeElement;
  const { selectionStart, selectionEnd, value } = active;
  const order = $$(".mp-page *").filter((el) => el.tabIndex >= 0 || el === active);
  const at = order.indexOf(active);

  const { own } = page;
  if (html != null) morphChildren(view, parse(html));
  try {
    if (ops && base !== own._base) throw base;
    apply(view.firstElementChild, ops ?? []);
  } catch {
    // Not the expected view: all of it, please.
    own._base = "";
    return look();
  }
  own._base = to ?? own._base;

  const again = (el) => (el.isConnected ? el : document.getElementById(el.id) ?? el);
  // What was handed in or told is the program's now, unless it says what is wrong.
  // Everything else stays what was typed; of passwords the server knows nothing.
  const isTold = (el) => item.tells && el.type !== "password" && el.matches("[data-change],[data-input]");
  const isTaken = (el) => !$(".mp-alert,[aria-invalid]") && (handedIn?.contains(el) || isTold(el));
  // The user's last: one of radios wins.
  for (const [old, mine, was, believed] of before.sort((a, b) => a[1] - b[1])) {
    const el = again(old);
    if (mine) set(el, was);
    else if (belief(el) !== believed || isTaken(el)) set(el, belief(el));
    if (el.selectedIndex < 0) set(el, belief(el));
  }
  showRanges();

  liven(had);
  const isUsable = (el) => view.contains(el) && !el.disabled && el.checkVisibility();
  const wrong = item.press && $("[autofocus]");
  const now = again(active);
  toggle(wrong?.closest("[popover]"), true);
  if (wrong) wrong.focus();
  else if (at >= 0 && !isUsable(document.activeElement))
    focus([now, ...order.slice(at), ...order.reverse()].find(isUsable) ?? $("main"));
  if (now === document.activeElement && selectionStart < value?.length && now.selectionStart !== selectionStart)
    now.setSelectionRange(selectionStart, selectionEnd);
};

const remember = () => {
  if (here() === page.address) history.replaceState({ y: scrollY }, "");
};
const arrived = () => {
  visiting = null;
  later(root, 0, () => root.removeAttribute("data-visiting"));
};

const visit = async (target, back) => {
  const mine = (visiting = { heard: [] });
  later(root, 100, () => root.setAttribute("data-visiting", ""));
  if (unsaved()) keep();
  await drain();
  const url = target.href;
  const text = await persist(url, { redirect: "manual" }, "text", mine);
  if (visiting !== mine) return;
  const { title, documentElement: { lang, dir }, head, body } = new DOMParser().parseFromString(text, "text/html");
  const isKnown = (el) => document.head.innerHTML.includes(el.outerHTML);
  // Where only what follows a # differs, an address loads nothing.
  const isHere = here(target) === here();
  // Not a page of this version of the program or host, or something would be lost:
  // the browser loads it.
  if (isRefused() || !body.querySelector("#mp") || ![...head.querySelectorAll("link,script")].every(isKnown))
    return isHere ? location.reload() : location.assign(url);
  history.scrollRestoration = "manual";
  if (!back) {
    remember();
    history[isHere ? "replaceState" : "pushState"](null, "", url);
  }
  document.title = title;
  Object.assign(root, { lang, dir });
  flush();
  document.body.replaceWith(body);
  arrived();
  start();
  mine.heard.forEach(hear);
  focus($(".mp-page [autofocus]") ?? $(".mp-page h1") ?? $("main"));
};

// One tab has the stream and tells the others.

const listens = () => page.form.matches("[data-push]");
const outbox = new BroadcastChannel("mprun");
const inbox = new BroadcastChannel("mprun");
inbox.onmessage = ({ data }) => {
  // The page that is under way may be older than that.
  visiting?.heard.push(data);
  hear(data);
};
const hear = ({ name, app, rev }) => {
  if (app === "*") missed();
  else if (name !== "build" && app === page.form.dataset.app) look(rev);
};
// After a restart of the server, all pages there are ask: not at once.
const missed = () => later(inbox, Math.random() * 1000, () => look());

let source;
const stream = () => {
  const mine = (source = new EventSource("/_events"));
  mine.onopen = () => outbox.postMessage({ name: "open", app: "*" });
  // Refused: the browser gives up.
  mine.onerror = () => mine.readyState > 1 && setTimeout(() => source === mine && stream(), 5000);
  for (const name of ["change", "reload", "build"])
    mine.addEventListener(name, ({ data }) => outbox.postMessage({ name, ...JSON.parse(data) }));
};

let asked;
const follow = () => {
  const { locks } = navigator;
  const wanted = listens();
  if (locks && wanted) asked ??= locks.request("mprun-events", () => new Promise(stream));
  else if (wanted && !document.hidden) source ?? stream();
  else if (!locks) source = source?.close();
};

on("submit", (event) => {
  const { target, submitter } = event;
  if (target !== page.form) return;
  event.preventDefault();
  if (submitter.value) return press(submitter);
  // Enter, which presses the button without a value: the field's own button is meant.
  const field = document.activeElement;
  const around = field.closest(".mp-form,.mp-field:not(.mp-form *)");
  const button = around?.querySelector("[data-submit],.mp-apply");
  if (button) press(field, button);
});

on("click", (event) => {
  const { target } = event;
  const details = target.closest("summary")?.parentNode;
  if (details) details.believed ??= details.open;
  // Those without a value are the browser's.
  toggle(target.closest("[data-closes][value]")?.closest("[popover]"), false);
  const link = target.closest(`a[href^="/miniapp/${page.form.dataset.app}/"]:not([target],[download],[href*="#"])`);
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  visit(link);
});

const edit = ({ target }) => {
  if (!isField(target)) return;
  target.typed = ++page.typed;
  showRanges();
  if (composing?.isConnected) return;
  later(page, 1000, () => unsaved() && keep());
  target.telling ??= setTimeout(() => {
    target.telling = null;
    if (isField(target)) tell(target, target.dataset.input);
  }, 150);
};
on("input", edit);
on("compositionstart", ({ target }) => (composing = target));
on("compositionend", (event) => {
  composing = null;
  edit(event);
  drain();
});
on("change", ({ target }) => tell(target, target.dataset.change, target));

// What the page itself opens and closes, nobody is told.
let toggling;
const toggle = (sheet, open) => {
  toggling = true;
  sheet?.togglePopover(open);
  toggling = false;
};
on("beforetoggle", ({ target, newState }) => {
  const value = target.dataset.close;
  if (value && newState === "closed" && !toggling) press(target, { name: "_h", value });
});

// Asks for more; again only if more came.
const reached = new IntersectionObserver(
  (entries) => {
    const size = $$(".mp-page *").length;
    const entry = page.size !== size && entries.find((entry) => entry.isIntersecting);
    if (!entry) return;
    page.size = size;
    press(entry.target);
  },
  { rootMargin: "50px" },
);
const liven = (had) => {
  for (const el of $$("[popover]")) {
    const open = el.matches("[data-open]");
    if (open !== had.includes(el)) toggle(el, open);
  }
  reached.disconnect();
  for (const el of $$("[data-more]")) reached.observe(el);
};

let pull;
on("touchstart", ({ target, touches: [touch, second] }) => {
  const scrolls = second || scrollY > 0 || !$("[data-refresh]") || target.closest(".mp-scroll-y,[popover],textarea");
  pull = scrolls ? NaN : touch.clientY;
});
on("touchmove", ({ touches: [touch] }) => root.toggleAttribute("data-pull", touch.clientY - pull > 80));
on("touchcancel", () => root.removeAttribute("data-pull"));
on("touchend", () => {
  if (root.matches("[data-pull]")) press($("[data-refresh]"));
  root.removeAttribute("data-pull");
});

on("animationend", ({ target }) => target.matches(".mp-toasts > *") && target.remove());
on("scroll", () => later(history, 150, remember));
on("popstate", () => (here() === page.address ? arrived() : visit(location, true)));
on("online", () => wake?.());
on("visibilitychange", () => {
  wake?.();
  follow();
  // Toasts wait.
  root.toggleAttribute("data-hidden", document.hidden);
  if (unsaved()) keep();
  if (listens()) look();
  // What was heard while nobody looked.
  drain();
});
on("beforeunload", (event) => {
  if (!isRefused()) return;
  // The browser asks whether what the server did not take may be lost.
  event.preventDefault();
  arrived();
});
// A document that goes on sends more than browsers let one send that ends.
on("pagehide", () => flush(true));
on("pageshow", ({ persisted }) => {
  if (persisted) arrived();
  // What came before anybody here listened.
  if (listens()) missed();
});

const start = () => {
  const form = $("#mp");
  const own = Object.fromEntries([...new FormData(form)].filter(([name]) => name[0] === "_"));
  page = { form, own, address: here(), seq: 0, queue: [], typed: 0, sent: 0, want: 0 };
  // By somebody who was faster than this script.
  page.typed = touched().length;
  form.dataset.live = "";
  document.body.append(banner);
  if (history.scrollRestoration === "manual") scrollTo(0, history.state?.y ?? 0);
  liven([]);
  follow();
};
start();
})();
