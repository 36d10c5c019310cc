import { defineAsyncComponent } from "vue";

/** Few answers have one. Made once, where the set-up of a component would make one for each block of each answer. */
export const AnswerDiagram = defineAsyncComponent(() => import("@/components/AnswerDiagram.vue"));
