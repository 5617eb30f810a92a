// Builds each page, a folder here with an index.html and a main.ts, into internal/web/dist, which
// the binary embeds. The same sources give the same bytes: `make web` fails if the committed files
// are not the build of their sources.
import { cp, mkdir, readdir, rm, stat } from "node:fs/promises";
import { build } from "esbuild";

const here = new URL(".", import.meta.url).pathname;
const out = new URL("../internal/web/dist/", import.meta.url).pathname;

const isPage = (dir) => stat(`${here}${dir}/main.ts`).then(() => true, () => false);

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await cp(`${here}shared/theme.css`, `${out}theme.css`);
for (const entry of await readdir(here, { withFileTypes: true })) {
  if (!entry.isDirectory() || !(await isPage(entry.name))) continue;
  const page = entry.name;
  await cp(`${here}${page}/index.html`, `${out}${page}/index.html`);
  await build({
    entryPoints: [`${here}${page}/main.ts`, `${here}${page}/style.css`],
    outdir: `${out}${page}`,
    bundle: true,
    external: ["*/node-websocket.js"], // which browsers never load
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
  });
}
