import type { Preset } from "@/protocol/frames.gen";
import { byName } from "@/stores/byName";
import { useLink } from "@/stores/link";
import { defineStore } from "pinia";
import { computed, shallowRef } from "vue";

/** What is typed, however it is typed: full width, upper case, composed of parts. */
const plain = (text: string) => text.normalize("NFKC").toLowerCase().trim();

/** The prompts that the user keeps. */
export const usePresets = defineStore("presets", () => {
  const link = useLink();
  const all = shallowRef<Preset[]>([]);
  const sorted = computed(() => byName(all.value));

  /** Those whose name holds the query; first those that begin with it. */
  function matching(query: string): Preset[] {
    const wanted = plain(query);
    const places = new Map(sorted.value.map((preset) => [preset, plain(preset.name).indexOf(wanted)]));
    const found = sorted.value.filter((preset) => places.get(preset) !== -1);
    return [...found.filter((preset) => places.get(preset) === 0), ...found.filter((preset) => places.get(preset) !== 0)];
  }

  async function save(preset: { id: string | null; name: string; text: string }): Promise<void> {
    await link.request({ type: "preset.save", preset: preset.id, name: preset.name, text: preset.text });
  }

  async function remove(id: string): Promise<void> {
    await link.request({ type: "preset.delete", preset: id });
  }

  return { all, sorted, matching, save, remove };
});
