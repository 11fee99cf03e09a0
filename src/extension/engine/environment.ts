/** The environment of an engine process, from the settings. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { env as host, type ExtensionContext, type Uri } from 'vscode';
import type { EngineEnvironment } from '../../protocol/engine';
import { readSettings } from '../settings';

export function engineEnvironment(context: ExtensionContext, scope?: Uri): Record<string, string> {
  const settings = readSettings(scope);
  const env: EngineEnvironment = { FLOWSCOPE_LANGUAGE: host.language };
  // A setting that was not changed leaves the word to the environment in which VS Code was started.
  if (settings.backend !== 'auto' || process.env.FLOWSCOPE_BACKEND === undefined)
    env.FLOWSCOPE_BACKEND = settings.backend;
  if (settings.threads > 0) env.FLOWSCOPE_THREADS = String(settings.threads);
  if (settings.python) env.FLOWSCOPE_PYTHON = settings.python;
  const native = nativeFolderInUse(context);
  if (native) env.FLOWSCOPE_NATIVE = native;
  return env as Record<string, string>;
}

/** Where *Install Native TensorFlow* writes. */
export function nativeInstallFolder(context: ExtensionContext): string {
  return readSettings().nativeFolder || path.join(context.globalStorageUri.fsPath, 'native');
}

/** Undefined where nothing was installed by us: the engine then looks into the environment and the user's cache. */
function nativeFolderInUse(context: ExtensionContext): string | undefined {
  const folder = nativeInstallFolder(context);
  return readSettings().nativeFolder || existsSync(folder) ? folder : undefined;
}
