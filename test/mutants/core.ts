import type {Group, Mutant} from "./mutant.ts";

const rules: Mutant[] = [
  {
    name: "lock not taken",
    from: "cast({...state, locked: marked, valid: marked}",
    to: "cast({...state, valid: marked}",
  },
  {
    name: "lock ignored for a fresh proposal",
    from: "const free = state.locked === null || state.locked.value === proposal.value;",
    to: "const free = true;",
  },
  {
    name: "unlock without a newer polka",
    from: "const free = state.locked === null || state.locked.round <= proposal.polRound || state.locked.value === proposal.value;",
    to: "const free = true;",
  },
  {name: "lock never opened", from: "state.locked.round <= proposal.polRound || ", to: ""},
  {
    name: "lock opened by a strictly newer polka only",
    from: "state.locked.round <= proposal.polRound",
    to: "state.locked.round < proposal.polRound",
  },
  {
    name: "no valid-round check: the named polka need not be there",
    from: "return record !== null && hasPolka(state, record, value);",
    to: "return polRound !== -1;",
  },
  {
    name: "no valid value after precommitting",
    from: 'if (state.stage !== "precommit" || state.valid?.round === state.round) return null;',
    to: "if (state.round >= 0) return null;",
  },
  {name: "proposer forgets the valid value", from: "if (valid === null) return", to: "if (valid === null || round > 0) return"},
  {name: "re-proposal names no polka", from: "propose(state, valid.value, valid.round)", to: "propose(state, valid.value, -1)"},
  {name: "no round skip", from: "ahead === undefined ? null", to: "ahead === undefined || state.round >= 0 ? null"},
  {
    name: "nil polka not followed",
    from: "!isQuorum(state, seatsFor(current.prevotes, null))",
    to: "!isQuorum(state, -1)",
  },
  {
    name: "prevote timeout precommits nil after the precommit",
    from: 'return state.stage === "prevote" ? cast(state, "precommit", null) : null;',
    to: 'return cast(state, "precommit", null);',
  },
  {
    name: "propose timeout prevotes nil after the prevote",
    from: 'return state.stage === "propose" ? cast(state, "prevote", null) : null;',
    to: 'return state.stage !== "precommit" ? cast(state, "prevote", null) : null;',
  },
  {
    name: "precommit timeout repeats the round",
    from: "return enterRound(state, round + 1);",
    to: "return enterRound(state, round);",
  },
  {
    name: "decides what it has no verdict on",
    from: " && isValid(state, value) === true) return decide(",
    to: ") return decide(",
  },
  {name: "decides on prevotes", from: "seatsFor(record.precommits, value)", to: "seatsFor(record.prevotes, value)"},
  {
    name: "decides on precommits for anything",
    from: "isQuorum(state, seatsFor(record.precommits, value))",
    to: "isQuorum(state, record.precommits.seats)",
  },
  {
    name: "decides in the current round only",
    from: "for (const record of state.rounds) {",
    to: "for (const record of state.rounds.filter(({round}) => round === state.round)) {",
  },
  {
    name: "locks in the precommit step",
    from: '  if (state.stage !== "prevote") return null;\n  const value = polkaOf(state, current);',
    to: '  if (state.stage !== "prevote" && state.stage !== "precommit") return null;\n  const value = polkaOf(state, current);',
  },
  {
    name: "locks without a verdict",
    from: "isValid(state, value) === true && hasPolka(state, current, value)",
    to: "isValid(state, value) !== false && hasPolka(state, current, value)",
  },
  {
    name: "no prevote timer",
    from: 'if (state.stage !== "prevote" || state.prevoteTimer',
    to: 'if (state.stage !== "idle" || state.prevoteTimer',
  },
  {name: "no precommit timer", from: "if (state.precommitTimer || current === null", to: "if (state.round >= 0 || current === null"},
  {
    name: "timer of an old round taken",
    from: "if (round !== state.round) return null;",
    to: "if (round > state.round) return null;",
  },
].map((mutant) => ({...mutant, file: "src/consensus/rules.ts"}));

const rounds: Mutant[] = [
  {name: "voters of precommits not heard", from: "(record.precommits.slots[from] ?? []).length > 0 ||", to: ""},
  {name: "voters of certificates not heard", from: "record.polkas.some((polka) => polka.from.includes(from))", to: "false"},
  {name: "polka as a certificate not seen", from: "record.polkas.some((polka) => polka.value === value) || seatsFor", to: "seatsFor"},
  {name: "polka round not below the round", from: "polRound >= round", to: "polRound > round"},
  {name: "anybody proposes", from: "if (from !== proposerOf(state.set, state.height, round))", to: "if (from < 0)"},
  {name: "third proposal with a quorum refused", from: "second !== undefined && !isBacked(state, value)", to: "second !== undefined"},
  {name: "second proposal refused", from: "if (second !== undefined && !isBacked", to: "if (first !== undefined && !isBacked"},
  {
    name: "a quorum of precommits backs no proposal",
    from: "hasPolka(state, record, value) || seatsFor(record.precommits, value)",
    to: "hasPolka(state, record, value) || 0 * seatsFor(record.precommits, value)",
  },
  {name: "valid becomes invalid", from: "if (known !== undefined && !valid)", to: "if (known === undefined && !valid)"},
  {name: "far rounds without a bound", from: "const far = state.round + 2;", to: "const far = Number.POSITIVE_INFINITY;"},
  {name: "the lowest far round is kept", from: "if (other.round > round) return null;", to: "if (other.round < round) return null;"},
].map((mutant) => ({...mutant, file: "src/consensus/rounds.ts"}));

const others: Mutant[] = [
  {name: "quorum one too low", file: "src/consensus/tally.ts", from: "Math.floor((2 * seats) / 3) + 1", to: "Math.floor((2 * seats) / 3)"},
  {
    name: "quorum one too high",
    file: "src/consensus/tally.ts",
    from: "Math.floor((2 * seats) / 3) + 1",
    to: "Math.floor((2 * seats) / 3) + 2",
  },
  {name: "quorum rounded up", file: "src/consensus/tally.ts", from: "Math.floor((2 * seats) / 3) + 1", to: "Math.ceil((2 * seats) / 3)"},
  {name: "a third is enough to skip", file: "src/consensus/tally.ts", from: "3 * part > seats", to: "3 * part >= seats"},
  {name: "first vote only", file: "src/consensus/tally.ts", from: "(isProposed ? SLOT_MAX : SLOT_ANY)", to: "1"},
  {name: "two votes, whatever is proposed", file: "src/consensus/tally.ts", from: "const SLOT_MAX = 8;", to: "const SLOT_MAX = 2;"},
  {name: "a vote twice counts twice", file: "src/consensus/tally.ts", from: "known.value === ballot.value", to: "known.id === null"},
  {
    name: "an equivocator is two voters",
    file: "src/consensus/tally.ts",
    from: "first === undefined ? tally.seats + seats : tally.seats",
    to: "tally.seats + seats",
  },
  {
    name: "no evidence of two votes",
    file: "src/consensus/tally.ts",
    from: "first !== undefined && slot.length === 1 ? first.id : null",
    to: "null",
  },
  {
    name: "seats do not weigh",
    file: "src/consensus/tally.ts",
    from: "add(tally.values, ballot.value, seats)",
    to: "add(tally.values, ballot.value, 1)",
  },
  {name: "the same height starts again", file: "src/consensus/step.ts", from: "height <= state.height", to: "height < state.height"},
  {name: "certificates without a quorum", file: "src/consensus/step.ts", from: "seats < quorum(state.seats)", to: "seats < 1"},
  {
    name: "a validator twice in a certificate",
    file: "src/consensus/parse.ts",
    from: "[...new Set<unknown>(from)]",
    to: "[...from] as unknown[]",
  },
  {name: "votes of other heights", file: "src/consensus/step.ts", from: "parsed.height !== state.height", to: "parsed.height < 0"},
  {
    name: "one proposer for all rounds",
    file: "src/consensus/proposer.ts",
    from: "((height % length) + (round % length)) % length",
    to: "height % length",
  },
];

export const core: Group = {
  name: "round machine",
  mutants: [...rules, ...rounds, ...others],
  trials: [
    {name: "tables, properties, hazards", tests: ["src/consensus", "test/sim/scripted.test.ts"], env: {}},
    {name: "seeds", tests: ["test/sim/consensus.test.ts"], env: {SEEDS: "300"}},
    {name: "twins", tests: ["test/sim/twins"], env: {TWINS_EVERY: "5003"}},
  ],
};
