/** What contract developers and wallets import as `mvm-node`: no part of the node comes with it. */
// biome-ignore-all lint/performance/noBarrelFile: this file is the public face of the package
export {type DecodeCode, DecodeError, EncodeError, MvmError} from "../base/errors.ts";
export {accountAddress, assetAddress} from "../types/account-address.ts";
export {MIXIN_ACCOUNTS_ABI, MIXIN_ASSET_ABI} from "../types/accounts-abi.ts";
export {type AccountCall, type CallList, decodeCallList, encodeCallList} from "../types/call-list.ts";
export {MIXIN_APP_ABI, MIXIN_GROUP_ABI, STAKING_ABI} from "../types/contract-abi.ts";
export {decodeEvent, encodeEvent, type MvmEvent} from "../types/event.ts";
export {type MixinReceiver, mixAddress} from "../types/mix-address.ts";
export {decodeMemo, decodeOperation, encodeMemo, encodeOperation, encodeRawMemo, type Operation, PURPOSE} from "../types/operation.ts";
export {type Explanation, explainReason, explainStage, REASONS, STAGES} from "../types/reasons.ts";
export {explainRevert} from "../types/revert.ts";
export {type CertificateClaim, verifyCertificate} from "./certificate.ts";
export {ClientError, MvmClient, type PaymentStatus} from "./client.ts";
export {
  MEMO_BYTES_MAX,
  MemoError,
  type MemoReading,
  messageMemo,
  type ProcessTerms,
  RAW_EXTRA_MAX,
  rawMessageMemo,
  readMemo,
  registrationMemo,
  TEXT_EXTRA_MAX,
} from "./memo.ts";
export {decimal, paymentUri, units} from "./payment.ts";
