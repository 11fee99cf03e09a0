/** Tells by content what a file of PyTorch is. */
/** `tar` and `legacy` are the formats before PyTorch 1.6; `pickle` any other. */
export type TorchContainer = 'zip' | 'tar' | 'legacy' | 'pickle';

/** The number that the format between 0.4 and 1.5 begins with, as a pickle: protocol 2, LONG1 of ten bytes. */
const legacyStart = [
  0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
];

/** @param start the first 512 bytes of the file */
export function torchContainer(start: Uint8Array): TorchContainer | undefined {
  // The length of a safetensors header, and the JSON after it: a length of 640 begins like a pickle of protocol 2.
  if (start[8] === '{'.charCodeAt(0) && start.subarray(4, 8).every((byte) => byte === 0)) return undefined;
  const startsWith = (bytes: readonly number[], at = 0) => bytes.every((byte, i) => start[at + i] === byte);
  if (startsWith([0x50, 0x4b, 0x03, 0x04]) || startsWith([0x50, 0x4b, 0x05, 0x06])) return 'zip';
  // "ustar" is in the header of the first file.
  if (startsWith([0x75, 0x73, 0x74, 0x61, 0x72], 257)) return 'tar';
  if (startsWith(legacyStart)) return 'legacy';
  if (start[0] === 0x80 && start[1]! >= 2 && start[1]! <= 5) return 'pickle';
  return undefined;
}
