import "./polyfill.ts";
import {generateKeyPairFromSeed, privateKeyFromProtobuf} from "@libp2p/crypto/keys";
import type {PrivateKey} from "@libp2p/interface";
import {peerIdFromPrivateKey} from "@libp2p/peer-id";
import {asError, NetworkError} from "./errors.ts";

/**
 * @param bytes  ed25519 seed of 32 bytes, or an ed25519 private key in libp2p's protobuf
 * @throws NetworkError BAD_KEY, which says nothing of the bytes but their number
 */
export async function networkKey(bytes: Uint8Array): Promise<PrivateKey> {
  try {
    const key = bytes.length === 32 ? await generateKeyPairFromSeed("Ed25519", bytes) : privateKeyFromProtobuf(bytes);
    if (key.type === "Ed25519") return key;
  } catch (error) {
    throw new NetworkError("BAD_KEY", {what: asError(error).name, got: bytes.length});
  }
  throw new NetworkError("BAD_KEY", {what: "not ed25519", got: bytes.length});
}

/** Peer id text (12D3KooW…) of the network key with this ed25519 seed. Throws NetworkError BAD_KEY. */
export async function peerIdOf(seed: Uint8Array): Promise<string> {
  return peerIdFromPrivateKey(await networkKey(seed)).toString();
}
