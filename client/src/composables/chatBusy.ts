import { inject, type InjectionKey, provide, readonly, type Ref, ref } from "vue";

const BUSY: InjectionKey<Readonly<Ref<boolean>>> = Symbol("chat is busy");

/** For what stands deep in the page: whether an answer can be asked for now. Given past all that is between. */
export function provideChatBusy(busy: Readonly<Ref<boolean>>): void {
  provide(BUSY, busy);
}

export function useChatBusy(): Readonly<Ref<boolean>> {
  return inject(BUSY, () => readonly(ref(false)), true);
}
