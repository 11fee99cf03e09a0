import path from 'node:path';
import { Uri } from 'vscode';
import type { InspectionEngines } from './inspection-engines';
import type { SharedEngine } from './shared-engine';

/** The engine for readers of data: a built-in set, which no file has to be read for, or the path of a file. */
export function dataEngine(engines: InspectionEngines, source: string): SharedEngine {
  return path.isAbsolute(source) ? engines.of(Uri.file(source)) : engines;
}
