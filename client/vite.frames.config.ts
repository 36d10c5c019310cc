/** The pages that the client frames, built before it and apart from it: they share nothing, and its first load stays small. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { packed } from "./shell/packed.ts";

export default defineConfig({
  plugins: [packed()],
  publicDir: false,
  logLevel: "warn",
  resolve: { alias: { "@": fileURLToPath(new URL("src", import.meta.url)) } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    emptyOutDir: true,
    // Mermaid's parser is one piece.
    chunkSizeWarningLimit: 700,
    rolldownOptions: { input: ["frames/diagram.html", "frames/picture.html"] },
  },
});
