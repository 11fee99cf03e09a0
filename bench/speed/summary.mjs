// From the lines of all rounds to one row for each configuration and task.
import { isPeer } from './contenders.mjs';

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Of one contender at one cell over the rounds: the median of the rounds' medians, the least of all runs, and the spread
 * of the rounds' medians as (largest − smallest) / median.
 */
export function overRounds(records) {
  const good = records.filter(({ unavailable }) => unavailable === undefined);
  if (good.length === 0) return { unavailable: records[0]?.unavailable ?? 'not measured' };
  const medians = good.map((record) => record.median_ms);
  const of = (key) => (good[0][key] === undefined ? {} : { [key]: median(good.map((r) => r[key])) });
  return {
    median_ms: median(medians),
    min_ms: Math.min(...good.map(({ min_ms }) => min_ms)),
    spread: (Math.max(...medians) - Math.min(...medians)) / median(medians),
    peak_rss_mb: Math.max(...good.map(({ peak_rss_mb }) => peak_rss_mb)),
    ...of('compile_ms'),
    ...of('first_ms'),
    ...of('call_ms'),
    params: good[0].params,
    rounds: good.length,
  };
}

/** Closer than this in one round, noise decides which of two is faster. */
const close = 1.15;

/** The ways to run the peers that go on after the first round: the fastest one, and others that are close. */
export function peersThatGoOn(records) {
  const first = records.filter(
    ({ contender, round, unavailable }) => isPeer(contender) && round === 0 && !unavailable,
  );
  const best = Math.min(...first.map(({ median_ms }) => median_ms));
  return first.filter(({ median_ms }) => median_ms <= close * best).map(({ contender }) => contender);
}

/** The fastest way to run a peer over all rounds. Undefined where none runs. */
function fastestPeer(records) {
  const time = (contender) => overRounds(records.filter((r) => r.contender === contender)).median_ms;
  return peersThatGoOn(records).toSorted((a, b) => time(a) - time(b))[0];
}

/** @returns {{config, task, peer, peerMode, tensorflow, onnxruntime}[]} ours with `ratio` and `min_ratio` to the peer */
export function summarize(records, cells, backends) {
  return cells.map(({ config, task }) => {
    const own = records.filter((record) => record.config === config && record.task === task);
    const of = (contender) => overRounds(own.filter((record) => record.contender === contender));
    const peerMode = fastestPeer(own);
    const peer = of(peerMode ?? own.find(({ contender }) => isPeer(contender))?.contender);
    const ours = backends.map((backend) => {
      const result = of(backend);
      if (result.unavailable || peer.unavailable) return [backend, result];
      return [
        backend,
        { ...result, ratio: result.median_ms / peer.median_ms, min_ratio: result.min_ms / peer.min_ms },
      ];
    });
    return { config, task, peerMode, peer, ...Object.fromEntries(ours) };
  });
}
