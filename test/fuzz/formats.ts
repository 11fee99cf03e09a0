/** Every format that Flowscope reads: small files to begin with, what is changed in them, and what opens them. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { zipSync, type Zippable } from 'fflate';
import { createControlReader, readRates } from '../../src/checkpoint/control';
import { createMetricsTail } from '../../src/checkpoint/metrics-tail';
import { loadResume } from '../../src/checkpoint/resume';
import { listCheckpoints, openRun, readStatus, runPaths } from '../../src/checkpoint/run-folder';
import { readHolder } from '../../src/checkpoint/run-lock';
import { infoCommand } from '../../src/cli/commands/info';
import { run as runCommand } from '../../src/cli/run';
import { parseDataConfig, parseRunConfig } from '../../src/config/parse';
import { indexRange } from '../../src/data/dataset';
import { openDataset } from '../../src/data/open/open';
import { tableOverview } from '../../src/data/open/table-overview';
import { previewData } from '../../src/data/open/preview';
import { createOnnxRuntimeBackend } from '../../src/engine/backends/onnxruntime';
import { openModel } from '../../src/engine/open/open-model';
import { writeSafetensors } from '../../src/checkpoint/tensors/safetensors';
import { explainModel } from '../../src/engine/open/explain-model';
import { UserError } from '../../src/base/user-error';
import { memoryTerminal, noSignals } from '../unit/cli/memory-terminal';
import { exportedArchive } from '../unit/support/torch-archives';
import { mutateBytes, withWords } from './mutators/bytes';
import type { Mutator } from './mutators/mutator';
import { mutateOnnx } from './mutators/onnx';
import { mutateSafetensors } from './mutators/safetensors';
import { mutateTable } from './mutators/text';
import { mutateJson, mutateJsonLines } from './mutators/tree';
import { mutateZip } from './mutators/zip';

export interface Format {
  name: string;
  /** Name of the file, with folders below the case's own. */
  file: string;
  seeds(): Buffer[] | Promise<Buffer[]>;
  mutate: Mutator;
  /** Resolves or rejects with a UserError, whatever the file is. */
  open(file: string, folder: string): Promise<void>;
}

const fixtures = path.resolve('test', 'fixtures');
const largestSeed = 80_000;

/** Fixtures whose path matches, without those that make each case slow. */
function fixturesLike(pattern: RegExp, largest = largestSeed): Buffer[] {
  return readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name.replaceAll('\\', '/')) && !name.startsWith('fuzz'))
    .sort()
    .map((name) => path.join(fixtures, name))
    .filter((file) => statSync(file).size <= largest)
    .map((file) => readFileSync(file));
}

const backend = createOnnxRuntimeBackend({ threads: 1, reason: 'fuzz', spin: false });

/** As the command line and the editor open it. */
async function openAsModel(file: string): Promise<void> {
  const terminal = memoryTerminal();
  const code = await runCommand(['info', file, '--verbose'], {
    commands: [infoCommand],
    version: '0',
    terminal,
    stopping: noSignals(),
  });
  if (code === 2) throw new Error(terminal.stderr());
  // eslint-disable-next-line no-control-regex -- that is what must not be in it
  if (/[\u0000-\u0008\u000b-\u001f]/.test(terminal.stdout() + terminal.stderr())) {
    throw new Error('control characters of the file reach the terminal');
  }
  if (code === 1) throw new UserError(terminal.stderr());
  await explainModel(file).catch(onlyUserErrors);
  const model = await openModel(file, await backend);
  try {
    await model.summary();
  } finally {
    await model.dispose();
  }
}

function onlyUserErrors(error: unknown): void {
  if (!(error instanceof UserError)) throw error;
}

async function openAsData(file: string, folder: string): Promise<void> {
  await previewData(file, folder);
}

/** All that follows a run, with the file in its place. */
async function openAsRun(_: string, folder: string): Promise<void> {
  const run = path.join(folder, 'run');
  const paths = runPaths(run);
  await mkdir(paths.checkpoints, { recursive: true });
  await writeFile(paths.config, JSON.stringify(moons), { flag: 'wx' }).catch(() => undefined);
  const tail = createMetricsTail(paths.metrics);
  await tail.refresh();
  tail.slice(0);
  await readStatus(paths);
  await listCheckpoints(paths);
  await readHolder(run);
  await createControlReader(run).next();
  await readRates(run);
  await openRun(run);
}

const moons = {
  data: { source: 'moons' },
  model: { kind: 'vector', dim: 2, couplings: 8, hidden: [64, 64] },
  training: { steps: 100, batch: 64 },
};
const imageConfig = parseRunConfig(
  {
    data: { source: 'digits' },
    model: { kind: 'image', height: 8, width: 8, channels: 1, scales: 2 },
    training: {},
  },
  'digits',
);
const linear = { weight: { shape: [2, 3], data: new Float32Array(6) } };
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value, null, 1));

const pickleWords = [
  ...'(}])tq0N.QRabdlse\x81\x85\x86\x87\x88\x89\x8a\x8c\x8f\x90\x91\x93\x94\x95h',
  ...[
    'ctorch\nFloatStorage\n',
    'ccollections\nOrderedDict\n',
    'cos\nsystem\n',
    '\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f',
    // In a shape: 2⁵³, which is a bigint. As a type: a name that every JavaScript object has.
    '\x8a\x08\0\0\0\0\0\0\x20\0',
    'cbuiltins\ngetattr\n(ctorch._C\n_VariableFunctionsClass\nX\x0b\0\0\0constructortR',
  ],
  'X\xff\xff\xff\x7f',
];
const mutatePickle = withWords(pickleWords);

const inTorch = (name: string): Mutator => (name.endsWith('.pkl') ? mutatePickle : inKeras(name));
const inKeras = (name: string): Mutator => (name.endsWith('.json') ? mutateJson : mutateBytes);
const anyBytes = (): Mutator => mutateBytes;

function idx(): Buffer[] {
  const images = Buffer.alloc(16 + 4 * 9, 7);
  images.writeUInt32BE(0x803);
  for (const [i, size] of [4, 3, 3].entries()) images.writeUInt32BE(size, 4 + 4 * i);
  return [images];
}

function table(): Buffer[] {
  const rows = Array.from({ length: 20 }, (_, i) => `${i},${i * 0.5},${-i}`).join('\n');
  return [Buffer.from(`x,y,z\n${rows}\n`), Buffer.from(rows.replaceAll(',', ';'))];
}

function pictures(): Buffer[] {
  const [gray, color, other] = ['ramp-gray.png', 'ramp.jpg', 'ramp.webp'].map((name) =>
    readFileSync(path.join(fixtures, 'data', name)),
  );
  const archives: Zippable[] = [
    { 'a.png': gray!, 'b.png': gray! },
    { 'cat/a.jpg': color!, 'dog/b.webp': other! },
  ];
  return archives.map((entries) => Buffer.from(zipSync(entries, { level: 0 })));
}

const runFile = (name: string, file: string, seed: Buffer, mutate = mutateJson): Format => ({
  name,
  file: `run/${file}`,
  seeds: () => [seed],
  mutate,
  open: openAsRun,
});

async function resumeStates(): Promise<Buffer[]> {
  const file = path.join(tmpdir(), 'seed.safetensors');
  const tensors = { 'a.w': { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } };
  const progress = { best: { step: 5, nats: 1.5 }, withoutBetter: 2 };
  await writeSafetensors(file, tensors, {
    format: 'flowscope-resume',
    format_version: '1',
    step: '10',
    seconds: '1.5',
    progress: JSON.stringify(progress),
  });
  return [readFileSync(file)];
}

const metricsRow = { step: 10, seconds: 1, trainNats: 2, learningRate: 0.001, validationNats: 1.5 };
const request = { id: 'abc', action: 'pause', learningRate: 0.001 };
const lock = {
  id: '8f1e7a52-5b0f-4b7e-9c57-1d2f3a4b5c6d',
  pid: 1,
  host: 'elsewhere',
  start: '1',
  since: '2026-01-01T00:00:00.000Z',
};

export const formats: readonly Format[] = [
  {
    name: 'checkpoint',
    file: 'a.flow.safetensors',
    seeds: () => fixturesLike(/^trained\/.*\.flow\.safetensors$/),
    mutate: mutateSafetensors,
    open: openAsModel,
  },
  {
    name: 'safetensors',
    file: 'a.safetensors',
    seeds: () => fixturesLike(/^(peers|wild|torch)\/.*\.safetensors$/),
    mutate: mutateSafetensors,
    open: openAsModel,
  },
  {
    name: 'recording',
    file: 'a.flowrec.safetensors',
    seeds: () => fixturesLike(/\.flowrec\.safetensors$/),
    mutate: mutateSafetensors,
    open: openAsModel,
  },
  {
    name: 'torch',
    file: 'a.pt',
    seeds: () => [...fixturesLike(/^(torch|wild)\/.*\.(pt|pth|ckpt)$/), Buffer.from(exportedArchive(linear))],
    mutate: mutateZip(inTorch),
    open: openAsModel,
  },
  {
    name: 'pickle',
    file: 'a.pkl',
    seeds: () => fixturesLike(/\.pkl$|\/legacy\.pt$/),
    mutate: mutatePickle,
    open: openAsModel,
  },
  {
    name: 'keras',
    file: 'a.keras',
    seeds: () => fixturesLike(/\.keras$/, 200_000),
    mutate: mutateZip(inKeras),
    open: openAsModel,
  },
  {
    name: 'hdf5',
    file: 'a.weights.h5',
    seeds: () => fixturesLike(/\.h5$/, 800_000),
    mutate: mutateBytes,
    open: openAsModel,
  },
  { name: 'eqx', file: 'a.eqx', seeds: () => fixturesLike(/\.eqx$/), mutate: mutateBytes, open: openAsModel },
  {
    name: 'onnx',
    file: 'a.onnx',
    seeds: () => fixturesLike(/\.onnx$/),
    mutate: mutateOnnx,
    open: openAsModel,
  },
  { name: 'npy', file: 'a.npy', seeds: () => fixturesLike(/\.npy$/), mutate: mutateBytes, open: openAsData },
  {
    name: 'npz',
    file: 'a.npz',
    seeds: () => fixturesLike(/^(data|peers)\/.*\.npz$/),
    mutate: mutateZip(anyBytes),
    open: openAsData,
  },
  {
    name: 'arrays',
    file: 'a.npz',
    seeds: () => fixturesLike(/^(data|peers)\/.*\.npz$/),
    mutate: mutateZip(anyBytes),
    open: openAsModel,
  },
  { name: 'idx', file: 'a-idx3-ubyte', seeds: idx, mutate: mutateBytes, open: openAsData },
  {
    name: 'cifar',
    file: 'data_batch_1.bin',
    seeds: () => [Buffer.alloc(3 * 3073, 3)],
    mutate: mutateBytes,
    open: openAsData,
  },
  { name: 'csv', file: 'a.csv', seeds: table, mutate: mutateTable, open: openAsData },
  {
    name: 'parquet',
    file: 'a.parquet',
    seeds: () => fixturesLike(/table-.*\.parquet$/),
    mutate: mutateBytes,
    async open(file, folder) {
      await tableOverview(file, folder);
      const data = parseDataConfig({ source: file, columns: ['x', 'flag'], labelColumn: 'species' }, file);
      const { train, close } = await openDataset(data, folder);
      await train.read(indexRange(0, Math.min(10, train.count))).finally(close);
    },
  },
  {
    name: 'netcdf',
    file: 'a.nc',
    seeds: () => fixturesLike(/^data\/.*\.nc$/),
    mutate: mutateBytes,
    open: openAsData,
  },
  { name: 'pictures', file: 'a.zip', seeds: pictures, mutate: mutateZip(anyBytes), open: openAsData },
  {
    name: 'config',
    file: 'a.flow.json',
    seeds: () => [moons, imageConfig].map(json),
    mutate: mutateJson,
    open: async (file) => void parseRunConfig(readFileSync(file, 'utf8'), file),
  },
  {
    name: 'sidecar',
    file: 'a.safetensors.flowscope.json',
    seeds: () => fixturesLike(/\.flowscope\.json$/),
    mutate: mutateJson,
    async open(file) {
      const model = file.slice(0, -'.flowscope.json'.length);
      await writeFile(model, readFileSync(path.join(fixtures, 'recordings', 'zuko.state.safetensors')));
      await openAsModel(model);
    },
  },
  {
    name: 'resume',
    file: 'last.resume.safetensors',
    seeds: resumeStates,
    mutate: mutateSafetensors,
    async open(file) {
      await loadResume(file);
    },
  },
  runFile('run-config', 'config.json', json(moons)),
  runFile(
    'run-status',
    'run.json',
    json({ status: 'running', step: 5, seconds: 1, updated: '2026-01-01', best: { step: 5, nats: 1 } }),
  ),
  runFile(
    'metrics',
    'metrics.jsonl',
    Buffer.from(`${JSON.stringify(metricsRow)}\n`.repeat(5)),
    mutateJsonLines,
  ),
  runFile(
    'rates',
    'rates.json',
    json([
      { step: 1, learningRate: 0.1 },
      { step: 5, learningRate: 0.01 },
    ]),
  ),
  runFile('control', 'control.json', json(request)),
  runFile('lock', 'train.lock', json(lock)),
];
