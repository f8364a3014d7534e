import {availableParallelism} from "node:os";
import {defineConfig} from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "testnet/**/*.test.ts"],
    pool: "forks", // native addons and processes: one process per file
    maxWorkers: Math.max(2, availableParallelism() - 1), // many tests wait for processes, so two fill two cores
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
