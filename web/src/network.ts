/** A `.tflite` network in LiteRT.js, on the CPU or on the GPU. Runs only in a worker. */

import { loadAndCompile, loadLiteRt, supportsFeature, Tensor, type CompiledModel } from "@litertjs/core";

import { PlainError } from "./errors";
import type { Manifest } from "./manifest";
import { emptyValues, keptPixels, type Pixels, type Values } from "./pixels";
import type { LoadedModel } from "./models";

/** The processor that computes: the GPU or the CPU. */
export type Processor = "webgpu" | "wasm";

// Levels of 255 beyond the manifest's limit: a GPU may sum in another order, or in 16 bits.
const GPU_LEVELS = 3;

let runtime: Promise<{ threads: number }> | undefined;

/**
 * Load LiteRT's Wasm once. Threads need a cross-origin isolated page and a browser that supports them.
 *
 * @param folder address of the Wasm files, with a slash at the end.
 */
function loadRuntime(folder: string): Promise<{ threads: number }> {
  runtime ??= (async () => {
    const threaded = crossOriginIsolated && (await supportsFeature("threads")) && (await supportsFeature("relaxedSimd"));
    // In a worker the loader cannot find the address of its script.
    (self as any).Module = {
      locateFile: (name: string) => folder + name,
      mainScriptUrlOrBlob: folder + "litert_wasm_threaded_internal.js",
    };
    await loadLiteRt(folder, { threads: threaded });
    return { threads: threaded ? goodThreads(navigator.hardwareConcurrency) : 1 };
  })();
  runtime.catch(() => (runtime = undefined));
  return runtime;
}

/** Return the number of threads: above four cores, half of them. The rest are slow cores or hyper-threads. */
function goodThreads(cores: number): number {
  return Math.max(Math.min(cores, 4), Math.floor(cores / 2));
}

/** Return whether this browser offers a GPU that the CPU does not emulate. */
async function hasRealGpu(): Promise<boolean> {
  const gpu = (navigator as any).gpu;
  const adapter = await gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter) && !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false);
}

/** A network that is ready to run. */
export class Network {
  private constructor(
    private readonly model: CompiledModel,
    readonly manifest: Manifest,
    readonly processor: Processor,
    readonly threads: number,
    /** A sentence on why the CPU is used although the user chose the GPU, or null. */
    readonly remark: string | null,
  ) {}

  /**
   * Compile a network, and check its result on the sample picture.
   *
   * @param wanted "auto" takes the GPU if there is one and its result is right.
   * @throws PlainError if no processor runs the file, or if the CPU's result is wrong.
   */
  static async open(loaded: LoadedModel, wanted: Processor | "auto", wasm: string): Promise<Network> {
    const { threads } = await loadRuntime(wasm).catch((error) => {
      throw new PlainError(`LiteRT, which runs the networks, did not start (${error?.message ?? error}). Reload the page, or use a newer browser.`);
    });
    let remark: string | null = null;
    if (wanted === "webgpu" || (wanted === "auto" && (await hasRealGpu()))) {
      try {
        return await Network.compiled(loaded, "webgpu", threads, null);
      } catch (error) {
        const reason = error instanceof PlainError ? error.message : "the network cannot run on this GPU.";
        remark = wanted === "webgpu" ? `Using the CPU: ${reason}` : null;
      }
    }
    try {
      return await Network.compiled(loaded, "wasm", threads, remark);
    } catch (error) {
      if (error instanceof PlainError) {
        throw error;
      }
      throw new PlainError(`${loaded.manifest.file} is not a network that this page can run. Export the network again.`);
    }
  }

  private static async compiled(
    loaded: LoadedModel, processor: Processor, threads: number, remark: string | null,
  ): Promise<Network> {
    const { manifest } = loaded;
    if (processor === "webgpu" && manifest.dtype !== "float32") {
      throw new PlainError("a GPU computes with floats, and this network uses integers. Choose an fp16 network for the GPU.");
    }
    const model = await loadAndCompile(loaded.content, {
      accelerator: processor,
      cpuOptions: { numThreads: threads },
      gpuOptions: { precision: "fp32" }, // means over the photo's thumbnail overflow in 16 bits
    });
    const network = new Network(model, manifest, processor, threads, remark);
    try {
      if (model.options.accelerator !== processor) {
        throw new PlainError("this GPU cannot run all operations of the network.");
      }
      network.checkTensors();
      await network.checkSample(loaded);
    } catch (error) {
      network.close();
      throw error;
    }
    return network;
  }

  /** Run one tile. The manifest describes `image` and `thumbnail`. The caller owns the result. */
  async run(image: Values, thumbnail: Values | null): Promise<Values> {
    const { tile, thumbnail: small } = this.manifest;
    const inputs: Record<string, Tensor> = { image: new Tensor(image, [1, tile, tile, 3]) };
    if (small) {
      inputs.thumbnail = new Tensor(thumbnail!, [1, small, small, 3]);
    }
    try {
      const { enhanced } = await this.model.run(inputs);
      const values = (await enhanced.data()).slice() as Values;
      enhanced.delete();
      return values;
    } finally {
      Object.values(inputs).forEach((tensor) => tensor.delete());
    }
  }

  /** Free the network's memory. */
  close(): void {
    this.model.delete();
  }

  private checkTensors(): void {
    const { file, tile, thumbnail, dtype } = this.manifest;
    const found = new Map(this.model.getInputDetails().map((details) => [details.name, details]));
    const sides: [string, number][] = [["image", tile], ...(thumbnail ? [["thumbnail", thumbnail] as [string, number]] : [])];
    const fits = sides.every(([name, side]) =>
      found.get(name)?.dtype === dtype && String(found.get(name)!.shape) === String([1, side, side, 3]));
    if (!fits || found.size !== sides.length) {
      throw new PlainError(`The inputs of ${file} differ from its manifest. Export the network again.`);
    }
  }

  private async checkSample({ sample, manifest }: LoadedModel): Promise<void> {
    if (!sample) {
      return;
    }
    const tensor = (pixels: Pixels): Values => {
      const bytes = pixels.data.filter((_, i) => i % 4 !== 3);
      const values = emptyValues(manifest.dtype, bytes.length);
      bytes.forEach((byte, i) => (values[i] = manifest.dtype === "float32" ? byte / 255 : byte));
      return values;
    };
    const output = await this.run(tensor(sample.image), sample.thumbnail && tensor(sample.thumbnail));
    const { tile } = manifest;
    const result = keptPixels(output, tile, 0, 0, tile, tile);
    const furthest = result.reduce((most, level, i) => Math.max(most, Math.abs(level - sample.expected.data[i])), 0);
    if (furthest > manifest.sample!.levels + allowance(manifest, this.processor)) {
      const where = this.processor === "webgpu" ? "GPU" : "CPU";
      throw new PlainError(`${manifest.file} gives a wrong result on this ${where}: the sample picture is off by ${furthest} of 255 levels.`);
    }
  }
}

/** Return by how many levels a correct processor may exceed the manifest's limit. */
function allowance({ dtype }: Manifest, processor: Processor): number {
  if (processor === "webgpu") {
    return GPU_LEVELS;
  }
  return dtype === "float32" ? 1 : 8; // other machines use other kernels (docs/deploy.md)
}
