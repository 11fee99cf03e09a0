/** The numbers of each chart of diagnostics. */
import type { LogProbParts } from '../../../src/protocol/contribution';
import type { ModelSummary } from '../../../src/protocol/model';
import { populationState } from '../../base/store/population-state';
import type { Store } from '../../base/store/store';
import { stripState } from '../../base/store/strip-state';
import { column, columnsOf, nameOf, vector, type ViewData } from '../../base/view-data/view-data';
import { diagnosticsState } from './state';

const partNames = [
  'prior',
  'quantization',
  'preprocessing',
  'couplings',
  'norm',
] as const satisfies readonly (keyof LogProbParts)[];

export function waterfallNumbers(store: Store): ViewData {
  const strip = store.state(stripState).strip.found.value;
  if (!strip) return {};
  const parts = (from: LogProbParts | undefined): number[] | undefined =>
    from && [...partNames.map((name) => from[name]), -from.nats];
  return {
    columns: [
      { name: 'part', values: [...partNames, 'log_p'] },
      ...column('example', 'nats', parts(strip.example)),
      ...column('mean', 'nats', parts(strip.mean)),
    ],
  };
}

export function distributionNumbers(store: Store): ViewData {
  const answer = store.state(diagnosticsState).diagnostics.found.value;
  if (!answer) return {};
  const sets = Object.entries({
    train: answer.train,
    validation: answer.validation,
    samples: answer.samples,
  }).flatMap(([name, data]) => (data ? [{ name, data: Array.from(data, (value) => -value) }] : []));
  const userScores = store.state(populationState).userScores.value;
  if (userScores) sets.push({ name: userScores.name, data: userScores.scores.map((value) => -value) });
  return {
    columns: [
      { name: 'set', values: sets.flatMap(({ name, data }) => Array.from(data, () => name)) },
      { name: 'log_p', unit: answer.unit, values: sets.flatMap(({ data }) => [...data]) },
    ],
    arrays: Object.fromEntries(sets.map(({ name, data }) => [name, vector(data)])),
  };
}

export function quantileNumbers(store: Store): ViewData {
  const answer = store.state(diagnosticsState).diagnostics.found.value;
  if (!answer) return {};
  const { normal, z } = answer.latentQuantiles;
  return { columns: columnsOf({ normal, z }), arrays: { normal: vector(normal), z: vector(z) } };
}

/** A column for each layer, a row for each example. */
export function logDetNumbers(store: Store, model: ModelSummary): ViewData {
  const logDets = store.state(diagnosticsState).diagnostics.found.value?.logDets;
  if (!logDets) return {};
  const named = logDets.map(({ layer, values }) => ({ name: nameOf(model, layer), values: [...values] }));
  return {
    columns: named,
    arrays: Object.fromEntries(named.map(({ name, values }) => [name, vector(values)])),
  };
}

export function inverseNumbers(store: Store, model: ModelSummary): ViewData {
  const errors = store.state(diagnosticsState).diagnostics.found.value?.inverseError;
  if (!errors) return {};
  const from_latent = errors.map(({ fromLatent }) => fromLatent);
  const alone = errors.map((error) => error.alone);
  return {
    columns: columnsOf({
      layer: errors.map(({ layer }) => layer),
      name: errors.map(({ layer }) => nameOf(model, layer)),
      from_latent,
      alone,
    }),
    arrays: { from_latent: vector(from_latent), alone: vector(alone) },
  };
}

export function findingNumbers(store: Store, model: ModelSummary): ViewData {
  const found = store.state(diagnosticsState).findings.found.value?.findings;
  if (!found) return {};
  return {
    columns: columnsOf({
      check: found.map(({ check }) => check),
      severity: found.map(({ severity }) => severity),
      layer: found.map(({ layer }) => (layer === undefined ? '' : nameOf(model, layer))),
      sentence: found.map(({ sentence }) => sentence),
      advice: found.map(({ advice }) => advice ?? ''),
    }),
  };
}
