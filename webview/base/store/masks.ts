import type { MaskView } from '../../../src/protocol/inspect';
import { ask, type Question } from './question';
import { stateOf } from './store';

/** The mask of a layer, for small pictures of it. Masks are the same at every step. */
export const masksState = stateOf(({ ownContext, runnable }) => {
  const masks = new Map<number, Question<MaskView>>();
  return (layer: number) => {
    let question = masks.get(layer);
    if (!question)
      masks.set(layer, (question = ask(ownContext, 'mask', () => (runnable.value ? { layer } : null))));
    return question;
  };
});
