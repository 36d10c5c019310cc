import App from "@/App.vue";
import { i18n, speak } from "@/i18n";
import { router } from "@/router";
import { usePreferences } from "@/stores/preferences";
import { useRelease } from "@/stores/release";
import "@/styles/main.css";
import { createPinia } from "pinia";
import { createApp } from "vue";

const app = createApp(App).use(createPinia()).use(i18n).use(router);
// Meanwhile the router asks who this is, and fetches the view.
speak(usePreferences().language).then(
  () => app.mount("#app"),
  // Nothing can be said yet, not even that something is wrong.
  () => setTimeout(() => location.reload(), 2_000),
);

// A part that is loaded late and is gone: there is another build since. Its own message would help nobody.
addEventListener("vite:preloadError", () => void useRelease().look());

// Browsers have it on safe addresses only. While developing there is none to be registered.
if (import.meta.env.PROD && "serviceWorker" in navigator) {
  // Without it everything works, as long as there is a network.
  navigator.serviceWorker.register("/sw.js").catch(() => undefined);
}
