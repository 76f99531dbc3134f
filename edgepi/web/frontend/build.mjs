// Bundles the page into ../static: hashed names, packed copies, one index.html.
import { build } from "esbuild";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static");
const LARGEST_PACKED = 60 * 1024;

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: { page: "src/main.tsx" },
  entryNames: "assets/[name]-[hash]",
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome100", "firefox102", "safari15.4"],
  legalComments: "eof",
  metafile: true,
  logLevel: "warning",
});
const names = Object.keys(result.metafile.outputs).map((path) => relative(out, join(here, path)));
const ending = (suffix) => names.find((name) => name.endsWith(suffix));

const template = await readFile(join(here, "src", "index.html"), "utf8");
await writeFile(
  join(out, "index.html"),
  template.replace("{{script}}", `/${ending(".js")}`).replace("{{style}}", `/${ending(".css")}`),
);
await writeFile(join(out, "icon.svg"), await readFile(join(here, "src", "icon.svg")));

let packed = 0;
for (const name of await readdir(out, { recursive: true })) {
  if (!/\.(js|css|html|svg)$/.test(name)) continue;
  const gz = gzipSync(await readFile(join(out, name)), { level: constants.Z_BEST_COMPRESSION });
  await writeFile(join(out, `${name}.gz`), gz);
  packed += gz.length;
  console.log(`${basename(name).padEnd(24)} ${(gz.length / 1024).toFixed(1)} KiB packed`);
}
console.log(`${"together".padEnd(24)} ${(packed / 1024).toFixed(1)} KiB packed`);
if (packed > LARGEST_PACKED) throw new Error("the page has grown beyond 60 KiB packed");
