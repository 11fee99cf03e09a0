import type { Command } from '../command';
import { applyCommand } from './apply';
import { calibrateCommand } from './calibrate';
import { checkCommand } from './check';
import { compareLayersCommand } from './compare-layers';
import { comparePresetsCommand } from './compare-presets';
import { controlCommand } from './control';
import { convertCommand } from './convert';
import { dataCommand } from './data';
import { diagnoseCommand } from './diagnose';
import { doctorCommand } from './doctor';
import { exportCommand } from './export';
import { graphCommand } from './graph';
import { infoCommand } from './info';
import { inspectCommand } from './inspect';
import { interpolateCommand, reconstructCommand } from './from-latents';
import { reproduceCommand } from './reproduce';
import { sampleCommand } from './sample';
import { scoreCommand } from './score';
import { submitCommand } from './submit';
import { trainCommand } from './train';

/** In the order of the help. */
export const commands: readonly Command[] = [
  dataCommand,
  trainCommand,
  submitCommand,
  comparePresetsCommand,
  reproduceCommand,
  controlCommand,
  sampleCommand,
  interpolateCommand,
  reconstructCommand,
  scoreCommand,
  calibrateCommand,
  checkCommand,
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
