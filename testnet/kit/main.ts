/** What the tests and scripts of an app import as `mvm-node/kit`. */
// biome-ignore-all lint/performance/noBarrelFile: this file is the public face of the kit
export {compileProject, type ProjectArtifact} from "./compile.ts";
export {type Journey, type LiveApp, LiveTestnet, printJourney} from "./live.ts";
export {MixinTestKit, type MockApp, type MockResult, type MockSend, XIN} from "./mock.ts";
export type {RunningTestnet} from "./running.ts";
