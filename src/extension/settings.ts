import { type Uri, workspace } from 'vscode';
import { isBackendPreference } from '../protocol/backends';

/** The settings for a resource. A value of the wrong type (VS Code only warns of it) counts as not set. */
export function readSettings(scope?: Uri) {
  const values = workspace.getConfiguration('flowscope', scope);
  const backend = values.get<unknown>('backend');
  return {
    backend: isBackendPreference(backend) ? backend : 'auto',
    /** 0: the library chooses. */
    threads: wholeNumber(values.get('threads'), 0),
    /** Relative to the workspace folder, or absolute. */
    runsFolder: text(values.get('runsFolder')).trim() || 'runs',
    nativeFolder: text(values.get('nativeFolder')).trim(),
    /** Python that trains with PyTorch; empty for the environment's Python. */
    python: text(values.get('python')).trim(),
    /** MB. */
    largestRemoteFile: wholeNumber(values.get('largestRemoteFile'), 512),
  };
}

function wholeNumber(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : otherwise;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
