/** Native libraries of a package are recognized by their bytes, on whatever system the check runs. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { script } from '../support/script';

type BinaryTarget = (bytes: Uint8Array) => string | undefined;
type LibraryProblems = (names: string[], read: (name: string) => Uint8Array, target: string) => string[];

/** The first bytes of a library: magic number and machine where the formats have them. */
function bytesOf(fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(128);
  fill(new DataView(bytes.buffer));
  return bytes;
}
const elf = (machine: number) =>
  bytesOf((view) => {
    view.setUint32(0, 0x7f454c46);
    view.setUint16(18, machine, true);
  });
const mach = (cpu: number) =>
  bytesOf((view) => {
    view.setUint32(0, 0xfeedfacf, true);
    view.setUint32(4, cpu, true);
  });
const pe = (machine: number, at = 64) =>
  bytesOf((view) => {
    view.setUint16(0, 0x4d5a);
    view.setUint32(60, at, true);
    if (at < 122) view.setUint32(at, 0x50450000);
    if (at < 122) view.setUint16(at + 4, machine, true);
  });

describe('the target of a native library', () => {
  let binaryTarget: BinaryTarget;
  let libraryProblems: LibraryProblems;
  before(async () => {
    ({ binaryTarget } = await script<{ binaryTarget: BinaryTarget }>('binary-target.mjs'));
    ({ libraryProblems } = await script<{ libraryProblems: LibraryProblems }>('check-vsix.mjs'));
  });

  it('is that of the Node that runs this', () => {
    const file = openSync(process.execPath, 'r');
    const bytes = new Uint8Array(4096);
    readSync(file, bytes);
    closeSync(file);
    assert.equal(binaryTarget(bytes), `${process.platform}-${process.arch}`);
  });

  it('is said by magic number and machine', () => {
    assert.equal(binaryTarget(elf(0x3e)), 'linux-x64');
    assert.equal(binaryTarget(elf(0xb7)), 'linux-arm64');
    assert.equal(binaryTarget(mach(0x0100000c)), 'darwin-arm64');
    assert.equal(binaryTarget(pe(0x8664)), 'win32-x64');
    assert.equal(binaryTarget(pe(0xaa64)), 'win32-arm64');
    for (const other of [elf(0x28), pe(0x014c), pe(0x8664, 2 ** 31), new Uint8Array(10), new Uint8Array(200)])
      assert.equal(binaryTarget(other), undefined);
  });

  it('has to be that of the package, and all libraries have to be there', () => {
    const names = [
      'bin/onnxruntime_binding.node',
      'bin/onnxruntime.dll',
      'lib/sharp-win32-x64.node',
      'lib/libvips-42.dll',
    ];
    assert.deepEqual(
      libraryProblems(names, () => pe(0x8664), 'win32-x64'),
      [],
    );
    assert.deepEqual(
      libraryProblems(names.slice(0, 3), () => pe(0x8664), 'win32-x64'),
      ['there is no library vips'],
    );
    const mixed = libraryProblems(
      names,
      (name) => (name.endsWith('.node') ? elf(0x3e) : pe(0x8664)),
      'win32-x64',
    );
    assert.deepEqual(mixed, [
      'bin/onnxruntime_binding.node is for linux-x64',
      'lib/sharp-win32-x64.node is for linux-x64',
    ]);
  });
});
