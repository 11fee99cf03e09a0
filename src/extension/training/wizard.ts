/** Train RealNVP…: which data, which preset, where to write. */
import path from 'node:path';
import type { Uri } from 'vscode';
import { type QuickPickItem, ThemeIcon, window, workspace } from 'vscode';
import type { TrainRequest } from '../../protocol/engine';
import { inputStep, pickStep, type StepAnswer, type StepPlace } from '../multi-step';
import { section } from '../quick-pick';
import { builtinData, type DataChoice, dataFileGlob, kindOfFile, presetsFor } from './catalogue';
import { problemWithRun, proposeRun, resolveRunFolder } from './run-name';

const title = 'Train RealNVP';

interface DataItem extends QuickPickItem {
  data?: DataChoice;
  config?: Uri;
  browse?: boolean;
}

export interface Plan {
  request: TrainRequest;
  /** What the settings of the run are looked up for. */
  scope?: Uri;
}

/** Asks step by step. Undefined when the user left. */
export async function askWhatToTrain(): Promise<Plan | undefined> {
  let data: DataChoice | undefined;
  let config: Uri | undefined;
  let preset: string | undefined;
  let step: 'data' | 'preset' | 'output' = 'data';
  for (;;) {
    if (step === 'data') {
      const answer = await askData(data?.source ?? config?.toString());
      if (answer === undefined || answer === 'back') return undefined;
      ({ data, config } = answer.value);
      preset = undefined;
      step = config ? 'output' : 'preset';
    } else if (step === 'preset') {
      const answer = await askPreset(data!, preset);
      if (answer === undefined) return undefined;
      if (answer === 'back') step = 'data';
      else {
        preset = answer.value;
        step = 'output';
      }
    } else {
      const name = config ? configName(config) : dataName(data!, preset!);
      const place = config ? { title, step: 2, totalSteps: 2 } : { title, step: 3, totalSteps: 3 };
      const answer = await askOutput(place, name, config);
      if (answer === undefined) return undefined;
      if (answer === 'back') step = config ? 'data' : 'preset';
      else if (config) return { request: { config: config.fsPath, output: answer.value }, scope: config };
      else return { request: { data: data!.source, preset, output: answer.value } };
    }
  }
}

/** The last step alone, for a config file that the user started from. */
export async function askWhereToTrain(config: Uri): Promise<Plan | undefined> {
  const answer = await askOutput({ title, step: 1, totalSteps: 1 }, configName(config), config);
  if (answer === undefined || answer === 'back') return undefined;
  return { request: { config: config.fsPath, output: answer.value }, scope: config };
}

async function askData(chosen: string | undefined): Promise<StepAnswer<{ data?: DataChoice; config?: Uri }>> {
  const builtin = builtinData.map((data): DataItem => ({
    label: data.title,
    description: data.source,
    detail: data.about,
    data,
  }));
  const items: DataItem[] = [
    ...section('Built in', builtin),
    ...section('Your own', [
      {
        label: '$(folder-opened) Choose a file…',
        detail: 'A table (CSV, TSV), images (IDX, as MNIST has them), or a config (.flow.json).',
        browse: true,
      },
    ]),
  ];
  const place: StepPlace = { title, step: 1, totalSteps: 3 };
  for (;;) {
    const answer = await pickStep(place, {
      placeholder: 'Which data?',
      items,
      active: items.find((item) => item.data?.source === chosen && chosen !== undefined) ?? builtin[0],
      busy: filesOfWorkspace(),
    });
    if (answer === undefined || answer === 'back') return answer;
    const { data, config, browse } = answer.value;
    if (!browse) return { value: { data, config } };
    const file = await browseData();
    if (file) return { value: file };
  }
}

async function filesOfWorkspace(): Promise<DataItem[]> {
  const ignored = '**/{node_modules,.git}/**';
  const [configs, files] = await Promise.all([
    workspace.findFiles('**/*.flow.json', ignored, 50),
    workspace.findFiles(dataFileGlob, ignored, 50),
  ]);
  return [
    ...section(
      'Configs in this workspace',
      configs
        .filter((uri) => uri.scheme === 'file')
        .map((config): DataItem => ({
          label: workspace.asRelativePath(config),
          iconPath: new ThemeIcon('json'),
          config,
        })),
    ),
    ...section(
      'Data in this workspace',
      files.flatMap((uri): DataItem[] => {
        const data = uri.scheme === 'file' ? fileChoice(uri) : undefined;
        return data ? [{ label: workspace.asRelativePath(uri), iconPath: new ThemeIcon('table'), data }] : [];
      }),
    ),
  ];
}

async function browseData(): Promise<{ data?: DataChoice; config?: Uri } | undefined> {
  const [uri] =
    (await window.showOpenDialog({
      title: 'Data or config to train from',
      filters: { 'Data and configs': ['csv', 'tsv', 'gz', 'idx', 'idx3-ubyte', 'json'], 'All files': ['*'] },
    })) ?? [];
  if (!uri) return undefined;
  if (uri.path.endsWith('.json')) return { config: uri };
  const data = fileChoice(uri);
  if (data) return { data };
  // The name does not tell: the engine looks into the file and says what it is, or what was expected.
  return { data: { source: uri.fsPath, kind: 'table', title: path.basename(uri.fsPath), about: '' } };
}

function fileChoice(uri: Uri): DataChoice | undefined {
  const kind = kindOfFile(uri.path);
  return kind && { source: uri.fsPath, kind, title: path.basename(uri.fsPath), about: '' };
}

async function askPreset(data: DataChoice, chosen: string | undefined): Promise<StepAnswer<string>> {
  const items = presetsFor(data).map((preset, index) => ({
    label: preset.title,
    description: index === 0 ? `${preset.name} · recommended` : preset.name,
    detail: preset.about,
    preset: preset.name,
  }));
  const answer = await pickStep(
    { title, step: 2, totalSteps: 3 },
    {
      placeholder: `Which preset for ${data.title}?`,
      items,
      active: items.find(({ preset }) => preset === chosen) ?? items[0],
    },
  );
  return answer === undefined || answer === 'back' ? answer : { value: answer.value.preset };
}

/** Answers the absolute path of the run folder. */
async function askOutput(place: StepPlace, name: string, near?: Uri): Promise<StepAnswer<string>> {
  const value = await proposeRun(name, near);
  const answer = await inputStep(place, {
    prompt: 'Where to write the run? A new folder for its config, metrics, checkpoints and samples.',
    value,
    selection: [value.length - path.basename(value).length, value.length],
    button: {
      button: { iconPath: new ThemeIcon('folder-opened'), tooltip: 'Choose the parent folder' },
      pick: async () => {
        const [folder] =
          (await window.showOpenDialog({
            canSelectFolders: true,
            canSelectFiles: false,
            title: 'Parent folder of the run',
          })) ?? [];
        return folder && path.join(folder.fsPath, path.basename(value));
      },
    },
    validate: (text) => problemWithRun(text, near),
  });
  return answer === undefined || answer === 'back' ? answer : { value: resolveRunFolder(answer.value, near) };
}

function configName(config: Uri): string {
  return path.posix.basename(config.path).replace(/(\.flow)?\.json$/, '');
}

function dataName(data: DataChoice, preset: string): string {
  const name = path.basename(data.source).replace(/(\.(csv|tsv|idx|gz|idx\d-ubyte)|-idx\d-ubyte)+$/i, '');
  return name === preset || data.source !== name ? name : `${name}-${preset}`;
}
