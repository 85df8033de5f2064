/** The page: passes the user's photos and networks to the engine, and results to the viewer. */

import { controls } from "./controls";
import { Engine } from "./engine";
import { Cancelled, PlainError, sentenceFor } from "./errors";
import { droppedModel, offeredModels, type Listed } from "./models";
import type { Processor } from "./network";
import { workOffline } from "./offline";
import { Opener } from "./opener";
import { openPhoto, Result, type Photo } from "./photo";
import type { Opened } from "./protocol";
import { Viewer } from "./viewer";

const page = controls();
const engine = new Engine("worker.js");
const opener = new Opener(engine);
const viewer = new Viewer(page.view, (share) => (page.divider.value = String(Math.round(share * 100))));
const models = new Map<string, Listed>();

let photo: Photo | null = null;
let enhanced: { bitmap: ImageBitmap; jpeg: File; by: string } | null = null;
let running: AbortController | null = null;
let latest: Promise<void> = Promise.resolve();
let listed: Promise<unknown> = Promise.resolve(); // resolves when the site's networks are listed
let choices = 0; // counts chosen photos: a slow photo must not replace a later one
let used = false; // the user chose something or has a picker open; a reload would lose the choice

/** Return the chosen network and processor as one string. */
const choice = () => `${page.model.value} ${page.processor.value}`;

/** Open the chosen network. */
async function openModel(): Promise<Opened> {
  const model = models.get(page.model.value);
  if (!model) {
    throw new PlainError("This site offers no network. Add your own.");
  }
  return opener.open(model, page.processor.value as Processor | "auto");
}

/** Report the network as ready, or the error, unless the user chose something else meanwhile. */
async function announce(): Promise<void> {
  const by = choice();
  const current = () => by === choice() && !running;
  try {
    page.say("Loading the network…");
    const ready = await openModel();
    if (current()) {
      page.say(`Ready: ${describe(ready)}.${ready.remark ? ` ${ready.remark}` : ""}`);
      page.root.dataset.state = "ready";
    }
  } catch (error) {
    if (current() && !(error instanceof Cancelled)) {
      complain(error);
    }
  }
}

function describe({ processor, threads }: Opened): string {
  const what = processor === "webgpu" ? "GPU" : `CPU, ${threads} thread${threads === 1 ? "" : "s"}`;
  return `${page.modelName()} on ${what}`;
}

/** Show a photo, and enhance it. */
async function choose(file: File): Promise<void> {
  choices += 1;
  const mine = choices;
  await stop();
  page.clearError();
  page.say("Opening the photo…");
  try {
    const next = await openPhoto(file);
    if (mine !== choices) {
      next.bitmap.close();
      return;
    }
    forgetResult();
    photo?.bitmap.close();
    photo = next;
    viewer.show(next.bitmap);
    page.showPhoto(next.name, next.bitmap);
  } catch (error) {
    if (mine === choices) {
      complain(error);
    }
    return;
  }
  await enhance();
}

/** Enhance the shown photo. A new call stops the last one. */
function enhance(): Promise<void> {
  latest = stop().then(run);
  return latest;
}

async function run(): Promise<void> {
  if (!photo) {
    return;
  }
  const { bitmap } = photo;
  const stopper = (running = new AbortController());
  let result: Result | null = null;
  page.clearError();
  page.working(true);
  page.offer(false);
  forgetResult();
  try {
    const { signal } = stopper;
    result = new Result(photo);
    page.say("Loading the network…");
    await unlessAborted(listed, signal); // the user may choose a photo before the networks are listed
    const by = choice();
    const ready = await unlessAborted(openModel(), signal);
    viewer.begin();
    page.say("Enhancing…");
    const seconds = await engine.enhance(bitmap, (part) => {
      if (!signal.aborted) {
        result!.add(part);
        viewer.add(result!.source, part);
        page.progress(part.progress);
      }
    }, signal);
    const jpeg = await unlessAborted(result.jpeg(), signal);
    const finished = await result.bitmap();
    if (signal.aborted) {
      finished.close();
      throw new Cancelled();
    }
    enhanced = { bitmap: finished, jpeg, by };
    viewer.finish(enhanced.bitmap);
    // Pages that embed this one, and tests, get the result without JPEG's loss.
    document.dispatchEvent(new CustomEvent("enhanced", { detail: enhanced.bitmap }));
    const megapixels = (bitmap.width * bitmap.height) / 1e6;
    page.say(
      `${bitmap.width}×${bitmap.height} in ${seconds.toFixed(seconds < 10 ? 1 : 0)} s: ` +
      `${(megapixels / seconds).toPrecision(2)} megapixels a second (${describe(ready)}).` +
      `${ready.remark ? ` ${ready.remark}` : ""}`,
    );
  } catch (error) {
    viewer.finish(null);
    if (stopper.signal.aborted || error instanceof Cancelled) {
      page.say("Cancelled.");
    } else {
      complain(error);
    }
  } finally {
    result?.close();
    running = null;
    page.working(false);
    page.showResult(enhanced?.jpeg ?? null);
    page.offer(!enhanced);
  }
}

/** Return the work's result, or throw Cancelled as soon as the signal aborts. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Cancelled());
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    if (signal.aborted) {
      abort();
    }
  });
}

/** Stop the running enhancement, and wait for its end. */
async function stop(): Promise<void> {
  running?.abort();
  await latest;
}

function forgetResult(): void {
  enhanced?.bitmap.close();
  enhanced = null;
  viewer.finish(null);
  page.showResult(null);
}

function complain(error: unknown): void {
  page.say("");
  page.complain(sentenceFor(error));
}

/** Take photos or networks that the user dropped or picked. */
async function take(files: File[]): Promise<void> {
  used = true;
  if (!files.some((file) => /\.(tflite|json)$/i.test(file.name))) {
    const [first] = files;
    return first && choose(first);
  }
  page.clearError();
  try {
    const model = await droppedModel(files);
    await listed;
    models.set(model.id, model);
    page.addModel(model.id, model.label, true);
    if (enhanced) {
      enhanced.by = ""; // the new network may have the same name
    }
    await reopen();
  } catch (error) {
    complain(error);
  }
}

/** Open the network again after the user chose another network or processor. */
async function reopen(): Promise<void> {
  used = true;
  await stop();
  page.clearError();
  await announce();
  page.offer(!running && photo !== null && enhanced?.by !== choice());
}

async function start(): Promise<void> {
  page.connect({
    choosing: () => {
      used = true;
    },
    choose: take,
    enhance,
    cancel: () => running?.abort(),
    reopen,
    divide: (share) => viewer.divide(share),
    zoom: { in: () => viewer.zoomIn(), out: () => viewer.zoomOut(), fit: () => viewer.fit(), actual: () => viewer.actualSize() },
    result: () => enhanced?.jpeg ?? null,
  });
  const offline = workOffline(() => used || location.reload());
  listed = offline.then(listModels);
  await listed;
  if (!running) {
    await announce();
  }
  page.root.dataset.offline = String(await offline);
}

async function listModels(): Promise<void> {
  for (const model of await offeredModels()) {
    models.set(model.id, model);
    page.addModel(model.id, model.label, false);
  }
}

start().catch(complain);
