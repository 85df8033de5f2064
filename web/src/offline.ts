/** The page's side of the service worker. */

const PATIENCE = 30_000; // ms to fetch the page's files at the first visit; the runtime, fetched next, is 50 times larger
const RELOADED = "reloaded-for-threads";

/**
 * Start the service worker, which makes the page work offline. On a server that sends no headers for
 * threads, the service worker adds them.
 *
 * @param reload called when a reload brings threads or a new version of the page.
 * @returns whether the service worker serves this page from now on, and so keeps later downloads.
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
    // The headers that the service worker adds take effect at the next load.
    if (works && !crossOriginIsolated && !sessionStorage.getItem(RELOADED)) {
      sessionStorage.setItem(RELOADED, "yes");
      reload();
    }
    return works;
  } catch {
    return false; // the user switched service workers off
  }
}

/** Return whether a service worker that is being installed soon serves this page. */
function takenOver({ active, installing }: ServiceWorkerRegistration): Promise<boolean> {
  return new Promise((resolve) => {
    const { serviceWorker } = navigator;
    if (serviceWorker.controller) {
      resolve(true);
    } else if (active?.state === "activated") {
      resolve(false); // a forced reload bypasses the service worker; it serves the next load
    }
    serviceWorker.addEventListener("controllerchange", () => resolve(true));
    installing?.addEventListener("statechange", () => installing.state === "redundant" && resolve(false)); // the installation failed
    setTimeout(() => resolve(false), PATIENCE);
  });
}
