import {defineConfig} from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "testnet/**/*.test.ts"],
    pool: "forks", // native addons and processes: one process per file
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
