// @vitest-environment happy-dom
import { useLink } from "@/stores/link";
import { useModels } from "@/stores/models";
import { usePreferences } from "@/stores/preferences";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";

beforeEach(() => {
  localStorage.clear();
  setActivePinia(createPinia());
});

describe("preferences", () => {
  it("follow the browser until someone chooses", () => {
    vi.spyOn(navigator, "language", "get").mockReturnValue("zh-TW");
    const preferences = usePreferences();
    expect(preferences.language).toBe("zh");
    expect(preferences.theme).toBe("system");
  });

  it("are kept for the next first paint, as public/theme.js reads them", async () => {
    const preferences = usePreferences();
    await preferences.set("theme", "dark");
    await preferences.set("language", "zh");
    expect(localStorage.getItem("parley.theme")).toBe("dark");
    expect(localStorage.getItem("parley.language")).toBe("zh");
    expect(preferences.dark).toBe(true);
  });

  it("are told to the server when there is one", async () => {
    const link = useLink();
    const request = vi.spyOn(link, "request").mockResolvedValue({});
    await usePreferences().set("theme", "dark");
    expect(request).not.toHaveBeenCalled();
    link.status = "ready";
    await usePreferences().set("theme", "light");
    expect(request).toHaveBeenCalledWith({ type: "settings", key: "theme", value: "light" });
  });

  it("of size and send key are the account's, and kept for the next first paint", async () => {
    const preferences = usePreferences();
    await preferences.set("text_size", "huge");
    preferences.apply("send_key", "command");
    expect([preferences.textSize, preferences.sendKey]).toEqual(["huge", "command"]);
    expect(localStorage.getItem("parley.text_size")).toBe("huge");
    setActivePinia(createPinia());
    expect([usePreferences().textSize, usePreferences().sendKey]).toEqual(["huge", "command"]);
    usePreferences().apply("text_size", null);
    expect(usePreferences().textSize).toBe("normal");
    expect(localStorage.getItem("parley.text_size")).toBeNull();
  });

  it("of the account alone are nobody else's", () => {
    const preferences = usePreferences();
    preferences.replaceAll({ system_prompt: "Be brief.", default_model: "m" });
    expect(preferences.systemPrompt).toBe("Be brief.");
    preferences.replaceAll({});
    expect([preferences.systemPrompt, preferences.defaultModel]).toEqual(["", null]);
    expect(localStorage.length).toBe(0);
  });

  it("take what the account says, and no nonsense", () => {
    const preferences = usePreferences();
    preferences.replaceAll({ language: "zh", theme: "neon", text_size: 7, send_key: "space", default_model: 7, "something.new": true });
    expect(preferences.language).toBe("zh");
    expect(preferences.theme).toBe("system");
    expect([preferences.textSize, preferences.sendKey]).toEqual(["normal", "enter"]);
    expect(preferences.defaultModel).toBeNull();
  });
});

describe("models", () => {
  const model = (id: string, demo = false) => ({ id, name: id, provider: "", context_tokens: null, demo });

  it("prefer what was chosen, then the default, then a real one to the demo", () => {
    const models = useModels();
    const preferences = usePreferences();
    models.all = [model("demo", true), model("real"), model("other")];
    expect(models.forNewChat?.id).toBe("real");
    preferences.apply("default_model", "other");
    expect(models.forNewChat?.id).toBe("other");
    models.chosen = "demo";
    expect(models.forNewChat?.id).toBe("demo");
    preferences.apply("default_model", "gone");
    models.chosen = "gone";
    expect(models.forNewChat?.id).toBe("real");
    expect(models.onlyDemo).toBe(false);
  });
});
