// The author's part of a page, only under `mprun dev`: says whether the program is
// being built, shows why it does not compile, and opens a drawer that shows what
// happened on the page and leads back and forth through its past states. It lives
// beside the body, so that neither a patch nor a visit takes it away.
(() => {
  "use strict";

  const style = document.currentScript.src.replace(/js$/, "css");
  const PHASES = ["load", "update", "view", "commit", "render", "diff"];
  const TEXT_MAX = 20000; // Characters of a state that are shown.
  const ASK_EVERY = 1000;
  const REMEMBERED = "mprun-dev-inspector";

  const make = (tag, name, ...children) => {
    const el = document.createElement(tag);
    if (name) el.className = `mpd-${name}`;
    el.append(...children);
    return el;
  };
  const button = (name, text, press) => {
    const el = make("button", name, text);
    el.type = "button";
    el.addEventListener("click", press);
    return el;
  };

  const app = () => document.getElementById("mp")?.dataset.app ?? "";
  // Where the page became stored after it was loaded, the address knows first.
  const page = () =>
    new URLSearchParams(location.search).get("_page") ?? document.querySelector('#mp input[name="_page"]')?.value ?? "";

  // ---- The build

  const bar = make("p", "bar");
  bar.role = "status";
  const said = make("pre", "said");
  said.tabIndex = 0;
  const errors = make("section", "errors");
  errors.ariaLabel = "Build errors";
  errors.hidden = true;
  errors.append(
    make("header", "head", make("h2", "title", "The program does not compile"), button("button", "Hide", () => hide())),
    said,
  );
  const again = button("again", "Build errors", () => show());
  again.hidden = true;

  const show = () => ([errors.hidden, again.hidden] = [false, true]);
  const hide = () => ([errors.hidden, again.hidden] = [true, false]);

  const built = ({ app: of, state, text }) => {
    if (of !== app()) return;
    bar.textContent = { building: "Building…", failed: "Does not compile" }[state] ?? "";
    bar.classList.toggle("mpd-failed", state === "failed");
    if (state === "failed") {
      said.textContent = text;
      said.scrollTop = 0;
      show();
    } else if (state === "ok") {
      errors.hidden = again.hidden = true;
    }
  };

  // live.js passes on, in every tab, what the one tab with the stream is told.
  new BroadcastChannel("mprun").addEventListener("message", ({ data }) => {
    if (data.name === "build") return built(data);
    // The stream was lost meanwhile: what is still so is told again.
    if (data.name === "open" && !bar.classList.contains("mpd-failed")) bar.textContent = "";
    refresh();
  });

  // ---- The inspector

  const toggle = button("toggle", "Inspector", () => open(drawer.hidden));
  toggle.title = "Ctrl+`";
  toggle.ariaExpanded = "false";
  toggle.hidden = true;
  const drawer = make("aside", "drawer");
  drawer.ariaLabel = "Inspector";
  drawer.hidden = true;

  const back = button("button", "◀ Back", () => step(-1));
  const forth = button("button", "Forward ▶", () => step(1));
  const where = make("span", "where");
  const way = make("div", "way", back, where, forth);
  const notice = make("p", "notice");
  notice.role = "status";
  const events = make("ol", "events");
  const states = make("div", "states");
  const asks = make("ul", "asks");
  drawer.append(
    make("header", "head", make("h2", "title", "Inspector"), button("button", "Close", () => open(false))),
    way,
    notice,
    make("h3", "subtitle", "Events of this page"),
    events,
    make("h3", "subtitle", "States"),
    states,
    make("h3", "subtitle", "Open asks"),
    asks,
    make("p", "small", "Fuel and times of a build that is made to be quick to build. mprun build makes one that runs faster."),
  );

  let last = ""; // What is shown, as it came.
  let points = []; // The states that can be gone to, by the event that led there; 0 is the first one.
  let at = 0;
  let timer;

  const ms = (us) => (us / 1000).toFixed(us < 10000 ? 2 : 0);
  const count = (number) => Number(number).toLocaleString("en");

  const event = ({ seq, kind, label, fuel = {}, us = {}, patch_bytes: bytes, revision }) => {
    const phases = PHASES.filter((name) => us[name] > 0);
    const stack = make("span", "stack");
    for (const name of phases) {
      const part = make("span", `phase mpd-${name}`);
      part.style.flexGrow = us[name];
      stack.append(part);
    }
    const total = phases.reduce((sum, name) => sum + us[name], 0);
    const facts = [
      ...phases.map((name) => `${name} ${ms(us[name])}`),
      ...Object.entries(fuel).map(([name, units]) => `${name} fuel ${count(units)}`),
      ...(bytes == null ? [] : [`patch ${count(bytes)} B`]),
      ...(revision == null ? [] : [`revision ${revision}`]),
    ];
    const line = make("span", "line", make("b", "", label ? `${kind} · ${label}` : kind), make("span", "", `${ms(total)} ms`));
    const go = button("event", "", () => travel(seq));
    go.append(line, stack, make("span", "small", facts.join(" · ")));
    go.ariaCurrent = seq === at ? "step" : null;
    go.title = "Go to the state after this event";
    return make("li", "", go);
  };

  const tree = (name, value) => {
    const text = value == null ? "none" : JSON.stringify(value, null, 2);
    const shown = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}\n… ${count(text.length - TEXT_MAX)} more characters` : text;
    const pre = make("pre", "state", shown);
    pre.tabIndex = 0;
    const details = make("details", "", make("summary", "", name), pre);
    // Closed stays closed.
    details.open = states.querySelector(`details[data-name="${name}"]`)?.open ?? true;
    details.dataset.name = name;
    return details;
  };

  const ask = ({ kind, label, due_ms: due }) => {
    const when = due == null ? "" : ` in ${Math.max(0, due / 1000).toFixed(1)} s`;
    return make("li", "", `${kind}${label ? ` · ${label}` : ""}${when}`);
  };

  const draw = (text) => {
    if (text === last) return;
    last = text;
    const now = JSON.parse(text);
    const list = [...(now.events ?? [])].sort((a, b) => b.seq - a.seq);
    points = [0, ...list.map(({ seq }) => seq).reverse()];
    at = now.at ?? points.at(-1);
    // What had the focus has it again, in its new form.
    const focused = [...events.children].findIndex((item) => item.contains(document.activeElement));
    events.replaceChildren(...list.map(event));
    events.children[focused]?.firstChild.focus();
    states.replaceChildren(tree("program", now.state?.app), tree("page", now.state?.page));
    asks.replaceChildren(...(now.asks?.length ? now.asks.map(ask) : [make("li", "small", "none")]));
    if (!list.length) events.append(make("li", "small", "nothing happened yet"));
    back.disabled = at === points[0];
    forth.disabled = at === points.at(-1);
    where.textContent = `${Math.max(0, points.indexOf(at))} of ${list.length}`;
  };

  const refresh = async () => {
    if (drawer.hidden && !toggle.hidden) return;
    const address = `/_dev/state?${new URLSearchParams({ app: app(), page: page() })}`;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      // A host without an inspector has none.
      toggle.hidden = !answer.ok;
      if (answer.ok) draw(await answer.text());
      else drawer.hidden = true;
    } catch {
      // The server is gone for a moment; live.js says so.
    }
  };

  const travel = async (to) => {
    notice.textContent = "";
    try {
      const answer = await fetch("/_dev/travel", {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ app: app(), page: page(), to }),
      });
      if (answer.ok) return draw(await answer.text());
      if (answer.status === 404 || answer.status === 405) way.hidden = true;
      notice.textContent = "This state cannot be gone to.";
    } catch {
      notice.textContent = "The server does not answer.";
    }
  };
  const step = (by) => {
    const next = points[points.indexOf(at) + by];
    if (next !== undefined) travel(next);
  };

  const open = (now, focuses = true) => {
    if (toggle.hidden) return;
    drawer.hidden = !now;
    toggle.ariaExpanded = `${now}`;
    document.documentElement.classList.toggle("mpd-open", now);
    clearInterval(timer);
    if (now) {
      last = "";
      refresh();
      timer = setInterval(() => document.hidden || refresh(), ASK_EVERY);
    }
    if (focuses) (now ? drawer.querySelector("button") : toggle).focus();
    try {
      sessionStorage.setItem(REMEMBERED, now ? "1" : "");
    } catch {
      // Without a memory it is closed next time.
    }
  };

  addEventListener(
    "keydown",
    (pressed) => {
      const { key, code, ctrlKey, altKey, metaKey } = pressed;
      if (ctrlKey && !altKey && !metaKey && (code === "Backquote" || key === "`")) {
        pressed.preventDefault();
        open(drawer.hidden);
      } else if (key === "Escape" && drawer.contains(document.activeElement)) open(false);
      else if (key === "Escape" && errors.contains(document.activeElement)) hide();
    },
    true,
  );

  // ---- On the page

  const root = make("div", "root", bar, errors, again, toggle, drawer);
  root.lang = "en";
  root.dir = "ltr";
  root.hidden = true;
  const link = make("link");
  link.rel = "stylesheet";
  link.href = style;
  link.addEventListener("load", () => (root.hidden = false));
  document.documentElement.append(link, root);
  refresh().then(() => {
    try {
      if (sessionStorage.getItem(REMEMBERED)) open(true, false);
    } catch {
      // As above.
    }
  });
})();
