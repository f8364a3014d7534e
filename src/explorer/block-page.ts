import {verifyCertificate} from "../sdk/certificate.ts";
import type {MvmClient} from "../sdk/client.ts";
import type {BlockJson, Status} from "./data.ts";
import {h} from "./dom.ts";
import {badge, card, facts, id, nothing} from "./parts.ts";
import type {View} from "./view.ts";

type Hex = `0x${string}`;

/** One block and the proof of its decision, which this page checks itself. */
export function blockPage(client: MvmClient, height: string): View {
  const element = h("main", null, nothing("Looking…"));
  let shown = "";
  async function refresh(): Promise<void> {
    const [block, status] = (await Promise.all([client.get(`/v1/blocks/${encodeURIComponent(height)}`), client.status()])) as unknown as [
      BlockJson,
      Status,
    ];
    const key = JSON.stringify([block.hash, block.certificate.kind, status.groupKey]);
    if (key === shown) return; // a decided block does not change: whoever types a key is left alone
    shown = key;
    element.replaceChildren(
      h("h1", null, `Block ${block.height}`),
      block.certificate.kind === "group" ? certificateCard(block, status) : votesCard(block),
      card("Block", blockFacts(block)),
      ...block.outboxes.map((outbox) =>
        card(
          `Outbox ${outbox.seq}`,
          facts([
            ["Messages", outbox.count],
            ["Root", id(outbox.root, 18, 8)],
            ["System events", /^0x0*$/.test(outbox.systemHash) ? "none" : id(outbox.systemHash, 18, 8)],
            ["Platform", id(outbox.platform, 18, 8)],
          ]),
        ),
      ),
      h("nav", {class: "older"}, neighbour(block.height - 1, "← "), neighbour(block.height + 1, "→ ")),
    );
  }
  return {title: `Block ${height}`, element, refresh};
}

function certificateCard(block: BlockJson, status: Status): HTMLElement {
  const {certificate} = block;
  const signature = certificate.kind === "group" ? certificate.signature : "";
  const verdict = h("div", {class: "verdict", role: "status"});
  const input = h("input", {
    type: "text",
    spellcheck: "false",
    autocomplete: "off",
    value: status.groupKey ?? "",
    "aria-label": "Group key",
  });
  const check = () => {
    const outboxes = block.outboxes.map((o) => ({
      ...o,
      seq: BigInt(o.seq),
      platform: o.platform as Hex,
      systemHash: o.systemHash as Hex,
      root: o.root as Hex,
    }));
    const started = performance.now();
    const good = verifyCertificate(
      {
        networkId: block.header.networkId as Hex,
        epoch: certificate.epoch,
        height: block.height,
        round: certificate.round,
        block: {coreHash: block.coreHash as Hex, outboxes},
        signature: signature as Hex,
      },
      input.value.trim() as Hex,
    );
    const ms = Math.round(performance.now() - started);
    verdict.className = `verdict ${good ? "good" : "bad"}`;
    verdict.replaceChildren(
      h("strong", null, good ? "✓ Verified in this browser" : "✗ Does not verify"),
      good
        ? ` in ${ms} ms: the group signed exactly this block: its hash was computed here from the core hash and the outboxes.`
        : ": this key did not sign this block.",
    );
  };
  input.addEventListener("input", check);
  setTimeout(check, 30); // after the page is drawn
  return card(
    "Certificate",
    verdict,
    facts([
      ["Signature", id(signature, 18, 8)],
      ["Round", certificate.round],
      ["Epoch", certificate.epoch],
      ["Group key", h("span", {class: "field"}, input, h("small", null, keyNote(status)))],
    ]),
  );
}

function keyNote({chains}: Status): string {
  const [chain] = chains;
  const where = chain === undefined ? "the group contract" : `groupKey() of ${chain.group} on chain ${chain.chainId}`;
  return `This is what the node says. Trust nobody: paste what ${where} answers, 48 or 128 bytes.`;
}

function votesCard({certificate}: BlockJson): HTMLElement {
  const validators = certificate.kind === "votes" ? certificate.validators : [];
  return card(
    "Proof",
    h(
      "p",
      null,
      "No group certificate: blocks up to the end of the key ceremony, and the newest for a moment, are proven by the precommits of a quorum.",
    ),
    facts([
      ["Validators", validators.join(", ")],
      ["Round", certificate.round],
      ["Kind", badge("votes")],
    ]),
  );
}

function blockFacts(block: BlockJson): HTMLElement {
  const {header} = block;
  return facts([
    ["Hash", id(block.hash, 18, 8)],
    ["Parent", id(header.parentHash, 18, 8)],
    ["Core hash", id(block.coreHash, 18, 8)],
    ["Proposer", id(header.proposer, 10, 6)],
    ["Time", new Date(header.time).toISOString()],
    [
      "Facts",
      Object.entries(block.facts)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(", ") || "none",
    ],
    ["State root", id(header.stateRoot, 18, 8)],
    ["Payload root", id(header.payloadRoot, 18, 8)],
  ]);
}

function neighbour(height: number, arrow: string): HTMLElement {
  return h("a", {href: `#/block/${height}`, class: "plain"}, `${arrow}${height}`);
}
