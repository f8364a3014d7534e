/** A seeded source of choices: the same seed gives the same run. sfc32 over 128 bits of state, seeded by splitmix32. */
export type Prng = {
  /** Uniform in [0, 1). */
  readonly unit: () => number;
  /** Uniform integer in [min, max]. */
  readonly int: (min: number, max: number) => number;
  readonly chance: (probability: number) => boolean;
  /** One of a list that is not empty. */
  readonly pick: <T>(list: readonly [T, ...(readonly T[])] | readonly T[]) => T;
};

export function prng(seed: number): Prng {
  let mix = seed >>> 0;
  const splitmix = () => {
    mix = (mix + 0x9e37_79b9) | 0;
    let z = mix ^ (mix >>> 16);
    z = Math.imul(z, 0x21f0_aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a_2d97);
    return (z ^ (z >>> 15)) | 0;
  };
  let [a, b, c, d] = [splitmix(), splitmix(), splitmix(), splitmix()];
  const unit = () => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  };
  const int = (min: number, max: number) => min + Math.floor(unit() * (max - min + 1));
  const pick = <T>(list: readonly T[]): T => {
    const index = int(0, list.length - 1);
    const picked = list[index];
    if (index >= list.length || picked === undefined) throw new RangeError("pick from an empty list");
    return picked;
  };
  return {unit, int, chance: (probability) => unit() < probability, pick};
}
