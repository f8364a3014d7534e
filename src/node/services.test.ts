import {expect, test} from "vitest";
import type {Logger, Service} from "../ports/system.ts";
import {serviceGroup} from "./services.ts";

const errors: object[] = [];
const log: Logger = {debug() {}, info() {}, warn() {}, error: (_, fields) => errors.push(fields ?? {}), child: () => log};
const service = (name: string, seen: string[], change: Partial<Service> = {}): Service => ({
  name,
  start: async () => {
    seen.push(`+${name}`);
  },
  stop: async () => {
    seen.push(`-${name}`);
  },
  ...change,
});

test("starts in order and stops in reverse, past one that hangs", async () => {
  const seen: string[] = [];
  const hanging = service("p2p", seen, {stop: () => new Promise(() => {})});
  const group = serviceGroup([service("store", seen), hanging, service("driver", seen)], log, 20);
  await group.start();
  await group.stop();
  expect(seen).toEqual(["+store", "+p2p", "+driver", "-driver", "-store"]);
  expect(errors).toEqual([{service: "p2p", outcome: "late"}]);
});

test("a failed start stops what runs and is thrown again", async () => {
  const seen: string[] = [];
  const bad = service("chain", seen, {start: () => Promise.reject(new Error("wrong chain"))});
  await expect(serviceGroup([service("store", seen), bad, service("driver", seen)], log, 20).start()).rejects.toThrow("wrong chain");
  expect(seen).toEqual(["+store", "-chain", "-store"]);
});
