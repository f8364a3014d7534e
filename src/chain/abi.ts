import {Interface, type Result} from "ethers";
import type {Hex} from "../base/bytes.ts";
import {ChainError} from "./errors.ts";
import type {ChainProvider} from "./provider.ts";

/** What this node uses of the contracts, as constants: a bundled node has no artifacts. A test holds them against these. */

const OUTBOXES = "(bytes32 platform, uint64 seq, bytes32 systemHash, bytes32 root, uint32 count)[] outboxes";

export const GROUP_ABI = [
  "constructor(uint256 homeChainId, address staking_, bytes32 salt, bytes32 validatorsHash_)",
  "error AlreadyActive()",
  "error AlreadyBound(bytes16 process)",
  "error AppFailed(bytes reason)",
  "error BadCertificate()",
  "error BadProofOfPossession()",
  "error BadReceiver()",
  "error BadSignature(uint256 index)",
  "error EventMismatch(bytes16 process, uint64 nonce)",
  "error EventsMismatch(uint64 seq)",
  "error Expired(uint64 deadline)",
  "error GasTooLow()",
  "error InsufficientBalance(uint256 balance, uint256 amount)",
  "error MalformedEvent()",
  "error MemoTooLong(uint256 length)",
  "error NoOutbox()",
  "error NonceOutOfOrder(bytes16 process, uint64 expected, uint64 actual)",
  "error NotAnApp(address caller)",
  "error NotCallable(address app)",
  "error NotProven(uint64 seq)",
  "error NotWaiting(bytes16 process, uint64 nonce)",
  "error NothingGiven()",
  "error OnlySelf()",
  "error OutOfOrder(uint64 nextSeq)",
  "error PrecompileFailed(uint256 precompile)",
  "error QuorumMissing(uint256 seats, uint256 quorum)",
  "error ReentrancyGuardReentrantCall()",
  "error RetryFailed(bytes reason)",
  "error SelfTestFailed()",
  "error SystemMismatch(uint64 seq)",
  "error WrongReturn()",
  "error WrongValidators()",
  "error ZeroAmount()",
  "event Activated(bytes32 sid, bytes32 transcript, bytes groupKey, uint64 epoch)",
  "event Committed(uint64 indexed seq, address indexed submitter)",
  "event Delivered(uint64 indexed seq, address indexed submitter)",
  "event MessageState(bytes16 indexed process, uint64 indexed nonce, uint8 state, bytes reason)",
  "event Outbound(bytes16 indexed process, uint64 nonce, bytes16 asset, uint256 amount, uint8 receiverKind, bytes receiverData, bytes memo)",
  "event Registered(bytes16 indexed process, address indexed app, uint8 policy, uint32 gasLimit, uint64 firstNonce)",
  "event SystemEventIgnored(uint64 indexed seq, uint256 index)",
  "function activate(bytes groupKey_, bytes pop, bytes32 sid, bytes32 transcript, uint64 epoch_, address[] keys, uint16[] seats, bytes[] signatures, uint64 deadline)",
  `function deliver(uint64 height, bytes32 coreHash, ${OUTBOXES}, uint64 epoch_, uint32 round, bytes signature, (bytes[] system, bytes[] events)[] deliveries)`,
  "function epoch() view returns (uint64)",
  "function groupKey() view returns (bytes)",
  "function networkId() view returns (bytes32)",
  "function nextSeq() view returns (uint64)",
  "function staking() view returns (address)",
  "function validatorsHash() view returns (bytes32)",
] as const;

export const STAKING_ABI = [
  "constructor(bytes32 networkSalt, uint256 seatStake, uint256 minValidators, uint64 genesisTime_)",
  "error AlreadyDeposited()",
  "error AlreadyFrozen()",
  "error KeyInUse()",
  "error MalformedKeys()",
  "error NotDeposited()",
  "error SeatsOutOfRange(uint256 seats)",
  "error TooEarly(uint64 genesisTime)",
  "error TooFewValidators(uint256 expected, uint256 actual)",
  "error WrongProof()",
  "error WrongValue(uint256 expected, uint256 actual)",
  "event Deposited(address indexed operator, address indexed consensus, uint16 seats, bytes peerId, bytes dealingKey, bytes dealingProof, bytes16[] mixinIds)",
  "event Frozen(uint64 epoch, bytes32 validatorsHash)",
  "event SeatsAdded(address indexed operator, uint16 seats, bytes16[] mixinIds)",
  "function MIN_VALIDATORS() view returns (uint256)",
  "function SEAT_STAKE() view returns (uint256)",
  "function activeSet(uint64 epoch) view returns (address[] operators, address[] consensusKeys, uint16[] seats, uint256 total)",
  "function deposit(uint16 seats, (address consensus, bytes peerId, bytes dealingKey, bytes16[] mixinIds) keys, bytes[] proofs) payable",
  "function freeze()",
  "function genesisTime() view returns (uint64)",
  "function networkId() view returns (bytes32)",
  "function operatorCount() view returns (uint256)",
  "function validatorOf(address operator) view returns ((uint16 seats, address consensus, bytes peerId, bytes dealingKey, bytes dealingProof, bytes16[] mixinIds))",
  "function validatorsHash(uint64 epoch) view returns (bytes32)",
] as const;

export const GROUP = new Interface(GROUP_ABI);
export const STAKING = new Interface(STAKING_ABI);

const REVERT_ARGUMENT_MAX = 300;

/** A contract of ours at an address. */
export interface Target {
  readonly provider: ChainProvider;
  readonly address: Hex;
  readonly abi: Interface;
}

/** What view function `name` returns in the newest block. Throws ChainError; REVERTED with the name of the contract's error. */
export async function readContract({provider, address, abi}: Target, name: string, args: readonly unknown[] = []): Promise<Result> {
  let reply: unknown;
  try {
    reply = await provider.request("eth_call", [{to: address, data: abi.encodeFunctionData(name, args)}, "latest"]);
  } catch (error) {
    throw explainRevert(error, abi, name);
  }
  if (reply === "0x") throw new ChainError("NO_CONTRACT", {address, chainId: provider.chainId});
  try {
    const result = abi.decodeFunctionResult(name, reply as string);
    result.toArray(true); // a value that does not decode throws when it is looked at, not before
    return result;
  } catch (cause) {
    throw new ChainError("BAD_REPLY", {address, function: name, got: String(reply).slice(0, 80)}, {cause});
  }
}

/** A REFUSED error with revert data becomes REVERTED with `error`, the Solidity error's name, and its `args`; others stay. */
export function explainRevert(error: unknown, abi: Interface, call: string): unknown {
  if (!(error instanceof ChainError) || error.code !== "REFUSED") return error;
  const {revert, message} = error.data;
  if (typeof revert !== "string") return error;
  try {
    const parsed = abi.parseError(revert);
    if (parsed !== null) {
      const args = parsed.args.toArray(true).map((arg) => String(arg).slice(0, REVERT_ARGUMENT_MAX));
      return new ChainError("REVERTED", {call, error: parsed.name, args}, {cause: error});
    }
  } catch {}
  return new ChainError("REVERTED", {call, error: revert.slice(0, 10), message}, {cause: error});
}
