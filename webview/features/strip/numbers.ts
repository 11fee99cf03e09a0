import type { ModelSummary } from '../../../src/protocol/model';
import type { Store } from '../../base/store/store';
import { stripState } from '../../base/store/strip-state';
import type { Column } from '../../base/view-data/csv';
import { type ViewData, vector } from '../../base/view-data/view-data';

export function stripNumbers(store: Store, model: ModelSummary): ViewData {
  const strip = store.state(stripState).strip.found.value;
  if (!strip) return {};
  const { rows } = strip;
  const layers = rows.map(({ layer }) => model.layers.find(({ index }) => index === layer));
  const examples = rows.some(({ example }) => example !== undefined);
  const numbers: Column[] = [
    ...(examples
      ? [
          { name: 'coupling_example', unit: 'nats', values: rows.map(({ example }) => example?.coupling) },
          { name: 'norm_example', unit: 'nats', values: rows.map(({ example }) => example?.norm) },
        ]
      : []),
    { name: 'coupling_mean', unit: 'nats', values: rows.map(({ mean }) => mean.coupling) },
    { name: 'norm_mean', unit: 'nats', values: rows.map(({ mean }) => mean.norm) },
    { name: 'round_trip', values: rows.map(({ roundTrip }) => roundTrip) },
    { name: 'non_finite', values: rows.map(({ nonFinite }) => nonFinite) },
  ];
  return {
    columns: [
      { name: 'layer', values: rows.map(({ layer }) => layer) },
      { name: 'name', values: layers.map((layer) => layer?.name) },
      { name: 'kind', values: layers.map((layer) => layer?.kind) },
      { name: 'scale', values: layers.map((layer) => layer && layer.scale + 1) },
      ...numbers,
    ],
    arrays: {
      ...Object.fromEntries(
        numbers.map(({ name, values }) => [
          name,
          vector(Array.from(values, (value) => (typeof value === 'number' ? value : NaN))),
        ]),
      ),
      ...(strip.input ? { x: strip.input } : {}),
      ...(strip.latent ? { z: strip.latent } : {}),
    },
  };
}
