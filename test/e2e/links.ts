import {readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {Links, NOWHERE} from "../support/links.ts";
import type {TestNetwork} from "./network.ts";

/** Starts all validators of the network again, with links between them. */
export async function linkUp(network: TestNetwork): Promise<Links> {
  const {nodes, dir} = network.net;
  const links = await Links.among(nodes.length);
  const peerIds = nodes.map((node) => String(node.ready["peerId"]));
  await Promise.all(nodes.map((node) => node.stop()));
  for (const me of nodes.keys()) {
    const file = join(dir, `validator-${me}`, "config.json");
    const config = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({...config, peers: links.peersOf(me, peerIds), announce: [NOWHERE]}));
  }
  await Promise.all([...nodes.keys()].map((i) => restart(network, links, i)));
  return links;
}

/** Starts a validator that has stopped, wherever it listens now. */
export async function restart(network: TestNetwork, links: Links, validator: number): Promise<void> {
  await network.restart(validator);
  links.lead(validator, network.address(validator));
}
