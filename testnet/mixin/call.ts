import type {Devnet} from "./devnet.ts";
import type {UserRecord} from "./records.ts";

/** One call of the API, its caller known. */
export interface Call {
  readonly devnet: Devnet;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; null where the body is empty. */
  readonly body: unknown;
  readonly user: UserRecord;
}

/** Answers the `data` of one endpoint; `id` is the variable segment of its path. Throws Failure. */
export type Handler = (devnet: Devnet, call: Call, id: string) => object;
