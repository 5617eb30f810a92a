// The size of the client as browsers load it: bundled, minified, compressed. It fails above the limit.
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const limit = 12 * 1024;
const result = await build({
  entryPoints: [new URL("../dist/index.js", import.meta.url).pathname],
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  write: false,
});
const code = result.outputFiles[0].contents;
if (/node:(http|crypto|net)/.test(new TextDecoder().decode(code))) {
  throw new Error("the bundle for browsers has modules of Node in it");
}
const compressed = gzipSync(code, { level: 9 }).length;
console.log(`${code.length} bytes minified, ${compressed} compressed; the limit is ${limit}`);
process.exitCode = compressed < limit ? 0 : 1;
