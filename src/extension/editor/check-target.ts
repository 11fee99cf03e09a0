/** The functions that flows are checked against: Python files of the user, which run only once they said so. */
import { l10n, type Memento, window, workspace } from 'vscode';
import path from 'node:path';
import { UserError } from '../../base/user-error';
import { functionTarget } from '../../config/targets';
import type { CheckSettings } from '../../protocol/check';
import { confirm } from '../offer';
import { mayRun } from '../trust';

/** Files that the user allowed in this workspace. */
const key = 'flowscope.targets';
const allowed = (state: Memento): string[] => state.get<string[]>(key, []);

/** `FILE.py:FUNCTION`; undefined where the user left, or does not trust the workspace. */
export async function chooseTarget(state: Memento): Promise<string | undefined> {
  if (!(await mayRun(l10n.t('Running a target')))) return undefined;
  const chosen = await window.showOpenDialog({
    title: l10n.t('Python file with the log density of the target'),
    filters: { Python: ['py'] },
  });
  const file = chosen?.[0];
  if (!file) return undefined;
  if (file.scheme !== 'file')
    throw new UserError(l10n.t('{0} is not on this machine. Copy it here first.', file.toString(true)));
  const text = new TextDecoder().decode(await workspace.fs.readFile(file));
  const names = [...text.matchAll(/^def ([A-Za-z]\w*)/gm)].map(([, name]) => name!);
  if (names.length === 0) throw new UserError(l10n.t('{0} has no function.', path.basename(file.fsPath)));
  const title = l10n.t('Function that returns the log density');
  const name = names.length === 1 ? names[0] : await window.showQuickPick(names, { title });
  if (name === undefined || !(await allow(file.fsPath, state))) return undefined;
  return `${file.fsPath}:${name}`;
}

async function allow(file: string, state: Memento): Promise<boolean> {
  if (allowed(state).includes(file)) return true;
  const question = l10n.t('Run {0} in Python?', path.basename(file));
  const detail = l10n.t('{0}\n\nIts code runs with your rights whenever a flow is checked against it.', file);
  if (!(await confirm(question, l10n.t('Run'), detail))) return false;
  await state.update(key, [...allowed(state), file]);
  return true;
}

/** Functions of Python files are code of the user; nothing else runs any. @throws UserError for a function that was not allowed, or in an untrusted workspace */
export function mustBeAllowed({ target = '', prior = '' }: CheckSettings, state: Memento): void {
  for (const text of [target, prior]) {
    const [, file] = functionTarget.exec(text) ?? [];
    if (file === undefined) continue;
    if (!workspace.isTrusted)
      throw new UserError(
        l10n.t('{0} needs a trusted workspace. Opening models does not.', l10n.t('Running a target')),
      );
    if (!allowed(state).includes(file))
      throw new UserError(l10n.t('{0} was not chosen here. Choose the function first.', text));
  }
}
