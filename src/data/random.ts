import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { fillNormal, type GeneratorState } from './polar';

/** Random numbers in a fixed order. Everything drawn depends only on the seed and labels that made the stream. */
export type RandomStream = ReturnType<typeof stream>;

const scale = 2 ** -24;

/**
 * A stream for one purpose, for example `stream(seed, 'noise', step)`. Streams with different labels are independent
 * for all practical purposes, so that a resumed run draws what an uninterrupted one would have, without stored state.
 * The generator is xoroshiro128+; nothing but 32-bit integer arithmetic, `Math.log` and `Math.sqrt` is used.
 */
export function stream(seed: number, ...labels: (string | number)[]) {
  // The kind of a label is part of the text: 1 and '1' give different streams, and so do ('ab') and ('a', 'b').
  const text = JSON.stringify([seed, ...labels]);
  const salts = [0x9e3779b9, 0x7f4a7c15, 0xf39cc060, 0x5cedc834];
  const state = salts.map((salt) => hash(text, salt));
  if (!state.some((word) => word !== 0)) state[0] = 1;
  let generator = xoroshiro128plusFromState(state);

  // The lowest bits of xoroshiro128+ are its weak ones, hence the upper 24.
  const next = () => (generator.next() >>> 8) * scale;

  /** An integer in [0, max), for 1 ≤ max ≤ 2³². */
  function integer(max: number): number {
    // Rejection keeps every value equally likely.
    const limit = 2 ** 32 - (2 ** 32 % max);
    for (;;) {
      const value = generator.next() >>> 0;
      if (value < limit) return value % max;
    }
  }

  return {
    /** n values in [0, 1), multiples of 2⁻²⁴. */
    uniform(n: number) {
      const out = new Float32Array(n);
      for (let i = 0; i < n; i++) out[i] = next();
      return out;
    },
    /** n standard normal values. */
    normal(n: number) {
      const out = new Float32Array(n);
      generator = xoroshiro128plusFromState(fillNormal(generator.getState() as GeneratorState, out));
      return out;
    },
    /** The numbers 0 … n − 1 in random order. */
    permutation(n: number) {
      const out = new Int32Array(n);
      for (let i = 0; i < n; i++) {
        const j = integer(i + 1);
        out[i] = out[j]!;
        out[j] = i;
      }
      return out;
    },
    integer,
  };
}

/** MurmurHash3 (x86, 32 bit; Austin Appleby, public domain) over the UTF-16 code units of a text. */
function hash(text: string, salt: number): number {
  let h = salt | 0;
  for (let i = 0; i < text.length; i++) {
    let k = Math.imul(text.charCodeAt(i), 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    h ^= k;
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  }
  return mix(h ^ text.length);
}

/** The finalizer of MurmurHash3: every bit of the input changes half of the output's; 32 bits with a sign. */
export function mix(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
