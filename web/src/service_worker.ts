/**
 * Keeps the site for offline use. Adds the headers for threads if the server does not send them.
 */

import { sha256 } from "./checksum";
import { readIndex, versioned, type Files } from "./model_index";

const PATIENCE = 3000; // ms to wait for new networks from a server before the page uses the kept ones

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

const worker = self as any;
const root: string = worker.registration.scope;
const MINE = `photos ${root} `; // other sites on the same host have caches too
const SHELL = `${MINE}shell-${SHELL_VERSION}`;
const WASM = `${MINE}${WASM_FOLDER}`;
const MODELS = `${MINE}models`;
const FOLDER = `${root}models/`;
const INDEX = `${FOLDER}index.json`;

/** The event's type, which TypeScript's DOM types lack. */
interface FetchEvent extends Event {
  request: Request;
  respondWith(response: Promise<Response>): void;
  waitUntil(work: Promise<unknown>): void;
}

worker.addEventListener("install", (event: any) => event.waitUntil(install()));
worker.addEventListener("activate", (event: any) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event: FetchEvent) => {
  if (event.request.method === "GET" && event.request.url.startsWith(root)) {
    event.respondWith(answer(event).then(isolated));
  }
});

async function install(): Promise<void> {
  const shell = await caches.open(SHELL);
  await shell.addAll(SHELL_FILES.map((file) => new Request(root + file, { cache: "reload" })));
  await fetch(INDEX, { cache: "no-cache" }).then(takeOver).catch(() => undefined); // a site may have no networks yet
  await worker.skipWaiting(); // the next load shows the new version, even with other tabs open
}

async function activate(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(MINE) && ![SHELL, WASM, MODELS].includes(name));
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

function answer(event: FetchEvent): Promise<Response> {
  const { request } = event;
  const path = request.url.slice(root.length);
  if (request.url === INDEX) {
    return newest(event);
  }
  if (path.startsWith("models/")) {
    return networkFile(request);
  }
  return path.startsWith(WASM_FOLDER) ? kept(request, WASM, isThere) : kept(request, SHELL, () => false);
}

/** Return the new list of networks if its networks arrive soon, else the kept list. */
async function newest(event: FetchEvent): Promise<Response> {
  const old = await caches.open(MODELS).then((models) => models.match(INDEX));
  const fresh = fetch(event.request, { cache: "no-cache" });
  const taken = fresh.then(async (response) => {
    await takeOver(response.clone());
    return response;
  });
  event.waitUntil(taken.catch(() => undefined));
  if (!old) {
    return fresh.catch(() => Response.error());
  }
  return Promise.race([taken.catch(() => old), new Promise<Response>((resolve) => setTimeout(resolve, PATIENCE, old))]);
}

/**
 * Keep a list of networks, and the networks for offline use: the first, and all that were kept before.
 * A page may still work with the last list, so only files that neither list names are deleted.
 *
 * @throws if the response is no list, or if a file is missing. Then all kept files stay.
 */
async function takeOver(response: Response): Promise<void> {
  const { models } = readIndex(response.ok && (await response.clone().json()));
  const cache = await caches.open(MODELS);
  const last = await cache.match(INDEX);
  const known = (await cache.keys()).map(({ url }) => url);
  const names = new Set(known.map(withoutSum));
  const offline = models.filter(({ manifest }, i) => i === 0 || names.has(FOLDER + encodeURIComponent(manifest)));
  const wanted = new Set(offline.flatMap(addresses));
  await Promise.all([...wanted].filter((address) => !known.includes(address)).map((address) => fetchFile(cache, address)));
  await cache.put(INDEX, response);
  const before = last ? readIndex(await last.json()).models : [];
  const listed = new Set([INDEX, ...[...models, ...before].flatMap(addresses)]);
  const unlisted = known.filter((address) => !listed.has(address));
  await Promise.all(unlisted.map((address) => cache.delete(address)));
}

async function fetchFile(cache: Cache, address: string): Promise<void> {
  const request = new Request(address, { cache: "no-cache" });
  const response = await fetch(request);
  if (!(await isMeant(request, response))) {
    throw new Error(`${address}: another content`);
  }
  await cache.put(request, response);
}

/** Return whether a response is the listed file, and not another export's file or an error page. */
async function isMeant(request: Request, response: Response): Promise<boolean> {
  const sum = new URL(request.url).search.slice(1);
  return response.ok && sum !== "" && (await sha256(await response.clone().arrayBuffer())).startsWith(sum);
}

function addresses({ files }: { files: Files }): string[] {
  return Object.keys(files).map((name) => FOLDER + versioned(name, files));
}

function withoutSum(address: string): string {
  return address.split("?")[0];
}

/** Return a file of a network, and keep the file for later. */
async function networkFile(request: Request): Promise<Response> {
  const cache = await caches.open(MODELS);
  const found = await cache.match(request);
  if (found) {
    return found;
  }
  const response = await fetch(request);
  if (await isMeant(request, response)) {
    await cache.put(request, response.clone()).catch(() => undefined); // the device is full
  }
  return response;
}

/**
 * Return a file that changes only with the site's version.
 *
 * @param keeps returns whether to keep a newly fetched file.
 */
async function kept(request: Request, name: string, keeps: (response: Response) => boolean): Promise<Response> {
  const cache = await caches.open(name);
  const found = await cache.match(request, { ignoreSearch: true });
  if (found) {
    return found;
  }
  const response = await fetch(request);
  if (keeps(response)) {
    await keep(cache, request, response);
  }
  return response;
}

/** Return whether a response is the file, and not the page that some hosts send for a missing file. */
function isThere({ ok, headers }: Response): boolean {
  return ok && !headers.get("Content-Type")?.startsWith("text/html");
}

/** Keep a copy of a file. On a full device the page uses the file without keeping it. */
async function keep(cache: Cache, request: Request, response: Response): Promise<void> {
  await cache.put(request, response.clone()).catch((error) => {
    if (error.name !== "QuotaExceededError") {
      throw error; // the connection failed
    }
  });
}

function isolated(response: Response): Response {
  if (response.type === "error" || response.type === "opaque") {
    return response;
  }
  const headers = new Headers(response.headers);
  Object.entries(ISOLATION).forEach(([name, value]) => headers.set(name, value));
  const { status, statusText } = response;
  return new Response(status === 304 ? null : response.body, { status, statusText, headers });
}
