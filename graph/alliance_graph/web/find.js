/** Search that forgives spelling: English, Hangul, aliases, printed names. */

/** Letters without marks, case or punctuation; Hangul as its letters. @param {string} text */
const plain = (text) =>
  text.normalize("NFKD").toLowerCase().replace(/[\u0300-\u036f]/g, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim();

/** Sounds that romanisations write in several ways, written in one. @param {string} text */
const sound = (text) =>
  plain(text).replace(/tch|ch|j/g, "j").replace(/sh/g, "s").replace(/ph/g, "p")
    .replace(/[kqg]|c(?=[aou])/g, "g").replace(/[tþ]/g, "d").replace(/p/g, "b").replace(/l/g, "r")
    .replace(/eo|eu|oo|ou|u|w/g, "o").replace(/ae|ai|ee|ie|y/g, "i").replace(/(.)\1+/g, "$1").replaceAll(" ", "");

/** How many letters differ; gives up beyond `most`. @param {string} a @param {string} b @param {number} most */
function distance(a, b, most) {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    if (Math.min(...next) > most) return most + 1;
    row = next;
  }
  return row[b.length];
}

/** @type {{i: number, shown: string, plain: string, sound: string, words: string[]}[] | undefined} */
let entries;
/** Who and what is looked for first. @type {Record<string, number>} */
const FIRST = { person: 0, office: 0.2, channel: 0.2, institution: 0.3, administration: 0.4, country: 0.3, encounter: 0.6 };

/** Things a text may mean, the likeliest first. @param {string} text @param {number} [most] */
function find(text, most = 12) {
  entries ??= nodes.flatMap((n, i) =>
    [n.l, n.o || "", ...(n.m || []), ...(n.f || [])].filter(Boolean).map((shown) => {
      const p = plain(shown);
      return { i, shown, plain: p, sound: sound(shown), words: p.split(" ") };
    }));
  const wanted = plain(text);
  if (!wanted) return [];
  const heard = sound(text);
  const slips = wanted.length < 4 ? 0 : wanted.length < 8 ? 1 : 2;
  /** @type {Map<number, [number, string]>} */
  const best = new Map();
  for (const e of entries) {
    let score = 99;
    if (e.plain === wanted) score = 0;
    else if (e.plain.startsWith(wanted)) score = 1;
    else if (` ${e.plain}`.includes(` ${wanted}`)) score = 1.3;
    else if (e.plain.includes(wanted)) score = 3;
    else if (heard.length > 2 && e.sound === heard) score = 3.5;
    else if (slips) {
      const one = distance(e.plain, wanted, slips);
      const part = wanted.includes(" ") ? 9 : Math.min(9, ...e.words.map((x) => distance(x, wanted, slips)));
      const ear = heard.length > 4 ? distance(e.sound, heard, 1) + 0.5 : 9;
      const least = Math.min(one, part, ear);
      if (least <= slips) score = 4 + least;
    }
    score += FIRST[nodes[e.i].k] ?? 1.5;
    const had = best.get(e.i);
    if (score < 90 && (!had || score < had[0])) best.set(e.i, [score, e.shown]);
  }
  return [...best].sort((a, b) => a[1][0] - b[1][0] || a[0] - b[0]).slice(0, most)
    .map(([i, [, shown]]) => ({ i, shown }));
}

/** The field with its list of proposals (ARIA combobox). */
function finder() {
  const field = /** @type {HTMLInputElement} */ ($("#find"));
  const list = $("#found");
  /** @type {number[]} */
  let hits = [];
  let at = 0;
  const close = () => {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  /** @param {number} i */
  const choose = (i) => {
    close();
    field.value = "";
    set({ sel: i, story: -1 });
    $("#panel").focus({ preventScroll: true });
    reveal();
  };
  const point = () => {
    $$("li", list).forEach((li, n) => li.setAttribute("aria-selected", String(n === at && hits.length > 0)));
    if (hits.length) field.setAttribute("aria-activedescendant", `found-${at}`);
  };
  field.addEventListener("input", () => {
    const found = find(field.value);
    hits = found.map((f) => f.i);
    at = 0;
    list.replaceChildren(...found.map((f, n) =>
      el("li", { id: `found-${n}`, role: "option", mousedown: (/** @type {Event} */ e) => e.preventDefault(), click: () => choose(f.i) },
        nameOf(f.i), el("small", null, [w(`k-${nodes[f.i].k}`), f.shown === nodes[f.i].l || f.shown === nameOf(f.i) || nodes[f.i].f?.includes(f.shown) ? "" : ` · ${f.shown}`]))));
    if (!found.length && plain(field.value)) list.append(el("li", { role: "option", "aria-disabled": "true" }, w("none-found")));
    list.hidden = !plain(field.value);
    field.setAttribute("aria-expanded", String(!list.hidden));
    point();
  });
  field.addEventListener("keydown", (e) => {
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      at = (at + (e.key === "ArrowDown" ? 1 : -1) + hits.length) % (hits.length || 1);
      point();
      $(`#found-${at}`)?.scrollIntoView({ block: "nearest" });
      e.preventDefault();
    } else if (e.key === "Enter" && hits.length) choose(hits[at]);
    else if (e.key === "Escape") {
      if (list.hidden) field.value = "";
      close();
      e.stopPropagation();
    }
  });
  field.addEventListener("blur", close);
}
