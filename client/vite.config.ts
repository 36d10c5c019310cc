import tailwindcss from "@tailwindcss/vite";
import vue from "@vitejs/plugin-vue";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { packed } from "./shell/packed.ts";
import { shell } from "./shell/plugin.ts";

const server = "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [vue(), tailwindcss(), shell(), packed()],
  resolve: { alias: { "@": fileURLToPath(new URL("src", import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: "false",
    __VUE_I18N_FULL_INSTALL__: "false",
    __VUE_I18N_LEGACY_API__: "false",
    __INTLIFY_PROD_DEVTOOLS__: "false",
    __INTLIFY_DROP_MESSAGE_COMPILER__: "false",
  },
  // The Content-Security-Policy allows fonts and styles from files of this origin alone: nothing becomes a data: address.
  // The pages in frames are there already, and the server looks for what is new when the index is.
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    emptyOutDir: false,
    // What every first load needs is one file, however many of the later parts need a piece of it, too: thirty small ones
    // compress badly, and each comes with its headers.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "index", tags: ["$initial"] }] } } },
  },
  // The Host header stays what the browser sent, so that the server's check of the Origin holds here too.
  server: { proxy: { "/api": server, "/s/": server, "/ws": { target: server, ws: true } } },
  test: { include: ["tests/**/*.test.ts"], restoreMocks: true },
});
