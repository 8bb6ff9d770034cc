import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [vue()],
  base: "./",
  build: {
    assetsInlineLimit: 0, // the page's CSP has no data: for scripts and styles
    modulePreload: { polyfill: false }, // an inline script, else
    chunkSizeWarningLimit: 400,
  },
  // npm run dev: SANDBOX=http://127.0.0.1:9000, a running `weiyue sandbox`
  server: { proxy: { "/-": process.env.SANDBOX ?? "http://127.0.0.1:9000" } },
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
});
