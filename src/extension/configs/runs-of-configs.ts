/** Which run was trained from which config file last, as far as this workspace knows. */
import { type Memento, Uri } from 'vscode';
import { exists } from '../runs/run-files';

const key = 'flowscope.runOfConfig';
const mostKnown = 50;

export async function rememberRunOf(state: Memento, config: string, folder: string): Promise<void> {
  const others = Object.entries(state.get<Record<string, string>>(key, {})).filter(
    ([name]) => name !== config,
  );
  await state.update(key, Object.fromEntries([[config, folder], ...others].slice(0, mostKnown)));
}

/** A run that was trained from a config has another folder now. */
export async function runMoved(state: Memento, from: string, to: string): Promise<void> {
  const known = Object.entries(state.get<Record<string, string>>(key, {}));
  if (!known.some(([, folder]) => folder === from)) return;
  await state.update(
    key,
    Object.fromEntries(known.map(([config, folder]) => [config, folder === from ? to : folder])),
  );
}

/** The last checkpoint of that run; undefined where there is none (yet, or any more). */
export async function lastCheckpointOf(state: Memento, config: string): Promise<Uri | undefined> {
  const folder = state.get<Record<string, string>>(key, {})[config];
  if (!folder) return undefined;
  const file = Uri.joinPath(Uri.file(folder), 'checkpoints', 'last.flow.safetensors');
  return (await exists(file)) ? file : undefined;
}
