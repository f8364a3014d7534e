import {type AbiValue, abiEncode, address, array, bytes, fixedBytes, uint} from "../base/abi.ts";
import {type Hex, utf8} from "../base/bytes.ts";
import {type Uuid, uuidBytes} from "./ids.ts";

/** What the validators tell a group contract besides messages (protocol, "On chain"). Amounts in 1e-8 units. */
export type SystemEvent =
  | {
      readonly kind: "register";
      readonly process: Uuid;
      readonly app: Hex;
      /** 0 STRICT, 1 PARK. */
      readonly policy: number;
      readonly gasLimit: number;
      readonly firstNonce: bigint;
    }
  | {readonly kind: "move"; readonly process: Uuid; readonly app: Hex}
  | {readonly kind: "close"; readonly process: Uuid}
  /** The set that votes from the next height on. */
  | {readonly kind: "validatorSet"; readonly epoch: number; readonly validatorsHash: Hex}
  /** The Mixin multisig that holds the funds. */
  | {readonly kind: "custody"; readonly epoch: number; readonly members: readonly Uuid[]; readonly threshold: number}
  /** symbol at most 32, name at most 64 bytes of UTF-8: the contract ignores longer ones. */
  | {readonly kind: "assetInfo"; readonly asset: Uuid; readonly symbol: string; readonly name: string}
  | {readonly kind: "credit"; readonly process: Uuid; readonly asset: Uuid; readonly amount: bigint};

const KIND = {register: 1, move: 2, close: 3, validatorSet: 4, custody: 5, assetInfo: 6, credit: 7} as const;

/** `abi.encode(uint8 kind, bytes args)`, as `contracts/group/SystemEvents.sol` reads it. */
export function encodeSystemEvent(event: SystemEvent): Uint8Array {
  return abiEncode(uint(KIND[event.kind]), bytes(abiEncode(...argsOf(event))));
}

function argsOf(event: SystemEvent): AbiValue[] {
  switch (event.kind) {
    case "register":
      return [id(event.process), address(event.app), uint(event.policy), uint(event.gasLimit), uint(event.firstNonce)];
    case "move":
      return [id(event.process), address(event.app)];
    case "close":
      return [id(event.process)];
    case "validatorSet":
      return [uint(event.epoch), fixedBytes(event.validatorsHash)];
    case "custody":
      return [uint(event.epoch), array(event.members.map(id)), uint(event.threshold)];
    case "assetInfo":
      return [id(event.asset), bytes(utf8(event.symbol)), bytes(utf8(event.name))];
    case "credit":
      return [id(event.process), id(event.asset), uint(event.amount)];
  }
}

function id(uuid: Uuid): AbiValue {
  return fixedBytes(uuidBytes(uuid));
}
