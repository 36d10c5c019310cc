/**
 * Beside what is text in a build, the same as brotli and as gzip. As small as it gets takes seconds, which a server that is
 * asked has not got, and a build has.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import type { Plugin } from "vite";

const TEXT = /\.(css|html|js|json|svg|webmanifest)$/;
/** Bytes. Less fits into one packet anyway. */
const WORTH_PACKING = 1024;
const PACKERS = { br: promisify(brotliCompress), gz: promisify(gzip) };

export function packed(): Plugin {
  return {
    name: "parley-packed",
    apply: "build",
    async writeBundle({ dir = "" }, bundle) {
      const files = Object.keys(bundle).filter((name) => TEXT.test(name));
      await Promise.all(files.map((name) => packFile(join(dir, name))));
    },
  };
}

async function packFile(path: string): Promise<void> {
  const plain = await readFile(path);
  if (plain.length < WORTH_PACKING) return;
  await Promise.all(Object.entries(PACKERS).map(async ([ending, pack]) => writeFile(`${path}.${ending}`, await pack(plain))));
}
