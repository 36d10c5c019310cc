// @vitest-environment happy-dom
import { frameFor, isElsewhere } from "@/composables/pictures";
import { describe, expect, it } from "vitest";

describe("pictures", () => {
  it("of this page are no other site's", () => {
    location.href = "http://parley.test/c/1";
    expect(isElsewhere("https://example.org/a.png")).toBe(true);
    expect(isElsewhere("http://parley.test:8000/a.png")).toBe(true);
    expect(isElsewhere("http://parley.test/files/a.png")).toBe(false);
    expect(isElsewhere("/files/a.png")).toBe(false);
    expect(isElsewhere("data:image/png,x")).toBe(false);
  });

  it("of other sites are told to the frame behind the #, which no server sees", () => {
    const address = frameFor({ address: "https://example.org/a.png?b=1&c=2#d", title: "Picture", alt: "潮 & sea" });
    const { pathname, search, hash } = new URL(address, "http://parley.test");
    expect([pathname, search]).toEqual(["/frames/picture.html", ""]);
    expect(Object.fromEntries(new URLSearchParams(hash.slice(1)))).toEqual({
      address: "https://example.org/a.png?b=1&c=2#d", alt: "潮 & sea",
    });
  });
});
