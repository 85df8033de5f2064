/**
 * Keeps the site for use without a network, and adds the headers that threads need where a server
 * sends none.
 */

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

const worker = self as any; // the DOM's types know no service workers
const root: string = worker.registration.scope;
const MINE = `photos ${root} `; // other sites of the same host have their caches beside
const SHELL = `${MINE}shell-${SHELL_VERSION}`;
const WASM = `${MINE}${WASM_FOLDER}`;
const MODELS = `${MINE}models`;

worker.addEventListener("install", (event: any) => event.waitUntil(install()));
worker.addEventListener("activate", (event: any) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event: any) => {
  const { request } = event as { request: Request };
  if (request.method === "GET" && request.url.startsWith(root)) {
    event.respondWith(answer(request));
  }
});

async function install(): Promise<void> {
  const shell = await caches.open(SHELL);
  await shell.addAll(SHELL_FILES.map((file) => new Request(root + file, { cache: "reload" })));
  await firstModel().catch(() => undefined); // a site may have none yet
  await worker.skipWaiting(); // the next load is of the new version, whatever else is open
}

/** Keep the list of networks and the first of them, so that a photo can be enhanced offline at once. */
async function firstModel(): Promise<void> {
  const models = await caches.open(MODELS);
  const folder = `${root}models/`;
  const fresh = (file: string) => new Request(folder + file, { cache: "no-cache" });
  await models.add(fresh("index.json"));
  const index = await (await models.match(`${folder}index.json`))!.json();
  const [first] = index.models;
  if (first) {
    await models.addAll(first.files.map(fresh));
  }
}

async function activate(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(MINE) && ![SHELL, WASM, MODELS].includes(name));
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const path = request.url.slice(root.length).split(/[?#]/)[0];
  const response = path.startsWith("models/") ? await newest(request) : await kept(request, path);
  return isolated(response);
}

/** Networks may be exported anew: from the network if it answers. */
async function newest(request: Request): Promise<Response> {
  const models = await caches.open(MODELS);
  try {
    const response = await fetch(request, { cache: "no-cache" });
    if (response.ok) {
      await keep(models, request, response);
      return response;
    }
    return (await models.match(request)) ?? response;
  } catch (error) {
    return (await models.match(request)) ?? Response.error();
  }
}

/** All else changes with its version only. */
async function kept(request: Request, path: string): Promise<Response> {
  const isWasm = path.startsWith(WASM_FOLDER);
  const cache = await caches.open(isWasm ? WASM : SHELL);
  const found = await cache.match(request, { ignoreSearch: true });
  if (found) {
    return found;
  }
  const response = await fetch(request);
  if (isWasm && response.ok) {
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
