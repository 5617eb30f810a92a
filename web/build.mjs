// Builds each page, a folder here with an index.html and a main.ts, into internal/web/dist, which
// the binary embeds, and examples/webchat into its own dist. The same sources give the same bytes:
// `make web` fails if the committed files are not the build of their sources.
import { cp, mkdir, readdir, rm, stat } from "node:fs/promises";
import { build } from "esbuild";

const here = new URL(".", import.meta.url).pathname;
const root = new URL("../", import.meta.url).pathname;
const out = `${root}internal/web/dist/`;

const isPage = (dir) => stat(`${here}${dir}/main.ts`).then(() => true, () => false);

/** Writes the files of a page into a folder. */
async function buildPage(from, to) {
  await mkdir(to, { recursive: true });
  await cp(`${from}/index.html`, `${to}/index.html`);
  await build({
    entryPoints: [`${from}/main.ts`, `${from}/style.css`],
    outdir: to,
    alias: { "@parley-dm/client": `${root}sdk/js/src/index.ts` },
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

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await cp(`${here}shared/theme.css`, `${out}theme.css`);
for (const entry of await readdir(here, { withFileTypes: true })) {
  if (entry.isDirectory() && (await isPage(entry.name))) await buildPage(`${here}${entry.name}`, `${out}${entry.name}`);
}

const webchat = `${root}examples/webchat`;
await rm(`${webchat}/dist`, { recursive: true, force: true });
await buildPage(webchat, `${webchat}/dist`);
