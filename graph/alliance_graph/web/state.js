/**
 * What the page knows, what is looked at, and the address that restores it.
 *
 * @typedef {[string, string]} Both  English and Korean
 * @typedef {{n: number} | Both | string} Value
 * @typedef {{p: number, v: Value, i: string, h?: {n: number} | Both, s?: Both[], y?: Both[], t?: Both,
 *   r?: string, u?: Both, n?: number, m?: Both, d?: Both, g?: string, c?: string, b?: Both, x?: string,
 *   a?: number, e?: number[]}} Claim
 * @typedef {{i: string, k: string, l: string, o?: string, m?: string[], f?: string[], c?: number,
 *   s: number, v?: string, t?: string, d?: Both, e?: string, z?: string, w?: string, x?: number,
 *   b?: Record<string, string>, u?: {s: string, d?: Both, e?: string, z?: string, w?: string, t?: string,
 *   x?: number}[], j?: {k: Both, w: string}[], q?: number[], a?: number[],
 *   r?: {v: Both, l: string, w: string, s: string[]}[]}} Thing
 * @typedef {{a: number, b: number, k: string, t?: string, d?: Both, e?: string, z?: string, w?: string,
 *   p?: string, o?: number[], h?: number, g?: string, m?: string[], x?: number, q?: number[],
 *   r?: number[]}} Edge
 */

/** @param {string} id @returns {any} */
const json = (id) => JSON.parse(document.getElementById(id)?.textContent || "null");
const data = json("data");
/** @type {Record<string, Both>} */
const words = json("words");
/** @type {Thing[]} */
const nodes = data.nodes;
/** @type {Edge[]} */
const edges = data.edges;
/** @type {Claim[]} */
const claims = data.claims;
const root = document.documentElement;

/** Edges of each node, by the node's index. @type {number[][]} */
const incident = nodes.map(() => []);
edges.forEach((e, i) => {
  incident[e.a].push(i);
  if (e.b !== e.a) incident[e.b].push(i);
});
/** @type {Map<string, number>} */
const indexOf = new Map(nodes.map((n, i) => [n.i, i]));

/** @param {string} q @param {ParentNode} [from] @returns {any} */
const $ = (q, from = document) => from.querySelector(q);
/** @param {string} q @param {ParentNode} [from] @returns {any[]} */
const $$ = (q, from = document) => [...from.querySelectorAll(q)];

/**
 * An element with children; texts become text nodes, never HTML.
 * @param {string} tag @param {Record<string, any> | null} [with_] @param {...any} children
 * @returns {any}
 */
function el(tag, with_, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(with_ || {})) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, String(value));
  }
  made.append(...children.flat(3).filter((c) => c != null && c !== false && c !== ""));
  return made;
}

const fresh = () => ({
  view: "plan", lang: "en", dark: false, sel: -1, off: /** @type {Set<string>} */ (new Set()),
  conflict: false, day: "", known: "", radius: 0, from: -1, to: -1, story: -1, step: 0, sort: "",
  whole: false,
});
const state = fresh();

/** @param {string} key */
const w = (key) => (words[key] || [key, key])[state.lang === "ko" ? 1 : 0];
/** @param {Both | undefined | null} pair */
const t = (pair) => (pair ? pair[state.lang === "ko" ? 1 : 0] || pair[0] : "");
/** @param {number} i */
const nameOf = (i) => (state.lang === "ko" && nodes[i].o) || nodes[i].l;
/** @param {Value} v */
const said = (v) =>
  typeof v === "string" ? v : Array.isArray(v) ? t(/** @type {Both} */ (v)) : nameOf(v.n);

/** The state as the part of an address after "#". */
function address() {
  const out = new URLSearchParams();
  /** @param {string} key @param {string | number | boolean} value @param {any} [unless] */
  const put = (key, value, unless = "") => value !== unless && out.set(key, String(value));
  put("view", state.view, "plan");
  put("lang", state.lang, "en");
  if (state.dark) out.set("theme", "dark");
  if (state.sel >= 0) out.set("sel", nodes[state.sel].i);
  if (state.off.size) out.set("off", [...state.off].sort().join(","));
  if (state.conflict) out.set("only", "conflict");
  put("day", state.day);
  put("known", state.known);
  put("radius", state.radius, 0);
  if (state.from >= 0) out.set("from", nodes[state.from].i);
  if (state.to >= 0) out.set("to", nodes[state.to].i);
  if (state.story >= 0) out.set("story", `${state.story}.${state.step}`);
  put("sort", state.sort);
  if (state.whole) out.set("whole", "1");
  return out.toString().replaceAll("%2F", "/").replaceAll("%2C", ",");
}

/** Take the state from an address; what it does not name, or names wrongly, is as at first. */
function restore() {
  const given = new URLSearchParams(location.hash.slice(1));
  const day = /^\d{4}-\d\d-\d\d$/;
  Object.assign(state, fresh());
  const view = given.get("view") || "plan";
  if (["plan", "lanes", "table", "map"].includes(view)) state.view = view;
  const lang = given.get("lang") || (navigator.language.startsWith("ko") ? "ko" : "en");
  state.lang = lang === "ko" ? "ko" : "en";
  const theme = given.get("theme");
  state.dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  /** @param {string} key */
  const thing = (key) => indexOf.get(given.get(key) || "") ?? -1;
  state.sel = given.has("sel") ? thing("sel") : data.focus ?? -1;
  state.off = new Set((given.get("off") || "").split(",").filter((k) => /^\w+\.[\w-]+$/.test(k)));
  state.conflict = given.get("only") === "conflict";
  for (const key of /** @type {const} */ (["day", "known"])) {
    const value = given.get(key) || "";
    if (day.test(value)) state[key] = value;
  }
  state.radius = Math.min(2, Number.parseInt(given.get("radius") || "0", 10) || 0);
  state.from = thing("from");
  state.to = thing("to");
  const [story, step] = (given.get("story") || "-1").split(".").map(Number);
  if (data.stories[story]) {
    state.story = story;
    state.step = Math.min(Math.max(step || 0, 0), data.stories[story].steps.length - 1);
    const { n, view: seen, day: on } = data.stories[story].steps[state.step];
    Object.assign(state, { sel: n[0] ?? -1, view: seen, day: on || "" });
  }
  state.sort = /^[0-7]d?$/.test(given.get("sort") || "") ? given.get("sort") || "" : "";
  state.whole = given.get("whole") === "1";
}

/** Change the state, show it, and put it into the address. @param {Partial<typeof state>} change */
function set(change) {
  Object.assign(state, change);
  history.replaceState(null, "", `#${address()}`);
  show();
}
