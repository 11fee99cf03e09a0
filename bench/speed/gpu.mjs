// Our backends on this machine's GPU and beside it, and PyTorch on CUDA or MPS where it is: a table to paste into an issue.
import { root, table } from '../quality/support.mjs';
import { run } from '../../scripts/run.mjs';
import { cells, optionsOf, peersOf, repeatsOf } from './cells.mjs';
import { backends, buildWorker, findPeer, measure, titleOf } from './contenders.mjs';
import { machine, machineText, warnIfBusy } from './machine.mjs';
import { milliseconds, save } from './results.mjs';

const configs = ['moons', 'nsf', 'digits', 'glow', 'mnist', 'cifar10'];
const tasks = ['train-step', 'log-prob'];

export async function gpu({ only, threads, quick, output }) {
  const wanted = cells(only).filter(({ config, task }) => configs.includes(config) && tasks.includes(task));
  if (wanted.length === 0) return console.log(`No configuration and task matches "${only}".`);
  const peer = await findPeer();
  await buildWorker();
  const place = { ...machine(threads), gpu: await gpuName() };
  warnIfBusy(place);
  const rows = [];
  for (const cell of wanted) {
    const options = optionsOf(cell, repeatsOf(cell, quick ? 0.3 : 2));
    for (const contender of [...backends, 'webgpu', `${peersOf(cell.config)[0]}-gpu`]) {
      const line = await measure({ contender, threads, peer, options });
      rows.push({ ...cell, contender, ...line });
      console.log(
        `${`${cell.config} ${cell.task}`.padEnd(20)}${titleOf(contender).padEnd(26)}${shown(line)}`,
      );
    }
    save(output, 'gpu.json', { machine: place, rows });
    save(output, 'gpu.md', asMarkdown(place, rows));
  }
}

const shown = ({ unavailable, median_ms: median }) =>
  unavailable ? `not available: ${unavailable}` : `${milliseconds(median)} ms`;

/** As flowscope doctor says it. */
async function gpuName() {
  const { output } = await run(process.execPath, ['dist/cli.js', 'doctor', '--json'], {
    cwd: root,
    quiet: true,
  });
  return (
    JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1)).lines.find(
      ({ name }) => name === 'gpu',
    )?.value ?? 'none'
  );
}

function asMarkdown(place, rows) {
  const lines = rows.map((row) => [`${row.config} ${row.task}`, titleOf(row.contender), shown(row)]);
  return `${table([['what', 'on', 'median'], ...lines])}\n\nGPU: ${place.gpu}. ${machineText(place)}.\n`;
}
