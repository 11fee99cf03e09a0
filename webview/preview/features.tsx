import type { DataPreview, FeaturePreview } from '../../src/protocol/data';
import { alike, count } from '../base/format/numbers';
import { Bars } from './bars';
import { text } from './text';

export function Features({ preview, features }: { preview: DataPreview; features: FeaturePreview[] }) {
  const withGaps = features.some(({ gaps }) => gaps !== undefined && gaps > 0);
  const modeled = features.filter(({ condition }) => !condition).length;
  const histograms = features.some(({ histogram }) => histogram);
  return (
    <section class="features" aria-label={text.features}>
      <h2>
        {text.features} <span class="tick">{text.firstFeatures(modeled, preview.shape[0] ?? 0)}</span>
      </h2>
      <div class="scroll-x" tabIndex={0} role="group" aria-label={text.features}>
        <table>
          <thead>
            <tr>
              <th>{text.name}</th>
              <th class="num">{text.min}</th>
              <th class="num">{text.mean}</th>
              <th class="num">{text.max}</th>
              <th class="num">{text.deviation}</th>
              {withGaps ? <th class="num">{text.gaps}</th> : null}
              {histograms ? <th class="after">{text.distribution}</th> : null}
            </tr>
          </thead>
          <tbody>
            {features.map((feature) => (
              <FeatureRow key={feature.name} feature={feature} withGaps={withGaps} histograms={histograms} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function FeatureRow({
  feature,
  withGaps,
  histograms,
}: {
  feature: FeaturePreview;
  withGaps: boolean;
  histograms: boolean;
}) {
  const { name, condition, min, mean, max, std, gaps, histogram } = feature;
  const shown = alike([min, mean, max, std]);
  return (
    <tr>
      <th scope="row" class="mono">
        {name}
        {condition ? <span class="tick"> {text.condition}</span> : null}
      </th>
      {[min, mean, max, std].map((value, i) => (
        <td key={i} class="num">
          {shown(value)}
        </td>
      ))}
      {withGaps ? <td class="num">{count(gaps ?? 0)}</td> : null}
      {histograms ? (
        <td class="after">{histogram ? <Bars name={name} histogram={histogram} /> : null}</td>
      ) : null}
    </tr>
  );
}

export function Rows({
  rows,
  names = [],
  classes,
}: {
  rows: number[][];
  names?: string[] | undefined;
  classes?: string[] | undefined;
}) {
  const columns = Math.min(rows[0]?.length ?? 0, 64);
  if (columns === 0) return null;
  const shown = Array.from({ length: columns }, (_, column) => alike(rows.map((row) => row[column] ?? 0)));
  return (
    <section class="rows" aria-label={text.rows}>
      <h2>{text.rows}</h2>
      <div class="scroll-x" tabIndex={0} role="group" aria-label={text.rows}>
        <table>
          <thead>
            <tr>
              <th>{text.row}</th>
              {Array.from({ length: columns }, (_, index) => (
                <th key={index} class="num">
                  {names[index] ?? count(index)}
                </th>
              ))}
              {classes ? <th class="after">{text.label}</th> : null}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={index}>
                <th scope="row">{count(index)}</th>
                {row.slice(0, columns).map((value, column) => (
                  <td key={column} class="num">
                    {Number.isNaN(value) ? '' : shown[column]!(value)}
                  </td>
                ))}
                {classes ? <td class="after">{classes[index]}</td> : null}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
