/** Vectors as rows of a table, each of which can be chosen where that means something. */
import { useSignal } from '@preact/signals';
import type { ModelSummary } from '../../../src/protocol/model';
import type { NdArray } from '../../../src/protocol/tensors';
import { Pager } from '../controls/pager';
import { fixed } from '../format/numbers';
import { featureName } from '../layers/layer-names';
import { words } from '../words';

const featuresAPage = 64;

export interface RowsProps {
  model: ModelSummary;
  label: string;
  /** [n, D]. */
  values: NdArray<Float32Array>;
  /** Rows that are shown. */
  count: number;
  /** Text in the button of a row; also its name, unless `longName` says more. */
  name(row: number): string;
  longName?(row: number): string;
  /** Columns between the button and the features. */
  lead?: readonly { head: string; cell(row: number): string }[];
  selected?(row: number): boolean;
  disabled?(row: number): boolean;
  /** Without it, rows are only looked at. */
  onPick?(row: number): void;
}

export function Rows(props: RowsProps) {
  const { model, values, count, lead = [], onPick } = props;
  const features = values.shape.at(-1) ?? 0;
  const from = useSignal(0);
  // Another model may have fewer.
  const offset = from.value < features ? from.value : 0;
  const shown = Math.min(features - offset, featuresAPage);
  const columns = Array.from({ length: shown }, (_, f) => offset + f);
  return (
    <>
      <Pager
        offset={offset}
        size={featuresAPage}
        total={features}
        shown={words.featuresShown(offset + 1, offset + shown, features)}
        label={words.feature}
        onChange={(next) => (from.value = next)}
      />
      <div class="scroll-x" tabIndex={0} role="group" aria-label={props.label}>
        <table class="rows-table">
          <thead>
            <tr>
              <th>{words.number}</th>
              {lead.map(({ head }) => (
                <th key={head} class="num">
                  {head}
                </th>
              ))}
              {columns.map((f) => (
                <th key={f} class="num">
                  {featureName(model, f)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: count }, (_, row) => (
              <tr key={row} aria-selected={props.selected?.(row)}>
                <td>
                  {onPick ? (
                    <button
                      type="button"
                      class="linklike"
                      aria-label={props.longName?.(row)}
                      disabled={props.disabled?.(row)}
                      onClick={() => onPick(row)}
                    >
                      {props.name(row)}
                    </button>
                  ) : (
                    props.name(row)
                  )}
                </td>
                {lead.map(({ head, cell }) => (
                  <td key={head} class="num">
                    {cell(row)}
                  </td>
                ))}
                {columns.map((f) => {
                  const value = values.data[row * features + f]!;
                  return (
                    <td key={f} class={`num ${Number.isFinite(value) ? '' : 'bad'}`}>
                      {fixed(value, 2)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
