// Ours and the peer, interleaved: each round times every contender of a cell in fresh processes one after the other, and
// the next round takes them in another order, so that what slows the machine for a while slows all.
import { table } from '../quality/support.mjs';
import { cells, optionsOf, peersOf, repeatsOf } from './cells.mjs';
import { backends, buildWorker, findPeer, measure, peerOf, titleOf, waysOf } from './contenders.mjs';
import { machine, machineText, warnIfBusy } from './machine.mjs';
import { ratioChart } from './ratio-chart.mjs';
import { milliseconds, save } from './results.mjs';
import { peersThatGoOn, summarize } from './summary.mjs';

export async function compare({ only, threads, rounds, quick, output }) {
  const wanted = cells(only);
  if (wanted.length === 0) return console.log(`No configuration and task matches "${only}".`);
  const peer = await findPeer();
  await buildWorker();
  const place = machine(threads);
  warnIfBusy(place);
  const started = performance.now();
  const records = [];
  for (let round = 0; round < rounds; round++) {
    for (const cell of wanted) await oneRound(cell, round, { threads, quick, peer, records });
    // After each round: what an interrupted run has measured stays.
    const result = { machine: place, libraries: libraries(records), rows: [], records };
    result.rows = summarize(records, wanted, backends);
    result.minutes = Number(((performance.now() - started) / 60_000).toFixed(1));
    save(output, 'speed.json', result);
    save(output, 'speed.md', asMarkdown(result));
    save(output, 'speed.svg', ratioChart(result));
  }
}

async function oneRound(cell, round, { threads, quick, peer, records }) {
  const own = () => records.filter((r) => r.config === cell.config && r.task === cell.task);
  // Whoever is not there will not be there in the next round either.
  const missing = new Set(own().flatMap((r) => (r.unavailable ? [r.contender] : [])));
  const peers = round === 0 ? peersOf(cell.config).flatMap(waysOf) : peersThatGoOn(own());
  const contenders = [...backends, ...peers].filter((name) => !missing.has(name));
  const shift = round % contenders.length;
  const { repeats, warmup } = repeatsOf(cell, quick ? 0.3 : 2);
  for (const contender of [...contenders.slice(shift), ...contenders.slice(0, shift)]) {
    // The first calls of a compiled function compile it.
    const untimed = /-compile$/.test(contender) ? Math.max(warmup, 2) : warmup;
    const options = optionsOf(cell, { warmup: untimed, repeats });
    const line = await measure({ contender, threads, peer, options });
    records.push({ ...line, ...cell, contender, round });
    const shown = line.unavailable
      ? `not available: ${line.unavailable}`
      : `${milliseconds(line.median_ms)} ms (least ${milliseconds(line.min_ms)})`;
    console.log(
      `round ${round + 1}  ${`${cell.config} ${cell.task}`.padEnd(27)}${titleOf(contender)}  ${shown}`,
    );
  }
}

/** Names and versions of what computed. */
function libraries(records) {
  const torch = records.find((record) => record.torch)?.torch;
  const names = records.flatMap(({ library }) => library ?? []);
  return [...new Set([...names, ...(torch ? [`PyTorch ${torch}`] : [])])];
}

function asMarkdown({ machine: place, libraries: names, rows, records, minutes }) {
  const time = ({ median_ms, min_ms, unavailable }) =>
    unavailable ? 'not available' : `${milliseconds(median_ms)} (${milliseconds(min_ms)})`;
  const ratio = ({ ratio: of, min_ratio: least }) =>
    of === undefined ? '–' : `${bold(of)} (${least.toFixed(2)})`;
  const times = rows.map((row) => [
    row.config,
    row.task,
    time(row.peer),
    row.peerMode ? titleOf(row.peerMode) : '–',
    ...backends.flatMap((backend) => [time(row[backend]), ratio(row[backend])]),
  ]);
  const training = rows.filter(({ task }) => task === 'train-step');
  const resources = training.map((row) => [
    row.config,
    ...backends.map((backend) => seconds(row[backend].first_ms)),
    ...[row.peer, ...backends.map((backend) => row[backend])].map(({ peak_rss_mb }) =>
      peak_rss_mb === undefined ? '–' : peak_rss_mb.toLocaleString('en'),
    ),
  ]);
  const calls = rows
    .filter((row) => backends.some((backend) => row[backend].call_ms !== undefined))
    .map((row) => [row.config, row.task, ...backends.map((backend) => milliseconds(row[backend].call_ms))]);
  const missing = missingTexts(records.filter(({ unavailable }) => unavailable));
  return `${[
    'Times in ms: the median of the rounds’ medians, and in parentheses the least of all runs. Ratios are ours to the peer’s, ' +
      'of the medians and (of the least); below 1 ours is faster.',
    table([['config', 'task', 'peer', 'which', 'TensorFlow', 'ratio', 'ONNX Runtime', 'ratio'], ...times]),
    ...(resources.length > 0
      ? [
          'Training: seconds from nothing to the end of the first step (trace, compile, run), and peak resident memory of the process, MB.',
          table([
            ['config', 'first step, TensorFlow', 'ONNX Runtime', 'MB, peer', 'TensorFlow', 'ONNX Runtime'],
            ...resources,
          ]),
        ]
      : []),
    ...(calls.length > 0
      ? [
          'What a call costs, ms: the same backend, given the same batch, doubles it.',
          table([['config', 'task', 'TensorFlow', 'ONNX Runtime'], ...calls]),
        ]
      : []),
    'How each way to run a peer did in the first round. The fastest one went on, and others where they were close.',
    table([['config', 'task', 'peer', 'eager, ms', 'compiled, ms'], ...peerRows(rows, records)]),
    ...missing,
    `${names.join(', ')}. ${machineText(place)}. Rounds: ${1 + Math.max(...records.map(({ round }) => round))}, in ${minutes} minutes.`,
  ].join('\n\n')}\n`;
}

const bold = (value) => `**${value.toFixed(2)}**`;
const seconds = (ms) => (ms === undefined ? '–' : (ms / 1000).toFixed(1));

/** One sentence for each reason, with everything that it kept away. */
function missingTexts(records) {
  const kept = new Map();
  for (const { contender, unavailable, config, task } of records) {
    const reason = `${titleOf(contender)}: ${unavailable}`;
    kept.set(reason, new Set([...(kept.get(reason) ?? []), `${config} ${task}`]));
  }
  return [...kept].map(([reason, what]) => `Not available, ${[...what].join(', ')}. ${reason}`);
}

function peerRows(rows, records) {
  return rows.flatMap(({ config, task }) => {
    const first = records.filter((r) => r.config === config && r.task === task && r.round === 0);
    return peersOf(config).map((name) => {
      const ways = waysOf(name);
      const times = ways.map((way) =>
        milliseconds(first.find(({ contender }) => contender === way)?.median_ms),
      );
      return [config, task, peerOf(ways[0]).title, ...times];
    });
  });
}
