// Light or dark: the system's, until the reader chooses.
import { computed, ref, watchEffect } from "vue";
import { keep, recall } from "./kept.js";

const LOOKS = ["auto", "light", "dark"];
const system = window.matchMedia("(prefers-color-scheme: dark)");
const system_dark = ref(system.matches);
system.addEventListener("change", (event) => (system_dark.value = event.matches));

const kept = recall("look");
const look = ref(LOOKS.includes(kept) ? kept : "auto");
export const dark = computed(() => (look.value === "auto" ? system_dark.value : look.value === "dark"));

watchEffect(() => {
  document.documentElement.dataset.look = dark.value ? "dark" : "light";
  document.body.dataset.weuiTheme = dark.value ? "dark" : "light";
});

export function toggle_look() {
  look.value = dark.value ? "light" : "dark";
  keep("look", look.value);
}
