// What is won by several processes of `flowscope train --launcher torchrun`: steps a second, what a step sends, and a model of machines.
import fs from 'node:fs';
import path from 'node:path';
import { ensurePeersPython } from '../../scripts/peers-python.mjs';
import { inTemporaryFolder, root, runProgram, table } from '../quality/support.mjs';
import { machine, machineText, warnIfBusy } from './machine.mjs';
import { changePlan, preparedRun } from './prepared-run.mjs';
import { milliseconds, save } from './results.mjs';

const configs = ['moons', 'tabular', 'digits'];

const contenders = {
  'one process of one thread': { processes: 1, threads: 1 },
  'two processes of one thread each': { processes: 2, threads: 1 },
  'one process of two threads': { processes: 1, threads: 2 },
  // What each of two computes, without the other: the rest is what they tell each other.
  'half of the batch, one thread': { processes: 1, threads: 1, halves: true },
};

/** Bits a second and seconds that a message takes at least. */
const networks = {
  '1 Gbit/s, 100 µs': { bandwidth: 1e9, latency: 1e-4 },
  '25 Gbit/s, 20 µs': { bandwidth: 25e9, latency: 2e-5 },
};
const machines = [1, 2, 4, 8, 16];

export async function processes({ only, rounds, quick, output }) {
  const wanted = configs.filter((name) => new RegExp(only).test(name));
  const python = await ensurePeersPython();
  const place = machine(2);
  warnIfBusy(place);
  const results = [];
  for (const config of wanted) {
    const found = await inTemporaryFolder(async (folder) => {
      const run = await preparedRun(python, config, folder);
      return inTurns(python, run, { rounds, steps: quick ? 60 : 120 });
    });
    results.push({ config, ...found });
    console.log(
      `${config}: ${Object.entries(found.ms)
        .map(([name, ms]) => `${name} ${milliseconds(ms)} ms`)
        .join(', ')}`,
    );
  }
  save(output, 'processes.json', { machine: place, results });
  save(output, 'processes.md', asMarkdown(place, results));
}

/** Each is the least of the rounds' medians. */
async function inTurns(python, run, { rounds, steps }) {
  const ms = {};
  let exchange;
  for (let round = 0; round < rounds; round++) {
    for (const [name, contender] of Object.entries(contenders)) {
      const copy = `${run}-copy`;
      fs.cpSync(run, copy, { recursive: true });
      if (contender.halves) changePlan(copy, ({ batch }) => ({ batch: Math.floor(batch / 2) }));
      const timed = await train(python, copy, contender, steps);
      fs.rmSync(copy, { recursive: true });
      ms[name] = Math.min(ms[name] ?? Infinity, timed.ms);
      if (contender.processes > 1) exchange = { calls: timed.calls, given: timed.given, sent: timed.sent };
    }
  }
  return { ms, exchange };
}

async function train(python, run, { processes, threads }, steps) {
  const launcher =
    processes > 1 ? ['-m', 'torch.distributed.run', '--standalone', `--nproc-per-node=${processes}`] : [];
  const script = path.join(root, 'bench', 'peer', 'timed_training.py');
  const out = await runProgram(python, [...launcher, script, run, '--steps', String(steps)], {
    env: { ...process.env, PYTHONPATH: path.join(root, 'python'), OMP_NUM_THREADS: String(threads) },
  });
  const line = out.split('\n').find((text) => text.startsWith('{"timed"'));
  if (!line) throw new Error(`No time was said: ${out.slice(-500)}`);
  return JSON.parse(line).timed;
}

/** ms of a step on so many machines of one thread, with a ring: what is exchanged, and what each computes of the batch. */
function modeled({ ms, exchange }, count, { bandwidth, latency }) {
  const whole = ms['one process of one thread'];
  const perBatch = 2 * (whole - ms['half of the batch, one thread']);
  const seconds =
    count === 1
      ? 0
      : (2 * (count - 1) * exchange.given * 8) / count / bandwidth +
        2 * (count - 1) * exchange.calls * latency;
  return whole - perBatch + perBatch / count + 1e3 * seconds;
}

function asMarkdown(place, results) {
  const perSecond = (ms) => (1e3 / ms).toPrecision(3);
  const measured = table([
    ['configuration', ...Object.keys(contenders).map((name) => `${name}, steps/s`)],
    ...results.map(({ config, ms }) => [
      config,
      ...Object.keys(contenders).map((name) => perSecond(ms[name])),
    ]),
  ]);
  const bytes = (count) => count.toLocaleString('en');
  const exchanged = table([
    ['configuration', 'calls a step', 'bytes given to them', 'bytes on the loopback interface'],
    ...results.map(({ config, exchange: { calls, given, sent } }) => [
      config,
      String(calls),
      bytes(given),
      sent > 0 ? bytes(sent) : '–',
    ]),
  ]);
  const model = table([
    ['configuration', 'network', ...machines.map((count) => `${count}`)],
    ...results.flatMap((result) =>
      Object.entries(networks).map(([name, network]) => [
        result.config,
        name,
        ...machines.map((count) => {
          const gain = modeled(result, 1, network) / modeled(result, count, network);
          return `${gain.toFixed(2)}×`;
        }),
      ]),
    ),
  ]);
  return `${[
    'Steps a second by the median time of a step, the best of the rounds. The last column computes what each of two processes computes.',
    measured,
    'What two processes tell each other in a step.',
    exchanged,
    'Steps a second of N machines of one thread each, over one machine, by the model in bench/README.md. Not measured.',
    model,
    `${machineText(place)}.`,
  ].join('\n\n')}\n`;
}
