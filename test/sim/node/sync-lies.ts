import {decodeDecidedBlock, encodeDecidedBlock} from "../../../src/types/messages.ts";
import type {Prng} from "../prng.ts";
import type {Scene} from "./scene.ts";

const ENDLESS = 2_000;

/** How a liar answers who asks for blocks: truly, short, with other heights, with broken bytes, with proofs that are none, without end, or not at all. */
export async function syncAnswer(scene: Scene, random: Prng, from: number, count: number): Promise<readonly Uint8Array[]> {
  const blocks = [...scene.honest.values()].map(({disk}) => disk.blocks).sort((a, b) => b.length - a.length)[0] ?? [];
  const honest = blocks.slice(from - 1, from - 1 + count).map(encodeDecidedBlock);
  const [first] = honest;
  switch (random.int(0, 8)) {
    case 0:
      return [];
    case 1:
      return honest.slice(0, 1);
    case 2:
      return honest.slice(1);
    case 3:
      return honest.map((frame) => frame.map((byte, i) => (i === random.int(0, frame.length) ? byte ^ 1 : byte)));
    case 4:
      return honest.map((frame) => frame.slice(0, random.int(0, frame.length)));
    case 5: {
      const proof = blocks.map((decided) => decided.proof).find((one) => one.kind === "votes");
      return proof === undefined ? honest : honest.map((frame) => encodeDecidedBlock({...decodeDecidedBlock(frame), proof}));
    }
    case 6:
      return first === undefined ? [] : Array.from({length: ENDLESS}, () => first);
    case 7:
      return new Promise(() => {});
    default:
      return honest;
  }
}
