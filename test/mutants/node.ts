import type {Group, Mutant} from "./mutant.ts";

const digests: Mutant[] = [
  {
    name: "certificate without the round",
    from: "uint(of.height), uint(of.round), hex32(of.blockHash)",
    to: "uint(of.height), uint(0), hex32(of.blockHash)",
  },
  {
    name: "certificate without the height",
    from: "uint(of.height), uint(of.round), hex32(of.blockHash)",
    to: "uint(0), uint(of.round), hex32(of.blockHash)",
  },
  {name: "vote without its type", from: 'uint(vote.type === "prevote" ? 1 : 2)', to: "uint(1)"},
  {name: "vote without its round", from: "uint(vote.round)", to: "uint(0)"},
  {name: "proposal without its polka round", from: "int(proposal.polRound)", to: "int(-1)"},
].map((mutant) => ({...mutant, file: "src/types/digests.ts"}));

const signing: Mutant[] = [
  {
    name: "speak, then write",
    file: "src/node/bft/journal.ts",
    from: `    await this.#wal.append(records);
    for (const message of messages) {
      this.#sent(message);
      this.#network.broadcast(message);
    }`,
    to: `    for (const message of messages) {
      this.#sent(message);
      this.#network.broadcast(message);
    }
    await this.#wal.append(records);`,
  },
  {
    name: "speak without writing",
    file: "src/node/bft/journal.ts",
    from: "await this.#wal.append(records);",
    to: "void records;",
  },
  {
    name: "own messages not logged",
    file: "src/node/bft/driver.ts",
    from: 'if (origin === "own" && !this.#machine.isReplaying) this.#journal.record(record);',
    to: "",
  },
  {
    name: "guard forgets over a restart",
    file: "src/node/bft/driver.ts",
    from: 'if (record.kind === "own") this.#speaker.guard.remember(record.message);',
    to: "",
  },
  {
    name: "inputs not logged",
    file: "src/node/bft/machine.ts",
    from: "if (isTaken && record !== null && this.#open === null)",
    to: "if (this.#open === undefined)",
  },
  {
    name: "what a stop cut off is not done after it",
    file: "src/node/bft/machine.ts",
    from: "for (const effect of open) this.#perform(effect);",
    to: "void open;",
  },
  {
    name: "guard signs a second value",
    file: "src/node/bft/guard.ts",
    from: 'if (signed !== value) throw new GuardError("DOUBLE_SIGN", {height, round, slot, signed, asked: value});\n      return before;',
    to: "return signed === value ? before : null;",
  },
  {
    name: "guard goes backwards in a height",
    file: "src/node/bft/guard.ts",
    from: "if (compare([round, ORDER[slot]], this.#place) < 0)",
    to: "if (round < 0)",
  },
  {
    name: "guard goes backwards in heights",
    file: "src/node/bft/guard.ts",
    from: "if (height < this.#height) throw",
    to: "if (height < 0) throw",
  },
  {
    name: "guard signs anew what it has signed",
    file: "src/node/bft/guard.ts",
    from: "      return before;\n    }\n    if (compare",
    to: "      return null;\n    }\n    if (compare",
  },
];

const gate: Mutant[] = [
  {name: "votes of anybody", from: 'if (!this.#isSigned(vote)) return "reject";\n    const own', to: "const own"},
  {name: "proposals of anybody", from: 'if (!this.#isProposalSigned(proposal)) return "reject";', to: ""},
  {name: "proposals out of turn", from: "% set.schedule.length] !== proposal.from) return", to: "% set.schedule.length] === -1) return"},
  {name: "a block that is not the proposed one", from: " || blockHash(block) !== proposal.blockHash", to: ""},
  {name: "re-proposals without their polka", from: 'if (!this.#hasPolka(message)) return "reject";', to: ""},
  {name: "a polka of another round", from: "      vote.round === polRound &&\n", to: ""},
  {name: "a polka for another block", from: "      vote.blockHash === hash &&\n", to: ""},
  {name: "a polka of precommits", from: '      vote.type === "prevote" &&\n', to: ""},
  {name: "a polka of one voter many times", from: "vote.from > (polka[i - 1]?.from ?? -1)", to: "vote.from >= (polka[i - 1]?.from ?? -1)"},
  {name: "a polka of too few", from: "< quorum) return false;", to: "< 1) return false;"},
  {name: "a polka that nobody signed", from: "return polka.every((vote) => this.#isSigned(vote));", to: "return true;"},
  {
    name: "partial signatures for the seats of others",
    from: 'if (partials.some(({seat}) => !own.includes(seat))) return "reject";',
    to: "",
  },
].map((mutant) => ({...mutant, file: "src/node/bft/gate.ts"}));

const rest: Mutant[] = [
  {
    name: "a re-proposal shows no polka",
    file: "src/node/bft/speaker.ts",
    from: "polRound < 0 ? [] : this.#ports.polka(polRound, blockHash)",
    to: "[]",
  },
  {
    name: "nobody is shown what let this one into its round",
    file: "src/node/bft/height-book.ts",
    from: "if (round === 0) return [];",
    to: "if (round >= 0) return [];",
  },
  {name: "own messages are said once", file: "src/node/bft/driver.ts", from: "if (!this.#timers.idle) this.#resend();", to: ""},
  {
    name: "no commit without an own verdict",
    file: "src/node/bft/driver.ts",
    from: 'if (!quorum || type !== "precommit" || blockHash === null) return;',
    to: "return;",
  },
  {
    name: "a quorum does not lift a withheld verdict",
    file: "src/node/bft/height-book.ts",
    from: "if (quorum) this.candidates.excuse(blockHash);",
    to: "",
  },
  {
    name: "a re-proposal does not lift a withheld verdict",
    file: "src/node/bft/height-book.ts",
    from: "if (polRound >= 0) this.candidates.excuse(hash);",
    to: "",
  },
  {
    name: "one vote kept where an equivocator has cast two",
    file: "src/node/bft/vote-log.ts",
    from: "if (votes.has(vote.from)) return;",
    to: "if ([...this.of(vote.round, vote.type)].some(({from}) => from === vote.from)) return;",
  },
];

const disk: Mutant[] = [
  {
    name: "a log without checksums",
    from: "if (bytes.readUInt32BE(at + 4) !== checksum(bytes.subarray(at, at + 4), body)) return null;",
    to: "",
  },
  {
    name: "damage in the middle taken for a torn end",
    from: 'return {records, end, tail: torn ? "torn" : "corrupt", behind: behind.records};',
    to: 'return {records, end, tail: "torn", behind: behind.records};',
  },
  {name: "a torn end taken for damage", from: 'tail: torn ? "torn" : "corrupt"', to: 'tail: "corrupt"'},
].map((mutant) => ({...mutant, file: "src/store/wal-format.ts"}));

const simulated = [
  {name: "scenarios", tests: ["test/sim/node/scenarios.test.ts"], env: {}},
  {name: "seeds", tests: ["test/sim/node/whole.test.ts"], only: "four, with", env: {SEEDS: "15"}},
];

export const around: readonly Group[] = [
  {name: "digests", mutants: digests, trials: [{name: "vectors", tests: ["src/types/digest"], env: {}}]},
  {
    name: "signing",
    mutants: signing,
    trials: [
      {name: "tables", tests: ["src/node/bft/journal", "src/node/bft/guard", "src/node/bft/restart"], env: {}},
      ...simulated,
      {name: "kills", tests: ["test/crash"], env: {KILLS: "8"}},
    ],
  },
  {name: "gate", mutants: gate, trials: [{name: "tables", tests: ["src/node/bft/gate"], env: {}}, ...simulated]},
  {name: "driver", mutants: rest, trials: [{name: "tables", tests: ["src/node/bft/vote-log"], env: {}}, ...simulated]},
  {name: "log on disk", mutants: disk, trials: [{name: "damage", tests: ["src/store/wal.test.ts"], only: "damage", env: {}}]},
];
