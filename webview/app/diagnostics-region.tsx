/** How well the model does, and how it was trained. */
import type { ModelSummary } from '../../src/protocol/model';
import { count } from '../base/format/numbers';
import { words } from '../base/words';
import { CompareToggle } from '../features/compare/toggle';
import { DockRegion } from './dock-region';
import { text } from './text';

export function DiagnosticsRegion({ model }: { model: ModelSummary }) {
  const { recording, splits, backend } = model;
  return (
    <DockRegion
      region="diagnostics"
      class="diag"
      label={words.diagnostics}
      model={model}
      end={() => (
        <>
          <span class="tick">
            {recording
              ? text.batchOf(recording.examples, words.recordedBatch)
              : [...splits.map((s) => `${count(s.count)} ${s.name}`), backend.library].join(', ')}
          </span>
          <CompareToggle model={model} />
        </>
      )}
    />
  );
}
