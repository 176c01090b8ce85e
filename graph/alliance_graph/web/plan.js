/** What is shown, dimmed or lit: filters, time, neighbourhood, chain; in the plan, lanes and table. */

const KIND = { person: "holder", "unnamed-party": "holder", office: "seat", channel: "channel", encounter: "meeting" };
/** Ties along which one is near another. */
const NEAR = new Set(["took part", "holds", "in channel", "counterpart", "principal"]);

/** @param {number} i */
const kindOf = (i) => KIND[/** @type {keyof typeof KIND} */ (nodes[i].k)] || "thing";

/** Nodes within so many ties, with how far each is. @param {number[]} from @param {number} radius @param {Set<string>} [along] */
function around(from, radius, along = NEAR) {
  const far = new Map(from.map((i) => [i, 0]));
  let edge = from;
  for (let step = 1; step <= radius; step++) {
    const next = [];
    for (const i of edge) {
      for (const k of incident[i]) {
        const e = edges[k];
        if (along.size && !along.has(e.k)) continue;
        const j = e.a === i ? e.b : e.a;
        if (!far.has(j)) {
          far.set(j, step);
          next.push(j);
        }
      }
    }
    edge = next;
  }
  return far;
}

/** Whether the filters let a node through. @param {number} i */
function passes(i) {
  const n = nodes[i];
  if (state.off.has(`kind.${kindOf(i)}`) || state.off.has(`side.${n.s}`)) return false;
  if (state.off.has(`state.${!n.t ? "held" : n.t === "denied" ? n.t : "planned"}`)) return false;
  if (state.known && n.w && n.w > state.known) return false;
  if (state.conflict && !n.x) {
    return incident[i].some((k) => {
      const e = edges[k];
      return (e.k === "took part" || e.k === "in channel") && nodes[e.a === i ? e.b : e.a].x;
    });
  }
  return true;
}

/** Where a node stands to the day looked at: "", ahead, today, unsure. @param {Thing} n */
function dayOf(n) {
  if (!state.day || n.k !== "encounter") return "";
  if (!n.e && !n.z) return "unsure";
  if ((n.e || n.z || "") > state.day) return "ahead";
  if (state.day <= (n.z || n.e || "")) return "today";
  return "";
}

/** The status of a channel on the day (or the last one told), never one set aside. @param {Thing} n */
function statusOf(n) {
  const told = (n.u || []).filter((s) => !s.t && !s.x && !(state.known && s.w && s.w > state.known));
  if (!state.day) return told.filter((s) => s.e || s.z).at(-1) || told.at(-1);
  return told.filter((s) => (s.z || s.e) && (s.e || s.z || "") <= state.day).at(-1);
}

/**
 * How sure it is that somebody holds an office on the day: shown on it, between two days on which
 * they are shown, the last one shown before it; or not.
 * @param {Edge} e @param {Edge[]} others  all who are shown in the office
 */
function heldOn(e, others) {
  const day = state.day;
  if (!day) return "";
  if (!e.e || !e.z) return "unsure";
  if (day >= e.e && day <= e.z) return e.e === e.z || day === e.e || day === e.z ? "today" : "unsure";
  const last = others.filter((o) => o.e && o.e <= day).sort((a, b) => ((a.e || "") < (b.e || "") ? -1 : 1)).at(-1);
  return last === e ? "unsure" : "off";
}

/** The shortest chain of meetings held from one official to another: [person, meeting, person, …]. @param {number} from @param {number} to */
function chain(from, to) {
  /** @type {Map<number, number>} */
  const came = new Map([[from, -1]]);
  let queue = [from];
  while (queue.length && !came.has(to)) {
    const next = [];
    for (const i of queue) {
      for (const k of incident[i]) {
        const e = edges[k];
        const j = e.a === i ? e.b : e.a;
        if (e.k !== "took part" || e.t || came.has(j) || nodes[j].t || nodes[e.b].k !== "encounter") continue;
        // posing for a picture or sitting in the audience is no meeting
        if (nodes[e.b].b?.setting === "portrait" || e.g === "audience") continue;
        came.set(j, i);
        next.push(j);
      }
    }
    queue = next;
  }
  const out = [];
  for (let i = came.has(to) ? to : -1; i >= 0; i = came.get(i) ?? -1) out.unshift(i);
  return out;
}

/** What is lit: a story's step, a chain, or the selection with what is near. */
function lit() {
  if (state.story >= 0) return new Map(data.stories[state.story].steps[state.step].n.map((/** @type {number} */ i) => [i, 1]));
  if (state.from >= 0 && state.to >= 0) return new Map(chain(state.from, state.to).map((i) => [i, 0]));
  return state.sel >= 0 ? around([state.sel], Math.max(1, state.radius)) : new Map();
}

/** Put it all onto the pictures and the table. */
function paint() {
  const near = lit();
  const apart = state.story >= 0 || (state.from >= 0 && state.to >= 0 && near.size > 0) || (state.radius > 0 && state.sel >= 0);
  const seats = new Map();
  for (const e of edges) if (e.k === "holds") seats.set(e.b, [...(seats.get(e.b) || []), e]);
  for (const picture_ of $$("svg.plan")) picture_.classList.toggle("apart", apart);
  const picked = state.sel;
  let shown = 0;
  const seen = new Set();
  for (const g of $$(".it")) {
    const i = Number(g.dataset.n);
    const n = nodes[i];
    const tie = g.dataset.e ? edges[Number(g.dataset.e)] : null;
    const late = tie && state.known && tie.w && tie.w > state.known;
    const gone = !passes(i) || late;
    g.classList.toggle("gone", Boolean(gone));
    g.classList.toggle("sel", i === picked);
    g.classList.toggle("near", !apart && near.has(i) && i !== picked);
    g.classList.toggle("dim", apart && !near.has(i));
    const when = tie ? heldOn(tie, seats.get(tie.b) || []) : dayOf(n);
    for (const c of ["ahead", "today", "unsure", "off"]) g.classList.toggle(c, when === c);
    if (!gone && !seen.has(i)) {
      seen.add(i);
      shown += 1;
    }
    if (n.k === "channel" && g.classList.contains("channel")) note(g, n);
  }
  for (const p of $$(".tie")) {
    const e = edges[Number(p.dataset.e)];
    const late = state.known && e.w && e.w > state.known;
    p.classList.toggle("gone", Boolean(!passes(e.a) || !passes(e.b) || late));
    const both = near.has(e.a) && near.has(e.b);
    p.classList.toggle("lit", both && (apart || e.a === picked || e.b === picked));
    p.classList.toggle("dim", (apart && !both) || (!apart && picked >= 0 && near.size > 1 && e.a !== picked && e.b !== picked));
    p.classList.toggle("ahead", dayOf(nodes[e.b]) === "ahead");
  }
  for (const g of $$(".status")) {
    g.classList.toggle("gone", Boolean(state.known && g.dataset.known > state.known));
    g.classList.toggle("ahead", Boolean(state.day && g.dataset.day > state.day));
  }
  for (const tr of $$("#view-table tbody tr")) {
    const i = Number(tr.dataset.n);
    tr.hidden = !passes(i) || (apart && !near.has(i));
    tr.classList.toggle("sel", i === picked);
  }
  const inTable = $$("#view-table tbody tr").filter((tr) => !tr.hidden).length;
  $("#count").textContent = `${state.view === "table" ? inTable : shown} ${w("of")} ${nodes.length} ${w("things")}`;
  roving();
}

/** What a channel's line said at first. @type {WeakMap<Element, string>} */
const atFirst = new WeakMap();

/** A channel's line on the plan: the status told for the day. @param {Element} g @param {Thing} n */
function note(g, n) {
  const lines = $$(".t-note", g);
  if (!lines.length || n.t) return;
  const picture_ = /** @type {Element} */ (g.closest("svg"));
  const i = picture_.getAttribute("lang") === "ko" ? 1 : 0;
  const s = state.day || state.known ? statusOf(n) : null;
  const both = s ? data.concepts[`status/${s.s}`] : null;
  lines.forEach((line, k) => {
    if (!atFirst.has(line)) atFirst.set(line, line.textContent);
    const day = s?.d && picture_.classList.contains("wide") ? ` · ${s.d[i]}` : "";
    const told = k === 0 && both ? both[i] + day : "";
    line.textContent = state.day || state.known ? told : atFirst.get(line) || "";
  });
}

/** Everything that can be reached by keyboard in the picture that is seen. @returns {SVGGElement[]} */
const reachable = () =>
  $$(state.view === "lanes" ? "svg.lanes .it" : "svg.plan .it").filter((g) => !g.classList.contains("gone") && g.getClientRects().length);

/** One item of the picture takes part in tabbing; arrows go on from there. */
function roving() {
  const all = reachable();
  const here = all.find((g) => g === document.activeElement) || all.find((g) => Number(g.dataset.n) === state.sel) || all[0];
  for (const g of all) g.setAttribute("tabindex", g === here ? "0" : "-1");
}

/** Go to the nearest item in a direction. @param {Element} from @param {string} key */
function walk(from, key) {
  const a = from.getBoundingClientRect();
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key] || [0, 0];
  let best = null;
  let least = Infinity;
  for (const g of reachable()) {
    if (g === from) continue;
    const b = g.getBoundingClientRect();
    const x = b.left + b.width / 2 - a.left - a.width / 2;
    const y = b.top + b.height / 2 - a.top - a.height / 2;
    const along = x * dx + y * dy;
    const across = Math.abs(x * dy) + Math.abs(y * dx);
    if (along <= 2 || across > along * 4 + 8) continue;
    if (along + across * 2 < least) {
      least = along + across * 2;
      best = g;
    }
  }
  if (best) {
    best.setAttribute("tabindex", "0");
    best.focus();
    best.scrollIntoView({ block: "nearest" });
    from.setAttribute("tabindex", "-1");
  }
}

/** Bring the selection into sight. */
function reveal() {
  const wanted = state.sel >= 0 ? state.sel : state.from;
  const g = reachable().find((x) => Number(x.dataset.n) === wanted);
  if (g) g.scrollIntoView({ block: root.clientWidth > 760 ? "center" : "start" });
}

/** Where a face runs wider than the plan reckoned with, press the text into its room. */
function fit() {
  for (const text of $$("svg.plan text, svg.lanes text")) {
    if (!text.textContent || !text.getClientRects().length) continue;
    text.removeAttribute("textLength");
    const room = Number(text.dataset.room);
    if (text.getComputedTextLength() > room + 1 && !text.classList.contains("t-note")) {
      text.setAttribute("textLength", String(room));
      text.setAttribute("lengthAdjust", "spacingAndGlyphs");
    }
  }
}

/** Order the table by a column. */
function sort() {
  const body = $("#view-table tbody");
  const rows = $$("tr", body);
  const column = Number.parseInt(state.sort, 10);
  const down = state.sort.endsWith("d");
  /** @param {any} tr */
  const key = (tr) => {
    if (!state.sort) return Number(tr.dataset.order);
    const cell = tr.children[column];
    const level = column === 3 ? data.levels.findIndex((/** @type {string[]} */ v) => v[0] === nodes[Number(tr.dataset.n)].v) : -1;
    if (column === 3) return level < 0 ? 99 : level;
    return cell.dataset.sort || $$("span", cell).filter((s) => s.lang === state.lang || s.dataset.w).map((s) => s.textContent).join() || cell.textContent;
  };
  const keyed = rows.map((tr) => ({ tr, k: key(tr) }));
  keyed.sort((a, b) => (typeof a.k === "number" ? a.k - Number(b.k) : String(a.k).localeCompare(String(b.k), state.lang)) * (down ? -1 : 1));
  body.append(...keyed.map((x) => x.tr));
  $$("thead th").forEach((th, i) => {
    if (state.sort && i === column) th.setAttribute("aria-sort", down ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
  });
}
