/** What makes the built pages an app: an id of the build in its index, and a service worker that keeps its files. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Plugin, Rolldown } from "vite";

const WORKER = new URL("worker.js", import.meta.url);
const PUBLIC = new URL("../public/", import.meta.url);

export function shell(): Plugin {
  let build = "";
  return {
    name: "parley-shell",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html) {
        // The names in it hold hashes of all that they stand for.
        build = hash([html, readFileSync(WORKER), ...publicFiles().map((name) => readFileSync(new URL(name, PUBLIC)))]);
        return [{ tag: "meta", attrs: { name: "parley-client", content: build }, injectTo: "head" }];
      },
    },
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const files = ["/", ...publicFiles().map((name) => `/${name}`), ...ownFiles(bundle).map((name) => `/${name}`)];
        const source = readFileSync(WORKER, "utf8")
          .replace("__BUILD__", build)
          .replace("__FILES__", JSON.stringify(files, null, 2));
        this.emitFile({ type: "asset", fileName: "sw.js", source });
      },
    },
  };
}

/** Our own code and styles. Large libraries that few pages need, and their fonts, are kept once they were used. */
function ownFiles(bundle: Rolldown.OutputBundle): string[] {
  const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
  const own = new Set<string>();
  const add = (name: string): void => {
    const chunk = chunks.find(({ fileName }) => fileName === name);
    if (!chunk || own.has(name)) return;
    own.add(name);
    chunk.viteMetadata?.importedCss.forEach((css) => own.add(css));
    chunk.imports.forEach(add);
  };
  chunks
    .filter(({ isEntry, facadeModuleId }) => isEntry || facadeModuleId?.includes("/client/src/"))
    .forEach(({ fileName }) => add(fileName));
  return [...own].sort();
}

function publicFiles(): string[] {
  return readdirSync(PUBLIC).sort();
}

function hash(parts: (string | Buffer)[]): string {
  const sum = createHash("sha256");
  parts.forEach((part) => sum.update(part));
  return sum.digest("hex").slice(0, 16);
}
