/** The page's side of the service worker. */

const PATIENCE = 8000; // ms for the first visit to fetch all that works offline
const RELOADED = "reloaded-for-threads";

/**
 * Start what makes the page work offline, and, on a server that sends no headers for it, with threads.
 *
 * @returns whether the page is served by it from now on: what is fetched later is kept too.
 */
export async function workOffline(): Promise<boolean> {
  const { serviceWorker } = navigator;
  if (!serviceWorker) {
    return false; // not a secure context
  }
  const controlled = new Promise<boolean>((resolve) => {
    if (serviceWorker.controller) {
      resolve(true);
    }
    serviceWorker.addEventListener("controllerchange", () => resolve(true));
    setTimeout(() => resolve(false), PATIENCE);
  });
  try {
    await serviceWorker.register("service_worker.js");
    const works = await controlled;
    // The service worker adds the headers; they count from the next load on.
    if (works && !crossOriginIsolated && !sessionStorage.getItem(RELOADED)) {
      sessionStorage.setItem(RELOADED, "yes");
      location.reload();
    }
    return works;
  } catch {
    return false; // switched off by the person
  }
}
