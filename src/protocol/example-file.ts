/** An example that the user hands over as the bytes of a file: a picture, or numbers. */

export interface ExampleFile {
  /** For messages and as the name of the example. */
  name: string;
  bytes: Uint8Array;
}

/** Larger files are refused before they are read. */
export const largestExampleFile = 2 ** 26;

export interface ExampleInFile {
  /** In data units without padding: pixels, [H, W, C] row-major, or coordinates, [D]. */
  values: Float32Array;
  /** What the file held before it was fitted to the model. */
  source:
    | { kind: 'picture'; width: number; height: number; color: boolean; resized: boolean }
    | { kind: 'numbers'; count: number };
}
