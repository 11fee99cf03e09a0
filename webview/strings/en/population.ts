/** Texts about what the example is compared with. */
import { count } from '../../base/format/numbers';

const percent = (share: number): string => `${Math.round(100 * share)}%`;

export const population = {
  ownData: 'Own…',
  ownFolder: 'Folder of images…',
  ownFile: 'File of examples…',
  ownDrop: 'Leave out',
  order: 'Order of the examples',
  orderIndex: 'by index',
  orderMost: 'most likely first',
  orderLeast: 'least likely first',
  scoring: (done: number, planned: number) =>
    planned > 0 ? `${count(done)} of ${count(planned)} scored` : 'Opening',
  scoredOf: (n: number, total: number) =>
    n === total ? `All ${count(n)} scored.` : `${count(n)} of ${count(total)} scored.`,
  scoredSpread: (n: number, total: number) =>
    n === total ? `All ${count(n)} scored.` : `${count(n)} of ${count(total)} scored, evenly spread.`,
  unreadable: (n: number, reason: string) => `${count(n)} left out. ${reason}`,
  notScored: (name: string) => `${name} was not scored`,
  noneScored: 'Nothing was scored',
  rankedItem: (name: string, index: number, cost: string, rank: number, n: number) =>
    `${name} ${index}, ${cost}, number ${rank} of ${n}`,
  lessLikelyThan: (parts: readonly { name: string; share: number }[]) =>
    `Less likely than ${parts.map(({ name, share }) => `${percent(share)} of ${name}`).join(', ')}`,
  comparedWith: (name: string) => `dashes ${name}`,
  byRunning: 'by running statistics',
};
