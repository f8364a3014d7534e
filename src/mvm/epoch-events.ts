import {validatorsHashOf} from "../types/digests.ts";
import type {Records} from "./draft.ts";
import {epochBegunAfter} from "./epochs.ts";
import type {NetworkConstants} from "./network.ts";
import type {OutboxPacker} from "./outboxes.ts";

/** What the last block of an epoch tells every contract: the set of the next. Nothing in any other block. */
export function packEpoch(packer: OutboxPacker, records: Records, network: NetworkConstants, height: number): void {
  const begun = epochBegunAfter(records, height);
  if (begun === null) return;
  const {epoch, validators} = begun;
  for (const platform of network.platforms)
    packer.system(platform, {kind: "validatorSet", epoch, validatorsHash: validatorsHashOf(epoch, validators)});
}
