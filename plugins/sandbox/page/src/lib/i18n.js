// Chinese and English: the browser's language, until the reader chooses.
import { ref, watchEffect } from "vue";
import { keep, recall } from "./kept.js";
import { words } from "./words.js";

const LANGUAGES = ["zh", "en"];

function browsers() {
  return (navigator.language ?? "zh").toLowerCase().startsWith("zh") ? "zh" : "en";
}

const kept = recall("lang");
export const lang = ref(LANGUAGES.includes(kept) ? kept : browsers());

watchEffect(() => {
  document.documentElement.lang = lang.value === "zh" ? "zh-CN" : "en";
});

export function toggle_lang() {
  lang.value = lang.value === "zh" ? "en" : "zh";
  keep("lang", lang.value);
}

// t("follow"), t("attempt", { n: 2 }): a word by its name, {n} filled in. A name without a word is shown as it is.
export function t(name, values = {}) {
  const pair = words[name];
  if (!pair) return name;
  return pair[LANGUAGES.indexOf(lang.value)].replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

export const has = (name) => Object.hasOwn(words, name);
