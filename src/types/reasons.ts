/** What a code of the network means, and what whoever paid or wrote the app can do. */
export interface Explanation {
  readonly means: string;
  readonly cure: string;
}

/** Where a payment is, in words; the names are those of the HTTP API. */
export const STAGES: Readonly<Record<string, Explanation>> = {
  observed: {
    means: "This node has seen the payment on Mixin; the validators have not decided it yet.",
    cure: "Wait: the next block takes it. If it stays here, ask the node's /readyz whether a quorum is up.",
  },
  decided: {
    means: "A block has given the payment its place and nonce; neither can change any more.",
    cure: "Wait: the validators sign the certificate, and somebody submits it.",
  },
  certified: {
    means: "The group has signed the block. Anyone can deliver it to the contract now.",
    cure: "Wait for a validator to submit it, or submit it yourself: /v1/messages/:process/:nonce has all that deliver() needs.",
  },
  submitted: {
    means: "This node's transaction with the message is mined; the log is not final yet.",
    cure: "Wait for the chain to finalise the block.",
  },
  delivered: {
    means: "The group contract has run the app with the message, and the app took it.",
    cure: "Nothing to do.",
  },
  parked: {
    means: "The app failed on this message. The contract keeps the message with its value.",
    cure: "Anyone may call retry(process, nonce, event) on the group contract, once the app can take it.",
  },
  registered: {
    means: "The process has an app; the fee, if any, was taken, and the rest goes back.",
    cure: "Nothing to do: payments to this process reach the app from here on.",
  },
  credited: {means: "The amount is credit for the fees of the process.", cure: "Nothing to do."},
  refunding: {
    means: "The payment is no good message and goes back whole to its sender.",
    cure: "Wait for the group's transaction; then see the reason and pay again with a right memo.",
  },
  refunded: {
    means: "The payment went back whole to its sender; the memo of the refund names the reason.",
    cure: "See the reason, and pay again with a right memo.",
  },
  held: {
    means: "The money is in custody and can go nowhere by itself.",
    cure: "See the reason. /v1/balances lists everything that is held.",
  },
  returned: {means: "The value of the parked message went back to its sender.", cure: "Nothing to do."},
  voided: {means: "The payment was given up, and its inputs are back with the group.", cure: "See the reason."},
  change: {means: "Change of one of the group's own transactions.", cure: "Nothing to do."},
  queued: {
    means: "An earlier message of the same process failed, and this process keeps its order strictly.",
    cure: "Retry the parked message before it; this one runs after.",
  },
};

/** Why a payment went back, or why money is held; also in the memo of a refund. */
export const REASONS: Readonly<Record<string, Explanation>> = {
  SEAT_PROVEN: {means: "The payment proved the Mixin user of a seat; it goes back.", cure: "Nothing to do."},
  REGISTERED: {means: "The registration succeeded; its payment goes back.", cure: "Nothing to do."},
  MASK_MISSING: {
    means: "The validators did not sign the sender's mask for this process in time.",
    cure: "Pay again. If it comes back again, too few validators have their shares of the group key.",
  },
  BAD_MEMO: {
    means: "The memo is not an Operation: base64url text without padding, or a zero byte and the raw bytes.",
    cure: "Build it with encodeMemo of mvm-node; decodeMemo says where a memo is wrong.",
  },
  UNKNOWN_PURPOSE: {
    means: "The Operation asks for something that this network does not do.",
    cure: "Use one of PURPOSE of mvm-node: 1 reaches an app, 11 registers one.",
  },
  UNKNOWN_PROCESS: {
    means: "No app is registered for this process.",
    cure: "Check the process id against /v1/processes; register the app first.",
  },
  UNKNOWN_PLATFORM: {
    means: "The registration names a platform that this network has no group contract on.",
    cure: 'Leave platform empty, or write "quorum".',
  },
  NOT_OWNER: {
    means: "A process is registered by the Mixin user whose id it has, and by nobody else.",
    cure: "Pay the registration from the Mixin user (bot) whose user id is the process id.",
  },
  BAD_ADDRESS: {
    means: "The registration's address is no contract address.",
    cure: "Write 0x and 40 hex digits; mixed case must have the right EIP-55 checksum.",
  },
  BAD_REGISTRATION: {
    means: "The registration's extra is neither empty nor of the form u8 1 ‖ u8 policy ‖ u32 gasLimit.",
    cure: "Leave extra empty for a strict lane with 300,000 gas; gasLimit is at most 2,000,000.",
  },
  FEE_TOO_LOW: {
    means: "The payment is less than the fee, or a registration was paid in another asset than that of the fees.",
    cure: "Pay at least the fee in the fee asset; genesis.json names both.",
  },
  NO_CREDIT: {
    means: "Messages in this asset are paid from the process's credit, and that is used up.",
    cure: "Pay credit for the process in the fee asset (PURPOSE.credit, 12), or pay the message in the fee asset.",
  },
  NOT_FEE_ASSET: {means: "Credit is paid in the fee asset only.", cure: "Pay the asset that genesis.json calls feeAsset."},
  BAD_CHANGE: {
    means: "The change of the process says nothing: no new owner of 16 bytes, or no move that could be cancelled.",
    cure: "For PURPOSE.transfer write the new owner's user id into extra; cancel a move before it is due.",
  },
  MOVING: {means: "The move of the process is noted; the payment goes back.", cure: "Wait for the delay; cancel with PURPOSE.cancelMove."},
  MOVE_CANCELLED: {means: "The move is cancelled; the payment goes back.", cure: "Nothing to do."},
  TRANSFERRED: {means: "The process has another owner; the payment goes back.", cure: "Nothing to do."},
  CLOSED: {
    means: "The process is closed; the payment goes back.",
    cure: "Nothing to do. The owner can register it again, with nonces that go on.",
  },
  BELOW_MINIMUM: {
    means: "The payment is below the least amount of its asset: paying it back would cost more than it is worth.",
    cure: "Pay more; genesis.json lists the least amounts.",
  },
  RECEIVER_REFUSED: {
    means: "Mixin refuses to pay the receiver: it is no user, or has no Safe wallet.",
    cure: "The receiver must register for Safe; the money of a refund stays with the group until then.",
  },
  ALREADY_REGISTERED: {means: "The process has an app already.", cure: "Register another app with another Mixin user."},
  NO_SENDER: {means: "The payment names no sender, so there is nobody to pay back.", cure: "Pay from an ordinary Mixin account."},
  ZERO_AMOUNT: {means: "There is nothing to pay.", cure: "Pay an amount above 0."},
  UNEXPECTED_CHANGE: {
    means: "The group's own multisig paid itself outside of any transaction that the ledger made.",
    cure: "Operators must find out who signed it: a quorum has signed something that was not decided.",
  },
  INSUFFICIENT_BALANCE: {
    means: "The contract let an app send more than the ledger knows it has.",
    cure: "Operators must compare the contract's balances with /v1/balances.",
  },
  BAD_RECEIVER: {
    means: "The receiver of the app's send is no Mixin user or multisig.",
    cure: "Send to a message's sender, to a user id of 16 bytes, or to distinct members with a threshold.",
  },
  UNKNOWN_MASK: {
    means: "The app sent to a masked sender that never wrote to this process.",
    cure: "Use message.sender of a message that this app received.",
  },
  GROUP_RECEIVER: {means: "The app sent money to the group itself.", cure: "Send to somebody else."},
  MEMO_TOO_LONG: {means: "The memo of the app's send is longer than 200 bytes.", cure: "Shorten it."},
};

const UNKNOWN: Explanation = {means: "This code is not known to this version.", cure: "Use the newest mvm-node."};

/** What a reason code means, and its cure. */
export function explainReason(code: string): Explanation {
  return REASONS[code] ?? UNKNOWN;
}

/** What a stage means, and what comes next. */
export function explainStage(stage: string): Explanation {
  return STAGES[stage] ?? UNKNOWN;
}
