// Times flows that are printed as PyTorch beside the hand-written ones, in turns:
//   node bench/speed/printed.mjs [--only moons] [--threads 2] [--repeats 200]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePeersPython } from '../../scripts/peers-python.mjs';
import { main, run, Stop } from '../../scripts/run.mjs';
import { root, table } from '../quality/support.mjs';
import { configFile } from './cells.mjs';
import { machine, machineText, warnIfBusy } from './machine.mjs';
import { preparedRun } from './prepared-run.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    threads: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '200' },
  },
});

async function compared(python, config) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-printed-'));
  try {
    const prepared = await preparedRun(python, config, folder);
    const { threads, repeats } = values;
    const { code, output } = await run(
      python,
      [
        'printed_flow.py',
        '--config',
        configFile(config),
        '--folder',
        folder,
        '--run',
        prepared,
        '--threads',
        threads,
        '--repeats',
        repeats,
      ],
      {
        cwd: path.join(root, 'bench', 'peer'),
        quiet: true,
        env: { OMP_NUM_THREADS: threads, PYTHONPATH: path.join(root, 'python') },
      },
    );
    if (code !== 0) throw new Stop(`${config} could not be timed: ${output.trim()}`);
    return output.match(/^\{.*\}$/gm).map((line) => JSON.parse(line));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

main(async () => {
  const python = await ensurePeersPython();
  const place = machine(Number(values.threads));
  warnIfBusy(place);
  console.log(machineText(place));
  const wanted = ['moons', 'tabular', 'digits'].filter((name) => new RegExp(values.only).test(name));
  const rows = [];
  for (const config of wanted) rows.push(...(await compared(python, config)));
  const cells = rows.map(({ config, task, printed_ms, peer_ms, ratio }) => [
    config,
    task,
    printed_ms,
    peer_ms,
    ratio,
  ]);
  console.log(table([['configuration', 'task', 'printed, ms', 'by hand, ms', 'ratio'], ...cells]));
});
