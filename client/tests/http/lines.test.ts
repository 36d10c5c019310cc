import { lineReader } from "@/http/lines";
import { expect, it } from "vitest";

it("hands on whole values, however the text is cut", () => {
  const text = '{"done":1}\n{"title":"潮汐 🌊"}\n\n[3]\n';
  for (const size of [1, 2, 7, text.length]) {
    const taken: unknown[] = [];
    const read = lineReader((value) => taken.push(value));
    for (let at = 0; at < text.length; at += size) read(text.slice(at, at + size));
    expect(taken).toEqual([{ done: 1 }, { title: "潮汐 🌊" }, [3]]);
  }
});

it("keeps back what has no end yet", () => {
  const taken: unknown[] = [];
  lineReader((value) => taken.push(value))('{"done":1}\n{"done":2}');
  expect(taken).toEqual([{ done: 1 }]);
});
