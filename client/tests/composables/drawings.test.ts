import type { Picture } from "@/composables/diagramFrame";
import { draw, knownDrawing, MAX_SOURCE } from "@/composables/drawings";
import { beforeEach, describe, expect, it, vi } from "vitest";

const drawInFrame = vi.hoisted(() => vi.fn<(source: string, dark: boolean) => Promise<Picture | null>>());
vi.mock("@/composables/diagramFrame", () => ({ drawInFrame }));

const picture = { svg: '<svg id="潮"/>', width: 20, height: 10, words: ["潮"] };

beforeEach(() => {
  drawInFrame.mockReset();
  drawInFrame.mockResolvedValue(picture);
});

describe("drawings", () => {
  it("are made once for each source and theme, also when several ask at once", async () => {
    const drawings = await Promise.all([draw("once", false), draw("once", false), draw("once", true)]);
    expect(drawInFrame.mock.calls).toEqual([
      ["once", false],
      ["once", true],
    ]);
    expect(await draw("once", false)).toBe(drawings[0]);
    expect(knownDrawing("once", false)).toBe(drawings[0]);
    expect(drawInFrame).toHaveBeenCalledTimes(2);
  });

  it("are images that hold all of themselves", async () => {
    const drawing = await draw("image", false);
    expect(drawing).toEqual({
      address: "data:image/svg+xml,%3Csvg%20id%3D%22%E6%BD%AE%22%2F%3E", width: 20, height: 10, words: ["潮"],
    });
  });

  it("are not tried again where the source is at fault", async () => {
    drawInFrame.mockResolvedValueOnce(null);
    expect(await draw("faulty", false)).toBeNull();
    expect(knownDrawing("faulty", false)).toBeNull();
    expect(await draw("faulty", false)).toBeNull();
    expect(drawInFrame).toHaveBeenCalledTimes(1);
  });

  it("are tried again where the frame was", async () => {
    drawInFrame.mockRejectedValueOnce(new Error("no frame"));
    await expect(draw("unlucky", false)).rejects.toThrow("no frame");
    expect(knownDrawing("unlucky", false)).toBeUndefined();
    expect(await draw("unlucky", false)).not.toBeNull();
  });

  it("do not come of sources that are too large", async () => {
    expect(await draw("x".repeat(MAX_SOURCE + 1), false)).toBeNull();
    expect(drawInFrame).not.toHaveBeenCalled();
  });

  it("are not all kept for ever", async () => {
    await draw("early", false);
    for (let number = 0; number < 100; number += 1) await draw(`later ${number}`, false);
    expect(knownDrawing("early", false)).toBeUndefined();
    expect(knownDrawing("later 99", false)).toBeDefined();
  });
});
