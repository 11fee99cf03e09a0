// What a native library was built for, from the first bytes of the file.

const elf = { 0x3e: 'x64', 0xb7: 'arm64' };
const pe = { 0x8664: 'x64', 0xaa64: 'arm64' };
const mach = { 0x01000007: 'x64', 0x0100000c: 'arm64' };

/** Such as `linux-x64`; undefined for bytes that are not a library of a system that has a package. */
export function binaryTarget(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64) return undefined;
  const target = (system, arch) => arch && `${system}-${arch}`;
  // ELF, PE and Mach-O, each with 64 bits and little-endian.
  if (view.getUint32(0) === 0x7f454c46) return target('linux', elf[view.getUint16(18, true)]);
  if (view.getUint32(0, true) === 0xfeedfacf) return target('darwin', mach[view.getUint32(4, true)]);
  if (view.getUint16(0) !== 0x4d5a) return undefined;
  const header = view.getUint32(60, true);
  if (header + 6 > bytes.length || view.getUint32(header) !== 0x50450000) return undefined;
  return target('win32', pe[view.getUint16(header + 4, true)]);
}
