import { countCodePoints, dropCodePoints } from "@/transcript/codePoints";
import { describe, expect, it } from "vitest";

describe("code points", () => {
  it.each([
    ["", 0],
    ["tide", 4],
    ["潮汐", 2],
    ["🌊", 1],
    ["👨‍👩‍👧", 5],
    ["𠮷野家", 3],
    ["e\u0301", 2],
  ])("counts %j as %i", (text, count) => {
    expect(countCodePoints(text)).toBe(count);
  });

  it("never cuts a pair in two", () => {
    expect(dropCodePoints("🌊海𠮷", 0)).toBe("🌊海𠮷");
    expect(dropCodePoints("🌊海𠮷", 1)).toBe("海𠮷");
    expect(dropCodePoints("🌊海𠮷", 2)).toBe("𠮷");
    expect(dropCodePoints("🌊海𠮷", 9)).toBe("");
  });
});
