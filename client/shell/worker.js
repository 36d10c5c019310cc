/*
 * The service worker: what makes the page open without a network. It keeps the files of one build, the one that it was
 * made with, and asks the network first for every page, so that nobody who is online ever sees an old one.
 *
 * It takes over when no page of the build before it is open any more, and only then throws that build's files away: a
 * page that stays open over an upgrade still finds the parts that it loads late. /api and /ws are none of its business.
 *
 * It also is the one place for all pages of a browser from which a notice is shown (src/stores/notices.ts).
 */
const BUILD = "__BUILD__";
const FILES = __FILES__;
const PAGES_OF_THE_SERVER = /^\/(api|ws|s|frames|healthz|readyz|metrics)(\/|$)/;

const cacheName = `parley ${BUILD}`;
const kept = new Set(FILES);
let telling = Promise.resolve();

self.addEventListener("install", (event) => {
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || PAGES_OF_THE_SERVER.test(url.pathname)) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(asset(request));
  else if (kept.has(url.pathname)) event.respondWith(networkFirst(request));
});

self.addEventListener("message", (event) => {
  if (event.data?.type !== "notice") return;
  // One after the other: the pages of a browser ask at the same moment.
  telling = telling.catch(() => undefined).then(() => tell(event.data));
  event.waitUntil(telling);
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data));
});

/** All of one build, or nothing: while servers are upgraded one by one, the page may come from another than the rest. */
async function keep() {
  const cache = await caches.open(cacheName);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
  const index = await (await cache.match("/")).text();
  if (!index.includes(BUILD)) throw new Error("The page belongs to another build; the next visit tries again.");
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== cacheName).map((name) => caches.delete(name)));
}

/** A proxy whose server is down answers, too: with a page of its own, on which nothing would happen any more. */
async function page(request) {
  try {
    const response = await fetch(request);
    if (![502, 503, 504].includes(response.status)) return response;
    return (await caches.match("/", { cacheName })) ?? response;
  } catch (error) {
    return (await caches.match("/", { cacheName })) ?? Promise.reject(error);
  }
}

/** Its name has a hash of what is in it: what was once fetched stays right. */
async function asset(request) {
  const found = await caches.match(request);
  if (found) return found;
  const response = await fetch(request);
  if (response.ok) {
    const cache = await caches.open(cacheName);
    await cache.put(request, response.clone());
  }
  return response;
}

async function networkFirst(request) {
  try {
    return await fetch(request);
  } catch (error) {
    return (await caches.match(request, { cacheName })) ?? Promise.reject(error);
  }
}

function pages() {
  return self.clients.matchAll({ type: "window", includeUncontrolled: true });
}

/** Pages that do not know of each other may ask for the same; and while one of them is in sight, it shows enough. */
async function tell(notice) {
  const { title, body, turn: tag } = notice;
  if ((await pages()).some(({ visibilityState }) => visibilityState === "visible")) return;
  if ((await self.registration.getNotifications({ tag })).length > 0) return;
  await self.registration.showNotification(title, { body, tag, data: notice, icon: "/icon-192.png" });
}

/** In a page that shows the conversation already, or else in any, or else in a new one. */
async function show(notice) {
  const path = `/c/${notice.conversation}`;
  const open = await pages();
  const page = open.find(({ url }) => new URL(url).pathname === path) ?? open[0];
  if (!page) return self.clients.openWindow(path);
  page.postMessage(notice);
  await page.focus();
}
