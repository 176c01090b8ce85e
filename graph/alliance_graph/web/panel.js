/** The dossier of what is selected, stories, and the chain between two officials. */

/** Sections of ties: [heading, kinds of ties, kinds of things at the other end]. @type {[string, string[], string[]][]} */
const SECTIONS = [
  ["posts", ["holds"], ["office"]],
  ["holders", ["holds"], ["person"]],
  ["people", ["took part"], ["person", "unnamed-party"]],
  ["meetings", ["took part", "in channel"], ["encounter", "visit"]],
  ["offices", ["in institution", "principal", "headed by"], ["office"]],
  ["promises", [], ["commitment"]],
  ["stances", [], ["stance"]],
  ["statements", [], ["statement"]],
  ["documents", [], ["document"]],
];

/** @param {number} i @param {string} [extra] */
const link = (i, extra) =>
  el("button", { type: "button", class: "link", "data-open": i, click: () => set({ sel: i, story: -1, from: -1, to: -1 }) }, nameOf(i), extra || "");

/** What two claims must share to be told in one line. @param {Claim} c */
const voice = (c) => JSON.stringify([c.a, c.h, c.t, c.s, c.y, c.n, c.m, c.r, c.b, c.x]);

/**
 * Who says so, how, and where, with the article's link; claims of one voice together.
 * @param {Claim[]} list @param {boolean} [bare] without the rank, where it stands beside
 */
function sources(list, bare) {
  const voices = new Map();
  for (const c of list) voices.set(voice(c), [...(voices.get(voice(c)) || []), c]);
  return [...voices.values()].map((cs) => source(cs, bare));
}

/** @param {Claim[]} cs @param {boolean} [bare] */
function source(cs, bare) {
  const c = cs[0];
  const out = [];
  /** @param {string | undefined} text @param {boolean} [bad] */
  const tag = (text, bad) => text && out.push(el("span", { class: bad ? "tag bad" : "tag" }, text));
  /** @param {(c: Claim) => string | undefined} of */
  const all = (of) => [...new Set(cs.map(of).filter(Boolean))];
  if (c.h) out.push(el("b", null, said(/** @type {Value} */ (c.h))), c.t ? ` (${t(c.t)})` : "");
  else if (c.t) out.push(t(c.t));
  if (c.s?.length) out.push(`, ${state.lang === "ko" ? `${c.s.map(t).join("·")} ${w("account-of")}` : `${w("account-of")} ${c.s.map(t).join(", ")}`}`);
  if (c.n) tag(w("denies"), true);
  if (c.m) tag(t(c.m));
  if (c.r && !bare) tag(c.r === "preferred" ? w("decided") : w("set-aside"), c.r !== "preferred");
  for (const basis of all((x) => (x.d ? t(x.d) : ""))) tag(basis);
  if (c.b) tag(t(c.b));
  const a = c.a === undefined ? null : data.articles[c.a];
  if (a) {
    if (out.length) out.push(" — ");
    const label = `${a.p}, ${a.d || ""}`;
    out.push(a.u ? el("a", { href: a.u, target: "_blank", rel: "noreferrer noopener", title: a.h }, label) : label);
    if (c.y?.length) out.push(` (${w("via")} ${c.y.map(t).join(", ")})`);
    const places = [...new Set(cs.flatMap((x) => x.e || []))].sort((x, y) => x - y);
    const where = places.map((k) => {
      const [block, p, words_] = data.evidence[k];
      return `${t(block)} ${w("paragraph")}${p}${words_ ? ` (${w("words")} ${words_.replace("-", "–")})` : ""}`;
    });
    if (where.length) out.push(`: ${where.join("; ")}`);
    for (const k of places) if (data.evidence[k][3]) out.push(el("blockquote", null, data.evidence[k][3]));
  }
  for (const x of all((y) => y.x)) out.push(out.length ? ` — ${x}` : x);
  const printed = all((x) => x.g);
  if (printed.length) out.push(el("span", { class: "said" }, `${w("printed-as")} `, printed.map((g, i) => [i ? ", " : "", el("q", null, g)])));
  for (const because of all((x) => (x.u ? t(x.u) : ""))) out.push(el("span", { class: "said" }, `${w("because")}: ${because}`));
  for (const comment of all((x) => x.c)) out.push(el("span", { class: "said" }, `${w("note")}: ${comment}`));
  return el("span", { class: "said" }, out);
}

/** @param {Value} v */
const shownValue = (v) => (typeof v === "object" && !Array.isArray(v) ? link(v.n) : el("b", null, said(v)));

/** @param {Claim} c */
const allowed = (c) => !(state.known && c.a !== undefined && data.articles[c.a].d && data.articles[c.a].d > state.known);

/** What is claimed of a thing, field by field; where accounts differ, side by side. @param {Thing} n */
function facts(n) {
  const by = new Map();
  for (const k of n.q || []) {
    const c = claims[k];
    if (allowed(c)) by.set(c.p, [...(by.get(c.p) || []), c]);
  }
  const plain = [];
  const differing = [];
  for (const [p, list] of by) {
    const field = t(data.predicates[p]);
    const values = new Map();
    for (const c of list) {
      const key = JSON.stringify(c.v);
      values.set(key, [...(values.get(key) || []), c]);
    }
    if (/^status/.test(data.predicates[p][0])) continue;
    const ranked = list.some((/** @type {Claim} */ c) => c.r);
    const best = list.some((/** @type {Claim} */ c) => c.r === "preferred");
    const split = [...values.values()].some((cs) => new Set(cs.map((/** @type {Claim} */ c) => c.n || 0)).size > 1);
    if (split || ranked || (data.oneValued.includes(p) && values.size > 1)) {
      const versions = [...values.values()].flatMap((cs) => (split ? cs.map((/** @type {Claim} */ c) => [c]) : [cs]));
      differing.push(el("div", { class: "differs" }, el("b", null, `${w("conflict-head")}: ${field}`),
        el("div", { class: "versions" }, versions.map((cs) => {
          const rank = cs.map((/** @type {Claim} */ c) => c.r).find(Boolean) || (best ? "deprecated" : ranked ? "preferred" : "");
          return el("div", { class: rank === "preferred" ? "taken" : rank ? "aside" : "" }, shownValue(cs[0].v),
            el("span", { class: rank === "deprecated" ? "tag bad" : "tag" }, rank ? w(rank === "preferred" ? "decided" : "set-aside") : w("undecided")),
            sources(cs, true));
        }))));
      continue;
    }
    if (HIDDEN.has(data.predicates[p][0])) continue;
    plain.push(el("li", null, el("span", { class: "field" }, `${field}: `), [...values.values()].map((cs) =>
      [shownValue(cs[0].v), sources(cs)])));
  }
  return [differing, plain];
}
/** Fields that have a section of their own. */
const HIDDEN = new Set([words.called[0], "participation", "status period", "has participation", "has status period"]);

/** One tie as a line: the other end, when, how, and who says so. @param {number} k @param {number} from */
function line(k, from) {
  const e = edges[k];
  const other = e.a === from ? e.b : e.a;
  const n = nodes[other];
  const when = e.k === "took part" || e.k === "in channel" ? n.d || e.d : e.k === "holds" ? span(e) : n.d;
  const out = [link(other)];
  if (when) out.push(` · ${t(when)}`);
  if (e.o?.length) out.push(` · ${e.o.map(nameOf).join("; ")}`);
  if (e.p) out.push(el("span", { class: "tag" }, t(data.concepts[`capacity/${e.p}`]) || e.p));
  const mark = e.t || n.t;
  if (mark) out.push(el("span", { class: "tag bad" }, w(`state-${mark}`)));
  if (n.k === "commitment" && n.b?.commitment_state) out.push(el("span", { class: "tag" }, t(data.concepts[`commitment-state/${n.b.commitment_state}`])));
  if (n.k === "stance" && n.b?.position) out.push(el("span", { class: "tag" }, t(data.concepts[`position/${n.b.position}`])));
  const body = ["commitment", "statement", "stance"].includes(n.k) ? n.b?.content : "";
  if (body && body !== n.l) out.push(el("span", { class: "said" }, body));
  const own = ["person", "office", "institution", "administration", "country", "topic", "place", "channel"].includes(n.k) ? [] : n.q || [];
  const from_ = (e.q?.length ? e.q : own.slice(0, 1)).map((i) => claims[i]).filter(allowed);
  const told = n.k === "commitment" || n.k === "statement" || n.k === "stance" ? from_.slice(0, 1) : from_;
  out.push(sources(told));
  return el("li", { "data-tie": k }, out);
}

/** Days on which somebody is shown in an office. @param {Edge} e @returns {Both | undefined} */
function span(e) {
  return e.d && [`${words.shown[0]} ${e.d[0]}`, `${words.shown[1]} ${e.d[1]}`];
}

/** Counterparts of an office, or of the offices somebody held. @param {number} i */
function counterparts(i) {
  const n = nodes[i];
  const own = n.k === "office" ? [i] : incident[i].map((k) => edges[k]).filter((e) => e.k === "holds" && e.a === i).map((e) => e.b);
  const met = incident[i].map((k) => edges[k]).filter((e) => e.k === "took part" && !e.t && !nodes[e.b].t).map((e) => e.b);
  /** @param {number} m @param {number | undefined} channel */
  const within = (m, channel) => channel === undefined || incident[m].some((k) => edges[k].k === "in channel" && edges[k].b === channel);
  return own.flatMap((office) => incident[office].filter((k) => edges[k].k === "counterpart").map((k) => {
    const e = edges[k];
    const other = e.a === office ? e.b : e.a;
    const faced = n.k !== "person" ? [] : incident[other].map((h) => edges[h]).filter((h) => h.k === "holds")
      .map((h) => h.a).filter((p) => incident[p].some((q) => edges[q].k === "took part" && met.includes(edges[q].b) && within(edges[q].b, e.h)));
    const days = e.e === e.z ? e.e : `${e.e || ""} – ${e.z || ""}`;
    return el("li", null, [...new Set(faced)].map((p) => [link(p), ", "]), link(other),
      e.h === undefined ? "" : [" · ", link(e.h)], e.e ? ` · ${days}` : "",
      (e.g || "").split(", ").filter(Boolean).map((g) => el("span", { class: "tag" }, t(data.concepts[`counterpart-basis/${g}`] || data.concepts[`parity/${g}`]) || g)),
      sources((e.q || []).map((c) => claims[c]).filter(allowed)));
  }));
}

/** @param {string} heading @param {any[]} lines @param {string} [note_] */
const section = (heading, lines, note_) =>
  lines.length ? [el("h3", null, `${w(heading)} (${lines.length})`), note_ ? el("p", { class: "said" }, note_) : "", el("ul", null, lines)] : [];

/** @param {number} i */
function dossier(i) {
  const n = nodes[i];
  const country = n.c !== undefined && n.c !== i ? ` · ${nameOf(n.c)}` : "";
  const level = n.v ? data.levels.find((/** @type {string[]} */ v) => v[0] === n.v) : null;
  const tags = [];
  if (n.t) tags.push(el("span", { class: "tag bad" }, w(`state-${n.t}`)));
  const out = [
    el("button", { type: "button", class: "shut", "aria-label": w("close"), click: () => set({ sel: -1, radius: 0 }) }, "×"),
    el("p", { class: "kind" }, `${w(`k-${n.k}`)}${country}${level ? ` · ${state.lang === "ko" ? level[2] : level[1]}` : ""}`, tags),
    el("h2", null, nameOf(i)),
    el("p", { class: "kind" }, [state.lang === "ko" ? n.l : n.o, n.d ? t(n.d) : ""].filter(Boolean).join(" · ")),
    el("div", { class: "row" },
      n.k === "person" ? el("button", { type: "button", click: () => set({ from: i, to: -1 }) }, w("path")) : "",
      el("button", { type: "button", click: () => set({ view: "map" }) }, w("map-open"))),
  ];
  const [differing, told] = facts(n);
  out.push(differing);
  for (const { k, w: why } of n.j || []) out.push(el("p", { class: "differs" }, el("b", null, `${w("decision-head")}: ${t(k)}`), ` — ${why}`));
  if (n.r) {
    out.push(el("h3", null, w("records-head")), el("p", { class: "said" }, w("records-note")),
      el("ul", { class: "records" }, n.r.map((r) => el("li", null, el("span", { class: "tag" }, t(r.v)), r.l === n.l ? "" : ` ${r.l}`,
        r.w ? el("span", { class: "said" }, r.w) : "", r.s.map((s) => el("span", { class: "said" }, s))))));
  }
  const used = new Set();
  const ties = incident[i].filter((k) => edges[k].a === i || edges[k].b === i);
  /** @param {number} k */
  const visible = (k) => !(state.known && edges[k].w && /** @type {string} */ (edges[k].w) > state.known);
  const parts = SECTIONS.map(([heading, along, kinds]) => {
    const seen = new Set();
    const lines = ties.filter((k) => {
      const e = edges[k];
      const other = e.a === i ? e.b : e.a;
      if (used.has(k) || !visible(k) || !kinds.includes(nodes[other].k) || (along.length && !along.includes(e.k))) return false;
      used.add(k);
      if (heading !== "posts" && heading !== "holders" && seen.has(other)) return false;
      seen.add(other);
      return true;
    });
    const day = (/** @type {number} */ k) => edges[k].e || nodes[edges[k].a === i ? edges[k].b : edges[k].a].e || "9999";
    lines.sort((a, b) => (day(a) < day(b) ? -1 : 1));
    return section(heading, lines.map((k) => line(k, i)), heading === "posts" || heading === "holders" ? w("only-attested") : "");
  });
  if (["person", "office"].includes(n.k)) parts.splice(2, 0, section("counterparts", counterparts(i)));
  const statuses = (n.q || []).map((k) => claims[k]).filter((c) => allowed(c) && /^status/.test(data.predicates[c.p][0]));
  if (n.k === "channel") parts.unshift(section("statuses", statuses.map((c) => el("li", null, shownValue(c.v), sources([c])))));
  out.push(n.k === "channel" || n.k === "encounter" || !SECTIONS.some(([, , kinds]) => kinds.includes(n.k)) ? parts : [], section("facts", told));
  if (out.at(-2)?.length === 0) out.push(parts);
  const names = (n.q || []).map((k) => claims[k]).filter((c) => allowed(c) && data.predicates[c.p][0] === words.called[0]);
  const titles = ties.flatMap((k) => (visible(k) ? (edges[k].m || []).map((m) => ({ m, k })) : []));
  out.push(section("printed", [
    ...names.map((c) => el("li", null, el("b", null, said(c.v)), sources([c]))),
    ...titles.map(({ m, k }) => el("li", null, el("q", null, m), " · ", link(edges[k].a === i ? edges[k].b : edges[k].a), sources((edges[k].q || []).map((c) => claims[c]).filter((c) => c.g === m)))),
  ]));
  out.push(section("tied", ties.filter((k) => !used.has(k) && visible(k) && edges[k].k !== "counterpart" && edges[k].b === i).map((k) => line(k, i))));
  return out;
}

/** The chain between two officials, hop by hop. */
function chainPanel() {
  const people = nodes.map((n, i) => ({ n, i })).filter(({ n, i }) => n.k === "person" && incident[i].some((k) => edges[k].k === "took part"));
  if (people.length <= 400) people.sort((a, b) => nameOf(a.i).localeCompare(nameOf(b.i), state.lang));
  /** @param {"from" | "to"} which */
  const pick = (which) => el("label", null, `${w(`path-${which}`)} `, people.length > 400
    ? el("input", {
      id: `chain-${which}`, type: "search", value: state[which] < 0 ? "" : nameOf(state[which]),
      change: (/** @type {any} */ e) => set({ [which]: find(e.target.value, 50).find((f) => nodes[f.i].k === "person")?.i ?? -1, story: -1 }),
    })
    : el("select", {
      id: `chain-${which}`,
      change: (/** @type {any} */ e) => set({ [which]: Number(e.target.value), story: -1 }),
    }, el("option", { value: -1 }, "—"), people.map(({ i }) => el("option", { value: i, selected: state[which] === i }, nameOf(i)))));
  const out = [el("h2", { class: "small" }, w("path")), el("div", { class: "row" }, pick("from"), pick("to"))];
  if (state.from >= 0 && state.to >= 0) {
    const hops = chain(state.from, state.to);
    out.push(hops.length ? el("ol", { id: "chain" }, hops.map((i, n) => {
      if (n % 2 === 0) return el("li", null, link(i));
      const both = [hops[n - 1], hops[n + 1]].flatMap((p) => incident[p].filter((k) => edges[k].k === "took part" && edges[k].b === i));
      return el("li", null, `↓ ${w("met-at")}: `, link(i), nodes[i].d ? ` · ${t(nodes[i].d)}` : "",
        both.map((k) => [el("span", { class: "said" }, `${nameOf(edges[k].a)}:`), sources((edges[k].q || []).map((c) => claims[c]))]));
    })) : el("p", null, w("path-none")));
    out.push(el("button", { type: "button", click: () => set({ from: -1, to: -1 }) }, w("close")));
  }
  return out;
}

/** A story's step, or the list of stories. */
function storyPanel() {
  if (state.story < 0) {
    if (!data.stories.length || state.sel >= 0 || state.from >= 0) return [];
    return [el("h2", { class: "small" }, w("stories")), el("ul", null, data.stories.map((/** @type {any} */ s, /** @type {number} */ i) =>
      el("li", null, el("button", { type: "button", class: "link", "data-story": i, click: () => tell(i, 0) }, t(s.title)))))];
  }
  const s = data.stories[state.story];
  const last = s.steps.length - 1;
  return [el("div", { class: "story", role: "group", "aria-label": t(s.title) },
    el("p", { class: "kind" }, `${t(s.title)} · ${w("step")} ${state.step + 1}/${last + 1}`),
    el("p", { id: "told", "aria-live": "polite" }, t(s.steps[state.step].text)),
    el("div", { class: "row" },
      el("button", { type: "button", disabled: state.step === 0, click: () => tell(state.story, state.step - 1) }, w("back")),
      el("button", { type: "button", id: "onward", disabled: state.step === last, click: () => tell(state.story, state.step + 1) }, w("next")),
      el("button", { type: "button", click: () => set({ story: -1, day: "", view: "plan" }) }, w("close"))))];
}

/** Show a step. @param {number} story @param {number} step */
function tell(story, step) {
  const s = data.stories[story].steps[step];
  set({ story, step, sel: s.n[0] ?? -1, view: s.view, day: s.day || "", from: -1, to: -1 });
  if (step > 0) $("#onward")?.focus();
  reveal();
}

/** Fill the panel. */
function panel() {
  const side = $("#panel");
  const open = state.sel >= 0 || state.story >= 0 || state.from >= 0;
  root.classList.toggle("open", open);
  side.classList.toggle("busy", open);
  const had = document.activeElement && side.contains(document.activeElement) ? document.activeElement.id : "";
  const top = side.dataset.of === String(state.sel) ? side.scrollTop : 0;
  side.dataset.of = String(state.sel);
  side.replaceChildren(...[
    storyPanel(),
    state.from >= 0 || state.sel < 0 ? [state.sel < 0 && state.story < 0 ? [el("p", null, w("picture-note")), el("p", null, w("empty"))] : "", chainPanel()] : [],
    state.sel >= 0 ? el("div", { id: "dossier" }, dossier(state.sel)) : "",
  ].flat(3).filter((c) => c !== ""));
  side.scrollTop = top;
  if (had) document.getElementById(had)?.focus();
}
