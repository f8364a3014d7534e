import {MvmError} from "../base/errors.ts";

/**
 * RPC_DOWN no connection, or an HTTP error; TIMEOUT no answer in time; BAD_REPLY an answer of the wrong form; TOO_LARGE an
 * answer above the limit; REFUSED the node answered with an error; WRONG_CHAIN another chain id than configured;
 * NO_CONTRACT no code at an address; REORG a final block changed; REVERTED a call reverts, `error` and `args` say how;
 * OUT_OF_ORDER earlier outboxes are missing; GAS_TOO_HIGH over the gas cap of one transaction; NO_FUNDS; STUCK no fee that
 * we pay replaces what is pending; NOT_FROZEN, NOT_FINAL the validator set of an epoch is not there (yet);
 * GENESIS_MISMATCH `field` of genesis is not what the chain says; STOPPED the adapter was stopped meanwhile.
 */
export type ChainCode =
  | "RPC_DOWN"
  | "TIMEOUT"
  | "BAD_REPLY"
  | "TOO_LARGE"
  | "REFUSED"
  | "WRONG_CHAIN"
  | "NO_CONTRACT"
  | "REORG"
  | "REVERTED"
  | "OUT_OF_ORDER"
  | "GAS_TOO_HIGH"
  | "NO_FUNDS"
  | "STUCK"
  | "NOT_FROZEN"
  | "NOT_FINAL"
  | "GENESIS_MISMATCH"
  | "STOPPED";

/** What a chain, or the RPC node that shows it, did not do. `data` never holds the URL, which may carry a key, or a secret. */
export class ChainError extends MvmError<ChainCode, Readonly<Record<string, unknown>>> {}
