/** Shapes of the node's answers that the pages use; see docs/api.md. Amounts and nonces are decimal text. */
export interface Times {
  readonly createdMs?: number;
  readonly observedMs?: number;
  readonly decidedMs?: number;
  readonly certifiedMs?: number;
  readonly submittedMs?: number;
  readonly deliveredMs?: number;
  readonly parkedMs?: number;
  readonly refundedMs?: number;
  readonly paidMs?: number;
  readonly txHash?: string;
  readonly gasUsed?: string;
}
export interface Words {
  readonly means: string;
  readonly cure: string;
}
export interface PayoutSummary {
  readonly traceId: string;
  readonly stage: string;
  readonly asset: string;
  readonly amount: string;
  readonly txHash: string | null;
  readonly nonce?: string;
}
export interface Payment {
  readonly direction?: "in";
  readonly outputId: string;
  readonly requestId: string;
  readonly asset: string;
  readonly amount: string;
  readonly purpose?: number | null;
  readonly stage: string;
  readonly reason: string | null;
  readonly height: number | null;
  readonly round?: number | null;
  readonly process: string | null;
  readonly nonce: string | null;
  readonly submitter?: string | null;
  readonly chainBlock?: number | null;
  readonly failure?: {readonly data: string; readonly text: string} | null;
  readonly refund?: PayoutSummary | null;
  readonly refundByApp?: PayoutSummary | null;
  readonly times: Times;
  readonly words: Words;
}
export interface Payout {
  readonly direction?: "out";
  readonly process: string;
  readonly nonce: string;
  readonly traceId: string;
  readonly stage: string;
  readonly asset: string;
  readonly amount: string;
  readonly memo: string;
  readonly height: number;
  readonly txHash: string | null;
  readonly chainBlock: number | null;
  readonly paidHeight: number | null;
  readonly reason: string | null;
  readonly times: Times;
  readonly words: Words;
}
export type Item = (Payment & {readonly direction: "in"}) | (Payout & {readonly direction: "out"});
export interface Page {
  readonly height: number;
  readonly items: readonly Item[];
  readonly next: number | null;
}
export interface Validator {
  readonly index: number;
  readonly operator: string;
  readonly consensusKey: string;
  readonly seats: number;
  readonly peerId: string;
  readonly equivocated: boolean;
  readonly connected: boolean;
  readonly height: number | null;
  readonly lag: number | null;
  readonly proposed: number;
  readonly voted: number;
  readonly lastHeight: number | null;
}
export interface Validators {
  readonly epoch: number;
  readonly seats: number;
  readonly quorum: number;
  readonly own: number;
  readonly height: number;
  readonly schedule: readonly number[];
  readonly window: {readonly heights: number; readonly failedRounds: number};
  readonly validators: readonly Validator[];
}
export interface Status {
  readonly networkId: string;
  readonly height: number;
  readonly epoch: number;
  readonly lag: number;
  readonly groupKey: string | null;
  readonly keyHeight: number | null;
  readonly active: boolean;
  readonly dkg: string;
  readonly seats: {readonly total: number; readonly quorum: number; readonly own: number};
  readonly chains: readonly {readonly chainId: number; readonly group: string}[];
  readonly alarms: readonly string[];
}
export interface OutboxJson {
  readonly platform: string;
  readonly seq: string;
  readonly systemHash: string;
  readonly root: string;
  readonly count: number;
}
export interface BlockJson {
  readonly height: number;
  readonly hash: string;
  readonly coreHash: string;
  readonly header: {
    readonly networkId: string;
    readonly parentHash: string;
    readonly epoch: number;
    readonly proposer: string;
    readonly time: number;
    readonly payloadRoot: string;
    readonly stateRoot: string;
  };
  readonly outboxes: readonly OutboxJson[];
  readonly facts: Readonly<Record<string, number>>;
  readonly certificate:
    | {readonly kind: "group"; readonly epoch: number; readonly round: number; readonly signature: string}
    | {readonly kind: "votes"; readonly epoch: number; readonly round: number; readonly validators: readonly number[]};
}
