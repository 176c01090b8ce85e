// Copies the editor as it was published to where the server finds it and the wheel takes it along,
// with the licences of all that is bundled in it. Run by `make web`.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const here = new URL("./", import.meta.url);
const to = new URL("../alliance_graph/web/yasgui/", here);
const read = (path) => readFileSync(new URL(path, here), "utf8");

mkdirSync(to, { recursive: true });
for (const name of ["yasgui.min.js", "yasgui.min.css"]) {
  copyFileSync(new URL(`node_modules/@zazuko/yasgui/build/${name}`, here), new URL(name, to));
}

const packages = Object.keys(JSON.parse(read("package-lock.json")).packages).filter(Boolean).sort();
const notices = packages.map((path) => {
  const about = JSON.parse(read(`${path}/package.json`));
  const files = readdirSync(new URL(path, here)).sort().filter((name) => /^(licen[cs]e|notice)/i.test(name));
  const by = about.author?.name ?? about.author ?? about.repository?.url ?? about.homepage;
  const head = `${about.name} ${about.version} (${about.license ?? "see below"}), ${by}`;
  return [head, ...files.map((name) => read(`${path}/${name}`).replaceAll("\r\n", "\n").trim())].join("\n\n");
});
const intro = `yasgui.min.js and yasgui.min.css are unchanged copies of what @zazuko/yasgui publishes.
They bundle the packages below.`;
writeFileSync(new URL("LICENSES.txt", to), [intro, ...notices].join(`\n\n${"-".repeat(80)}\n\n`) + "\n");
