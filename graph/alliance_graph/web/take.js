/** Exports: what is seen, as a picture, a table, data, a query or a link. */

/** The picture that is seen, with its looks written into it. */
function picture() {
  const seen = state.view === "lanes" ? $("svg.lanes") : $$("svg.plan").find((s) => s.getClientRects().length) || $("svg.plan");
  const hidden = !seen.getClientRects().length;
  if (hidden) seen.closest(".view").style.display = "block";
  const copy = /** @type {SVGSVGElement} */ (seen.cloneNode(true));
  const from = [seen, ...$$("*", seen)];
  const to = [copy, ...$$("*", copy)];
  const keep = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-weight", "font-style", "text-decoration-line"];
  from.forEach((source_, i) => {
    const style = getComputedStyle(source_);
    if (style.display === "none") to[i].setAttribute("display", "none");
    for (const key of keep) {
      const value = style.getPropertyValue(key);
      if (value && !["none 0px", "auto"].includes(value)) to[i].setAttribute(key === "text-decoration-line" ? "text-decoration" : key, value);
    }
    for (const name_ of ["class", "tabindex", "role", "aria-pressed"]) to[i].removeAttribute(name_);
  });
  for (const gone of $$('[display="none"]', copy)) gone.remove();
  const [, , wide, high] = (seen.getAttribute("viewBox") || "0 0 1 1").split(" ").map(Number);
  copy.setAttribute("width", String(wide));
  copy.setAttribute("height", String(high));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const back = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [k, v] of Object.entries({ width: wide, height: high, fill: getComputedStyle(root).backgroundColor })) back.setAttribute(k, String(v));
  copy.prepend(back);
  if (hidden) seen.closest(".view").style.display = "";
  return { text: new XMLSerializer().serializeToString(copy), wide, high };
}

/** What is shown, a row a thing. */
function rows() {
  return $$("#view-table tbody tr").filter((tr) => !tr.hidden).map((tr) => {
    const i = Number(tr.dataset.n);
    const n = nodes[i];
    return {
      iri: `${data.base}id/${n.i}`, kind: n.k, name: n.l, name_ko: n.o || "",
      side: n.c === undefined ? "" : nodes[n.c].l, level: n.v || "", date: n.d ? n.d[0] : "",
      earliest: n.e || "", latest: n.z || "", state: n.t || "held", accounts_differ: Boolean(n.x),
      sources: (n.a || []).map((a) => data.articles[a].s).join(" "),
    };
  });
}

/** A cell as RFC 4180 has it; nothing that a spreadsheet would take for a formula. @param {unknown} value */
function cell(value) {
  const text = /^[=+\-@\t\r]/.test(String(value)) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const TAKE = {
  svg: () => save("svg", "image/svg+xml", `<?xml version="1.0" encoding="UTF-8"?>\n${picture().text}`),
  csv: () => {
    const all = rows();
    const head = Object.keys(all[0] || { iri: "" });
    save("csv", "text/csv", [head, ...all.map((r) => Object.values(r))].map((r) => r.map(cell).join(",")).join("\r\n") + "\r\n");
  },
  json: () => {
    const kept = new Set(rows().map((r) => r.iri));
    /** @param {number} i */
    const iri = (i) => `${data.base}id/${nodes[i].i}`;
    save("json", "application/json", JSON.stringify({
      view: address(), nodes: rows(),
      ties: edges.filter((e) => kept.has(iri(e.a)) && kept.has(iri(e.b))).map((e) => ({
        source: iri(e.a), target: iri(e.b), kind: e.k, state: e.t || "held", earliest: e.e, latest: e.z,
        claims: (e.q || []).map((c) => `${data.base}id/claim/${claims[c].i}`),
      })),
    }, null, 1));
  },
  sparql: () => save("rq", "application/sparql-query", query()),
  print: () => print(),
  link: () => {
    const url = `${location.href.split("#")[0]}#${address()}`;
    const b = $('[data-take="link"]');
    // where a page may not write to the clipboard, the link stands there to be copied by hand
    const byHand = () => {
      const field = el("input", { value: url, readonly: true, "aria-label": w("link") });
      b.after(field);
      field.select();
    };
    $("#take input")?.remove();
    (navigator.clipboard ? navigator.clipboard.writeText(url) : Promise.reject()).then(() => {
      b.textContent = w("copied");
      setTimeout(() => { b.textContent = w("link"); }, 1500);
    }).catch(byHand);
  },
  png: () => {
    const { text, wide, high } = picture();
    const image = new Image();
    image.addEventListener("load", () => {
      const canvas = document.createElement("canvas");
      canvas.width = wide * 2;
      canvas.height = high * 2;
      canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => blob && offer("png", blob), "image/png");
    });
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  },
};

/** A query that gives the rows of the table. */
function query() {
  const prefix = Object.entries(data.prefixes).map(([k, v]) => `PREFIX ${k}: <${v}>`).join("\n");
  return `# ${data.title[0].replace(/[\r\n]/g, " ")} #${address()}\n${prefix}
SELECT DISTINCT ?iri ?name WHERE {
  VALUES ?iri {
${rows().map((r) => `    <${encodeURI(r.iri)}>`).join("\n")}
  }
  ?iri skos:prefLabel ?name .
  FILTER (lang(?name) = "en")
}
ORDER BY ?iri
`;
}

/** @param {string} end @param {string} type @param {string} text */
const save = (end, type, text) => offer(end, new Blob([text], { type: `${type};charset=utf-8` }));

/** @param {string} end @param {Blob} blob */
function offer(end, blob) {
  const url = URL.createObjectURL(blob);
  const a = el("a", { href: url, download: `alliance-graph.${end}` });
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
