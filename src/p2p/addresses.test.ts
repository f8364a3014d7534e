import {describe, expect, test} from "vitest";
import {AddressBook, parseAddress} from "./addresses.ts";

const IDS = [
  "12D3KooWJWEKvSFbben74C7H4YtKjhPMTDxd7gP7W9yCTFJHs34t",
  "12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE",
  "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo",
] as const;
const at = (port: number) => `/ip4/10.0.0.1/tcp/${port}`;
const full = (port: number, id: string) => `${at(port)}/p2p/${id}`;

describe("parseAddress", () => {
  test.for([
    [full(4001, IDS[0]), {transport: at(4001), peerId: IDS[0]}],
    ["/dns4/a.example/tcp/4001", {transport: "/dns4/a.example/tcp/4001", peerId: null}],
    ["/ip6/::1/tcp/1", {transport: "/ip6/::1/tcp/1", peerId: null}],
    ["/ip4/10.0.0.1/udp/4001", null],
    ["/ip4/10.0.0.1", null],
    ["/ip4/300.0.0.1/tcp/1", null],
    [`${at(1)}/ws`, null],
    [`${full(1, IDS[0])}/p2p-circuit/p2p/${IDS[1]}`, null],
    ["10.0.0.1:4001", null],
    ["", null],
    ["\u0000/ip4", null],
  ] as const)("%s", ([text, want]) => {
    expect(parseAddress(text)).toEqual(want);
  });
});

describe("AddressBook", () => {
  test("configured addresses count for registered peers alone", () => {
    const book = new AddressBook(IDS, () => 0);
    expect(book.configure(full(1, IDS[1]))).toBe(true);
    expect(book.configure(at(2))).toBe(false);
    expect(book.configure(full(3, "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp"))).toBe(false);
    expect(book.candidates(1)).toEqual([full(1, IDS[1])]);
  });

  test("what a validator says of itself comes first and replaces what it said before", () => {
    const book = new AddressBook(IDS, () => 0);
    book.configure(full(1, IDS[1]));
    book.tell(1, [at(2)]);
    book.tell(1, [at(3), "nonsense", full(4, IDS[2])]);
    expect(book.candidates(1)).toEqual([full(3, IDS[1]), full(1, IDS[1])]);
    expect(book.known()).toEqual([{validator: 1, address: at(3)}]);
  });

  test("what is heard is dialled last and not passed on", () => {
    const book = new AddressBook(IDS, () => 0);
    book.hear(1, [{validator: 2, address: at(5)}]);
    book.worked(2, full(6, IDS[2]));
    expect(book.candidates(2)).toEqual([full(6, IDS[2]), full(5, IDS[2])]);
    expect(book.known()).toEqual([{validator: 2, address: at(6)}]);
  });

  test("a liar cannot push out what others say, nor speak of itself or of us by hearsay", () => {
    const book = new AddressBook(IDS, () => 0);
    book.hear(0, [{validator: 2, address: at(7)}]);
    for (let port = 100; port < 200; port++)
      book.hear(1, [
        ...Array.from({length: 10}, () => ({validator: 2, address: at(port)})),
        {validator: 0, address: at(1)},
        {validator: 1, address: at(1)},
        {validator: 99, address: at(1)},
      ]);
    expect(book.candidates(2)).toEqual([full(7, IDS[2]), full(199, IDS[2])]);
    expect([book.candidates(0), book.candidates(1), book.candidates(99)]).toEqual([[], [], []]);
  });

  test("of many addresses each has its turn", () => {
    const book = new AddressBook(IDS, () => 0);
    for (let port = 1; port <= 8; port++) book.configure(full(port, IDS[1]));
    book.tell(1, [at(11), at(12), at(13), at(14)]);
    const seen = new Set(Array.from({length: 3}, () => book.candidates(1)).flat());
    expect(seen.size).toBe(12);
    expect(book.candidates(1).length).toBe(8);
  });
});
