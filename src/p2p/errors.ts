import {MvmError} from "../base/errors.ts";

export type NetworkCode =
  | "BAD_KEY" // not an ed25519 seed of 32 bytes nor a private key in libp2p's protobuf
  | "BAD_ADDRESS" // a configured multiaddr cannot be used
  | "WRONG_IDENTITY" // the network key is not the one that this validator has registered
  | "NOT_STARTED"
  | "NOT_CONNECTED"
  | "BUSY" // too many requests of ours to that peer are open
  | "REFUSED" // the peer ended the stream before it answered
  | "TIMEOUT"
  | "ABORTED" // by the caller or by stop
  | "TOO_LARGE"
  | "TOO_MANY"
  | "CUT"; // the stream ended within a frame

/** Something between peers went wrong, or options cannot work. */
export class NetworkError extends MvmError<NetworkCode, {peer?: string; what?: string; want?: number | string; got?: number | string}> {}

/** Any caught value as an Error: libp2p rejects with events too. */
export function asError(caught: unknown): Error {
  if (caught instanceof Error) return caught;
  if (caught instanceof Event) return new Error(`stream event ${caught.type}`);
  return new Error(String(caught));
}
