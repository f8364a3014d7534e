/** An answer of the API that is an error: always HTTP 202 with this in its body, as clients repeat on 5xx. */
export class Failure extends Error {
  readonly code: number;
  constructor(code: number, description: string) {
    super(description);
    this.name = "Failure";
    this.code = code;
  }
}

export const unauthorized = (why: string) => new Failure(401, `Unauthorized: ${why}`);
export const forbidden = (why: string) => new Failure(403, `Forbidden: ${why}`);
export const notFound = () => new Failure(404, "The endpoint or the thing is not found");
export const tooMany = (what: string) => new Failure(429, `Too many requests: ${what}`);
export const badField = (why: string) => new Failure(10_002, `The request data has invalid field: ${why}`);
export const locked = (why: string) => new Failure(10_105, `Locked or in conflict: ${why}`);
export const noSafe = (user: string) => new Failure(10_404, `User ${user} is not registered`);
export const insufficient = (why: string) => new Failure(20_117, `Insufficient balance: ${why}`);
export const otherData = (id: string) => new Failure(20_125, `Request ${id} was made with other data`);
export const badRaw = (why: string) => new Failure(2_000_001, `Invalid transaction: ${why}`);
export const badSignature = (why: string) => new Failure(2_000_003, `Invalid signature: ${why}`);
