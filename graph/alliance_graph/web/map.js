/** Everything there is, drawn by vis-network from pyvis's wheel, at positions that are given. */

/** @type {any} */
let map_ = null;
/** @type {any} */
let vis_ = null;
const MOST = 150;

/** The script is in the page as text; its digest is in the policy, so only it can run so. */
function load() {
  if (!vis_) {
    const script = document.createElement("script");
    script.textContent = $("#vis-script").textContent;
    document.head.append(script);
    vis_ = /** @type {any} */ (window).vis;
  }
  return vis_;
}

/** Kinds that share a column, from one edge of the picture to the other. */
const COLUMNS = [["encounter", "channel", "visit", "context-event"], ["commitment", "statement", "stance"], ["document", "topic", "place"]];

/** Column of a node when only some are drawn. @param {Thing} n */
function column(n) {
  const kind = COLUMNS.findIndex((kinds) => kinds.includes(n.k));
  if (kind >= 0) return [2, 5, 6][kind];
  return n.s === 1 ? 1 : n.s === 2 ? 3 : 4;
}

/** Draw the selection's neighbourhood, or all when asked to. */
function map() {
  if (state.view !== "map") return;
  const { Network, DataSet } = load();
  const drawn = json("vis-data");
  const style = getComputedStyle(root);
  const ink = style.getPropertyValue("--ink").trim();
  const paper = style.getPropertyValue("--paper").trim();
  const colours = ["--between", "--one", "--two", "--other"].map((c) => style.getPropertyValue(c).trim());
  const hub = nodes.map((_, i) => i).sort((a, b) => incident[b].length - incident[a].length || a - b).find((i) => nodes[i].k === "encounter") ?? 0;
  const centre = state.sel >= 0 ? state.sel : hub;
  let kept = state.whole ? nodes.map((_, i) => i)
    : [...around([centre], Math.max(1, state.radius), new Set())].sort((a, b) => a[1] - b[1]).map(([i]) => i);
  const cut = state.whole ? 0 : Math.max(0, kept.length - MOST);
  kept = (state.whole ? kept : kept.slice(0, MOST)).filter((i) => i === centre || (!state.known || (nodes[i].w || "") <= state.known));
  const within = new Set(kept);
  // columns by side and kind, each as many times as keeps it no higher than wide
  const high = Math.max(7, Math.ceil(Math.sqrt(kept.length * 2)));
  /** @type {Map<number, number[]>} */
  const columns = new Map();
  for (const i of kept) columns.set(column(nodes[i]), [...(columns.get(column(nodes[i])) || []), i]);
  /** @type {Map<number, {x: number, y: number}>} */
  const place = new Map();
  let x = 0;
  for (const [, members] of [...columns].sort((a, b) => a[0] - b[0])) {
    const times = Math.ceil(members.length / high);
    const rows_ = Math.ceil(members.length / times);
    members.forEach((i, k) => place.set(i, { x: x + Math.floor(k / rows_) * 180, y: ((k % rows_) - (rows_ - 1) / 2) * 72 + (Math.floor(k / rows_) % 2) * 36 }));
    x += times * 180 + 50;
  }
  const shown = kept.map((i) => {
    const n = nodes[i];
    const given = drawn.nodes[i];
    const at = state.whole ? { x: given.x, y: given.y } : place.get(i);
    return { ...given, ...at, id: i, label: broken(nameOf(i)), title: undefined, color: { background: n.t ? paper : colours[n.s], border: colours[n.s] },
      font: { color: ink, size: 13, background: paper }, size: i === centre ? 13 : 8, borderWidth: i === centre ? 3 : 1.4 };
  });
  const lines = edges.flatMap((e, k) => (within.has(e.a) && within.has(e.b) ? [{ ...drawn.edges[k], id: k, from: e.a, to: e.b, dashes: Boolean(e.t), arrows: undefined }] : []));
  map_?.destroy();
  const given_ = JSON.parse(drawn.options);
  const options = { ...given_, nodes: { ...given_.nodes, scaling: { label: { drawThreshold: 7 } } } };
  map_ = new Network($("#canvas"), { nodes: new DataSet(shown), edges: new DataSet(lines) }, options);
  map_.on("selectNode", (/** @type {{nodes: number[]}} */ e) => set({ sel: e.nodes[0], story: -1 }));
  map_.fit({ animation: false, maxZoomLevel: 1.1 });
  map_.once("afterDrawing", () => { root.dataset.drawn = String(kept.length); });
  $("#whole").textContent = w(state.whole ? "map-near" : "map-whole");
  $("#map-said").textContent = `${kept.length} ${w("of")} ${nodes.length} ${w("things")}${cut ? ` · + ${cut} ${w("left-out")}` : ""}`;
}

/** A label over at most three lines. @param {string} text */
function broken(text) {
  const lines = text.replace(/(.{16,26}?)\s/g, "$1\n").split("\n");
  return lines.length > 3 ? `${lines.slice(0, 3).join("\n")} …` : lines.join("\n");
}
