/** All that the page knows: a table and the choices made in it, what the data are, and how long training takes. */
import { computed, effect, signal, untracked, type ReadonlySignal } from '@preact/signals';
import { squares, type DataChoice } from '../../src/protocol/engine';
import type { PreviewHost, TrainingChoice } from '../../src/protocol/preview-page';
import { createEstimates } from './estimates';
import { chosenTraining, presetState, shownPresets } from './presets';
import { previewQuestion } from './state';
import { keptTable, type KeptTable, tableState, type TableState } from './table-state';

export interface ImageSize {
  chosen: number | undefined;
  /** null: as large as in the files. */
  usual: number | null;
}

export type PageState = ReturnType<typeof pageState>;

/** What the user chose, for a page that comes after this one. */
export interface KeptChoices {
  table?: KeptTable | undefined;
  size?: number | undefined;
  usual?: number | null | undefined;
  preset?: string | undefined;
  steps?: string | undefined;
}

export function pageState(
  host: PreviewHost,
  kept: KeptChoices = {},
  keep: (choices: KeptChoices) => void = () => undefined,
) {
  const table = signal<TableState | undefined>(undefined);
  const question = previewQuestion(host);
  const presets = presetState();
  const estimates = createEstimates(host);
  const chosenSize = signal<number | undefined>(kept.size);
  presets.chosen.value = kept.preset;
  presets.steps.value = kept.steps;
  const usual = signal<number | null | undefined>(kept.usual);
  /** Size of images: the chosen one, and the one they are scaled to without a choice; undefined for other data. */
  const size = computed((): ImageSize | undefined =>
    usual.value === undefined ? undefined : { chosen: chosenSize.value, usual: usual.value },
  );
  // Known from the first answer, when nothing was chosen yet.
  effect(() => {
    const { value } = question.state;
    if (value.status === 'ready' && chosenSize.peek() === undefined) usual.value = value.preview.scaledTo;
  });
  const choice = (): DataChoice | undefined =>
    table.peek()?.choice.peek() ??
    (chosenSize.peek() === undefined ? undefined : { reading: squares(chosenSize.peek()!) });
  /** Times the presets that are in sight and were not timed on the same choice. */
  const measure = (): void => {
    estimates.measure(shownPresets(presets), choice() ?? {});
  };
  // One thing after the other: the data first, which is what the page waits for.
  const ask = (nextChoice: DataChoice | undefined): void => {
    estimates.stop();
    question.ask(nextChoice);
  };
  effect(() => {
    const { value } = question.state;
    if (value.status === 'failed' || (value.status === 'ready' && !value.rereading)) untracked(measure);
  });
  let round = 0;
  let reading: string | undefined;
  const groups = host.presets().then((found) => {
    presets.groups.value = found;
    presets.chosen.value ??= found[0]?.presets[0]?.name;
    presets.open.value = new Set(found.slice(0, 1).map(({ label }) => label));
  });
  const read = async (): Promise<void> => {
    const startRound = ++round;
    estimates.stop();
    question.wait();
    reading = `overview ${startRound}`;
    const overview = await host.overview(reading).catch((error: unknown) => {
      if (startRound === round) question.fail(error);
      return null;
    });
    if (startRound === round) reading = undefined;
    await groups;
    if (startRound !== round || overview === null) return;
    const before = table.peek();
    before?.dispose();
    if (!overview) {
      table.value = undefined;
      ask(choice());
      return;
    }
    // Made before it is known to the page, so that its first choice is asked about with it.
    table.value = tableState(overview, ask, before ? keptTable(before) : kept.table);
  };
  effect(() =>
    keep({
      // Until the table is there again, its earlier choices stay.
      table: table.value ? keptTable(table.value) : kept.table,
      size: chosenSize.value,
      usual: usual.value,
      preset: presets.chosen.value,
      steps: presets.steps.value,
    }),
  );
  return {
    host,
    table: table as ReadonlySignal<TableState | undefined>,
    question,
    presets,
    estimates,
    size,
    scale(to: number | undefined) {
      chosenSize.value = to;
      estimates.forget();
      ask(choice());
    },
    measure,
    /** Reads everything, again. */
    read: () => void read(),
    cancel() {
      if (reading !== undefined) void host.cancel(reading).catch(() => {});
      reading = undefined;
      round++;
      question.cancel();
    },
    chosen: (): TrainingChoice => ({ ...choice(), ...chosenTraining(presets, estimates) }),
  };
}
