import type {Disk} from "./disk.ts";
import {Liar} from "./liar.ts";
import type {Scene} from "./scene.ts";

/** Brings the faulty validator of a run onto the scene. */
export function enter(scene: Scene): void {
  const {villain} = scene.faults;
  if (villain === null) return;
  switch (villain.kind) {
    case "silent":
      return;
    case "amnesia":
      forgetful(scene, villain.validator);
      return;
    case "twins":
      twins(scene, villain.validator);
      return;
    case "liar":
      new Liar(scene, villain.validator).start();
      return;
  }
}

/** A node that loses its log, and sometimes its blocks, whenever it dies; and it dies often. */
function forgetful(scene: Scene, index: number): void {
  const {world, beginning} = scene;
  const random = world.chance("amnesia");
  const node = scene.validator({index, isFaulty: true, name: `${index}?`});
  let left = random.int(5, 60);
  node.onOperation = () => {
    left--;
    if (left > 0) return true;
    node.crash();
    const fresh = random.chance(0.2) ? (beginning.disks[index] as Disk).copy() : node.disk;
    fresh.wal = Buffer.alloc(0);
    node.disk = fresh;
    left = random.int(5, 80);
    world.after(random.int(1, 400), () => node.start());
    return false;
  };
  node.start();
}

/** Two honest nodes with one key, that do not know of each other; each is heard by a part of the others, and the parts change. */
function twins(scene: Scene, index: number): void {
  const {world, beginning} = scene;
  const random = world.chance("twins");
  const others = beginning.genesis.validators.map((_, i) => i).filter((i) => i !== index);
  const audiences: [Set<number>, Set<number>] = [new Set(), new Set()];
  const redraw = () => {
    for (const audience of audiences) audience.clear();
    for (const other of others) {
      const which = random.int(0, 4);
      if (which !== 1) audiences[0].add(other);
      if (which === 0 || which === 1 || which === 2) audiences[1].add(other);
      if (which === 2) audiences[0].delete(other);
    }
    world.after(random.int(50, 2_000), redraw);
  };
  redraw();
  for (const [i, audience] of audiences.entries()) {
    const node = scene.validator({index, isFaulty: true, name: `${index}${"ab"[i]}`, audience: () => audience});
    node.start();
  }
}
