import { defineConfigWithVueTs, vueTsConfigs } from "@vue/eslint-config-typescript";
import type { Linter } from "eslint";
import pluginVue from "eslint-plugin-vue";

/** Imports go only to the left; what stands together in one group does not import each other. */
const layers = [["protocol"], ["transcript", "socket", "http"], ["stores"], ["composables"], ["components"], ["views"]];

/** Plain TypeScript: could be used, and is tested, without any of the framework. */
const plain = ["protocol", "transcript", "socket", "http"];
const framework = ["vue", "vue-*", "pinia", "@vueuse/*", "reka-ui", "@lucide/*"];

const layerRules = layers.flatMap((group, level) =>
  group.map((layer): Linter.Config => {
    const forbidden = layers.slice(level).flat().filter((other) => other !== layer);
    const rules = [
      { group: forbidden.map((other) => `@/${other}/**`), message: `${layer}/ must not know these layers.` },
      { group: ["../*"], message: "Name other layers by @/layer/file." },
      ...(plain.includes(layer) ? [{ group: framework, message: `${layer}/ is plain TypeScript.` }] : []),
    ];
    const patterns = rules.filter(({ group: names }) => names.length > 0);
    return {
      name: `layers/${layer}`,
      files: [`src/${layer}/**/*.{ts,vue}`],
      rules: { "no-restricted-imports": ["error", { patterns }] },
    };
  }),
);

export default defineConfigWithVueTs(
  { ignores: ["dist", "node_modules", "public", "shell/worker.js", "src/protocol/*.gen.ts"] },
  pluginVue.configs["flat/recommended"],
  vueTsConfigs.strictTypeChecked,
  {
    rules: {
      "no-console": "error",
      eqeqeq: "error",
      "vue/block-lang": ["error", { script: { lang: "ts" } }],
      "vue/block-order": ["error", { order: ["script", "template", "style"] }],
      "vue/component-api-style": ["error", ["script-setup"]],
      "vue/define-macros-order": "error",
      "vue/no-unused-refs": "error",
      // Vue's t and te are functions, though their types are written as methods.
      "@typescript-eslint/unbound-method": "off",
      // A line that is short enough is easier to read whole.
      "vue/max-attributes-per-line": "off",
      "vue/singleline-html-element-content-newline": "off",
      "vue/html-self-closing": ["error", { html: { void: "always" } }],
      "vue/require-default-prop": "off",
      "vue/multiline-html-element-content-newline": ["error", { ignores: ["p", "pre"] }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  ...layerRules,
);
