/**
 * Builds the site into dist/: bundles src/, copies static/ and LiteRT's Wasm files, and gives the service
 * worker the list of files to keep. With --test, bundles the unit tests into build/test/ instead.
 */

import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

process.chdir(path.dirname(fileURLToPath(import.meta.url)));

const litert = path.resolve(path.dirname(createRequire(import.meta.url).resolve("@litertjs/core")), "..");
const { version } = JSON.parse(await readFile(path.join(litert, "package.json"), "utf8"));
const wasmFolder = `wasm-${version}/`;
const common = { bundle: true, target: "es2022", logLevel: "warning", define: { WASM_FOLDER: JSON.stringify(wasmFolder) } };

if (process.argv.includes("--test")) {
  await rm("build/test", { recursive: true, force: true });
  const tests = (await readdir("test")).filter((name) => name.endsWith(".test.ts"));
  await build({
    ...common,
    entryPoints: tests.map((name) => `test/${name}`),
    platform: "node",
    format: "esm",
    outdir: "build/test",
    outExtension: { ".js": ".mjs" },
  });
} else {
  await site();
}

async function site() {
  // The networks in dist/models stay.
  await mkdir("dist", { recursive: true });
  for (const name of await readdir("dist")) {
    if (name !== "models") {
      await rm(path.join("dist", name), { recursive: true });
    }
  }
  await cp("static", "dist", { recursive: true });
  await cp(path.join(litert, "wasm"), path.join("dist", wasmFolder), {
    recursive: true,
    filter: (file) => !file.includes("jspi"), // for networks that several processors share
  });
  const minified = { ...common, minify: true, sourcemap: true, outdir: "dist" };
  await build({ ...minified, entryPoints: ["src/main.ts"], format: "esm" });
  // The worker is not a module, because LiteRT loads its scripts with importScripts.
  await build({ ...minified, entryPoints: ["src/worker.ts"], format: "iife" });

  const files = (await readdir("dist", { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".map"))
    .map((entry) => path.posix.join(path.relative("dist", entry.parentPath ?? entry.path), entry.name))
    .filter((name) => !name.startsWith(wasmFolder) && !name.startsWith("models/"))
    .sort();
  const sum = createHash("sha256");
  for (const file of [...files, "../src/service_worker.ts"]) {
    sum.update(file).update(await readFile(path.join("dist", file)));
  }
  await build({
    ...minified,
    entryPoints: ["src/service_worker.ts"],
    format: "iife",
    define: {
      ...common.define,
      SHELL_FILES: JSON.stringify(["", ...files.filter((name) => name !== "index.html")]),
      SHELL_VERSION: JSON.stringify(sum.digest("hex").slice(0, 12)),
    },
  });
}
