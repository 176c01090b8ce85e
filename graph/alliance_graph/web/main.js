/** Wiring. */

let playing = 0;

/** Words of the interface in the language that is set. */
function speak() {
  root.lang = state.lang;
  for (const e of $$("[data-w]")) if (e.dataset.w !== "language") e.textContent = w(e.dataset.w);
  $("#language").textContent = w("language");
  $("#theme").textContent = w(state.dark ? "theme-light" : "theme");
  $("#theme").setAttribute("aria-pressed", String(state.dark));
  $("#find").setAttribute("placeholder", w("find-hint"));
  document.title = t(data.title);
  $$("#radius option").forEach((o) => { o.textContent = w(`around-${o.value}`); });
  $("#known option").textContent = w("known-all");
  for (const [q, key] of Object.entries({ "#panel": "dossier", ".views": "views", ".controls": "legend", "#view-plan": "plan", "#view-lanes": "lanes", "#view-table": "table", "#view-map": "map", "#found": "find", "svg.lanes": "lanes" })) {
    $(q)?.setAttribute("aria-label", w(key));
  }
  for (const g of $$(".it")) {
    const n = nodes[Number(g.dataset.n)];
    const when = n.d ? `, ${t(n.d)}` : "";
    g.setAttribute("aria-label", `${w(`k-${n.k}`)}: ${nameOf(Number(g.dataset.n))}${when}${n.t ? `, ${w(`state-${n.t}`)}` : ""}${n.x ? `, ${w("conflicts")}` : ""}`);
  }
}

/** @param {string} day @param {number} by */
const move = (day, by) => new Date(Date.parse(`${day}T00:00:00Z`) + by * 864e5).toISOString().slice(0, 10);

/** Days on which something happened or is shown: the steps of the slider. @type {string[]} */
const stops = [...new Set(
  /** @type {string[]} */ ([...nodes.filter((n) => n.k === "encounter"), ...edges.filter((e) => e.k === "holds"),
    ...nodes.flatMap((n) => n.u || [])].flatMap((x) => [x.e, x.z]).filter(Boolean)))].sort();

/** What was shown before, so that only what changed is done anew. */
let before = { lang: "", dark: false, sort: "", view: "" };

/** Show the state. */
function show() {
  root.dataset.view = state.view;
  root.classList.toggle("dark", state.dark);
  if (before.lang !== state.lang || before.dark !== state.dark) speak();
  for (const b of $$("[data-view]", $(".views"))) b.setAttribute("aria-pressed", String(b.dataset.view === state.view));
  for (const box of $$(".chips input")) {
    const [key, value] = /** @type {[string, string]} */ (Object.entries(box.dataset)[0]);
    box.checked = key === "only" ? state.conflict : !state.off.has(`${key}.${value}`);
  }
  const at = state.day ? stops.filter((d) => d <= state.day).length - 1 : stops.length;
  $("#day").value = String(Math.max(0, at));
  $("#day-said").textContent = state.day || w("all-days");
  $("#day").setAttribute("aria-valuetext", state.day || w("all-days"));
  $("#play").textContent = w(playing ? "pause" : "play");
  $("#known").value = state.known;
  $("#radius").value = String(state.radius);
  panel();
  paint();
  if (before.lang !== state.lang || before.sort !== state.sort) sort();
  if (before.lang !== state.lang || before.view !== state.view) fit();
  before = { lang: state.lang, dark: state.dark, sort: state.sort, view: state.view };
  map();
}

/** One step of time after the other. */
function play() {
  if (playing) {
    clearInterval(playing);
    playing = 0;
    show();
    return;
  }
  if (!stops.length) return;
  const step = () => {
    const i = state.day ? stops.findIndex((d) => d > state.day) : 0;
    if (i < 0) {
      clearInterval(playing);
      playing = 0;
      set({ day: "" });
    } else set({ day: stops[i] });
  };
  playing = setInterval(step, 1300);
  step();
}

function start() {
  root.classList.add("on");
  if (new URLSearchParams(location.search).get("embed") === "1") root.classList.add("embed");
  if (matchMedia("(max-width: 760px)").matches) $("#legend").open = false;
  const day = $("#day");
  day.max = String(stops.length);
  day.addEventListener("input", () => set({ day: stops[Number(day.value)] || "" }));
  $("#play").addEventListener("click", play);
  const known = $("#known");
  for (const d of [...new Set(data.articles.map((/** @type {any} */ a) => a.d).filter(Boolean))]) known.append(el("option", { value: d }, d));
  known.addEventListener("change", () => set({ known: known.value }));
  $("#radius").addEventListener("change", () => set({ radius: Number($("#radius").value) }));
  for (const b of $$("[data-view]", $(".views"))) b.addEventListener("click", () => set({ view: b.dataset.view }));
  for (const box of $$(".chips input")) {
    box.addEventListener("change", () => {
      const [key, value] = /** @type {[string, string]} */ (Object.entries(box.dataset)[0]);
      if (key === "only") set({ conflict: box.checked });
      else {
        const off = new Set(state.off);
        if (box.checked) off.delete(`${key}.${value}`);
        else off.add(`${key}.${value}`);
        set({ off });
      }
    });
  }
  $("#reset").addEventListener("click", () => set({ off: new Set(), conflict: false, day: "", known: "", radius: 0, from: -1, to: -1, story: -1, whole: false }));
  $("#language").addEventListener("click", () => set({ lang: state.lang === "ko" ? "en" : "ko" }));
  $("#theme").addEventListener("click", () => set({ dark: !state.dark }));
  $("#whole").addEventListener("click", () => set({ whole: !state.whole }));
  for (const b of $$("[data-take]")) {
    b.addEventListener("click", () => {
      /** @type {Record<string, () => void>} */ (TAKE)[b.dataset.take]();
      if (b.dataset.take !== "link") $("#take").open = false;
    });
  }
  for (const g of $$(".it")) {
    g.setAttribute("role", "button");
    g.addEventListener("click", () => set({ sel: Number(g.dataset.n), story: -1, from: -1, to: -1 }));
    g.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
      if (e.key === "Enter" || e.key === " ") {
        set({ sel: Number(g.dataset.n), story: -1, from: -1, to: -1 });
        e.preventDefault();
      } else if (e.key.startsWith("Arrow")) {
        walk(g, e.key);
        e.preventDefault();
      }
    });
  }
  $$("#view-table tbody tr").forEach((tr, n) => {
    tr.dataset.order = String(n);
    const cell_ = $(".open", tr);
    cell_.replaceChildren(el("button", { type: "button", click: () => set({ sel: Number(tr.dataset.n), story: -1 }) }, ...cell_.childNodes));
  });
  $$("thead th").forEach((th, i) => {
    th.replaceChildren(el("button", { type: "button", click: () => set({ sort: state.sort === String(i) ? `${i}d` : state.sort === `${i}d` ? "" : String(i) }) }, ...th.childNodes));
  });
  finder();
  document.addEventListener("keydown", (e) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(/** @type {HTMLElement} */ (e.target).tagName) && /** @type {any} */ (e.target).type !== "checkbox";
    if (e.key === "Escape") {
      if ($("#take").open) $("#take").open = false;
      else set({ sel: -1, radius: 0, story: -1, from: -1, to: -1 });
    } else if (e.ctrlKey || e.metaKey || e.altKey || typing) {
      // the browser's
    } else if (e.key === "/") {
      $("#find").focus();
      e.preventDefault();
    } else if ("012".includes(e.key)) set({ radius: Number(e.key) });
  });
  addEventListener("hashchange", () => {
    if (location.hash.slice(1) !== address()) {
      restore();
      show();
    }
  });
  restore();
  show();
  if (location.hash && (state.sel >= 0 || state.from >= 0)) reveal();
  root.dataset.ready = "1";
}

start();
