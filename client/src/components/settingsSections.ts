import { BookText, Database, Keyboard, MessageSquare, MonitorSmartphone, SlidersHorizontal, UserRound } from "@lucide/vue";
import { defineAsyncComponent, type Component } from "vue";

/** What the settings have, in this order. Each section comes when it is looked at first; its title is a text of its own. */
export const SECTIONS = [
  { id: "general", icon: SlidersHorizontal, view: lazy(() => import("@/components/SettingsGeneral.vue")) },
  { id: "chat", icon: MessageSquare, view: lazy(() => import("@/components/SettingsChat.vue")) },
  { id: "presets", icon: BookText, view: lazy(() => import("@/components/SettingsPresets.vue")) },
  { id: "account", icon: UserRound, view: lazy(() => import("@/components/SettingsAccount.vue")) },
  { id: "devices", icon: MonitorSmartphone, view: lazy(() => import("@/components/SettingsDevices.vue")) },
  { id: "data", icon: Database, view: lazy(() => import("@/components/SettingsData.vue")) },
  { id: "keys", icon: Keyboard, view: lazy(() => import("@/components/SettingsKeys.vue")) },
] as const;

function lazy(load: () => Promise<{ default: Component }>): Component {
  return defineAsyncComponent(load);
}
