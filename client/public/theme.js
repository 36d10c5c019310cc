// Runs before the first paint, so that a dark page is never white first, nor large text small. The same keys as stores/preferences.ts.
(function () {
  var stored = function (key) {
    try {
      return localStorage.getItem("parley." + key);
    } catch {
      return null; // storage switched off: follow the system
    }
  };
  var theme = stored("theme");
  var dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  var language = stored("language") || (/^zh\b/i.test(navigator.language) ? "zh" : "en");
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.documentElement.dataset.text = stored("text_size") || "normal";
  document.querySelector('meta[name="theme-color"]').content = dark ? "#1c1c1b" : "#ffffff";
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
})();
