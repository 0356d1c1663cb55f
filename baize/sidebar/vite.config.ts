import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Two entries whose names never change, and chunks whose names are their digests. All lie in one folder, so
// that `../v1/` leads from each of them to the API that serves them.
export default defineConfig({
  // Templates are indented for people only: without that, 0.3 kB less travel to each phone.
  plugins: [
    {
      name: "indentation",
      transform: (code, id) => (/\/sidebar\/src\/.*\.ts$/.test(id) ? code.replace(/\n[ \t]+/g, "\n") : null),
    },
  ],
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    modulePreload: false,
    rollupOptions: {
      input: {
        "baize-sidebar": fileURLToPath(new URL("src/baize-sidebar.ts", import.meta.url)),
        "baize-embed": fileURLToPath(new URL("src/embed.ts", import.meta.url)),
      },
      preserveEntrySignatures: "strict",
      output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js", assetFileNames: "[name]-[hash][extname]" },
    },
  },
  test: { environment: "happy-dom", include: ["test/**/*.test.ts"] },
});
