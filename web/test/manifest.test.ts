import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { PlainError } from "../src/errors";
import { readManifest } from "../src/manifest";

const text = readFileSync("../models/pretrained/iphone_3gs_fp16_256.json", "utf8");
const changed = (change: object) => JSON.stringify({ ...JSON.parse(text), ...change });

test("the shipped manifest", () => {
  const manifest = readManifest(text, "x.json");
  assert.deepEqual(
    [manifest.file, manifest.tile, manifest.halo, manifest.multiple, manifest.dtype, manifest.thumbnail],
    ["iphone_3gs_fp16_256.tflite", 256, 10, 2, "float32", 64],
  );
  assert.equal(manifest.sample!.levels, 2);
});

test("a manifest of a network that cannot run gets a sentence", () => {
  const refused: [string, RegExp][] = [
    ["{", /not JSON/],
    ["{}", /not a manifest/],
    ["null", /not a manifest/],
    [changed({ norm: "instance" }), /whole photo/],
    [changed({ norm: "unknown" }), /norm is/],
    [changed({ tile: null }), /any size/],
    [changed({ tile: 20 }), /fit together/],
    [changed({ halo: 9 }), /fit together/],
    [changed({ halo: undefined }), /fit together/],
    [changed({ output: { dtype: "int8" } }), /float32 and uint8/],
  ];
  for (const [manifest, message] of refused) {
    assert.throws(() => readManifest(manifest, "x.json"), (error) => error instanceof PlainError && message.test(error.message));
  }
});
