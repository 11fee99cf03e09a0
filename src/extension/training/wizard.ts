/** Train RealNVP…: which data, which preset, where to write; from scratch or from a checkpoint. */
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  commands,
  l10n,
  type QuickInputButton,
  type QuickPickItem,
  ThemeIcon,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { TrainRequest, Place } from '../../protocol/engine';
import { isFlowscopeFile, modelName } from '../view-types';
import { inputStep, pickStep, type StepAnswer, type StepPlace } from '../multi-step';
import { section } from '../quick-pick';
import { localFilesByName } from '../workspace-files';
import { builtinData, type DataChoice, presetGroups } from './catalogue';
import { chooseData } from './data-dialog';
import { choiceOf, dataName } from './data-choice';
import { dataFileGlob } from './data-files';
import { problemWithRun, proposeRun, resolveRunFolder } from './run-name';

interface DataItem extends QuickPickItem {
  data?: DataChoice;
  config?: Uri;
  browse?: 'file' | 'folder' | 'checkpoint';
}

export interface Plan {
  request: TrainRequest;
  /** What the settings of the run are looked up for. */
  scope?: Uri;
}

/** What is known before the first question. */
export interface WizardStart {
  /** A built-in name or a path. */
  data?: string;
  /** A checkpoint to go on from. */
  from?: Uri;
  /** Where the training runs, which the data preview passes on. */
  place?: Place;
}

/** None of them: the data of the checkpoint that the training goes on from. */
interface DataAnswer {
  data?: DataChoice;
  config?: Uri;
}

const lookFirst = (): QuickInputButton => ({
  iconPath: new ThemeIcon('eye'),
  tooltip: l10n.t('Preview the data first'),
});

/**
 * Asks step by step. Undefined when the user left, also for the data preview, where columns are chosen, and presets by the time
 * that they take.
 */
export async function askWhatToTrain(start: WizardStart = {}): Promise<Plan | undefined> {
  const { from } = start;
  let data: DataChoice | undefined = start.data === undefined ? undefined : choiceOf(start.data);
  let config: Uri | undefined;
  let preset: string | undefined;
  let step: 'data' | 'preset' | 'output' = data ? 'preset' : 'data';
  for (;;) {
    const title = from ? l10n.t('Continue training from {0}', modelName(from)) : l10n.t('Train RealNVP');
    const place = (number: number): StepPlace =>
      data ? { title, step: number, totalSteps: 3 } : { title, step: 2, totalSteps: 2 };
    if (step === 'data') {
      const answer = await askData(title, data?.source ?? config?.toString(), from);
      if (answer === undefined || answer === 'back') return undefined;
      ({ data, config } = answer.value);
      preset = undefined;
      step = data ? 'preset' : 'output';
    } else if (step === 'preset') {
      if (!from && !builtinData.includes(data!)) {
        preview(data!, start.place);
        return undefined;
      }
      const answer = await askPreset(place(2), data!, preset, from !== undefined);
      if (answer === undefined) return undefined;
      if (answer === 'back') step = 'data';
      else {
        preset = answer.value;
        step = 'output';
      }
    } else {
      const answer = await askOutput(place(3), runName({ data, config, from, preset }), config);
      if (answer === undefined) return undefined;
      const output = answer === 'back' ? '' : answer.value;
      if (answer === 'back') step = data ? 'preset' : 'data';
      else if (config) return { request: { config: config.fsPath, output }, scope: config };
      else {
        const known = data ? { data: data.source, preset } : {};
        return { request: { ...known, ...(from ? { from: from.fsPath } : {}), output } };
      }
    }
  }
}

/** The last step alone. @param known the run's name and place, where the data or config do not tell them, and a sentence before the question */
export async function askWhereToTrain(
  request: Omit<TrainRequest, 'output'>,
  known: { name?: string; near?: Uri; about?: string } = {},
): Promise<Plan | undefined> {
  const { data = '', preset, config: file } = request;
  const config = file === undefined ? undefined : Uri.file(file);
  const near = known.near ?? config ?? (path.isAbsolute(data) ? Uri.file(data) : undefined);
  const name = known.name ?? runName({ data: choiceOf(data), config, preset });
  const answer = await askOutput({ title: l10n.t('Train') }, name, near, known.about);
  if (answer === undefined || answer === 'back') return undefined;
  return { request: { ...request, output: answer.value }, scope: near };
}

/** How long the list waits for the workspace's files, ms. */
const soon = 500;

async function askData(
  title: string,
  chosen: string | undefined,
  from: Uri | undefined,
): Promise<StepAnswer<DataAnswer>> {
  const onward = from !== undefined;
  const builtin = builtinData.map((data): DataItem => ({
    label: data.title,
    description: data.source,
    detail: data.about,
    buttons: [lookFirst()],
    data,
  }));
  const same: DataItem = {
    label: l10n.t('The same data'),
    detail: l10n.t('The data that the checkpoint was trained on, if they can still be found.'),
  };
  const items: DataItem[] = [
    ...section(l10n.t('From the checkpoint'), from && isFlowscopeFile(from) ? [same] : []),
    ...section(l10n.t('Your data'), [
      {
        label: `$(file) ${l10n.t('Choose a file…')}`,
        detail: onward
          ? l10n.t('CSV, TSV, Parquet, NetCDF, NPY, NPZ, IDX, CIFAR or zip.')
          : l10n.t('CSV, TSV, Parquet, NetCDF, NPY, NPZ, IDX, CIFAR, zip, or a config (.flow.json).'),
        browse: 'file' as const,
      },
      {
        label: `$(folder-opened) ${l10n.t('Choose a folder of images…')}`,
        detail: l10n.t('PNG, JPEG or WebP, including subfolders.'),
        browse: 'folder' as const,
      },
    ]),
    ...section(l10n.t('Built in'), builtin),
    ...(onward
      ? []
      : section(l10n.t('From a trained flow'), [
          {
            label: `$(debug-continue) ${l10n.t('Start from a checkpoint…')}`,
            detail: l10n.t('Trains its model and weights on other data or with other settings.'),
            browse: 'checkpoint' as const,
          },
        ])),
  ];
  const place: StepPlace = { title, step: 1, totalSteps: 3 };
  const searching = filesOfWorkspace(onward);
  // They come first, which is possible only before the list is shown.
  const found = await Promise.race([searching, pause(soon)]);
  for (;;) {
    const answer = await pickStep<DataItem>(place, {
      placeholder: l10n.t('Which data do you want to train on?'),
      items: [...(found ?? []), ...items],
      active:
        items.find((item) => item.data?.source === chosen && chosen !== undefined) ??
        [...(found ?? []), ...items].find(({ kind }) => kind === undefined),
      ...(found ? {} : { busy: searching }),
      onItemButton: ({ data }) => data && preview(data),
    });
    if (answer === undefined || answer === 'back') return answer;
    const { data, config, browse } = answer.value;
    if (!browse) return { value: { data, config } };
    if (browse === 'checkpoint') {
      void commands.executeCommand('flowscope.continueTraining');
      return undefined;
    }
    const file = await browseData(browse, !onward);
    if (file) return { value: file };
  }
}

function preview(data: DataChoice, place?: Place): void {
  void commands.executeCommand('flowscope.previewData', data.source, place);
}

async function filesOfWorkspace(onward: boolean): Promise<DataItem[]> {
  const [configs, files] = await Promise.all([
    onward ? [] : localFilesByName('**/*.flow.json'),
    localFilesByName(dataFileGlob),
  ]);
  return [
    ...section(
      l10n.t('Configs in this workspace'),
      configs.map((config): DataItem => ({
        label: workspace.asRelativePath(config),
        iconPath: new ThemeIcon('json'),
        config,
      })),
    ),
    ...section(
      l10n.t('Data in this workspace'),
      files.map((uri): DataItem => ({
        label: workspace.asRelativePath(uri),
        iconPath: new ThemeIcon('table'),
        buttons: [lookFirst()],
        data: choiceOf(uri.fsPath),
      })),
    ),
  ];
}

async function browseData(what: 'file' | 'folder', configs: boolean): Promise<DataAnswer | undefined> {
  const title = configs ? l10n.t('Data or config to train from') : l10n.t('Data to train on');
  const uri = await chooseData(what, title, { configs });
  if (!uri) return undefined;
  if (configs && uri.path.endsWith('.json')) return { config: uri };
  return { data: choiceOf(uri.fsPath, what === 'folder' ? 'pictures' : undefined) };
}

async function askPreset(
  place: StepPlace,
  data: DataChoice,
  chosen: string | undefined,
  onward: boolean,
): Promise<StepAnswer<string>> {
  const items = presetGroups(data).flatMap(({ label, presets }, group) =>
    section<QuickPickItem & { preset?: string }>(
      label,
      presets.map(({ name, title: presetTitle, about }, index) => ({
        label: presetTitle,
        description: group + index === 0 ? l10n.t('{0} · recommended', name) : name,
        detail: about,
        preset: name,
      })),
    ),
  );
  const answer = await pickStep(place, {
    placeholder: onward
      ? l10n.t('Which preset do you want to train with? The model is that of the checkpoint.')
      : l10n.t('Which preset for {0}?', data.title),
    items,
    active:
      items.find(({ preset }) => preset !== undefined && preset === chosen) ??
      items.find((item) => item.preset),
    aside: { button: lookFirst(), run: () => preview(data) },
  });
  return answer === undefined || answer === 'back' ? answer : { value: answer.value.preset! };
}

/** Answers the absolute path of the run folder. */
async function askOutput(
  place: StepPlace,
  name: string,
  near?: Uri,
  /** Said before the question. */
  about?: string,
): Promise<StepAnswer<string>> {
  const value = await proposeRun(name, near);
  const where = l10n.t(
    'Where do you want to save the run? Name a new folder for its config, metrics, checkpoints and samples.',
  );
  const answer = await inputStep(place, {
    prompt: about === undefined ? where : `${about}. ${where}`,
    value,
    selection: [value.length - path.basename(value).length, value.length],
    button: {
      button: { iconPath: new ThemeIcon('folder-opened'), tooltip: l10n.t('Choose the parent folder') },
      pick: async () => {
        const chosen = await window.showOpenDialog({
          canSelectFolders: true,
          canSelectFiles: false,
          title: l10n.t('Parent folder of the run'),
        });
        return chosen?.[0] && path.join(chosen[0].fsPath, path.basename(value));
      },
    },
    validate: (text) => problemWithRun(text, near),
  });
  return answer === undefined || answer === 'back' ? answer : { value: resolveRunFolder(answer.value, near) };
}

function configName(config: Uri): string {
  return path.posix.basename(config.path).replace(/(\.flow)?\.json$/, '');
}

/** The default name of the run. */
function runName({ data, config, from, preset }: DataAnswer & { from?: Uri; preset?: string }): string {
  if (config) return configName(config);
  if (!data) return from ? `${modelName(from)}-on` : 'run';
  const name = dataName(data.source);
  if (from) return `${name}-from-${modelName(from)}`;
  return name === preset || data.source !== name ? name : `${name}-${preset}`;
}
