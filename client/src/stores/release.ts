import { ownBuild, servedBuild } from "@/http/build";
import { defineStore } from "pinia";
import { ref } from "vue";

/** Whether there is a newer page than this one. It is offered, and never taken without being asked for. */
export const useRelease = defineStore("release", () => {
  const own = ownBuild();
  const newer = ref(false);

  /** What a server says of its build is a reason to look: while servers are replaced it may be the older one. */
  async function heard(build: string | undefined): Promise<void> {
    if (own !== null && build !== undefined && build !== own) await look();
  }

  async function look(): Promise<void> {
    const served = await servedBuild();
    if (served !== null && own !== null && served !== own) newer.value = true;
  }

  return { newer, heard, look };
});
