import { en } from "@/locales/en";
import { zh } from "@/locales/zh";
import { describe, expect, it } from "vitest";
import { createI18n } from "vue-i18n";

type Texts = { [key: string]: string | Texts };

function flatten(texts: Texts, prefix = ""): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === "string" ? [[prefix + key, value] as [string, string]] : flatten(value, `${prefix}${key}.`),
  );
}

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();
}

const english = new Map(flatten(en));
const chinese = new Map(flatten(zh));

describe("locales", () => {
  it("hold the same texts", () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("leave no text empty", () => {
    expect([...english, ...chinese].filter(([, text]) => text.trim() === "")).toEqual([]);
  });

  it.each([...english.keys()])("fill in the same values: %s", (key) => {
    expect(placeholders(chinese.get(key) ?? "")).toEqual(placeholders(english.get(key) ?? ""));
  });

  it("compile, with every character that the library gives a meaning of its own", () => {
    const { t } = createI18n({ legacy: false, locale: "zh", messages: { en, zh } }).global;
    expect(t("errors.fields.username")).toContain("“@”");
    for (const key of english.keys()) expect(t(key)).not.toBe(key);
  });
});
