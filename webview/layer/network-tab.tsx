/** The parameters behind the layer: shapes, statistics, distributions. */
import type { NetworkView } from '../../src/protocol/inspect';
import type { LayerInfo } from '../../src/protocol/model';
import { compact, count, shapeText } from '../format/numbers';
import { text } from '../strings';
import { Message } from '../views/state-box';

function MiniHistogram({ counts }: { counts: number[] }) {
  const width = 72;
  const height = 16;
  const most = Math.max(1, ...counts);
  const each = width / counts.length;
  return (
    <svg width={width} height={height} aria-hidden="true">
      {counts.map((n, i) => (
        <rect
          key={i}
          class="bar"
          x={i * each}
          width={Math.max(0.5, each - 0.4)}
          y={height - (n / most) * height}
          height={(n / most) * height}
        />
      ))}
    </svg>
  );
}

export function NetworkTab({ layer, view }: { layer: LayerInfo; view: NetworkView }) {
  if (view.parameters.length === 0 && view.state.length === 0)
    return <Message title={text.noParameters} why={text.noParametersWhy} />;
  const short = (name: string): string =>
    name.startsWith(`${layer.name}.`) ? name.slice(layer.name.length + 1) : name;
  return (
    <div class="scroll-x">
      {view.parameters.length ? (
        <table>
          <caption class="tick">{`${text.parameters}: ${count(view.parameters.reduce((n, p) => n + p.stats.count, 0))}`}</caption>
          <thead>
            <tr>
              <th>{text.name}</th>
              <th>{text.shape}</th>
              <th class="num">{text.mean}</th>
              <th class="num">{text.std}</th>
              <th class="num">{text.min}</th>
              <th class="num">{text.max}</th>
              <th class="num">{text.nanInf}</th>
              <th class="after">{text.distribution}</th>
            </tr>
          </thead>
          <tbody>
            {view.parameters.map((parameter) => (
              <tr key={parameter.name} title={parameter.name}>
                <td class="mono">{short(parameter.name)}</td>
                <td>{shapeText(parameter.shape)}</td>
                <td class="num">{compact(parameter.stats.mean)}</td>
                <td class="num">{compact(parameter.stats.std)}</td>
                <td class="num">{compact(parameter.stats.min)}</td>
                <td class="num">{compact(parameter.stats.max)}</td>
                <td class={`num ${parameter.stats.nan + parameter.stats.inf ? 'bad' : ''}`}>
                  {parameter.stats.nan + parameter.stats.inf}
                </td>
                <td class="after">
                  <MiniHistogram counts={parameter.histogram.counts} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      {view.state.length ? (
        <table style={{ marginTop: '16px' }}>
          <caption class="tick">{text.state}</caption>
          <thead>
            <tr>
              <th>{text.name}</th>
              <th>{text.shape}</th>
              <th class="num">{text.mean}</th>
              <th class="num">{text.std}</th>
              <th class="num">{text.min}</th>
              <th class="num">{text.max}</th>
            </tr>
          </thead>
          <tbody>
            {view.state.map((state) => (
              <tr key={state.name} title={state.name}>
                <td class="mono">{short(state.name)}</td>
                <td>{shapeText(state.shape)}</td>
                <td class="num">{compact(state.stats.mean)}</td>
                <td class="num">{compact(state.stats.std)}</td>
                <td class="num">{compact(state.stats.min)}</td>
                <td class="num">{compact(state.stats.max)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </div>
  );
}
