/**
 * Keeps the site for use without a network, and adds the headers that threads need where a server
 * sends none.
 */

import { sha256 } from "./checksum";
import { versioned, type Files, type Index } from "./model_index";

const PATIENCE = 3000; // ms for a server to say which networks there are, before the list that is kept is used

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

const worker = self as any;
const root: string = worker.registration.scope;
const MINE = `photos ${root} `; // other sites of the same host have their caches beside
const SHELL = `${MINE}shell-${SHELL_VERSION}`;
const WASM = `${MINE}${WASM_FOLDER}`;
const MODELS = `${MINE}models`;
const FOLDER = `${root}models/`;
const INDEX = `${FOLDER}index.json`;

/** What the DOM's types lack. */
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
  await fetch(INDEX, { cache: "no-cache" }).then(keepIndex).catch(() => undefined); // a site may have none yet
  await worker.skipWaiting(); // the next load is of the new version, whatever else is open
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
    return kept(request, MODELS, isMeant);
  }
  return path.startsWith(WASM_FOLDER) ? kept(request, WASM, isThere) : kept(request, SHELL, never);
}

/** The list of networks may change: from the server, if it answers soon. */
async function newest(event: FetchEvent): Promise<Response> {
  const models = await caches.open(MODELS);
  const old = await models.match(INDEX);
  const fresh = fetch(event.request, { cache: "no-cache" });
  event.waitUntil(fresh.then((response) => keepIndex(response.clone())).catch(() => undefined));
  if (!old) {
    return fresh.catch(() => Response.error());
  }
  const isList = async (response: Response) => response.ok && Boolean(await response.clone().json());
  const orOld = fresh.then(async (response) => ((await isList(response)) ? response : old)).catch(() => old);
  return Promise.race([orOld, new Promise<Response>((resolve) => setTimeout(resolve, PATIENCE, old))]);
}

/**
 * Keep the list of networks, and the first of them: a photo can be enhanced offline at once. What
 * it does not list goes; but nothing does before that first network is there.
 */
async function keepIndex(response: Response): Promise<void> {
  if (!response.ok) {
    return;
  }
  const { models } = (await response.clone().json()) as Index;
  const cache = await caches.open(MODELS);
  const known = new Set((await cache.keys()).map(({ url }) => url));
  const first = models.length ? addresses(models[0].files) : [];
  await Promise.all(first.map((address) => known.has(address) || fetchFile(cache, address)));
  await cache.put(INDEX, response);
  const listed = new Set([INDEX, ...models.flatMap(({ files }) => addresses(files))]);
  const unlisted = [...known].filter((address) => !listed.has(address));
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

/** Whether a file of a network is the one that the list means: not one of another export, nor a page about an error. */
async function isMeant(request: Request, response: Response): Promise<boolean> {
  const sum = new URL(request.url).search.slice(1);
  return response.ok && sum !== "" && (await sha256(await response.clone().arrayBuffer())).startsWith(sum);
}

function addresses(files: Files): string[] {
  return Object.keys(files).map((name) => FOLDER + versioned(name, files));
}

type Keeps = (request: Request, response: Response) => Promise<boolean>;
const isThere: Keeps = async (_, { ok }) => ok;
const never: Keeps = async () => false;

/**
 * What never changes under its address.
 *
 * @param keeps whether to keep what is not kept yet.
 */
async function kept(request: Request, name: string, keeps: Keeps): Promise<Response> {
  const cache = await caches.open(name);
  const found = await cache.match(request, { ignoreSearch: name === SHELL });
  if (found) {
    return found;
  }
  const response = await fetch(request);
  if (await keeps(request, response)) {
    await keep(cache, request, response);
  }
  return response;
}

/** Keep a copy; a device that is full uses what was fetched all the same. */
async function keep(cache: Cache, request: Request, response: Response): Promise<void> {
  await cache.put(request, response.clone()).catch((error) => {
    if (error.name !== "QuotaExceededError") {
      throw error; // the connection broke off
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
