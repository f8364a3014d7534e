/** What the launcher tells whoever watches; with --json each is one line. */
export type Report =
  | {readonly event: "step"; readonly name: string; readonly text: string; readonly ms: number}
  | {
      readonly event: "stage";
      readonly payment: "register" | "pay";
      readonly stage: string;
      readonly ms: number;
      readonly detail: Readonly<Record<string, unknown>>;
    }
  | {readonly event: "ready"; readonly [field: string]: unknown}
  | {readonly event: "balance"; readonly who: string; readonly asset: string; readonly amount: string}
  | {readonly event: "done"; readonly ok: boolean; readonly demo: boolean; readonly ms: number}
  | {readonly event: "node"; readonly validator: number; readonly text: string}
  | {readonly event: "error"; readonly message: string};

export type Tell = (report: Report) => void;
