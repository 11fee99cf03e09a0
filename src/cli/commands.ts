import type { Command } from './command';
import { applyCommand } from './commands/apply';
import { calibrateCommand } from './commands/calibrate';
import { compareLayersCommand } from './commands/compare-layers';
import { comparePresetsCommand } from './commands/compare-presets';
import { controlCommand } from './commands/control';
import { convertCommand } from './commands/convert';
import { dataCommand } from './commands/data';
import { diagnoseCommand } from './commands/diagnose';
import { doctorCommand } from './commands/doctor';
import { exportCommand } from './commands/export';
import { graphCommand } from './commands/graph';
import { infoCommand } from './commands/info';
import { inspectCommand } from './commands/inspect';
import { interpolateCommand } from './commands/interpolate';
import { reconstructCommand } from './commands/reconstruct';
import { sampleCommand } from './commands/sample';
import { scoreCommand } from './commands/score';
import { submitCommand } from './commands/submit';
import { trainCommand } from './commands/train';

/** In the order of the help. */
export const commands: readonly Command[] = [
  dataCommand,
  trainCommand,
  submitCommand,
  comparePresetsCommand,
  controlCommand,
  sampleCommand,
  interpolateCommand,
  reconstructCommand,
  scoreCommand,
  calibrateCommand,
  applyCommand,
  infoCommand,
  inspectCommand,
  diagnoseCommand,
  compareLayersCommand,
  exportCommand,
  convertCommand,
  graphCommand,
  doctorCommand,
];
