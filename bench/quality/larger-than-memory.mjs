// Trains on more data than the process may have in memory, and says how much memory it took.
//   --gib N     size of the data (default 3)
//   --limit N   MiB that the process may allocate, enforced on Linux by prlimit (default 2048)
//   --steps N   training steps (default 200)
import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inTemporaryFolder, npyBytes, readMetrics, root, runProgram, saveResult } from './support.mjs';

const side = 32;
const pixels = side * side * 3;
const chunkImages = 4096;

/** Uniform random bytes, so that nothing can be compressed or be sparse. */
function writeImages(file, count) {
  const header = npyBytes(new Uint8Array(0), [count, side, side, 3]);
  const handle = fs.openSync(file, 'w');
  fs.writeSync(handle, header);
  const chunk = Buffer.alloc(chunkImages * pixels);
  for (let done = 0; done < count; done += chunkImages) {
    const images = Math.min(chunkImages, count - done);
    randomFillSync(chunk, 0, images * pixels);
    fs.writeSync(handle, chunk, 0, images * pixels);
  }
  fs.closeSync(handle);
}

/** What the operating system can enforce: private memory that a process may write to. Resident memory cannot be limited. */
function limiter(limitMib) {
  const there = process.platform === 'linux' && !spawnSync('prlimit', ['--version']).error;
  return there ? ['prlimit', [`--data=${limitMib * 2 ** 20}`, process.execPath]] : [process.execPath, []];
}

export async function run(options) {
  const { values } = parseArgs({
    args: options,
    options: {
      gib: { type: 'string', default: '3' },
      limit: { type: 'string', default: '2048' },
      steps: { type: 'string', default: '200' },
    },
  });
  const count = Math.floor((Number(values.gib) * 2 ** 30) / pixels);
  const dataBytes = count * pixels;
  const steps = Number(values.steps);
  const limitMib = Number(values.limit);
  const { bavail, bsize } = fs.statfsSync(os.tmpdir());
  if (bavail * bsize < 1.2 * dataBytes) {
    throw new Error(
      `${os.tmpdir()} has ${Math.round((bavail * bsize) / 2 ** 20)} MiB left; set TMPDIR elsewhere.`,
    );
  }
  await inTemporaryFolder(async (folder) => {
    const file = path.join(folder, 'images.npy');
    const began = performance.now();
    writeImages(file, count);
    console.log(`wrote ${count} images, ${(dataBytes / 2 ** 30).toFixed(2)} GiB, in ${seconds(began)} s`);
    const config = path.join(folder, 'run.flow.json');
    fs.writeFileSync(
      config,
      JSON.stringify({
        data: { source: file, validation: 512 },
        model: { kind: 'image', scales: 2, base: 16, blocks: 1 },
        training: {
          steps,
          batch: 64,
          validateEvery: 100,
          checkpointEvery: 100,
          sampleEvery: 1000,
          warmupSteps: 10,
        },
      }),
    );
    const peakFile = path.join(folder, 'peak');
    const output = path.join(folder, 'run');
    const [command, before] = limiter(limitMib);
    const started = performance.now();
    await runProgram(
      command,
      [
        ...before,
        `--max-old-space-size=${Math.floor(limitMib / 4)}`,
        '--require',
        path.join(path.dirname(fileURLToPath(import.meta.url)), 'peak-memory.cjs'),
        path.join(root, 'dist', 'cli.js'),
        'train',
        '--config',
        config,
        '--output',
        output,
        '--json',
        '--quiet',
      ],
      { env: { ...process.env, PEAK_MEMORY_FILE: peakFile } },
    );
    const rows = readMetrics(output);
    const peakMib = Number(fs.readFileSync(peakFile, 'utf8')) / 1024;
    const last = rows.filter((row) => row.validationBitsPerDim !== undefined).at(-1);
    const result = {
      dataMib: Math.round(dataBytes / 2 ** 20),
      images: count,
      limitMib: command === 'prlimit' ? limitMib : null,
      peakResidentMib: Math.round(peakMib),
      steps: rows.at(-1).step,
      seconds: Number(seconds(started)),
      examplesPerSecond: rows.at(-1).examplesPerSecond,
      validationBitsPerDim: last?.validationBitsPerDim,
    };
    console.log(JSON.stringify(result, null, 2));
    if (result.steps !== steps) throw new Error(`trained ${result.steps} of ${steps} steps`);
    if (peakMib * 2 ** 20 >= dataBytes) throw new Error('the process took as much memory as the data');
    saveResult('larger-than-memory.json', result);
  });
}

const seconds = (since) => ((performance.now() - since) / 1000).toFixed(1);
