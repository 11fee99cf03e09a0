/** Vectors as rows of a table, each of which can be chosen where that means something. */
import { useSignal } from '@preact/signals';
import { LinkButton } from '../controls/toolkit';
import type { ModelSummary } from '../../../src/protocol/model';
import type { NdArray } from '../../../src/protocol/tensors';
import { Pager } from '../controls/pager';
import { fixed } from '../format/numbers';
import { featureName } from '../layers/layer-names';
import { DataTable, type TableColumn } from '../controls/data-table';
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
  lead?: readonly TableColumn<number>[];
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
  return (
    <>
      <Pager offset={offset} size={featuresAPage} total={features} onChange={(next) => (from.value = next)} />
      <DataTable
        frame={{ 'aria-label': props.label }}
        class="rows-table"
        rows={Array.from({ length: count }, (_, row) => row)}
        tr={(row) => ({ 'aria-selected': props.selected?.(row) })}
        columns={[
          {
            head: words.number,
            cell: (row) =>
              onPick ? (
                <LinkButton
                  aria-label={props.longName?.(row)}
                  disabled={props.disabled?.(row)}
                  onClick={() => onPick(row)}
                >
                  {props.name(row)}
                </LinkButton>
              ) : (
                props.name(row)
              ),
          },
          ...lead,
          ...Array.from({ length: shown }, (_, f): TableColumn<number> => {
            const valueOf = (row: number): number => values.data[row * features + offset + f]!;
            return {
              head: featureName(model, offset + f),
              td: (row) => ({ class: Number.isFinite(valueOf(row)) ? '' : 'bad' }),
              num: (row) => fixed(valueOf(row), 2),
            };
          }),
        ]}
      />
    </>
  );
}
