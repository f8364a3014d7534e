import type {OutputFeed, PayoutSigner} from "../ports/mixin.ts";

/**
 * The Mixin side of a validator without a member of the multisig that holds the group's money: the API shows it nothing, so
 * it proposes no outputs, confirms none, and follows what the members decide.
 */
export function spectatorFeed(): OutputFeed {
  return {
    name: "no mixin outputs",
    undecided: () => [],
    judge: () => "unknown",
    knows: () => false,
    fetch: async () => {},
    poll: async () => {},
    decided() {},
    onNew() {},
    start: async () => {},
    stop: async () => {},
  };
}

/** As spectatorFeed, for what the group pays. */
export function spectatorPayouts(): PayoutSigner {
  return {
    name: "no mixin payouts",
    setOrders() {},
    receipts: () => [],
    judge: () => "unknown",
    check: async () => {},
    onNew() {},
    start: async () => {},
    stop: async () => {},
  };
}
