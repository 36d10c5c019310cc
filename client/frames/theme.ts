import type { MermaidConfig } from "mermaid";

/** The same in the frame, which measures words, and in the picture, which shows them. */
const FONTS =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", ' +
  '"Noto Sans SC", "Noto Sans CJK SC", sans-serif';

// As in src/styles/tokens.css, on the ground that code has.
const LIGHT = {
  background: "#f8f7f4",
  mainBkg: "#ffffff",
  primaryColor: "#ffffff",
  primaryTextColor: "#1d1d1b",
  primaryBorderColor: "#0f766e",
  secondaryColor: "#e3f2ef",
  tertiaryColor: "#f2f1ed",
  lineColor: "#65645f",
  textColor: "#1d1d1b",
  noteBkgColor: "#f2f1ed",
  noteTextColor: "#1d1d1b",
  edgeLabelBackground: "#f8f7f4",
  critBkgColor: "#fdf0ee",
  critBorderColor: "#b42318",
};
const DARK = {
  background: "#232321",
  mainBkg: "#2c2c2a",
  primaryColor: "#2c2c2a",
  primaryTextColor: "#ecebe7",
  primaryBorderColor: "#5cc7b6",
  secondaryColor: "#1d3733",
  tertiaryColor: "#262624",
  lineColor: "#a5a39c",
  textColor: "#ecebe7",
  noteBkgColor: "#343431",
  noteTextColor: "#ecebe7",
  edgeLabelBackground: "#232321",
  critBkgColor: "#3a2320",
  critBorderColor: "#f28b7f",
};

export function configuration(dark: boolean): MermaidConfig {
  return {
    startOnLoad: false,
    securityLevel: "strict",
    suppressErrorRendering: true,
    // In a picture HTML is drawn by nobody's rules: words are to be SVG's own.
    htmlLabels: false,
    maxEdges: 300,
    theme: "base",
    darkMode: dark,
    themeVariables: { ...(dark ? DARK : LIGHT), darkMode: dark, fontFamily: FONTS, fontSize: "15px" },
    // A line under a word would strike it through.
    themeCSS: ".edgeLabel rect { opacity: 1 }",
    fontFamily: FONTS,
    deterministicIds: true,
    // What a diagram's own source may not change.
    secure: [
      "secure", "securityLevel", "startOnLoad", "maxTextSize", "suppressErrorRendering", "maxEdges", "htmlLabels", "theme",
      "themeVariables", "themeCSS", "darkMode", "fontFamily", "altFontFamily",
    ],
  };
}
