// The query page: YASGUI on this server's endpoint, with our prefixes, names and questions.

const told = await (await fetch("/web/questions.json")).json();
const questions = new Map(Object.values(told.groups).flat().map((each) => [each.name, each]));
const endpoint = `${location.origin}/sparql`;
const own = told.prefixes.id.replace(/id\/$/, "");
const { Yasqe, Yasr } = Yasgui;
const sorted = Object.entries(told.prefixes).sort(([, a], [, b]) => b.length - a.length);

/** An IRI as a prefixed name, where one of our prefixes fits and the rest is plain. */
function compact(iri) {
  const fits = sorted.find(([, space]) => iri.startsWith(space) && /^[\w-]+$/.test(iri.slice(space.length)));
  return fits ? `${fits[0]}:${iri.slice(fits[1].length)}` : iri;
}

/** Where a link leads: to our own page of a thing, to the web, or nowhere. */
function address(iri) {
  if (iri.startsWith(own)) return `/${iri.slice(own.length).replace(/^\/+/, "")}`;
  return /^https?:\/\//i.test(iri) ? iri : null;
}

/** Text as HTML that shows it. */
function escaped(text) {
  const made = document.createElement("i");
  made.textContent = text;
  return made.innerHTML;
}

// --- answers ---------------------------------------------------------------------------------

/** YASR's table, made of text only. Simple view: a thing and its name (`post`, `postLabel`) in one. */
class Rows extends Yasr.plugins.table {
  label = "Table";
  helpReference = undefined;

  draw(settings) {
    super.draw({ compact: true, ...settings, isEllipsed: false });
    const cut = this.yasr.results.res?.headers?.get("Truncated");
    this.notice?.remove();
    if (!cut) return;
    this.notice = document.createElement("p");
    this.notice.className = "alert";
    this.notice.textContent = `Cut off: this server gives ${cut} at most.`;
    this.yasr.resultsEl.prepend(this.notice);
  }

  drawControls() {
    super.drawControls();
    // long texts wrap, so there is nothing to cut
    this.tableEllipseSwitch.closest(".tableControls > div").remove();
    this.tableSizeField.setAttribute("aria-label", "Page size");
  }

  names() {
    const all = this.yasr.results.getVariables();
    const named = (name) => name.endsWith("Label") && all.includes(name.slice(0, -5));
    return this.persistentConfig.compact ? all.filter((name) => !named(name)) : all;
  }

  getRows() {
    const { compact } = this.persistentConfig;
    const cell = (row, name) =>
      row[name] ? { ...row[name], name: compact ? row[`${name}Label`]?.value : undefined } : "";
    const rows = this.yasr.results.getBindings() ?? [];
    return rows.map((row, i) => [i + 1, ...this.names().map((name) => cell(row, name))]);
  }

  getColumns() {
    const [number] = super.getColumns();
    const render = (term, type) => {
      if (term === "") return "";
      return type === "display" ? this.getCellContent(term) : escaped(term.name ?? term.value);
    };
    return [number, ...this.names().map((name) => ({ name, title: escaped(name), render }))];
  }

  getCellContent(term) {
    const cell = document.createElement("div");
    const shown = cell.appendChild(document.createElement("span"));
    const href = term.type === "uri" ? address(term.value) : null;
    const text = shown.appendChild(document.createElement(href ? "a" : "span"));
    text.textContent = term.name ?? (term.type === "uri" ? compact(term.value) : term.value);
    if (text.textContent.length < 25) cell.className = "short";
    if (href) {
      text.href = href;
      text.target = "_blank";
      text.rel = "noopener noreferrer";
    }
    if (term.type === "uri") text.title = compact(term.value);
    if (term["xml:lang"]) text.lang = term["xml:lang"];
    if (!this.persistentConfig.compact && (term["xml:lang"] || term.datatype)) {
      const kind = shown.appendChild(document.createElement("sup"));
      kind.textContent = term["xml:lang"] ? `@${term["xml:lang"]}` : `^^${compact(term.datatype)}`;
    }
    return cell.outerHTML;
  }
}

Yasr.plugins.table.defaults.tableConfig.language.emptyTable = "Not in these sources.";
Yasr.registerPlugin("table", Rows);

// --- the editor ------------------------------------------------------------------------------

let names;

/** Every name of ours that a query may hold: terms, concepts and things, as prefixed names. */
function known() {
  const query = `SELECT DISTINCT ?iri WHERE { ?iri skos:prefLabel|rdfs:label ?name
    FILTER(STRSTARTS(STR(?iri), "${own}"))
    FILTER(!STRSTARTS(STR(?iri), STR(claim:)) && !STRSTARTS(STR(?iri), STR(evidence:))) }`;
  names ??= fetch(`${endpoint}?query=${encodeURIComponent(query)}`, { headers: { Accept: "text/csv" } })
    .then((answer) => answer.text())
    .then((text) => text.split(/\r?\n/).slice(1).map(compact).filter((name) => /^[\w-]+:/.test(name)).sort());
  return names;
}

// of YASQE's own only the variables: the others ask hosts elsewhere, or know prefixes not ours
Yasqe.defaults.autocompleters = ["variables"];
Yasqe.defaults.editorHeight = "26rem";
Yasqe.defaults.screenReaderLabel = "SPARQL query";
Yasqe.defaults.collapsePrefixesOnLoad = true;
Yasqe.forkAutocompleter("prefixes", {
  name: "our-prefixes",
  persistenceId: null,
  get: Object.entries(told.prefixes).map(([prefix, space]) => `${prefix}: <${space}>`).sort(),
});
Yasqe.registerAutocompleter({
  name: "our-names",
  bulk: false,
  isValidCompletionPosition: (yasqe) => /^[\w-]+:?[\w-]*$/.test(yasqe.getCompleteToken().string.trim()),
  get: async (yasqe, token) => (await known()).filter((name) => name.startsWith(token.string.trim())),
});

// what is kept is kept for one version; an answer is never kept, since the graph may be another
const keep = `alliance-graph ${told.version}`;
const settings = {
  persistenceId: keep,
  autofocus: false,
  autoAddOnInit: false,
  populateFromUrl: false,
  copyEndpointOnNewTab: false,
  endpointCatalogueOptions: { getData: () => [] },
  requestConfig: { endpoint: () => endpoint, method: "POST" },
  yasqe: { value: "SELECT ?thing ?name WHERE {\n  ?thing skos:prefLabel ?name\n}\nLIMIT 10\n" },
  yasr: { maxPersistentResponseSize: 0, prefixes: told.prefixes },
};

// a link tells the query and nothing else; YASGUI's also tells which host to send it to
Yasgui.Tab.prototype.getShareableLink = function () {
  return `${location.origin}/query#${new URLSearchParams({ name: this.getName(), query: this.getQuery() })}`;
};

function start() {
  const place = document.getElementById("editor");
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("alliance-graph ") && !key.startsWith(`${keep}_`)) localStorage.removeItem(key);
  }
  try {
    return new Yasgui(place, settings);
  } catch {
    // what was kept is not what YASGUI expects: begin anew
    localStorage.removeItem(`${keep}_config`);
    place.replaceChildren();
    return new Yasgui(place, settings);
  }
}

const yasgui = start();
const open = (name, value, active = true) =>
  yasgui.addTab(active, { name: yasgui.createTabName(name), yasqe: { value } });

if (!yasgui.persistentConfig.getTabs().length) {
  for (const name of told.opened) open(name, questions.get(name).text, name === told.opened[0]);
}

const asked = new URLSearchParams(`${location.search}&${location.hash.slice(1)}`);
const question = questions.get(asked.get("question"));
if (question || asked.get("query")) {
  const name = question?.name ?? asked.get("name") ?? "Query";
  open(name, question?.text ?? asked.get("query")).query().catch(() => {});
  history.replaceState(null, "", "/query");
}

// --- the chooser -----------------------------------------------------------------------------

const chooser = document.querySelector(".chooser");
const filter = document.getElementById("filter");
const found = document.getElementById("found");

function made(tag, text, rest = {}) {
  return Object.assign(document.createElement(tag), { textContent: text, ...rest });
}

for (const [group, members] of Object.entries(told.groups)) {
  const section = made("section", "");
  section.append(made("h2", group));
  const list = section.appendChild(made("ul", ""));
  for (const { name, summary, about } of members) {
    const item = list.appendChild(made("li", ""));
    const link = made("a", summary, { href: `/query?question=${name}` });
    item.append(link, " ", made("span", name, { className: "id" }), made("p", about, { className: "note" }));
    item.words = `${name} ${summary} ${about} ${group}`.toLowerCase();
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      chooser.open = false;
      const tab = open(name, questions.get(name).text);
      tab.query().catch(() => {});
      tab.getYasqe().focus();
    });
  }
  document.getElementById("questions").append(section);
}
chooser.querySelector("summary").textContent = `Choose from ${questions.size} questions`;

filter.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const section of document.querySelectorAll("#questions section")) {
    const items = [...section.querySelectorAll("li")];
    for (const item of items) item.hidden = !words.every((word) => item.words.includes(word));
    const shown = items.filter((item) => !item.hidden).length;
    section.hidden = !shown;
    count += shown;
  }
  found.textContent = words.length ? `${count} of ${questions.size} questions` : "";
});
chooser.addEventListener("toggle", () => chooser.open && filter.focus());
chooser.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  chooser.open = false;
  chooser.querySelector("summary").focus();
});

document.documentElement.dataset.ready = "";
