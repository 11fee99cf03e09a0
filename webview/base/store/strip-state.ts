/** The flow at one look, which most regions read: log-dets layer by layer, and the totals. */
import type { ExampleStrip, Strip, StripRow } from '../../../src/protocol/inspect';
import { exampleAlone } from './layer-view';
import { ask, wholeOrPart, stateOf } from './store';

export type ShownRow = ExampleStrip['rows'][number] & Partial<StripRow>;
export type ShownStrip = Omit<ExampleStrip, 'rows'> & Partial<Pick<Strip, 'mean'>> & { rows: ShownRow[] };

export const stripState = stateOf((store) => {
  const strip = ask(store.context, 'strip', () => store.selection.value);
  const ofExample = ask(store.context, 'stripOfExample', () => {
    const alone = exampleAlone(store, strip);
    return alone ? { example: alone } : null;
  });
  /** What is known of the strip: of the example alone while a batch takes its time. */
  const shownStrip = wholeOrPart<ShownStrip & Strip, ShownStrip>(strip, ofExample);
  return { strip, shownStrip };
});
