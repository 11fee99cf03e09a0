import type { ModelSummary } from '../../../src/protocol/model';
import { Button } from '../../base/controls/toolkit';
import { runState } from '../../base/store/run-state';
import { useStore } from '../../base/store/use-store';
import { text } from './text';
import { compareState } from './state';

/** The way in; the head of the comparison has the way out. */
export function CompareToggle({ model }: { model: ModelSummary }) {
  const store = useStore();
  if (store.isSaved && store.connection.compared === undefined) return null;
  const beside = store.state(runState).checkpoints.value.findLast(({ path }) => path !== model.path)?.path;
  return <Button onClick={() => void store.state(compareState).start(beside)}>{text.compareStart}</Button>;
}
