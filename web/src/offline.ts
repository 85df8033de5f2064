/** The page's side of the service worker. */

const PATIENCE = 30_000; // ms for the first visit to fetch the page's files; the runtime, fetched next, is 50 times as much
const RELOADED = "reloaded-for-threads";

/**
 * Start what makes the page work offline, and, on a server that sends no headers for it, with threads.
 *
 * @param reload called where a reload brings threads, or a new version whose files replaced the page's own.
 * @returns whether the page is served by it from now on: what is fetched later is kept too.
 */
export async function workOffline(reload: () => void): Promise<boolean> {
  const { serviceWorker } = navigator;
  if (!serviceWorker) {
    return false; // not a secure context
  }
  const { controller } = serviceWorker;
  if (controller) {
    serviceWorker.addEventListener("controllerchange", reload, { once: true });
  }
  try {
    const registration = await serviceWorker.register("service_worker.js");
    const works = controller !== null || (await takenOver(registration));
    // The service worker adds the headers; they count from the next load on.
    if (works && !crossOriginIsolated && !sessionStorage.getItem(RELOADED)) {
      sessionStorage.setItem(RELOADED, "yes");
      reload();
    }
    return works;
  } catch {
    return false; // switched off by the person
  }
}

/** Whether a service worker that is being installed soon serves this page. */
function takenOver({ active, installing }: ServiceWorkerRegistration): Promise<boolean> {
  return new Promise((resolve) => {
    const { serviceWorker } = navigator;
    if (serviceWorker.controller) {
      resolve(true);
    } else if (active?.state === "activated") {
      resolve(false); // a forced reload goes past it; it serves the next load
    }
    serviceWorker.addEventListener("controllerchange", () => resolve(true));
    installing?.addEventListener("statechange", () => installing.state === "redundant" && resolve(false)); // it failed
    setTimeout(() => resolve(false), PATIENCE);
  });
}
