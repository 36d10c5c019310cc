import { describe, expect, it } from "vitest";
import { contrast } from "../../frames/legible";

describe("contrast", () => {
  it("is WCAG's, whichever comes first", () => {
    expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
    expect(contrast([255, 255, 255], [0, 0, 0])).toBeCloseTo(21);
    expect(contrast([119, 119, 119], [255, 255, 255])).toBeCloseTo(4.48, 2);
  });
});
