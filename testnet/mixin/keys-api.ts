import {randomBytes} from "node:crypto";
import type {Call} from "./call.ts";
import type {Devnet} from "./devnet.ts";
import {badField, forbidden} from "./failure.ts";
import {list, members, object, text, uuid, whole} from "./fields.ts";
import {isPoint, openPin, sha3Bytes, sha256, verifies} from "./keys.ts";
import {userView} from "./views.ts";

const PIN_SKEW_S = 300;
const GHOSTS_MAX = 64;
const INDEX_MAX = 255;

/** Registers the caller's spend key: proven by a signature of it, and allowed by the TIP key in the encrypted PIN. */
export function register(devnet: Devnet, {body, user}: Call): object {
  const {public_key, signature, pin_base64} = object(body);
  const key = text(public_key, "public_key");
  if (!isPoint(key)) throw badField("public_key");
  if (!verifies(key, sha3Bytes(user.user_id), Buffer.from(text(signature, "signature"), "base64url"))) throw badField("signature");
  const pin = openPin(Buffer.from(text(pin_base64, "pin_base64"), "base64url"), user.server_seed, user.session_public);
  const tip = sha256(`SEQUENCER:REGISTER:${user.user_id}${key}`);
  if (pin === null || !verifies(user.tip_public, tip, pin.signature)) throw badField("pin_base64");
  if (Math.abs(Number(pin.seconds) - Date.now() / 1_000) > PIN_SKEW_S || pin.iterator <= user.iterator) throw badField("pin_base64: old");
  devnet.commit({type: "safe", user_id: user.user_id, spend_public: key, iterator: pin.iterator.toString()});
  return userView(user);
}

/**
 * One-time keys for outputs. The bare list gives each caller keys of its own; with `senders`, which must name the caller, every
 * sender gets the same. Asked again they are the same: that is how the members of a group build one transaction.
 */
export function ghostKeys(devnet: Devnet, {body, user}: Call): object {
  const grouped = Array.isArray(body) ? null : object(body);
  const senders = grouped === null ? [user.user_id] : members(grouped["senders"], "senders");
  if (!senders.includes(user.user_id)) throw forbidden("not a sender");
  const wanted = list(grouped === null ? body : grouped["keys"], "keys", GHOSTS_MAX).map((item) => {
    const {receivers, index, hint} = object(item);
    return {hint: uuid(hint, "hint"), receivers: members(receivers, "receivers"), index: whole(index, "index", INDEX_MAX)};
  });
  return wanted.map(({hint, receivers, index}) => {
    const name = [senders.join(), hint, receivers.join(), index].join("/");
    const found = devnet.state.ghosts.get(name);
    const ghost = found ?? devnet.state.makeGhost(randomBytes(64).toString("hex"), receivers, index);
    if (found === undefined) devnet.commit({type: "ghost", name, ghost});
    return {mask: ghost.mask, keys: ghost.keys};
  });
}
